"""Strokes of the sizes that people draw."""

from itertools import count

import numpy as np

from maskloop.imaging.label_tile import TILE, Patch, TilePosition, make_patch
from maskloop.imaging.label_wire import encode_stroke

HEADER = {"tool": "brush", "active_ms": 900}


def disc(center: tuple[int, int], radius: int, *, before: int, after: int) -> Patch:
    """Return the patch of one brush dab within a whole tile."""
    j, i = np.ogrid[:TILE, :TILE]
    indices = np.flatnonzero(((j - center[0]) ** 2 + (i - center[1]) ** 2 <= radius * radius).ravel())
    return make_patch(indices, np.full(indices.size, before, np.uint16), np.full(indices.size, after, np.uint16))


class Brush:
    """Endless strokes of radius 20 that never conflict: each place is drawn, recoloured and erased in turn."""

    def __init__(self, slices: int) -> None:
        self.slices = slices
        self.drawn = count()

    def next_body(self) -> bytes:
        """Return the body of the next stroke."""
        n = next(self.drawn)
        place, step = divmod(n, 3)
        pos = TilePosition(0, place // 16 % self.slices, 0, 0).pack()
        center = (32 + place % 4 * 64, 32 + place // 4 % 4 * 64)
        return encode_stroke(HEADER, {pos: disc(center, 20, before=step, after=(step + 1) % 3)})


class OwnSlices(Brush):
    """A brush that begins in the slices of its client: 25 slices of 16 places, each drawn three times."""

    def __init__(self, place: int) -> None:
        super().__init__(200)
        self.drawn = count(place * 25 * 16 * 3)


class Regions:
    """Whole-image edits of 1024 x 1024: three regions that move, over all 16 tiles."""

    def __init__(self) -> None:
        self.state = np.zeros((1024, 1024), np.uint16)
        self.drawn = count()

    def next_body(self) -> bytes:
        """Return the body of the next edit."""
        n = next(self.drawn)
        after = np.zeros_like(self.state)
        j, i = np.ogrid[:1024, :1024]
        for number, (cj, ci) in enumerate([(300, 300), (300, 720), (720, 512)], start=1):
            wobble = 150 + 30 * np.sin(n + 5 * np.arctan2(j - cj, i - ci))
            after[(j - cj) ** 2 + (i - ci) ** 2 <= wobble**2] = number
        patches = {}
        for tj in range(4):
            for ti in range(4):
                part = (slice(tj * TILE, (tj + 1) * TILE), slice(ti * TILE, (ti + 1) * TILE))
                before, wanted = self.state[part].ravel(), after[part].ravel()
                changed = np.flatnonzero(before != wanted)
                if changed.size:
                    pos = TilePosition(0, 0, tj, ti).pack()
                    patches[pos] = make_patch(changed, before[changed], wanted[changed])
        self.state = after
        return encode_stroke(HEADER, patches)

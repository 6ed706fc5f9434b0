"""A voxel grid in patient coordinates on which shapes are painted, one over the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Axis = NDArray[np.floating]
Point = tuple[float, float, float]  # (x, y, z) in LPS mm
AIR_HU = -1000.0


@dataclass(frozen=True)
class Lattice:
    """A smooth random field over all space that repeats: the same at the same place on every grid."""

    step_mm: float
    seed: int

    def sample(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Return the field on the grid of three axes as (len(z), len(y), len(x)); about -1 to 1, deviation near 0.4."""
        values = np.random.default_rng(self.seed).normal(0.0, 0.75, (32, 32, 32)).astype(np.float32)
        along_z = np.tensordot(self._weights(z), values, axes=(1, 0))
        along_y = np.tensordot(self._weights(y), along_z, axes=(1, 1))  # (J, K, 32)
        field = np.tensordot(along_y, self._weights(x), axes=(2, 1))  # (J, K, I)
        return np.ascontiguousarray(field.transpose(1, 0, 2), dtype=np.float32)

    def _weights(self, axis: Floats) -> Floats:
        """Return the cubic B-spline weights of the 32 knots, (n, 32), periodic."""
        place = axis / self.step_mm
        base = np.floor(place).astype(int)
        t = (place - base).astype(np.float32)
        spline = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
        weights = np.zeros((axis.size, 32), dtype=np.float32)
        for offset, weight in enumerate(spline):
            weights[np.arange(axis.size), (base + offset - 1) % 32] += weight / 6
        return weights


class Canvas:
    """HU and structure numbers `[k, j, i]` on axis-aligned coordinates x (left), y (back), z (head), in mm."""

    def __init__(self, x: Axis, y: Axis, z: Axis, *, scattered: bool = False) -> None:
        """Make an empty grid; `scattered` samples each voxel anywhere within it, so that sums along y show no steps."""
        self.x, self.y, self.z = (axis.astype(np.float32) for axis in (x, y, z))
        shape = (z.size, y.size, x.size)
        self._x, self._y = self.x[np.newaxis, np.newaxis], self.y[np.newaxis, :, np.newaxis]
        if scattered:
            random = np.random.default_rng(shape)
            self._x, self._y = (
                axis + (random.random(shape, np.float32) - 0.5) * (line[1] - line[0])
                for axis, line in ((self._x, self.x), (self._y, self.y))
            )
        self.hu = np.full(shape, AIR_HU, dtype=np.float32)
        self.parts = np.zeros(shape, dtype=np.uint8)
        self.bumps = Lattice(34.0, seed=5).sample(self.x, self.y, self.z)

    def box(self, low: ArrayLike, high: ArrayLike) -> tuple[slice, slice, slice]:
        """Return the slices (k, j, i) of the voxels between two corners (x, y, z)."""
        found = [
            slice(int(np.searchsorted(axis, first)), int(np.searchsorted(axis, last, side="right")))
            for axis, first, last in zip((self.x, self.y, self.z), np.asarray(low), np.asarray(high), strict=True)
        ]
        return found[2], found[1], found[0]

    def axes(self, box: tuple[slice, slice, slice]) -> tuple[Floats, Floats, Floats]:
        """Return x, y, z of a box, shaped to broadcast."""
        k, j, i = box
        z = self.z[k][:, np.newaxis, np.newaxis]
        if self._x.ndim == self._y.ndim and self._x.shape == self._y.shape:
            return self._x[box], self._y[box], z
        return self._x[:, :, i], self._y[:, j], z

    def paint(
        self,
        box: tuple[slice, slice, slice],
        mask: NDArray[np.bool_],
        hu: float | Floats,
        *,
        part: int | None = None,
        where: NDArray[np.bool_] | None = None,
    ) -> None:
        """Set HU, and the structure number if given, where a mask of the box (and one of the whole grid) says so."""
        mask = np.broadcast_to(mask, self.hu[box].shape)
        if where is not None:
            mask = mask & where[box]
        values = hu if isinstance(hu, float) else hu[box][mask]
        self.hu[box][mask] = values
        if part is not None:
            self.parts[box][mask] = part

    def ellipsoid(
        self, centre: Point, radii: Point, *, bump: float = 0.0, turn_deg: float = 0.0, lean: float = 0.0
    ) -> tuple[tuple[slice, slice, slice], Floats]:
        """Return a box and in it the squared relative distance from the centre: below 1 is inside.

        `turn_deg` turns it about z; `lean` moves x by that share of z. `bump` makes its surface uneven.
        """
        reach = [max(radii[0], radii[1]) * 1.25 + abs(lean) * radii[2], max(radii[0], radii[1]) * 1.25, radii[2] * 1.25]
        low = [c - r for c, r in zip(centre, reach, strict=True)]
        high = [c + r for c, r in zip(centre, reach, strict=True)]
        box = self.box(low, high)
        x, y, z = self.axes(box)
        up = z - np.float32(centre[2])
        across, deep = x - np.float32(centre[0]) - np.float32(lean) * up, y - np.float32(centre[1])
        cosine, sine = np.float32(np.cos(np.radians(turn_deg))), np.float32(np.sin(np.radians(turn_deg)))
        first = (across * cosine + deep * sine) / np.float32(radii[0])
        second = (deep * cosine - across * sine) / np.float32(radii[1])
        distance: Floats = first**2 + second**2 + (up / np.float32(radii[2])) ** 2
        if bump:
            distance += np.float32(bump) * self.bumps[box]
        return box, distance

    def tube(
        self, first: Point, last: Point, radius: float, *, end_radius: float | None = None
    ) -> tuple[tuple[slice, slice, slice], Floats]:
        """Return a box and in it the distance to the axis of a tube, by its radius there: below 1 is inside."""
        widest = max(radius, end_radius or radius) + 1
        start, stop = np.array(first, np.float32), np.array(last, np.float32)
        box = self.box(np.minimum(start, stop) - widest, np.maximum(start, stop) + widest)
        x, y, z = self.axes(box)
        along = stop - start
        length = float(along @ along) or 1.0
        t = ((x - start[0]) * along[0] + (y - start[1]) * along[1] + (z - start[2]) * along[2]) / np.float32(length)
        t = np.clip(t, 0, 1)
        squared = (x - start[0] - t * along[0]) ** 2
        squared = squared + (y - start[1] - t * along[1]) ** 2 + (z - start[2] - t * along[2]) ** 2
        here = radius if end_radius is None else radius + (end_radius - radius) * t
        distance: Floats = np.sqrt(squared) / np.maximum(here, 0.1)
        return box, distance.astype(np.float32)

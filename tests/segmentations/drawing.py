"""Strokes for tests: what a browser would send."""

from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import Grid, Patch, TilePosition, diff_patch
from maskloop.imaging.label_wire import encode_stroke
from maskloop.segmentations import numbers, service
from maskloop.segmentations.ledger import Author, Saved
from maskloop.segmentations.strokes import read_stroke, save_stroke
from tests.factories import make_image, make_label, make_member, make_project, make_segmentation

GRID: Grid = (4, 300, 280)
ORIGIN = TilePosition(0, 0, 0, 0).pack()


class Scene:
    """A project with one image, two readers, two semantic labels and one of instances; number 1 and 2 are drawn."""

    def __init__(self, session: Session, grid: Grid = GRID) -> None:
        self.session = session
        self.grid = grid
        self.project = make_project(session)
        self.ann = make_member(session, self.project)
        self.ben = make_member(session, self.project)
        self.image = make_image(session, self.project, grid)
        self.liver = make_label(session, self.project)
        self.tumour = make_label(session, self.project)
        self.nuclei = make_label(session, self.project, kind="instance")
        self.segmentation = make_segmentation(session, self.image)
        self.id: UUID = self.segmentation.id
        self.take(self.liver.id)
        self.take(self.tumour.id)

    def take(self, label_id: UUID, count: int = 1, layer: int = 0, **more) -> int:
        """Take numbers and return the first."""
        given = {"label_id": label_id, "layer": layer, "count": count, "key": new_id(), "author": self.author(self.ann)}
        return numbers.take_numbers(self.session, self.id, **given | more)[0].first

    def author(self, user) -> Author:
        return Author(user.id)

    def body(self, *runs: tuple[int, int, int, int], pos: int = ORIGIN, **header) -> bytes:
        """Return the body of a stroke of (start, length, before, after) runs in one tile."""
        return encode_stroke({"tool": "brush", "active_ms": 100, **header}, {pos: patch(*runs)} if runs else {})

    def draw(self, *runs: tuple[int, int, int, int], user=None, key: UUID | None = None, **more) -> Saved:
        """Save a stroke as `user` (Ann unless told)."""
        return self.send(self.body(*runs, **more), user=user, key=key)

    def send(self, body: bytes, *, user=None, key: UUID | None = None) -> Saved:
        stroke = read_stroke(body, self.grid)
        return save_stroke(self.session, self.id, stroke, key=key or new_id(), author=self.author(user or self.ann))

    def undo(self, key: UUID, *, user=None) -> Saved:
        return self.draw(undoes=str(key), user=user)

    def labels(self, *, seq: int | None = None, layer: int = 0) -> np.ndarray:
        return service.read_labelmap(self.session, self.id, seq=seq, layer=layer)

    def row(self, count: int = 10, **more) -> list[int]:
        """Return the first voxels of the first row."""
        return self.labels(**more)[0, 0, :count].tolist()

    @property
    def seq(self) -> int:
        return service.describe(self.session, self.id).seq


def patch(*runs: tuple[int, int, int, int]) -> Patch:
    table = np.array(runs, np.int64).reshape(-1, 4)
    return Patch(table[:, 0], table[:, 1], table[:, 2].astype(np.uint16), table[:, 3].astype(np.uint16))


def difference(before: np.ndarray, after: np.ndarray) -> Patch:
    return diff_patch(before, after)

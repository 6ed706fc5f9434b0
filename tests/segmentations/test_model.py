"""Anything that two readers do leaves a log that replays to the store, and to a plain model of the rule of saving."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskloop.core import clock
from maskloop.core.errors import AppError
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import make_patch
from maskloop.imaging.label_wire import encode_stroke
from maskloop.segmentations import thinning
from maskloop.segmentations.errors import SegmentGone, StaleVoxels
from maskloop.segmentations.operations import operate
from maskloop.segmentations.schemas import DeleteSegments, MergeSegments, RestoreState
from maskloop.segmentations.undo import undo_keys
from maskloop.segmentations.verification import verify_segmentation
from tests.segmentations.drawing import ORIGIN, Scene

WIDTH = 12
SMALL = (1, 1, WIDTH)
numbers = st.integers(0, 3)
strokes = st.tuples(
    st.just("draw"),
    st.booleans(),  # who
    st.integers(0, 3),  # how many revisions ago they last looked
    st.dictionaries(st.integers(0, WIDTH - 1), numbers, min_size=1, max_size=WIDTH),
)
steps = st.one_of(
    strokes,
    strokes,
    strokes,
    st.tuples(st.just("undo"), st.booleans()),
    st.tuples(st.just("redo"), st.booleans()),
    st.tuples(st.just("delete"), st.integers(1, 3)),
    st.tuples(st.just("merge"), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("restore"), st.integers(0, 3)),
    st.tuples(st.just("thin")),
)


class World:
    """A scene of one row of voxels, each state that it had, and the numbers that are live in the model."""

    def __init__(self, session) -> None:
        self.scene = Scene(session, SMALL)
        self.scene.take(self.scene.liver.id)
        self.states = [np.zeros(WIDTH, np.uint16)]
        self.seqs = [self.scene.seq]

    def take(self, step: tuple) -> None:
        kind, *rest = step
        try:
            getattr(self, kind)(*rest)
        except SegmentGone:
            assert self.row().tolist() == self.states[-1].tolist()
            return
        if self.scene.seq != self.seqs[-1]:
            self.states.append(self.row())
            self.seqs.append(self.scene.seq)

    def draw(self, is_ann: bool, ago: int, drawn: dict[int, int]) -> None:
        seen = self.states[max(0, len(self.states) - 1 - ago)]
        places = np.array(sorted(drawn), np.int64)
        after = np.array([drawn[place] for place in places.tolist()], np.uint16)
        before = seen[places]
        current = self.states[-1]
        clash = (before != after) & (current[places] != before) & (current[places] != after)
        body = encode_stroke({"tool": "brush", "active_ms": 1}, {ORIGIN: make_patch(places, before, after)})
        if clash.any():
            with pytest.raises((StaleVoxels, SegmentGone)):
                self.scene.send(body, user=self.user(is_ann))
            return
        self.scene.send(body, user=self.user(is_ann))
        expected = current.copy()
        moved = before != after
        expected[places[moved]] = after[moved]
        assert self.row().tolist() == expected.tolist()

    def undo(self, is_ann: bool, which: int = 0) -> None:
        key = undo_keys(self.scene.session, self.scene.id, self.user(is_ann).id)[which]
        if key is not None:
            self.scene.undo(key, user=self.user(is_ann))

    def redo(self, is_ann: bool) -> None:
        self.undo(is_ann, which=1)

    def delete(self, number: int) -> None:
        self.operate(DeleteSegments(kind="delete", numbers=[number]))
        assert number not in self.row()

    def merge(self, number: int, into: int) -> None:
        self.operate(MergeSegments(kind="merge", numbers=[number], into=into))
        assert self.row().tolist() == np.where(self.states[-1] == number, into, self.states[-1]).tolist()

    def restore(self, ago: int) -> None:
        place = max(0, len(self.states) - 1 - ago)
        self.operate(RestoreState(kind="restore", seq=self.seqs[place]))
        assert self.row().tolist() == self.states[place].tolist()

    def thin(self) -> None:
        thinning.thin(self.scene.session, self.scene.id, before=clock.now())

    def operate(self, operation) -> None:
        scene = self.scene
        operate(scene.session, scene.id, operation, key=new_id(), author=scene.author(scene.ann))

    def user(self, is_ann: bool):
        return self.scene.ann if is_ann else self.scene.ben

    def row(self, **more) -> np.ndarray:
        return self.scene.labels(**more)[0, 0]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=14))
def test_the_log_replays_to_the_store_whatever_two_readers_do(session, taken):
    world = World(session)

    for step in taken:
        world.take(step)

    assert verify_segmentation(session, world.scene.id).problems == []
    for seq, state in zip(world.seqs, world.states, strict=True):
        assert world.row(seq=seq).tolist() == state.tolist()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), header=st.text(max_size=30))
def test_hostile_bodies_change_nothing(session, content, header):
    scene = Scene(session, SMALL)
    bodies = [
        content,
        b"\x01" + content,
        encode_stroke({"tool": header, "active_ms": 1, "message": header}, {}) + content,
    ]

    for body in bodies:
        refused = answer(scene, body)
        assert refused or scene.row(WIDTH) == [0] * WIDTH


def answer(scene: Scene, body: bytes) -> str:
    """Return why a body was refused, nothing if it was saved. Any error that is not ours fails the test."""
    try:
        scene.send(body)
    except AppError as error:
        return error.code
    return ""

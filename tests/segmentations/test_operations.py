"""What the server computes over the live tiles: delete, merge, relabel, restore."""

import pytest

from maskloop.core.errors import Invalid, NotFound
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition
from maskloop.segmentations import service
from maskloop.segmentations.errors import KeyReused, SegmentGone
from maskloop.segmentations.operations import NeedsJob, operate
from maskloop.segmentations.schemas import DeleteSegments, MergeSegments, RelabelSegments, RestoreState
from maskloop.segmentations.verification import verify_segmentation


def run(scene, operation, *, key=None, **more):
    author = scene.author(scene.ann)
    return operate(scene.session, scene.id, operation, key=key or new_id(), author=author, **more)


def delete(*numbers):
    return DeleteSegments(kind="delete", numbers=list(numbers))


def live(scene) -> set[tuple[int, int]]:
    return {(s.number, s.last_number) for s in service.describe(scene.session, scene.id).segments if not s.deleted}


def test_delete_removes_a_segment_everywhere_and_for_good(scene):
    far = TilePosition(0, 3, 1, 1).pack()
    scene.draw((0, 3, 0, 1), (3, 3, 0, 2))
    scene.draw((0, 9, 0, 1), pos=far)

    saved = run(scene, delete(1))

    assert sorted(saved.positions) == [0, far]
    assert scene.row(6) == [0, 0, 0, 2, 2, 2]
    assert not scene.labels()[3].any()
    with pytest.raises(SegmentGone):
        scene.draw((0, 1, 0, 1))
    with pytest.raises(SegmentGone):
        run(scene, delete(1))


def test_a_deleted_segment_comes_back_by_undo(scene):
    scene.draw((0, 3, 0, 1))
    deleted = run(scene, delete(1))

    scene.undo(deleted.key)

    assert scene.row(4) == [1, 1, 1, 0]
    scene.draw((3, 1, 0, 1))


def test_undoing_a_stroke_does_not_draw_a_segment_that_is_gone(scene):
    scene.draw((0, 3, 0, 1))
    over = scene.draw((0, 3, 1, 2))
    run(scene, delete(1))

    undone = scene.undo(over.key)

    assert scene.row(3) == [2, 2, 2]
    assert undone.skipped == 3


def test_merge_makes_several_segments_one(scene):
    first = scene.take(scene.nuclei.id, count=64)
    scene.draw((0, 2, 0, first), (2, 2, 0, first + 1), (4, 2, 0, first + 2))

    run(scene, MergeSegments(kind="merge", numbers=[first + 1, first + 2], into=first))

    assert scene.row(7) == [first] * 6 + [0]
    with pytest.raises(SegmentGone):
        scene.draw((6, 1, 0, first + 2))
    scene.draw((6, 1, 0, first + 3))


def test_relabel_goes_to_the_segment_of_a_semantic_label(scene):
    scene.draw((0, 2, 0, 1), (2, 2, 0, 2))

    run(scene, RelabelSegments(kind="relabel", numbers=[2], label_id=scene.liver.id))

    assert scene.row(5) == [1, 1, 1, 1, 0]
    assert live(scene) == {(1, 1)}


def test_relabel_gives_each_instance_a_new_number(scene):
    scene.draw((0, 2, 0, 1), (2, 2, 0, 2))

    run(scene, RelabelSegments(kind="relabel", numbers=[1, 2], label_id=scene.nuclei.id))

    assert scene.row(5) == [3, 3, 4, 4, 0]
    assert live(scene) == {(3, 4)}
    assert scene.take(scene.liver.id) == 5


def test_a_whole_block_is_deleted_as_one_row(scene):
    first = scene.take(scene.nuclei.id, count=64)
    scene.draw(segments=[{"number": first + 5, "field": "name", "before": None, "after": "odd"}])

    run(scene, delete(*range(first, first + 64)))

    rows = {(s.number, s.last_number): s.deleted for s in service.describe(scene.session, scene.id).segments}
    assert rows == {(1, 1): False, (2, 2): False, (first, first + 63): True, (first + 5, first + 5): True}


def test_segments_of_different_layers_do_not_merge(scene):
    upper = scene.take(scene.liver.id, layer=1)

    with pytest.raises(Invalid, match="layers"):
        run(scene, MergeSegments(kind="merge", numbers=[upper], into=1))


def test_more_tiles_than_a_request_computes_need_a_job(scene):
    for k in range(3):
        scene.draw((0, 1, 0, 1), pos=TilePosition(0, k, 0, 0).pack())

    with pytest.raises(NeedsJob):
        run(scene, delete(1), max_tiles=2)
    saved = run(scene, delete(1), max_tiles=None)

    assert len(saved.positions) == 3


def test_an_operation_is_repeated_with_the_first_answer(scene):
    scene.draw((0, 1, 0, 1))
    key = new_id()

    first, again = run(scene, delete(1), key=key), run(scene, delete(1), key=key)

    assert (first.seq, again.seq) == (4, 4)
    with pytest.raises(KeyReused):
        run(scene, delete(2), key=key)


def test_restore_is_a_revision_that_makes_an_old_state_the_newest(scene):
    scene.draw((0, 4, 0, 1))
    then = scene.draw(segments=[{"number": 1, "field": "name", "before": None, "after": "Then"}])
    before = scene.labels()
    scene.draw((2, 2, 1, 2))
    scene.draw((0, 50, 0, 2), pos=TilePosition(0, 2, 0, 0).pack())
    scene.draw(segments=[{"number": 1, "field": "name", "before": "Then", "after": "Now"}])
    run(scene, delete(1))

    restored = run(scene, RestoreState(kind="restore", seq=then.seq))

    assert (scene.labels() == before).all()
    assert restored.seq == scene.seq == 9
    segment = service.describe(scene.session, scene.id).segments[0]
    assert (segment.name, segment.deleted) == ("Then", False)
    assert verify_segmentation(scene.session, scene.id).problems == []


def test_a_restore_can_be_undone(scene):
    scene.draw((0, 4, 0, 1))
    then = scene.seq
    scene.draw((0, 4, 1, 2))

    restored = run(scene, RestoreState(kind="restore", seq=then))
    scene.undo(restored.key)

    assert scene.row(5) == [2, 2, 2, 2, 0]


def test_a_state_that_is_not_there_cannot_be_restored(scene):
    with pytest.raises(NotFound):
        run(scene, RestoreState(kind="restore", seq=99))

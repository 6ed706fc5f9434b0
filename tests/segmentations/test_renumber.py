"""Renumbering: numbers come free, and what was said in old ones is still understood."""

import pytest

from maskloop.core.ids import new_id
from maskloop.segmentations import history, queries, renumber, service, undo
from maskloop.segmentations.errors import NumbersExhausted, Renumbered, SegmentGone
from maskloop.segmentations.operations import operate
from maskloop.segmentations.renumbered import describe, rows_at
from maskloop.segmentations.schemas import DeleteSegments, RestoreState
from maskloop.segmentations.verification import verify_segmentation
from tests.segmentations.drawing import Scene


@pytest.fixture
def full(scene: Scene) -> Scene:
    """Numbers 1 liver, 2 tumour, 3 to 65,535 nuclei, of which 100, 101, 5,000 and 60,000 are drawn."""
    scene.take(scene.nuclei.id, count=60_000)
    scene.take(scene.nuclei.id, count=5_533)
    scene.draw((0, 2, 0, 100), (2, 2, 0, 101), (4, 2, 0, 5_000), (6, 2, 0, 60_000))
    return scene


def run(scene: Scene):
    saved = renumber.renumber(scene.session, scene.id, key=new_id(), author=scene.author(scene.ann))
    assert verify_segmentation(scene.session, scene.id).problems == []
    return saved


def test_numbers_in_use_move_together_and_the_others_can_be_given_out(full):
    with pytest.raises(NumbersExhausted):
        full.take(full.nuclei.id)

    run(full)

    assert full.row(9) == [3, 3, 4, 4, 5, 5, 6, 6, 0]
    assert full.take(full.nuclei.id, count=65_529) == 7
    assert verify_segmentation(full.session, full.id).problems == []


def test_segments_keep_label_name_and_colour(full):
    full.draw(segments=[{"number": 5_000, "field": "name", "before": None, "after": "mitosis"}])
    full.draw(segments=[{"number": 4_999, "field": "color", "before": None, "after": "#112233"}])  # not drawn, but told

    run(full)

    found = {(row.number, row.last_number): row for row in service.describe(full.session, full.id).segments}
    assert {key: (row.kind, row.name, row.color) for key, row in found.items()} == {
        (1, 1): ("semantic", None, None),
        (2, 2): ("semantic", None, None),
        (3, 4): ("instance", None, None),
        (5, 5): ("instance", None, "#112233"),
        (6, 6): ("instance", "mitosis", None),
        (7, 7): ("instance", None, None),
    }


def test_a_stroke_in_old_numbers_is_refused_and_one_in_new_numbers_drawn(full):
    saved = run(full)

    with pytest.raises(Renumbered) as refused:
        full.draw((8, 1, 0, 4))
    assert refused.value.context["numbering"] == saved.seq
    full.draw((8, 1, 0, 4), numbering=saved.seq)

    assert full.row(9)[8] == 4


def test_a_repeat_gets_its_first_answer_in_whatever_numbers(full):
    key, body = new_id(), full.body((8, 1, 0, 101))
    first = full.send(body, key=key)
    run(full)

    assert full.send(body, key=key).seq == first.seq


def test_an_operation_in_old_numbers_is_refused(full):
    saved = run(full)
    author = full.author(full.ann)

    with pytest.raises(Renumbered):
        operate(full.session, full.id, DeleteSegments(kind="delete", numbers=[5]), key=new_id(), author=author)
    wanted = DeleteSegments(kind="delete", numbers=[5], numbering=saved.seq)
    operate(full.session, full.id, wanted, key=new_id(), author=author)

    assert full.row(8) == [3, 3, 4, 4, 0, 0, 6, 6]


def test_an_undo_across_it_is_exact(full):
    before = full.row(8)
    drawn = full.draw((2, 2, 101, 100), (8, 1, 0, 100))
    full.draw((8, 1, 100, 1), user=full.ben)
    run(full)
    assert full.row(9) == [3, 3, 3, 3, 4, 4, 5, 5, 1]

    assert full.undo(drawn.key).skipped == 1  # what Ben has drawn since

    assert before == [100, 100, 101, 101, 5_000, 5_000, 60_000, 60_000]
    assert full.row(9) == [3, 3, 6, 6, 4, 4, 5, 5, 1]


def test_an_erased_instance_comes_back_under_a_new_number(full):
    erased = full.draw((4, 2, 5_000, 0))
    run(full)
    assert full.row(8) == [3, 3, 4, 4, 0, 0, 5, 5]

    undone = full.undo(erased.key)

    assert undone.skipped == 0
    assert full.row(8) == [3, 3, 4, 4, 6, 6, 5, 5]
    row = next(row for row in service.describe(full.session, full.id).segments if row.number == 6)
    assert (row.label_id, row.deleted) == (full.nuclei.id, False)
    full.undo(undone.key)
    assert full.row(8) == [3, 3, 4, 4, 0, 0, 5, 5]
    assert verify_segmentation(full.session, full.id).problems == []


def test_two_undos_of_one_freed_instance_give_one_number(full):
    left, right = full.draw((4, 1, 5_000, 0)), full.draw((5, 1, 5_000, 0))
    run(full)

    full.undo(right.key)
    full.undo(left.key)

    assert full.row(8) == [3, 3, 4, 4, 6, 6, 5, 5]


def test_a_deleted_segment_stays_deleted_unless_its_deletion_is_undone(full):
    painted = full.draw((4, 1, 5_000, 0))
    key = new_id()
    author = full.author(full.ann)
    operate(full.session, full.id, DeleteSegments(kind="delete", numbers=[5_000]), key=key, author=author)
    run(full)

    assert full.undo(painted.key).skipped == 1
    assert full.row(8) == [3, 3, 4, 4, 0, 0, 5, 5]
    assert full.undo(key).skipped == 0
    assert full.row(8) == [3, 3, 4, 4, 0, 6, 5, 5]


def test_an_old_state_reads_in_its_own_numbers_and_restores_in_those_of_now(full):
    before = full.seq
    full.draw((4, 2, 5_000, 0), (6, 2, 60_000, 1))
    run(full)

    assert full.row(8, seq=before) == [100, 100, 101, 101, 5_000, 5_000, 60_000, 60_000]
    head = queries.read_head(full.session, full.id)
    assert {row.last for row in rows_at(full.session, head, before)} == {1, 2, 60_002, 65_535}
    operate(full.session, full.id, RestoreState(kind="restore", seq=before), key=new_id(), author=full.author(full.ann))

    assert full.row(8) == [3, 3, 4, 4, 5, 5, 6, 6]
    assert verify_segmentation(full.session, full.id).problems == []


def test_restoring_takes_names_back_across_it(full):
    before = full.seq
    full.draw(segments=[{"number": 100, "field": "name", "before": None, "after": "mitosis"}])
    run(full)

    operate(full.session, full.id, RestoreState(kind="restore", seq=before), key=new_id(), author=full.author(full.ann))

    named = {row.number: row.name for row in service.describe(full.session, full.id).segments}
    assert named[3] is None


def test_blame_passes_through_it(full):
    drawn = history.blame(full.session, full.id, layer=0, k=0)
    run(full)

    blamed = history.blame(full.session, full.id, layer=0, k=0)

    assert [source.seq for source in blamed.sources] == [source.seq for source in drawn.sources]
    assert [tile.bytes for tile in blamed.tiles] == [tile.bytes for tile in drawn.tiles]


def test_it_is_nobodys_step_to_undo(full):
    drawn = undo.undo_keys(full.session, full.id, full.ann.id)
    run(full)

    assert undo.undo_keys(full.session, full.id, full.ann.id) == drawn


def test_it_counts_as_no_correction(full):
    run(full)

    newest = history.list_revisions(full.session, full.id, before=None, limit=1)[0]

    assert (newest.source, newest.stats["voxels"], newest.stats["freed"]) == ("renumber", 0, 65_529)


def test_twice_in_a_row_numbers_are_followed_through_both(full):
    erased = full.draw((4, 2, 5_000, 0))
    run(full)
    full.take(full.nuclei.id, count=60_000)
    second = run(full)
    full.draw((0, 2, 3, 4), numbering=second.seq)

    full.undo(erased.key)

    assert full.row(8) == [4, 4, 4, 4, 6, 6, 5, 5]
    assert verify_segmentation(full.session, full.id).problems == []


def test_it_is_refused_where_few_would_come_free(scene):
    scene.take(scene.nuclei.id, count=renumber.MIN_FREED - 1)

    with pytest.raises(NumbersExhausted, match="2 of 65535 numbers are in use"):
        run(scene)

    assert scene.seq == 3


def test_a_freed_number_that_is_drawn_again_needs_a_new_one(full):
    saved = run(full)

    with pytest.raises(SegmentGone):
        full.draw((8, 1, 0, 5_000), numbering=saved.seq)


def test_all_come_free_where_nothing_is_in_use(session):
    scene = Scene(session)
    operate(
        session,
        scene.id,
        DeleteSegments(kind="delete", numbers=[1, 2]),
        key=new_id(),
        author=scene.author(scene.ann),
    )
    scene.take(scene.nuclei.id, count=65_533)

    run(scene)

    assert service.describe(session, scene.id).segments == []
    assert scene.take(scene.nuclei.id) == 1


def test_numbers_are_refused_to_who_follows_older_ones(full):
    saved = run(full)

    with pytest.raises(Renumbered):
        full.take(full.nuclei.id, numbering=0)
    assert full.take(full.nuclei.id, numbering=saved.seq) == 7


def test_a_deleted_segments_number_is_not_said_to_be_free_for_its_label(full):
    author = full.author(full.ann)
    operate(full.session, full.id, DeleteSegments(kind="delete", numbers=[5_000]), key=new_id(), author=author)
    run(full)

    freed = describe(full.session, full.id, 0).freed

    assert not any(run.first <= 5_000 <= run.last for run in freed)
    assert any(run.first <= 4_999 <= run.last and run.label_id == full.nuclei.id for run in freed)

"""Undo and redo are revisions: they need no state of the client, and leave alone what others did."""

import pytest

from maskloop.core.errors import Conflict, Forbidden, Invalid
from maskloop.core.ids import new_id
from maskloop.segmentations import service
from maskloop.segmentations.errors import BadStroke
from maskloop.segmentations.undo import undo_keys


def test_undo_and_redo_are_revisions(scene):
    drawn = scene.draw((0, 3, 0, 1))

    undone = scene.undo(drawn.key)
    after_undo = scene.row(3)
    scene.undo(undone.key)

    assert after_undo == [0, 0, 0]
    assert scene.row(3) == [1, 1, 1]
    assert (undone.seq, undone.parent, undone.skipped) == (drawn.seq + 1, drawn.seq, 0)


def test_voxels_that_others_changed_since_are_skipped_and_counted(scene):
    drawn = scene.draw((0, 5, 0, 1))
    scene.draw((3, 2, 1, 2), user=scene.ben)

    undone = scene.undo(drawn.key)

    assert scene.row(6) == [0, 0, 0, 2, 2, 0]
    assert undone.skipped == 2


def test_a_repeated_undo_gets_the_first_answer_with_its_count(scene):
    drawn = scene.draw((0, 5, 0, 1))
    scene.draw((3, 2, 1, 2), user=scene.ben)
    key, body = new_id(), scene.body(undoes=str(drawn.key))

    first, again = scene.send(body, key=key), scene.send(body, key=key)

    assert (again.seq, again.skipped) == (first.seq, 2)


def test_a_step_is_undone_at_most_once(scene):
    drawn = scene.draw((0, 3, 0, 1))
    scene.undo(drawn.key)

    with pytest.raises(Conflict) as refused:
        scene.undo(drawn.key)

    assert refused.value.code == "already-undone"


def test_only_ones_own_steps_can_be_undone(scene):
    drawn = scene.draw((0, 3, 0, 1))

    with pytest.raises(Forbidden):
        scene.undo(drawn.key, user=scene.ben)


def test_an_unknown_step_and_an_undo_that_draws_are_refused(scene):
    with pytest.raises(Invalid):
        scene.undo(new_id())
    with pytest.raises(BadStroke):
        scene.draw((0, 1, 0, 1), undoes=str(new_id()))


def test_undo_walks_back_and_redo_forward_like_a_stack(scene):
    keys = [scene.draw((n, 1, 0, 1)).key for n in range(3)]
    ann = scene.ann.id
    offered = []

    for _ in range(3):
        key = undo_keys(scene.session, scene.id, ann)[0]
        offered.append(key)
        scene.undo(key)
    nothing_left = undo_keys(scene.session, scene.id, ann)[0]
    for _ in range(2):
        scene.undo(undo_keys(scene.session, scene.id, ann)[1])

    assert offered == list(reversed(keys))
    assert nothing_left is None
    assert scene.row(3) == [1, 1, 0]


def test_a_redo_can_be_undone_and_drawing_ends_the_redo(scene):
    drawn = scene.draw((0, 3, 0, 1))
    redone = scene.undo(scene.undo(drawn.key).key)

    assert undo_keys(scene.session, scene.id, scene.ann.id) == (redone.key, None)
    scene.undo(redone.key)
    assert scene.row(3) == [0, 0, 0]
    scene.draw((5, 1, 0, 1))
    assert undo_keys(scene.session, scene.id, scene.ann.id)[1] is None


def test_each_reader_undoes_their_own(scene):
    ann = scene.draw((0, 1, 0, 1))
    ben = scene.draw((1, 1, 0, 1), user=scene.ben)

    assert undo_keys(scene.session, scene.id, scene.ann.id) == (ann.key, None)
    assert undo_keys(scene.session, scene.id, scene.ben.id) == (ben.key, None)


def test_numbers_given_out_are_no_step_to_undo(scene):
    assert undo_keys(scene.session, scene.id, scene.ann.id) == (None, None)


def test_a_changed_field_is_undone_unless_someone_changed_it_since(scene):
    named = scene.draw(segments=[{"number": 1, "field": "name", "before": None, "after": "Lobe"}])
    colored = scene.draw(segments=[{"number": 1, "field": "color", "before": None, "after": "#010203"}])
    scene.draw(segments=[{"number": 1, "field": "name", "before": "Lobe", "after": "Left"}], user=scene.ben)

    first, second = scene.undo(named.key), scene.undo(colored.key)

    segment = service.describe(scene.session, scene.id).segments[0]
    assert (segment.name, segment.color) == ("Left", None)
    assert (first.skipped, second.skipped) == (1, 0)

"""The save contract: what is accepted, what is refused, and what stays."""

import numpy as np
import pytest

from maskloop.core.errors import NotFound
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import decode_tiles, encode_stroke
from maskloop.segmentations import queries, service
from maskloop.segmentations.errors import (
    BadStroke,
    Closed,
    KeyReused,
    SegmentGone,
    StaleSegment,
    StaleVoxels,
    TooManyTiles,
)
from maskloop.segmentations.strokes import read_stroke
from tests.segmentations.drawing import ORIGIN, patch


def test_a_stroke_is_drawn_and_answered_with_its_key_seq_and_parent(scene):
    key = new_id()

    saved = scene.draw((2, 3, 0, 1), key=key)

    assert (saved.key, saved.seq, saved.parent) == (key, 3, 2)  # two revisions gave out the numbers
    assert scene.row() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]


def test_a_repeat_gets_the_first_answer_and_draws_nothing(scene):
    key, body = new_id(), scene.body((0, 1, 0, 1))
    first = scene.send(body, key=key)
    scene.draw((0, 1, 1, 2))

    again = scene.send(body, key=key)

    assert (again.seq, again.parent, again.is_new) == (first.seq, first.parent, False)
    assert scene.row(1) == [2]
    assert scene.seq == first.seq + 1


def test_a_repeat_is_answered_on_a_closed_segmentation_too(scene):
    key, body = new_id(), scene.body((0, 1, 0, 1))
    first = scene.send(body, key=key)
    service.submit(scene.session, scene.id, seq=first.seq)

    assert scene.send(body, key=key).seq == first.seq
    with pytest.raises(Closed):
        scene.draw((5, 1, 0, 1))


def test_a_key_with_another_body_is_refused(scene):
    key = new_id()
    scene.draw((0, 1, 0, 1), key=key)

    with pytest.raises(KeyReused):
        scene.draw((0, 2, 0, 1), key=key)


def test_voxels_that_only_one_side_changed_merge(scene):
    scene.draw((0, 4, 0, 1))

    scene.draw((4, 4, 0, 2), user=scene.ben)

    assert scene.row() == [1, 1, 1, 1, 2, 2, 2, 2, 0, 0]


def test_a_voxel_that_both_changed_refuses_the_whole_stroke(scene):
    scene.draw((3, 2, 0, 1))
    other = TilePosition(0, 1, 0, 0).pack()
    key = new_id()
    body = encode_stroke({"tool": "brush", "active_ms": 5}, {ORIGIN: patch((0, 4, 0, 2)), other: patch((0, 9, 0, 2))})

    with pytest.raises(StaleVoxels) as refused:
        scene.send(body, user=scene.ben, key=key)

    assert refused.value.code == "stale-voxels"
    assert refused.value.context == {"seq": 3, "positions": [str(ORIGIN)]}
    assert scene.labels()[1].any() == np.False_
    assert scene.send(scene.body((0, 2, 0, 2)), user=scene.ben, key=key).seq == 4  # the refused key is still free


def test_a_voxel_that_is_after_already_is_no_conflict_and_not_in_the_stored_patch(scene):
    scene.draw((0, 2, 0, 1))

    saved = scene.draw((0, 4, 0, 1), user=scene.ben)

    assert scene.row(5) == [1, 1, 1, 1, 0]
    assert stats(scene, saved.seq)["voxels"] == 2
    scene.undo(saved.key, user=scene.ben)
    assert scene.row(5) == [1, 1, 0, 0, 0]  # what Ann had painted is not wiped


def test_an_empty_patch_still_makes_a_revision_for_its_key(scene):
    scene.draw((0, 2, 0, 1))

    saved = scene.draw((0, 2, 0, 1), user=scene.ben)

    assert saved.seq == scene.seq == 4
    assert saved.positions == []


def test_painting_a_voxel_in_the_number_it_has_asserts_nothing(scene):
    scene.draw((0, 2, 0, 1))

    saved = scene.draw((0, 2, 2, 2), (4, 1, 0, 2))

    assert scene.row(5) == [1, 1, 0, 0, 2]
    assert stats(scene, saved.seq)["voxels"] == 1


def test_a_number_that_was_never_given_out_is_gone(scene):
    with pytest.raises(SegmentGone) as refused:
        scene.draw((0, 1, 0, 77), (1, 1, 0, 1))

    assert refused.value.context == {"seq": 2, "numbers": [77]}
    assert scene.row(2) == [0, 0]


def test_a_number_belongs_to_one_layer(scene):
    upper = scene.take(scene.liver.id, layer=3)
    above = TilePosition(3, 0, 0, 0).pack()

    with pytest.raises(SegmentGone):
        scene.draw((0, 1, 0, upper))
    with pytest.raises(SegmentGone):
        scene.draw((0, 1, 0, 1), pos=above)
    scene.draw((0, 1, 0, upper), pos=above)

    assert scene.labels(layer=3)[0, 0, 0] == upper
    assert service.layers_of(scene.session, scene.id) == [3]


def test_a_stroke_that_clears_another_layer_is_one_revision(scene):
    upper = scene.take(scene.liver.id, layer=1)
    above = TilePosition(1, 0, 0, 0).pack()
    scene.draw((0, 5, 0, upper), pos=above)
    body = encode_stroke(
        {"tool": "brush", "active_ms": 5}, {ORIGIN: patch((0, 3, 0, 1)), above: patch((0, 3, upper, 0))}
    )

    saved = scene.send(body)

    assert saved.positions == [ORIGIN, above]
    assert scene.labels(layer=1)[0, 0, :5].tolist() == [0, 0, 0, upper, upper]


def test_fields_of_a_segment_change_from_before_to_after(scene):
    change = {"number": 1, "field": "name", "before": None, "after": "Left lobe"}
    recolor = {"number": 1, "field": "color", "before": None, "after": "#00FF7F"}

    scene.draw(segments=[change, recolor])

    segment = service.describe(scene.session, scene.id).segments[0]
    assert (segment.name, segment.color) == ("Left lobe", "#00ff7f")
    with pytest.raises(StaleSegment) as refused:
        scene.draw(segments=[{**change, "after": "Another"}], user=scene.ben)
    assert refused.value.context == {"seq": 4 - 1, "numbers": [1]}


def test_one_number_of_a_block_gets_a_row_of_its_own(scene):
    first = scene.take(scene.nuclei.id, count=64)

    scene.draw(segments=[{"number": first + 5, "field": "state", "before": None, "after": "done"}])

    rows = {(s.number, s.last_number): s.state for s in service.describe(scene.session, scene.id).segments}
    assert rows[first, first + 63] is None
    assert rows[first + 5, first + 5] == "done"
    scene.draw((0, 1, 0, first + 5), (1, 1, 0, first + 6))
    assert scene.row(2) == [first + 5, first + 6]


def test_a_refused_field_leaves_the_voxels_alone_too(scene):
    wrong = {"number": 1, "field": "name", "before": "Not so", "after": "Another"}

    with pytest.raises(StaleSegment):
        scene.draw((0, 1, 0, 1), segments=[wrong])

    assert scene.row(1) == [0]
    assert scene.seq == 2


def test_stats_say_what_each_label_gained_and_lost(scene):
    scene.draw((0, 10, 0, 1))

    saved = scene.draw((0, 4, 1, 2), (4, 1, 1, 0))

    found = stats(scene, saved.seq)
    assert found["voxels"] == 5
    assert found["labels"] == {
        str(scene.liver.id): {"added": 0, "removed": 5},
        str(scene.tumour.id): {"added": 4, "removed": 0},
    }


def test_only_newer_tiles_are_sent(scene):
    first = scene.draw((0, 1, 0, 1))
    second = scene.draw((0, 1, 0, 1), pos=TilePosition(0, 2, 1, 1).pack())

    everything = decode_tiles(service.tiles_since(scene.session, scene.id, 0).content)
    newer = decode_tiles(service.tiles_since(scene.session, scene.id, first.seq).content)

    assert [tile.seq for tile in everything.tiles] == [first.seq, second.seq]
    assert [tile.pos for tile in newer.tiles] == [TilePosition(0, 2, 1, 1).pack()]
    assert everything.seq == newer.seq == second.seq


def test_an_unknown_segmentation_is_not_found(scene):
    stroke = read_stroke(scene.body((0, 1, 0, 1)), scene.grid)

    with pytest.raises(NotFound):
        service.save_stroke(scene.session, new_id(), stroke, key=new_id(), author=scene.author(scene.ann))


@pytest.mark.parametrize(
    "header",
    [
        {"active_ms": 1},
        {"tool": "brush"},
        {"tool": "brush", "active_ms": -1},
        {"tool": "brush", "active_ms": 1, "author": "somebody"},
        {"tool": "a\x00b", "active_ms": 1},
        {"tool": "brush", "active_ms": 1, "undoes": "no key"},
        {
            "tool": "brush",
            "active_ms": 1,
            "segments": [{"number": 1, "field": "deleted", "before": False, "after": True}],
        },
        {"tool": "brush", "active_ms": 1, "segments": [{"number": 0, "field": "name", "before": None, "after": "x"}]},
        {
            "tool": "brush",
            "active_ms": 1,
            "segments": [{"number": 1, "field": "color", "before": None, "after": "red"}],
        },
    ],
)
def test_a_header_that_is_not_one_is_refused(scene, header):
    with pytest.raises(BadStroke):
        read_stroke(encode_stroke(header, {}), scene.grid)


def test_a_tile_outside_of_the_image_is_refused(scene):
    with pytest.raises(BadStroke, match="there is no tile"):
        read_stroke(scene.body((0, 1, 0, 1), pos=TilePosition(0, 4, 0, 0).pack()), scene.grid)


def test_a_run_beyond_a_cut_tile_is_refused(scene):
    with pytest.raises(BadStroke, match="reaches voxel"):
        read_stroke(scene.body((44 * 24, 1, 0, 1), pos=TilePosition(0, 0, 1, 1).pack()), scene.grid)


def test_more_tiles_than_a_stroke_can_touch_are_refused():
    patches = {TilePosition(0, k, 0, 0).pack(): patch((0, 1, 0, 1)) for k in range(801)}

    with pytest.raises(TooManyTiles, match="800"):
        read_stroke(encode_stroke({"tool": "sphere", "active_ms": 1}, patches), (900, 64, 64))


def stats(scene, seq: int) -> dict:
    head = queries.read_head(scene.session, scene.id)
    statement = "SELECT stats FROM revision WHERE segmentation_no = %s AND seq = %s"
    return queries.connection(scene.session).execute(statement, (head.no, seq)).fetchone()[0]

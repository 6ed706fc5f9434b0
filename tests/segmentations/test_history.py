"""Old states, thinning, blame, the list of revisions, and the check of it all."""

import base64
from datetime import timedelta

import numpy as np
import pytest

from maskloop.core import clock
from maskloop.core.errors import NotFound
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition, decode_tile
from maskloop.imaging.label_wire import decode_tiles
from maskloop.segmentations import history, queries, service, thinning
from maskloop.segmentations.operations import operate
from maskloop.segmentations.schemas import DeleteSegments
from maskloop.segmentations.verification import verify_segmentation
from tests.segmentations.drawing import ORIGIN

LATER = timedelta(days=1)


@pytest.fixture
def past(scene):
    """Draw ten strokes over each other on two tiles; return the scene and each state by seq."""
    states = {scene.seq: scene.labels()}
    for n in range(10):
        user = scene.ben if n % 3 == 0 else scene.ann
        pos = ORIGIN if n % 4 else TilePosition(0, 2, 1, 1).pack()
        current = scene.labels()[0, 0] if pos == ORIGIN else scene.labels()[2, 256, 256:]
        runs = [(at, 1, int(current[at]), 1 + (n + at) % 2) for at in range(n, n + 6)]
        saved = scene.draw(*runs, user=user, pos=pos)
        states[saved.seq] = scene.labels()
    return scene, states


def thin(scene) -> int:
    return thinning.thin(scene.session, scene.id, before=clock.now() + LATER)


def bytes_kept(scene) -> set[int]:
    head = queries.read_head(scene.session, scene.id)
    statement = "SELECT seq FROM label_tile WHERE segmentation_no = %s AND bytes IS NOT NULL"
    return {row[0] for row in queries.connection(scene.session).execute(statement, (head.no,))}


def test_every_old_state_can_be_read(past):
    scene, states = past

    for seq, labels in states.items():
        np.testing.assert_array_equal(scene.labels(seq=seq), labels)


def test_every_old_state_is_the_same_after_thinning(past):
    scene, states = past

    thinned = thin(scene)

    assert thinned == 8  # of ten rows two are live
    for seq, labels in states.items():
        np.testing.assert_array_equal(scene.labels(seq=seq), labels)
    assert verify_segmentation(scene.session, scene.id).problems == []


def test_thinning_keeps_what_a_named_revision_shows(past):
    scene, _ = past
    scene.session.execute(history.Revision.__table__.update().where(history.Revision.seq == 7).values(name="reviewed"))

    thin(scene)

    assert bytes_kept(scene) == {6, 7, 11, 12}  # of the two tiles: the newest at revision 7, and the live ones


def test_every_sixteenth_tile_stays_whole(scene):
    for n in range(40):
        scene.draw((0, 1, scene.row(1)[0], 1 + n % 2))

    thin(scene)

    first = scene.seq - 39
    assert bytes_kept(scene) == {first + 15, first + 31, scene.seq}
    for seq in range(first, scene.seq + 1):
        assert scene.row(1, seq=seq) == [1 + (seq - first) % 2]


def test_thinning_leaves_young_revisions_alone(past):
    scene, _ = past

    assert thinning.thin(scene.session, scene.id, before=clock.now() - LATER) == 0


def test_undo_and_repeats_work_after_thinning(scene):
    key, body = new_id(), scene.body((0, 3, 0, 1))
    drawn = scene.send(body, key=key)
    scene.draw((5, 3, 0, 2), user=scene.ben)
    scene.draw((8, 3, 0, 2), user=scene.ben)
    assert thin(scene) == 2

    again = scene.send(body, key=key)
    scene.undo(drawn.key)

    assert again.seq == drawn.seq
    assert scene.row(8) == [0, 0, 0, 0, 0, 2, 2, 2]


def test_tiles_at_a_seq_are_sent_whole_after_thinning(past):
    scene, states = past
    thin(scene)

    body = decode_tiles(service.tiles_at(scene.session, scene.id, 8).content)

    assert body.seq == 8
    voxels = body.voxels(scene.grid)
    np.testing.assert_array_equal(voxels[ORIGIN][:20], states[8][0, 0, :20])
    with pytest.raises(NotFound):
        service.tiles_at(scene.session, scene.id, 999)


def test_thinning_finds_what_has_old_revisions(past):
    scene, _ = past

    assert scene.id in thinning.segmentations_to_thin(scene.session, before=clock.now() + LATER)
    assert scene.id not in thinning.segmentations_to_thin(scene.session, before=clock.now() - LATER)


def test_blame_names_who_last_changed_each_voxel(scene):
    scene.draw((0, 6, 0, 1))
    scene.draw((2, 2, 1, 2), user=scene.ben)
    scene.draw((3, 1, 2, 0))

    found = history.blame(scene.session, scene.id, layer=0, k=0)

    index = decode_tile(base64.b64decode(found.tiles[0].bytes), 256 * 256)[:8].tolist()
    assert index == [1, 1, 2, 3, 1, 1, 0, 0]
    assert [(source.seq, source.author.id) for source in found.sources] == [
        (3, scene.ann.id),
        (4, scene.ben.id),
        (5, scene.ann.id),
    ]


def test_blame_of_a_slice_that_nobody_drew_on_is_empty(scene):
    found = history.blame(scene.session, scene.id, layer=0, k=1)

    assert (found.tiles, found.sources) == ([], [])


def test_blame_is_the_same_after_thinning(past):
    scene, _ = past
    before = history.blame(scene.session, scene.id, layer=0, k=0)

    thin(scene)

    assert history.blame(scene.session, scene.id, layer=0, k=0) == before


def test_revisions_are_listed_newest_first_with_what_was_undone(scene):
    drawn = scene.draw((0, 3, 0, 1), message="first try")
    scene.undo(drawn.key)

    listed = history.list_revisions(scene.session, scene.id, before=None, limit=2)

    assert [(line.seq, line.source, line.undone) for line in listed] == [(4, "undo", False), (3, "drawn", True)]
    assert listed[1].author.name == scene.ann.name
    assert (listed[1].message, listed[1].active_ms, listed[0].undoes) == ("first try", 100, 3)
    older = history.list_revisions(scene.session, scene.id, before=3, limit=10)
    assert [line.source for line in older] == ["numbers", "numbers"]


def test_an_untouched_store_verifies(past):
    scene, _ = past
    operate(
        scene.session,
        scene.id,
        DeleteSegments(kind="delete", numbers=[2]),
        key=new_id(),
        author=scene.author(scene.ann),
    )

    report = verify_segmentation(scene.session, scene.id)

    assert (report.revisions, report.problems) == (13, [])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE label_tile SET bytes = (SELECT bytes FROM label_tile WHERE seq = 4) WHERE seq = 12", "patches give"),
        ("UPDATE label_tile SET patch = (SELECT patch FROM label_tile WHERE seq = 5) WHERE seq = 8", "digest differs"),
        ("UPDATE revision SET author_id = NULL WHERE seq = 6", "digest differs"),
        ("UPDATE revision SET active_ms = 7 WHERE seq = 6", "digest differs"),
        ("UPDATE label_head SET seq = 4 WHERE pos = 0", "heads"),
        ("DELETE FROM label_tile WHERE seq = 8", "does not have the tiles"),
        ("DELETE FROM label_tile WHERE seq = 8; DELETE FROM revision WHERE seq = 8", "revision 8 is missing"),
        ("UPDATE segment SET name = 'x' WHERE first_number = 1", "segments"),
        ("UPDATE label_tile SET bytes = '\\x00' WHERE seq = 12", "cannot be read"),
    ],
)
def test_damage_is_found(past, damage, told):
    scene, _ = past
    for statement in damage.split(";"):
        queries.connection(scene.session).execute(statement)

    problems = verify_segmentation(scene.session, scene.id).problems

    assert any(told in problem for problem in problems), problems

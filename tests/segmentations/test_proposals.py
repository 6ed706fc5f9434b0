"""Proposals: stored in local numbers, accepted as one revision, or dropped."""

import numpy as np
import pytest

from maskloop.core.errors import Conflict, Invalid
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import decode_tiles
from maskloop.inference.segmenters import classical_spec
from maskloop.segmentations import history, proposals, service, targets
from maskloop.segmentations.errors import KeyReused, StaleVoxels
from maskloop.segmentations.operations import NeedsJob
from maskloop.segmentations.proposals import Origin, ProposedSegment
from maskloop.segmentations.verification import verify_segmentation
from tests.factories import make_label

ORIGIN = Origin("otsu", version="3", hash="ab" * 32, settings={"side": "bright"}, seconds=1.5)


def propose(scene, labelmap=None, *, segments=None, at_seq=None):
    if labelmap is None:
        labelmap = np.zeros(scene.grid, np.uint16)
        labelmap[0, 0, :6] = 1
        labelmap[3, 299, 279] = 1
    segments = segments or [ProposedSegment(1, 1, scene.liver.id, "liver", "#ea9e51", int((labelmap > 0).sum()), 0.7)]
    at_seq = scene.seq if at_seq is None else at_seq
    return proposals.propose(scene.session, scene.id, labelmap, at_seq=at_seq, segments=segments, origin=ORIGIN)


def accept(scene, proposal, **more):
    given = {"key": new_id(), "author": scene.author(scene.ann)} | more
    return proposals.accept_proposal(scene.session, proposal.id, **given)


def instances(scene):
    """Return a labelmap of three objects in a row, and its structure."""
    labelmap = np.zeros(scene.grid, np.uint16)
    labelmap[0, 0, :6] = [1, 1, 2, 2, 3, 3]
    return labelmap, [ProposedSegment(1, 3, scene.nuclei.id, "nuclei", "#45c4c6", 6)]


def test_a_proposal_is_read_as_tiles_of_local_numbers(scene):
    labelmap, structures = instances(scene)
    proposal = propose(scene, labelmap, segments=structures)

    body = decode_tiles(proposals.proposal_tiles(scene.session, proposal.id))

    assert body.seq == proposal.at_seq
    np.testing.assert_array_equal(body.voxels(scene.grid)[0][:7], [1, 1, 2, 2, 3, 3, 0])
    assert scene.row(1) == [0]  # nothing is drawn before a person agrees


def test_accepting_draws_in_the_labels_segment_and_names_the_model(scene):
    scene.draw((6, 2, 0, 1))
    proposal = propose(scene)

    saved = accept(scene, proposal)

    assert scene.row(9) == [1] * 8 + [0]
    assert scene.labels()[3, 299, 279] == 1
    line = history.list_revisions(scene.session, scene.id, before=None, limit=1)[0]
    assert (line.seq, line.source, line.author.id) == (saved.seq, "proposal", scene.ann.id)
    assert line.model.model_dump() == {"name": "otsu", "version": "3", "hash": "ab" * 32}
    assert (proposal.state, proposal.accepted_seq) == ("accepted", saved.seq)
    assert verify_segmentation(scene.session, scene.id).problems == []


def test_a_label_without_a_segment_gets_a_number(scene):
    label = make_label(scene.session, scene.project)
    proposal = propose(scene, segments=[ProposedSegment(1, 1, label.id, "new", "#ffffff", 7)])

    accept(scene, proposal)

    assert scene.row(7) == [3] * 6 + [0]
    assert service.describe(scene.session, scene.id).segments[-1].label_id == label.id
    assert scene.take(scene.liver.id) == 4


def test_instances_get_a_fresh_block(scene):
    labelmap, structures = instances(scene)

    accept(scene, propose(scene, labelmap, segments=structures))
    accept(scene, propose(scene, np.roll(labelmap, 10, axis=2), segments=structures))

    assert scene.row(17) == [3, 3, 4, 4, 5, 5, 0, 0, 0, 0, 6, 6, 7, 7, 8, 8, 0]


def test_only_background_is_drawn_unless_asked(scene):
    scene.draw((0, 2, 0, 2))
    first, second = propose(scene), propose(scene)

    accept(scene, first)
    kept = scene.row(7)
    accept(scene, second, replace=True)

    assert kept == [2, 2, 1, 1, 1, 1, 0]
    assert scene.row(7) == [1, 1, 1, 1, 1, 1, 0]


def test_voxels_that_changed_since_refuse_it_and_the_proposal_stays(scene):
    proposal = propose(scene)
    far = TilePosition(0, 3, 1, 1).pack()
    scene.draw((43 * 24 + 23, 1, 0, 2), pos=far, user=scene.ben)

    with pytest.raises(StaleVoxels) as refused:
        accept(scene, proposal)

    assert refused.value.context["positions"] == [str(far)]
    assert (scene.row(1), proposal.state) == ([0], "ready")


def test_what_changed_elsewhere_or_alike_since_is_no_conflict(scene):
    proposal = propose(scene)
    scene.draw((0, 2, 0, 1), (100, 9, 0, 2), user=scene.ben)

    accept(scene, proposal)

    assert scene.row(7) == [1] * 6 + [0]


def test_a_repeat_gets_the_first_answer_and_a_second_accept_is_refused(scene):
    proposal, key = propose(scene), new_id()

    first, again = accept(scene, proposal, key=key), accept(scene, proposal, key=key)

    assert (first.seq, first.is_new, again.seq, again.is_new) == (3, True, 3, False)
    with pytest.raises(Conflict) as refused:
        accept(scene, proposal)
    assert refused.value.code == "proposal-ended"
    with pytest.raises(KeyReused):
        accept(scene, proposal, key=key, replace=True)


def test_a_dropped_proposal_is_not_accepted(scene):
    proposal = propose(scene)

    proposals.drop_proposal(scene.session, proposal.id)
    proposals.drop_proposal(scene.session, proposal.id)

    assert proposals.list_proposals(scene.session, scene.id, only_open=True) == []
    with pytest.raises(Conflict):
        accept(scene, proposal)


def test_an_accepted_proposal_can_be_undone(scene):
    saved = accept(scene, propose(scene))

    scene.undo(saved.key)

    assert not scene.labels().any()


def test_undoing_what_took_new_numbers_takes_back_the_voxels_and_redo_draws_them_again(scene):
    labelmap, structures = instances(scene)
    saved = accept(scene, propose(scene, labelmap, segments=structures))
    drawn = scene.row(7)

    undone = scene.undo(saved.key)
    assert not scene.labels().any()
    scene.undo(undone.key)

    assert scene.row(7) == drawn
    assert verify_segmentation(scene.session, scene.id).problems == []


def test_more_tiles_than_a_request_draws_need_a_job(scene):
    with pytest.raises(NeedsJob):
        accept(scene, propose(scene), max_tiles=1)

    assert accept(scene, propose(scene), max_tiles=None).seq == 3


def test_a_structure_without_a_label_needs_one(scene):
    proposal = propose(scene, segments=[ProposedSegment(1, 1, None, "Foreground", "#b497ff", 7)])

    with pytest.raises(Invalid, match="has no label"):
        accept(scene, proposal)
    accept(scene, proposal, labels={1: scene.tumour.id})

    assert scene.row(1) == [2]


def test_a_labelmap_that_does_not_fit_is_refused(scene):
    with pytest.raises(Invalid, match="grid"):
        propose(scene, np.ones((4, 299, 280), np.uint16))
    with pytest.raises(Invalid, match="numbers"):
        propose(scene, np.full(scene.grid, 2, np.uint16))


def test_a_lone_structure_goes_to_the_first_label_of_its_kind(scene):
    answer = {"segments": [{"number": 1, "name": "Object", "voxels": 6, "volume_ml": None}]}
    labelmap, _ = instances(scene)

    def target(name: str, label_id=None):
        spec = classical_spec(name)
        found = targets.proposed_structures(scene.session, scene.id, spec, answer, labelmap=labelmap, label_id=label_id)
        return found[0].label_id, found[0].last_local

    assert target("watershed") == (scene.nuclei.id, 3)
    assert target("otsu") == (scene.liver.id, 1)
    assert target("otsu", scene.tumour.id) == (scene.tumour.id, 1)
    named = make_label(scene.session, scene.project, name="OBJECT")
    assert target("otsu") == (named.id, 1)

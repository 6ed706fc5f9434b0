"""The jobs on segmentations, run by a real worker's turn and a real runner."""

import hashlib

import numpy as np
import pytest
from sqlalchemy import select

from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.core.objects import store_file
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.formats.pixel_file import PixelFileWriter
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import encode_stroke
from maskloop.jobs import service as jobs
from maskloop.jobs.periodic import NoInputs
from maskloop.jobs.work import run_one
from maskloop.segmentations import proposals, service
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.operations import NeedsJob, operate
from maskloop.segmentations.proposals import Origin, ProposedSegment
from maskloop.segmentations.schemas import DeleteSegments, RelabelSegments
from maskloop.segmentations.tables import Proposal
from maskloop.segmentations.tasks import AcceptProposal, EditSegments, RenumberSegments, SegmentImage
from maskloop.segmentations.verification import verify_segmentation
from tests.factories import make_label
from tests.segmentations.drawing import Scene, patch

GRID = (60, 64, 64)


@pytest.fixture
def committed(settings, tmp_path, monkeypatch) -> Scene:
    """A committed scene whose image has a pixel file: a bright ball in the dark."""
    k, j, i = np.ogrid[: GRID[0], : GRID[1], : GRID[2]]
    voxels = np.where((k - 30) ** 2 + (j - 32) ** 2 + (i - 32) ** 2 < 20**2, 900, 10).astype(np.int16)
    with session_scope() as session:
        scene = Scene(session, GRID)
    path = tmp_path / "image.mlpx"
    with PixelFileWriter(path, shape=GRID, dtype="int16") as writer:
        for _ in range(GRID[0]):
            writer.write_rows(voxels[writer.next_slice])
        writer.finish()
    stored = store_file(get_storage(), path, project_id=scene.project.id, kind="pixels")
    with session_scope() as session:
        image = session.merge(scene.image)
        image.pixel_key, image.modality = stored.key, "MR"
    return scene


def enqueued(scene, kind: str, inputs, **more):
    with session_scope() as session:
        return jobs.enqueue(
            session, kind=kind, inputs=inputs, project_id=scene.project.id, created_by=scene.ann.id, **more
        ).id


def ended(job_id, queue: str):
    assert run_one(queue) == job_id
    with session_scope() as session:
        return jobs.get(session, job_id)


def test_a_segmenter_proposes_and_its_proposal_is_accepted(committed):
    scene = committed
    inputs = SegmentImage(
        segmentation_id=scene.id, segmenter="otsu", version=None, parameters={"side": "bright"}, label_id=scene.liver.id
    )

    job = ended(enqueued(scene, "segment-image", inputs), "infer")

    assert (job.state, job.problem) == ("succeeded", None)
    with session_scope() as session:
        proposal = session.scalars(select(Proposal)).one()
        assert job.result["proposal_id"] == str(proposal.id)
        assert (proposal.segmenter, proposal.created_by, proposal.at_seq) == ("otsu", scene.ann.id, 2)
        proposals.accept_proposal(session, proposal.id, key=new_id(), author=Author(scene.ann.id))
        labels = service.read_labelmap(session, scene.id)
    ball = 4 / 3 * np.pi * 20**3
    assert labels[30, 32, 32] == 1
    assert np.count_nonzero(labels) == pytest.approx(ball, rel=0.05)  # smoothing moves the surface by parts of a voxel


def test_an_unknown_segmenter_fails_with_a_sentence(committed):
    inputs = SegmentImage(
        segmentation_id=committed.id, segmenter="no such thing", version=None, parameters={}, label_id=None
    )

    job = ended(enqueued(committed, "segment-image", inputs), "infer")

    assert (job.state, job.problem["code"]) == ("failed", "no-such-segmenter")


def drawn_in(scene, slices: int) -> None:
    content = encode_stroke(
        {"tool": "sphere", "active_ms": 1},
        {TilePosition(0, k, 0, 0).pack(): patch((0, 9, 0, 1)) for k in range(slices)},
    )
    with session_scope() as session:
        stroke = service.read_stroke(content, GRID)
        service.save_stroke(session, scene.id, stroke, key=new_id(), author=Author(scene.ann.id))


def test_a_delete_over_more_than_fifty_tiles_is_a_job_and_happens_once(committed):
    scene, key = committed, new_id()
    operation = DeleteSegments(kind="delete", numbers=[1])
    drawn_in(scene, 51)
    with session_scope() as session, pytest.raises(NeedsJob):
        operate(session, scene.id, operation, key=key, author=Author(scene.ann.id))

    job = ended(
        enqueued(scene, "edit-segments", EditSegments(segmentation_id=scene.id, operation=operation, key=key)), "io"
    )

    assert job.result == {"key": str(key), "seq": 4, "parent": 3}
    with session_scope() as session:
        assert not service.read_labelmap(session, scene.id).any()
        again = operate(session, scene.id, operation, key=key, author=Author(scene.ann.id))
        assert (again.seq, again.is_new) == (4, False)
        assert verify_segmentation(session, scene.id).problems == []


def test_exactly_fifty_tiles_are_done_in_the_request(committed):
    drawn_in(committed, 50)

    with session_scope() as session:
        operation = DeleteSegments(kind="delete", numbers=[1])
        saved = operate(session, committed.id, operation, key=new_id(), author=Author(committed.ann.id))

    assert len(saved.positions) == 50


def test_a_large_proposal_is_accepted_by_a_job(committed):
    scene = committed
    with session_scope() as session:
        labelmap = np.ones(GRID, np.uint16)
        structure = ProposedSegment(1, 1, scene.liver.id, "liver", "#ea9e51", labelmap.size)
        origin = Origin("made up", hash=hashlib.sha256(b"").hexdigest())
        proposal = proposals.propose(session, scene.id, labelmap, at_seq=2, segments=[structure], origin=origin)
    inputs = AcceptProposal(proposal_id=proposal.id, segmentation_id=scene.id, key=new_id(), replace=False, labels={})

    job = ended(enqueued(scene, "accept-proposal", inputs), "io")

    assert job.result["seq"] == 3
    with session_scope() as session:
        assert (service.read_labelmap(session, scene.id) == 1).all()


def test_a_job_on_a_closed_segmentation_fails_and_changes_nothing(committed):
    scene = committed
    drawn_in(scene, 2)
    with session_scope() as session:
        service.submit(session, scene.id, seq=3)
    inputs = EditSegments(segmentation_id=scene.id, operation=DeleteSegments(kind="delete", numbers=[1]), key=new_id())

    job = ended(enqueued(scene, "edit-segments", inputs), "io")

    assert (job.state, job.problem["code"]) == ("failed", "closed")
    with session_scope() as session:
        assert service.describe(session, scene.id).seq == 3


def exhausted(scene) -> None:
    with session_scope() as session:
        scene.session = session
        scene.take(scene.nuclei.id, count=65_533)
        scene.draw((0, 2, 0, 60_000))


def test_renumbering_frees_numbers_once(committed):
    exhausted(committed)
    inputs = RenumberSegments(segmentation_id=committed.id, numbering=0)

    first, second = enqueued(committed, "renumber", inputs), enqueued(committed, "renumber", inputs)

    assert ended(first, "io").result["seq"] == 5
    assert ended(second, "io").result == {}
    with session_scope() as session:
        assert service.describe(session, committed.id).numbering == 5
        assert verify_segmentation(session, committed.id).problems == []


def test_a_proposal_that_finds_no_numbers_left_frees_some(committed):
    exhausted(committed)
    labelmap = np.zeros(GRID, np.uint16)
    labelmap[0, 0, 4:8] = [1, 1, 2, 2]
    structures = [ProposedSegment(1, 2, committed.nuclei.id, "nuclei", "#45c4c6", 4)]
    with session_scope() as session:
        proposal = proposals.propose(
            session, committed.id, labelmap, at_seq=4, segments=structures, origin=Origin("watershed", version="1")
        )
    inputs = AcceptProposal(
        proposal_id=proposal.id, segmentation_id=committed.id, key=new_id(), replace=False, labels={}
    )

    assert ended(enqueued(committed, "accept-proposal", inputs), "io").state == "succeeded"

    with session_scope() as session:
        labels = service.read_labelmap(session, committed.id)
        assert labels[0, 0, :9].tolist() == [3, 3, 0, 0, 4, 4, 5, 5, 0]
        assert verify_segmentation(session, committed.id).problems == []


def test_old_tiles_are_thinned_and_what_has_not_grown_is_left_alone(committed, monkeypatch):
    monkeypatch.setenv("MASKLOOP_THIN_AFTER_DAYS", "0")
    get_settings.cache_clear()
    with session_scope() as session:
        committed.session = session
        for number in (1, 2, 1, 2):
            committed.draw((0, 1, committed.row(1)[0], number))
        states = [committed.row(1, seq=seq) for seq in range(2, 7)]

    first, second = (ended(enqueued(committed, "thin-labels", NoInputs()), "io") for _ in range(2))

    assert first.result["tiles"] == 3
    assert second.result == {"segmentations": 0, "tiles": 0}
    with session_scope() as session:
        committed.session = session
        assert [committed.row(1, seq=seq) for seq in range(2, 7)] == states
        assert verify_segmentation(session, committed.id).problems == []


def test_a_relabel_that_finds_no_numbers_left_frees_some_and_is_done(committed):
    exhausted(committed)
    with session_scope() as session:
        other = make_label(session, committed.project, kind="instance")
    wanted = RelabelSegments(kind="relabel", numbers=[60_000], label_id=other.id)
    inputs = EditSegments(segmentation_id=committed.id, operation=wanted, key=new_id())

    assert ended(enqueued(committed, "edit-segments", inputs), "io").state == "succeeded"

    with session_scope() as session:
        number = int(service.read_labelmap(session, committed.id)[0, 0, 0])
        rows = service.describe(session, committed.id).segments
        assert next(row.label_id for row in rows if row.number == number) == other.id
        assert verify_segmentation(session, committed.id).problems == []


def test_numbers_that_are_really_in_use_are_said_to_be(committed):
    inputs = RenumberSegments(segmentation_id=committed.id, numbering=0)

    job = ended(enqueued(committed, "renumber", inputs), "io")

    assert (job.state, job.problem["code"]) == ("failed", "numbers-exhausted")

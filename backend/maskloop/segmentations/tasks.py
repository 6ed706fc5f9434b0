"""Jobs on segmentations: running a segmenter, and edits over more tiles than a request computes."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import Json, session_scope
from maskloop.core.ids import new_id
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.images import service as images
from maskloop.images.tables import Image
from maskloop.jobs import service as jobs
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.handlers import handles
from maskloop.jobs.periodic import NoInputs
from maskloop.jobs.tables import Job
from maskloop.models import service as models
from maskloop.models.service import SegmenterChoice
from maskloop.segmentations import queries
from maskloop.segmentations.errors import NumbersExhausted
from maskloop.segmentations.events import publish_revision
from maskloop.segmentations.ledger import Author, Saved
from maskloop.segmentations.operations import operate
from maskloop.segmentations.proposals import Origin, accept_proposal, propose
from maskloop.segmentations.renumber import renumber
from maskloop.segmentations.schemas import Operation, Parameters
from maskloop.segmentations.targets import proposed_structures
from maskloop.segmentations.thinning import segmentations_to_thin, thin

LABELMAP = "labelmap.npy"
PIXELS = "image.mlpx"


class EditSegments(BaseModel):
    """Inputs of the job `edit-segments`."""

    segmentation_id: UUID
    operation: Operation
    key: UUID


class AcceptProposal(BaseModel):
    """Inputs of the job `accept-proposal`."""

    proposal_id: UUID
    segmentation_id: UUID
    key: UUID
    replace: bool
    labels: dict[int, UUID]


class SegmentImage(BaseModel):
    """Inputs of the job `segment-image`."""

    segmentation_id: UUID
    segmenter: str
    version: str | None
    parameters: Parameters
    label_id: UUID | None


class RenumberSegments(BaseModel):
    """Inputs of the job `renumber`: a segmentation, and the numbering that has run out."""

    segmentation_id: UUID
    numbering: int


def enqueue_renumbering(session: Session, segmentation_id: UUID, *, created_by: UUID) -> Job:
    """Add the job that frees numbers; the same one however often it is asked for at one seq."""
    head = queries.read_head(session, segmentation_id)
    return jobs.enqueue(
        session,
        kind="renumber",
        inputs=RenumberSegments(segmentation_id=segmentation_id, numbering=head.numbering),
        project_id=head.project_id,
        created_by=created_by,
        key=uuid5(segmentation_id, f"renumber {head.seq}"),
    )


@handles("renumber", queue="io", inputs=RenumberSegments)
def renumber_segments(job: ClaimedJob, inputs: RenumberSegments) -> None:
    """Free the numbers that nothing uses, unless that was done since. Saves wait for the row lock meanwhile."""

    def free(session: Session) -> Saved | None:
        if queries.read_head(session, inputs.segmentation_id, lock=True).numbering != inputs.numbering:
            return None
        return renumber(session, inputs.segmentation_id, key=new_id(), author=Author(job.created_by))

    _append(job, inputs.segmentation_id, free)


@handles("edit-segments", queue="io", inputs=EditSegments)
def edit_segments(job: ClaimedJob, inputs: EditSegments) -> None:
    """Delete, merge, relabel or restore under the lock. A second run finds the key and gets the first answer."""
    author = Author(job.created_by)

    def edit(session: Session) -> Saved:
        return operate(
            session,
            inputs.segmentation_id,
            inputs.operation,
            key=inputs.key,
            author=author,
            max_tiles=None,
            follow=True,
        )

    _append_numbered(job, inputs.segmentation_id, edit)


@handles("accept-proposal", queue="io", inputs=AcceptProposal)
def accept(job: ClaimedJob, inputs: AcceptProposal) -> None:
    """Draw a large proposal in one revision."""

    def draw(session: Session) -> Saved:
        return accept_proposal(
            session,
            inputs.proposal_id,
            key=inputs.key,
            author=Author(job.created_by),
            replace=inputs.replace,
            labels=inputs.labels,
            max_tiles=None,
        )

    _append_numbered(job, inputs.segmentation_id, draw)


@handles("thin-labels", queue="io", inputs=NoInputs)
def thin_labels(job: ClaimedJob, _: NoInputs) -> Json:
    """Thin every segmentation that has grown: one transaction each, so that it may stop anywhere and go on later."""
    before = clock.now() - timedelta(days=get_settings().thin_after_days)
    thinned, segmentations, after = 0, 0, None
    while True:
        with session_scope() as session:
            found = segmentations_to_thin(session, before=before, after=after)
        for segmentation_id in found:
            with job.transaction() as session:
                thinned += thin(session, segmentation_id, before=before)
        if not found:
            return {"segmentations": segmentations, "tiles": thinned}
        segmentations, after = segmentations + len(found), found[-1]


def _append_numbered(job: ClaimedJob, segmentation_id: UUID, write: Callable[[Session], Saved]) -> None:
    """Append one revision and end the job; where the numbers have run out, free some first."""
    try:
        _append(job, segmentation_id, write)
    except NumbersExhausted:
        with job.transaction() as session:
            saved = renumber(session, segmentation_id, key=new_id(), author=Author(job.created_by))
        publish_revision(segmentation_id, saved.seq, ())
        _append(job, segmentation_id, write)


def _append(job: ClaimedJob, segmentation_id: UUID, write: Callable[[Session], Saved | None]) -> None:
    result: Json = {}
    with job.transaction(finish=result) as session:
        saved = write(session)
        result |= _as_json(saved) if saved else {}
    if saved:
        publish_revision(segmentation_id, saved.seq, ())


@handles("segment-image", queue="infer", inputs=SegmentImage)
def segment_image(job: ClaimedJob, inputs: SegmentImage) -> None:
    """Run a segmenter on the image of a segmentation and store what it suggests as a proposal.

    The runner has no database and no secrets: it gets pixel file, model and settings, and leaves a labelmap.
    """
    with session_scope() as session:
        head = queries.read_head(session, inputs.segmentation_id)
        image = images.get(session, head.image_id)
        pixels = images.pixel_object(session, image.id)
        choice = models.choose(session, inputs.segmenter, inputs.version)
        request = _request(image, choice, inputs)
    with job.scratch(expected_bytes=3 * 2 * int(np.prod(head.grid))) as folder:
        job.progress(0.0, "Fetching the image")
        get_storage().fetch(pixels.key, folder / PIXELS, digest=pixels.digest)
        _fetch_model(choice, folder)
        answer = job.run("segment", request, scratch=folder)
        labelmap: NDArray[np.uint16] = np.load(folder / LABELMAP, allow_pickle=False)
    result: Json = {}
    with job.transaction(finish=result) as session:
        result |= _store(session, job, inputs, labelmap, answer=answer, choice=choice, at_seq=head.seq)


def _store(
    session: Session,
    job: ClaimedJob,
    inputs: SegmentImage,
    labelmap: NDArray[np.uint16],
    *,
    answer: Json,
    choice: SegmenterChoice,
    at_seq: int,
) -> Json:
    segments = proposed_structures(
        session, inputs.segmentation_id, choice.spec, answer, labelmap=labelmap, label_id=inputs.label_id
    )
    seconds = answer["seconds"]
    assert isinstance(seconds, int | float)
    settings = answer["parameters"]
    assert isinstance(settings, dict)
    origin = Origin(
        segmenter=choice.spec.name,
        version=choice.spec.version,
        hash=choice.hash,
        model_version_id=choice.version_id,
        settings=settings,
        seconds=float(seconds),
        stats={"provider": answer["provider"], "instances": answer["instances"]},
    )
    proposal = propose(
        session,
        inputs.segmentation_id,
        labelmap,
        at_seq=at_seq,
        segments=segments,
        origin=origin,
        created_by=job.created_by,
        job_id=job.id,
    )
    return {"proposal_id": str(proposal.id), "seconds": seconds, "instances": answer["instances"]}


def _request(image: Image, choice: SegmenterChoice, inputs: SegmentImage) -> Json:
    """Return what the runner is asked."""
    affine = None if image.affine is None else np.reshape(image.affine, (4, 4)).tolist()
    request: Json = {
        "image": PIXELS,
        "affine": affine,
        "spacing": image.spacing,
        "rescale": image.rescale,
        "modality": image.modality,
        "parameters": inputs.parameters,
        "threads": max(1, (os.cpu_count() or 1) // get_settings().workers),
    }
    if choice.manifest is None:
        return {**request, "segmenter": choice.spec.name}
    return {**request, "model": _model_name(0), "sha256": choice.files[0].digest.hex(), "manifest": choice.manifest}


def _fetch_model(choice: SegmenterChoice, folder: Path) -> None:
    for number, file in enumerate(choice.files):
        get_storage().fetch(file.key, folder / _model_name(number), digest=file.digest)


def _model_name(number: int) -> str:
    return f"model{number}.onnx"


def _as_json(saved: Saved) -> Json:
    return {"key": str(saved.key), "seq": saved.seq, "parent": saved.parent}

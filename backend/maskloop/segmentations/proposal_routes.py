"""Proposals over HTTP: ask a segmenter, look at what it suggests, accept or drop it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response

from maskloop.api.idempotency import IdempotencyKey
from maskloop.api.pagination import Page
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.errors import Invalid
from maskloop.images import service as images
from maskloop.imaging.label_wire import TILES_TYPE
from maskloop.inference.errors import InferenceError
from maskloop.inference.segmenters import resolve_parameters
from maskloop.jobs import service as jobs
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.schemas import JobOut
from maskloop.models import service as models
from maskloop.projects.access import Allowed, Caller
from maskloop.segmentations import proposals, queries
from maskloop.segmentations.errors import NumbersExhausted
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.operations import NeedsJob
from maskloop.segmentations.routes import TILES, answer_saved
from maskloop.segmentations.schemas import AcceptIn, ProposalIn, ProposalOut, ProposalSegmentOut, SavedOut
from maskloop.segmentations.tables import Proposal
from maskloop.segmentations.targets import require_target
from maskloop.segmentations.tasks import AcceptProposal, SegmentImage

router = APIRouter(tags=["proposals"])
Viewer = Annotated[Caller, Allowed["proposal.read"]]
Proposer = Annotated[Caller, Allowed["proposal.write"]]


@router.post("/segmentations/{segmentation_id}/proposals", status_code=202, responses=problem_responses(404, 409, 422))
def post_proposal(
    segmentation_id: UUID,
    body: ProposalIn,
    key: IdempotencyKey,
    session: SessionDep,
    caller: Proposer,
    response: Response,
) -> JobOut:
    """Ask a segmenter for a proposal: a job whose result names it."""
    head = queries.read_head(session, segmentation_id)
    choice = models.choose(session, body.segmenter, body.version)
    if choice.spec.task == "prompt":
        raise Invalid(f"{choice.spec.title} works on prompts, not on a whole image.", code="needs-prompts")
    modality = images.get(session, head.image_id).modality
    try:
        resolve_parameters(choice.spec, body.parameters, modality=modality)
    except InferenceError as error:
        raise Invalid(error.detail, code=error.code) from error
    require_target(session, head.project_id, body.label_id)
    inputs = SegmentImage(segmentation_id=segmentation_id, **body.model_dump())
    job = jobs.enqueue(
        session, kind="segment-image", inputs=inputs, project_id=head.project_id, created_by=caller.user_id, key=key
    )
    return answer_queued(response, session, job)


@router.get("/segmentations/{segmentation_id}/proposals", responses=problem_responses(404))
def list_proposals(
    segmentation_id: UUID,
    session: SessionDep,
    _: Viewer,
    state: Annotated[Literal["open", "all"], Query()] = "all",
) -> Page[ProposalOut]:
    """List the proposals for a segmentation, newest first."""
    found = proposals.list_proposals(session, segmentation_id, only_open=state == "open")
    return Page(items=[_describe(proposal) for proposal in found])


@router.get("/proposals/{proposal_id}", responses=problem_responses(404))
def get_proposal(proposal_id: UUID, session: SessionDep, _: Viewer) -> ProposalOut:
    """Return a proposal."""
    return _describe(proposals.get(session, proposal_id))


@router.get("/proposals/{proposal_id}/tiles", response_class=Response, responses={**TILES, **problem_responses(404)})
def get_proposal_tiles(proposal_id: UUID, session: SessionDep, _: Viewer) -> Response:
    """Return the tiles of a proposal; their voxels are local numbers."""
    return Response(proposals.proposal_tiles(session, proposal_id), media_type=TILES_TYPE)


@router.post(
    "/proposals/{proposal_id}/accept",
    status_code=201,
    response_model_exclude_none=True,
    responses={202: {"model": JobOut}, **problem_responses(404, 409, 412, 422)},
)
def accept_proposal(
    proposal_id: UUID,
    key: IdempotencyKey,
    session: SessionDep,
    caller: Proposer,
    background: BackgroundTasks,
    response: Response,
    body: AcceptIn | None = None,
) -> SavedOut | JobOut:
    """Draw a proposal as one revision that names its segmenter; 412 if voxels changed under it, and it stays."""
    chosen = body or AcceptIn()
    segmentation_id = proposals.get(session, proposal_id).segmentation_id
    author = Author(caller.user_id)
    try:
        saved = proposals.accept_proposal(
            session, proposal_id, key=key, author=author, replace=chosen.replace, labels=chosen.labels
        )
    except (NeedsJob, NumbersExhausted):
        inputs = AcceptProposal(
            proposal_id=proposal_id, segmentation_id=segmentation_id, key=key, **chosen.model_dump()
        )
        job = jobs.enqueue(
            session,
            kind="accept-proposal",
            inputs=inputs,
            project_id=caller.project_id,
            created_by=caller.user_id,
            key=key,
        )
        return answer_queued(response, session, job)
    return answer_saved(background, segmentation_id, saved)


@router.post("/proposals/{proposal_id}/drop", status_code=204, responses=problem_responses(404, 409))
def drop_proposal(proposal_id: UUID, session: SessionDep, _: Proposer) -> Response:
    """Put a proposal away."""
    proposals.drop_proposal(session, proposal_id)
    return Response(status_code=204)


def _describe(proposal: Proposal) -> ProposalOut:
    instances = proposal.stats.get("instances")
    return ProposalOut(
        id=proposal.id,
        segmentation_id=proposal.segmentation_id,
        state=proposal.state,
        segmenter=proposal.segmenter,
        version=proposal.version,
        hash=proposal.model_hash,
        settings=proposal.settings,
        at_seq=proposal.at_seq,
        seconds=proposal.seconds,
        segments=[ProposalSegmentOut(**vars(segment)) for segment in proposals.proposed_segments(proposal)],
        instances=instances if isinstance(instances, int) else None,
        accepted_seq=proposal.accepted_seq,
        created_at=proposal.created_at,
    )

"""Segmentations over HTTP: open, save, undo, operate, read at any seq, submit."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from maskloop.api.idempotency import IdempotencyKey, OptionalIdempotencyKey
from maskloop.api.pagination import Cursor, Limit, Page, cut, number_before
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.api.turns import Turns
from maskloop.audit import service as audit
from maskloop.core.db import session_scope
from maskloop.core.errors import Forbidden, Invalid, NotFound, TooLarge
from maskloop.core.ids import new_id
from maskloop.core.settings import get_settings
from maskloop.imaging.label_tile import MAX_LAYER, Grid
from maskloop.imaging.label_wire import STROKE_TYPE, TILES_TYPE
from maskloop.jobs import service as jobs
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.schemas import JobOut
from maskloop.projects.access import Allowed, AllowedStep, AllowedStream, Caller, Step
from maskloop.segmentations import history, numbers, queries, renumbered, service, undo
from maskloop.segmentations.errors import NumbersExhausted
from maskloop.segmentations.events import publish_revision, revision_feed
from maskloop.segmentations.ledger import Author, Saved
from maskloop.segmentations.operations import NeedsJob, operate
from maskloop.segmentations.schemas import (
    BlameOut,
    NumberingOut,
    NumbersIn,
    NumbersOut,
    Operation,
    RevisionOut,
    SavedOut,
    SegmentationIn,
    SegmentationOut,
    SubmitIn,
    UndoOut,
)
from maskloop.segmentations.strokes import MAX_BODY_BYTES, read_stroke, save_stroke
from maskloop.segmentations.tasks import EditSegments, enqueue_renumbering
from maskloop.segmentations.tiles import Tiles

router = APIRouter(tags=["segmentations"])
Reader = Annotated[Caller, Allowed["segmentation.read"]]
Drawer = Annotated[Caller, Allowed["segmentation.draw"]]
SAVES = Turns(1, patience_s=0.25)
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
NUMBERING_HEADER = "Maskloop-Numbering"
TILES: dict[int | str, dict[str, object]] = {
    200: {"content": {TILES_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
STROKE = {
    "requestBody": {"required": True, "content": {STROKE_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/images/{image_id}/segmentations", responses=problem_responses(404))
def list_segmentations(image_id: UUID, session: SessionDep, caller: Reader) -> Page[SegmentationOut]:
    """List the segmentations of an image that the caller may see."""
    only = None if caller.sees_all_readers else caller.user_id
    found = service.list_for_image(session, image_id, reader_id=only)
    return Page(items=[service.describe(session, segmentation.id) for segmentation in found])


@router.post("/images/{image_id}/segmentations", responses={201: {"model": SegmentationOut}, **problem_responses(404)})
def open_segmentation(
    image_id: UUID, body: SegmentationIn, session: SessionDep, caller: Reader, response: Response
) -> SegmentationOut:
    """Return the segmentation that the caller draws on, made if there is none; a viewer gets only one that is there."""
    if caller.project_role == "viewer":
        found = service.find(session, image_id, reader_id=caller.user_id, purpose=body.purpose)
        if found is None:
            raise NotFound("Nobody has drawn on this image yet.")
        return service.describe(session, found.id)
    found, is_new = service.get_or_create(session, image_id, reader_id=caller.user_id, purpose=body.purpose)
    response.status_code = 201 if is_new else 200
    return service.describe(session, found.id)


@router.get("/segmentations/{segmentation_id}", responses=problem_responses(404))
def get_segmentation(segmentation_id: UUID, session: SessionDep, _: Reader) -> SegmentationOut:
    """Return a segmentation and its segments."""
    return service.describe(session, segmentation_id)


@router.get(
    "/segmentations/{segmentation_id}/tiles",
    response_class=Response,
    responses={**TILES, **problem_responses(404, 422)},
)
async def get_tiles(
    segmentation_id: UUID,
    step: Annotated[Step, AllowedStep["segmentation.read"]],
    since: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="only tiles newer than this seq")] = None,
    at: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="all tiles as they were after this seq")] = None,
) -> Response:
    """Return live tiles newer than a seq, or the state at a seq."""

    def read(session: Session, _: Caller) -> Tiles:
        if since is not None and at is not None:
            raise Invalid("Ask for tiles `since` a seq or `at` a seq, not both.")
        if at is not None:
            return service.tiles_at(session, segmentation_id, at)
        return service.tiles_since(session, segmentation_id, since or 0)

    tiles = await step.run(read)
    return Response(tiles.content, media_type=TILES_TYPE, headers={NUMBERING_HEADER: str(tiles.numbering)})


@router.get("/segmentations/{segmentation_id}/numbering", responses=problem_responses(404))
def get_numbering(
    segmentation_id: UUID,
    session: SessionDep,
    _: Reader,
    since: Annotated[int, Query(ge=0, le=2**31 - 1, description="the numbering that is known")] = 0,
) -> NumberingOut:
    """Say what the numbers of an older numbering are called now."""
    return renumbered.describe(session, segmentation_id, since)


@router.post(
    "/segmentations/{segmentation_id}/revisions",
    status_code=201,
    response_model_exclude_none=True,
    openapi_extra=STROKE,
    responses=problem_responses(403, 404, 409, 412, 413, 422),
)
async def post_revision(
    segmentation_id: UUID,
    request: Request,
    key: IdempotencyKey,
    caller: Annotated[Caller, AllowedStream["segmentation.draw"]],
    background: BackgroundTasks,
    drawn_by: Annotated[UUID | None, Header(alias="Maskloop-User", description="who drew it")] = None,
) -> SavedOut:
    """Save one stroke, or undo one, as a revision; 412 naming the stale positions if someone else drew under it."""
    if drawn_by is not None and drawn_by != caller.user_id:
        raise Forbidden("This was drawn by someone else; it is never saved as another user's.", code="another-user")
    content = await _read_body(request)
    saved = await SAVES.run(_save, segmentation_id, content, key, Author(caller.user_id))
    return answer_saved(background, segmentation_id, saved)


@router.get("/segmentations/{segmentation_id}/revisions", responses=problem_responses(404))
def list_revisions(
    segmentation_id: UUID, session: SessionDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[RevisionOut]:
    """List the history, newest first."""
    found = history.list_revisions(session, segmentation_id, before=number_before(cursor), limit=limit + 1)
    return cut(found, limit, key=lambda revision: revision.seq)


@router.get("/segmentations/{segmentation_id}/undo", responses=problem_responses(404))
def get_undo(segmentation_id: UUID, session: SessionDep, caller: Reader) -> UndoOut:
    """Return the keys that the caller's next undo and redo name."""
    newest_undo, newest_redo = undo.undo_keys(session, segmentation_id, caller.user_id)
    return UndoOut(undo=newest_undo, redo=newest_redo)


@router.get("/segmentations/{segmentation_id}/blame", responses=problem_responses(404))
def get_blame(
    segmentation_id: UUID,
    session: SessionDep,
    _: Reader,
    k: Annotated[int, Query(ge=0, le=2**24 - 1, description="slice")],
    layer: Annotated[int, Query(ge=0, le=MAX_LAYER)] = 0,
) -> BlameOut:
    """Say who last changed each voxel of a slice."""
    return history.blame(session, segmentation_id, layer=layer, k=k)


@router.post(
    "/segmentations/{segmentation_id}/numbers", status_code=201, responses=problem_responses(404, 409, 412, 422)
)
def post_numbers(
    segmentation_id: UUID,
    body: NumbersIn,
    session: SessionDep,
    caller: Drawer,
    background: BackgroundTasks,
    key: OptionalIdempotencyKey = None,
) -> NumbersOut:
    """Give out a block of new segment numbers; 422 with the `job_id` of a renumbering to wait for if none are left."""
    try:
        row, saved = numbers.take_numbers(
            session,
            segmentation_id,
            label_id=body.label_id,
            layer=body.layer,
            count=body.count,
            name=body.name,
            color=body.color,
            numbering=body.numbering,
            key=key or new_id(),
            author=Author(caller.user_id),
        )
    except NumbersExhausted as error:
        session.rollback()  # nothing was done; its connection and its lock must not wait for another connection
        with session_scope() as own:
            job = enqueue_renumbering(own, segmentation_id, created_by=caller.user_id)
        raise NumbersExhausted(error.detail, left=error.context["left"], job_id=str(job.id)) from error
    answer_saved(background, segmentation_id, saved)
    return NumbersOut(first_number=row.first, last_number=row.last, seq=saved.seq)


@router.post(
    "/segmentations/{segmentation_id}/operations",
    status_code=201,
    response_model_exclude_none=True,
    responses={202: {"model": JobOut}, **problem_responses(404, 409, 412, 422)},
)
def post_operation(
    segmentation_id: UUID,
    body: Operation,
    key: IdempotencyKey,
    session: SessionDep,
    caller: Drawer,
    background: BackgroundTasks,
    response: Response,
) -> SavedOut | JobOut:
    """Delete, merge, relabel or restore over all live tiles: one revision, or a job (over 50 tiles, or to renumber)."""
    try:
        saved = operate(session, segmentation_id, body, key=key, author=Author(caller.user_id))
    except (NeedsJob, NumbersExhausted):
        inputs = EditSegments(segmentation_id=segmentation_id, operation=body, key=key)
        job = jobs.enqueue(
            session,
            kind="edit-segments",
            inputs=inputs,
            project_id=caller.project_id,
            created_by=caller.user_id,
            key=key,
        )
        return answer_queued(response, session, job)
    return answer_saved(background, segmentation_id, saved)


@router.post("/segmentations/{segmentation_id}/submit", responses=problem_responses(404, 409, 412))
def post_submit(
    segmentation_id: UUID,
    body: SubmitIn,
    session: SessionDep,
    caller: Annotated[Caller, Allowed["segmentation.submit"]],
) -> SegmentationOut:
    """Hand in a revision: the segmentation is closed until it is reopened."""
    service.submit(session, segmentation_id, seq=body.seq)
    _record(session, caller, "segmentation.submit", segmentation_id, seq=body.seq)
    return service.describe(session, segmentation_id)


@router.post("/segmentations/{segmentation_id}/reopen", responses=problem_responses(404, 409))
def post_reopen(
    segmentation_id: UUID, session: SessionDep, caller: Annotated[Caller, Allowed["segmentation.reopen"]]
) -> SegmentationOut:
    """Open a submitted segmentation for drawing again."""
    service.reopen(session, segmentation_id)
    _record(session, caller, "segmentation.reopen", segmentation_id)
    return service.describe(session, segmentation_id)


@router.get(
    "/segmentations/{segmentation_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **problem_responses(404)},
)
async def watch_segmentation(
    segmentation_id: UUID,
    _: Annotated[Caller, AllowedStream["segmentation.read"]],
) -> StreamingResponse:
    """Send an event `revision` with seq and positions after each save. Events may be lost; `tiles?since=` is not."""
    news = revision_feed().watch(segmentation_id, longest_s=get_settings().session_idle_s)
    return StreamingResponse(news, media_type="text/event-stream", headers=STREAM_HEADERS)


@lru_cache(maxsize=10_000)
def _grid(segmentation_id: UUID) -> Grid:
    """Return the grid of a segmentation, which never changes."""
    with session_scope() as session:
        return queries.read_head(session, segmentation_id).grid


def _save(segmentation_id: UUID, content: bytes, key: UUID, author: Author) -> Saved:
    stroke = read_stroke(content, _grid(segmentation_id))  # no transaction is open while it is decoded
    with session_scope() as session:
        return save_stroke(session, segmentation_id, stroke, key=key, author=author)


async def _read_body(request: Request) -> bytes:
    """Return the body as it streams in. Raises Invalid (another type) and TooLarge."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != STROKE_TYPE:
        raise Invalid(f"Send {STROKE_TYPE}.", code="unsupported-media-type")
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_BODY_BYTES:
            detail = f"A stroke may have {MAX_BODY_BYTES} bytes at most."
            raise TooLarge(detail, limit=MAX_BODY_BYTES)
    return bytes(content)


def answer_saved(background: BackgroundTasks, segmentation_id: UUID, saved: Saved) -> SavedOut:
    """Return the answer to a save, and tell the others once it is on its way."""
    if saved.is_new:
        background.add_task(publish_revision, segmentation_id, saved.seq, _limited(saved.positions))
    return SavedOut(key=saved.key, seq=saved.seq, parent=saved.parent, skipped=saved.skipped or None)


def _limited(positions: Sequence[int]) -> Sequence[int]:
    """Return the positions to tell: many are told by none, which means everywhere."""
    return positions if len(positions) <= 1000 else ()


def _record(session: SessionDep, caller: Caller, action: str, segmentation_id: UUID, **detail: object) -> None:
    audit.record(
        session,
        actor_id=caller.user_id,
        action=action,
        project_id=caller.project_id,
        object_kind="segmentation",
        object_id=segmentation_id,
        address=caller.address,
        detail=detail,
    )

"""The worklist over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from maskloop.api.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.errors import Invalid
from maskloop.projects.access import Allowed, Caller
from maskloop.worklist import queries, service
from maskloop.worklist.schemas import SkipIn, WorkItemOut, WorkState

router = APIRouter(tags=["worklist"])
Worker = Annotated[Caller, Allowed["work.do"]]
WorkReader = Annotated[Caller, Allowed["work.read"]]


@router.get("/projects/{project_id}/work-items", responses=problem_responses(404))
def list_work_items(
    project_id: UUID,
    session: SessionDep,
    caller: WorkReader,
    state: Annotated[list[WorkState] | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    modality: Annotated[str | None, Query(max_length=16)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    *,
    mine: bool = False,
) -> Page[WorkItemOut]:
    """List work items by falling priority; `mine` keeps those leased to the caller."""
    after = _after(cursor)
    chosen = queries.Filter(caller.user_id if mine else None, state, q, modality)
    found = queries.page(session, project_id, chosen, reader_id=caller.user_id, after=after, limit=limit)
    items = [service.describe(row) for row in found[:limit]]
    more = encode_cursor(items[-1].priority, items[-1].id) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


def _after(cursor: str | None) -> tuple[float, UUID] | None:
    key = decode_cursor(cursor, length=2)
    if key is None:
        return None
    try:
        return float(key[0]), UUID(str(key[1]))
    except ValueError as error:
        raise Invalid("The cursor belongs to another list.", code="bad-cursor") from error


@router.post(
    "/projects/{project_id}/work-items/next",
    response_model=WorkItemOut,
    responses={204: {"description": "Nothing is waiting."}, **problem_responses(404)},
)
def take_next(project_id: UUID, session: SessionDep, caller: Worker) -> WorkItemOut | Response:
    """Lease the best free item to the caller."""
    item = service.take_next(session, project_id, user_id=caller.user_id)
    if item is None:
        return Response(status_code=204)
    return service.describe_one(session, item.id, reader_id=caller.user_id)


@router.get("/work-items/{work_item_id}", responses=problem_responses(404))
def get_item(work_item_id: UUID, session: SessionDep, caller: WorkReader) -> WorkItemOut:
    """Return one item."""
    return service.describe_one(session, work_item_id, reader_id=caller.user_id)


@router.post("/work-items/{work_item_id}/open", responses=problem_responses(404))
def open_item(work_item_id: UUID, session: SessionDep, caller: Worker) -> WorkItemOut:
    """Lease an item to the caller unless somebody else holds it."""
    service.open_item(session, work_item_id, user_id=caller.user_id)
    return service.describe_one(session, work_item_id, reader_id=caller.user_id)


@router.post("/work-items/{work_item_id}/submit", responses=problem_responses(404, 409))
def submit_item(work_item_id: UUID, session: SessionDep, caller: Worker) -> WorkItemOut:
    """Say that an item is done."""
    service.submit(session, work_item_id)
    return service.describe_one(session, work_item_id, reader_id=caller.user_id)


@router.post("/work-items/{work_item_id}/skip", responses=problem_responses(404, 409, 422))
def skip_item(work_item_id: UUID, body: SkipIn, session: SessionDep, caller: Worker) -> WorkItemOut:
    """Set an item aside with a reason."""
    service.skip(session, work_item_id, reason=body.reason, user_id=caller.user_id)
    return service.describe_one(session, work_item_id, reader_id=caller.user_id)

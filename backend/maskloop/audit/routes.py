"""GET /audit, for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from maskloop.api.caller import Allowed, Caller
from maskloop.api.pagination import Cursor, Limit, Page, cut, number_before
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.audit import queries
from maskloop.audit.schemas import AuditEventOut

router = APIRouter(tags=["audit"])


@router.get("/audit", responses=problem_responses(401, 403, 422))
def list_events(
    _caller: Annotated[Caller, Allowed["audit.read"]],
    session: SessionDep,
    *,
    action: Annotated[str | None, Query(max_length=100)] = None,
    actor_id: UUID | None = None,
    project_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AuditEventOut]:
    """List what happened, newest first."""
    found = queries.events(
        session, before=number_before(cursor), limit=limit + 1, action=action, actor_id=actor_id, project_id=project_id
    )
    return cut(found, limit, key=lambda event: event.id)

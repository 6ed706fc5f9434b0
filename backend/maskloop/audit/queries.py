"""The list of events, newest first."""

from uuid import UUID

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from maskloop.audit.schemas import Actor, AuditEventOut
from maskloop.audit.tables import AuditEvent

# Named here and not imported: users stand above audit.
_USERS = table("user_account", column("id"), column("name"))


def events(
    session: Session,
    *,
    before: int | None,
    limit: int,
    action: str | None = None,
    actor_id: UUID | None = None,
    project_id: UUID | None = None,
) -> list[AuditEventOut]:
    """Return up to `limit` events older than number `before`."""
    statement = select(AuditEvent, _USERS.c.name).outerjoin(_USERS, _USERS.c.id == AuditEvent.actor_id)
    if before is not None:
        statement = statement.where(AuditEvent.no < before)
    if action is not None:
        statement = statement.where(AuditEvent.action == action)
    if actor_id is not None:
        statement = statement.where(AuditEvent.actor_id == actor_id)
    if project_id is not None:
        statement = statement.where(AuditEvent.project_id == project_id)
    rows = session.execute(statement.order_by(AuditEvent.no.desc()).limit(limit))
    return [_event_out(event, name) for event, name in rows]


def _event_out(event: AuditEvent, name: str | None) -> AuditEventOut:
    subject = " ".join(part for part in (event.object_kind, event.object_id) if part) or None
    return AuditEventOut(
        id=event.no,
        at=event.at,
        actor=None if event.actor_id is None else Actor(id=event.actor_id, name=name or "a user that is gone"),
        action=event.action,
        outcome=event.outcome,
        project_id=event.project_id,
        subject=subject,
        address=None if event.address is None else str(event.address),
        detail=event.detail,
        sealed=event.chain is not None,
    )

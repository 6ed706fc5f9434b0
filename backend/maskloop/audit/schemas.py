"""The shape of an audit event on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Actor(BaseModel):
    """Who did it, by the name they have now."""

    id: UUID
    name: str


class AuditEventOut(BaseModel):
    """Who did what to what, when, from where, and how it ended."""

    id: int
    at: datetime
    actor: Actor | None
    action: str
    outcome: str
    project_id: UUID | None
    subject: str | None
    address: str | None
    detail: dict[str, object]
    sealed: bool

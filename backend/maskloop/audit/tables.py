"""Everything that happens but saves: a revision row is its own audit record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json


class AuditEvent(Base):
    """Who did what to what, when, from where and how it ended. No patient data.

    Inserted unchained with the id of its transaction; the relay seals rows in order by a hash chain.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_unsealed", "no", postgresql_where=text("chain IS NULL")),
        Index("uq_audit_event_sealed_no", "sealed_no", unique=True),
    )

    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)"))
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    action: Mapped[str]
    outcome: Mapped[str]
    project_id: Mapped[UUID | None] = mapped_column(index=True)
    object_kind: Mapped[str | None]
    object_id: Mapped[str | None]
    address: Mapped[str | None] = mapped_column(INET)
    detail: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    sealed_no: Mapped[int | None] = mapped_column(BigInteger)
    chain: Mapped[bytes | None]

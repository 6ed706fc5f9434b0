"""Long work. Postgres holds the job; a message is only a bell (docs: the job protocol)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id


class Job(Base):
    """One piece of work with a state, a lease and perhaps a problem. Times are the database's."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("created_by", "key"),
        Index("ix_job_ready", "queue", "priority", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_job_leased", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_job_project", "project_id", "id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"), index=True)
    kind: Mapped[str]
    queue: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="100")
    state: Mapped[str] = mapped_column(server_default="queued")  # queued, running, succeeded, failed, cancelled
    attempt: Mapped[int] = mapped_column(server_default="0")
    max_attempts: Mapped[int] = mapped_column(server_default="3")
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    key: Mapped[UUID | None]
    inputs: Mapped[Json]
    inputs_digest: Mapped[bytes]  # of kind and inputs: the same key with another body is refused
    result: Mapped[Json | None]
    problem: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

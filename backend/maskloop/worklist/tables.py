"""The people's side of an image: one work item to annotate or review."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base
from maskloop.core.ids import new_id


class WorkItem(Base):
    """One image to annotate: stage, state, who has it and until when."""

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("image_id", "stage"),
        Index("ix_work_item_queue", "project_id", "state", "priority", "id"),
        Index("ix_work_item_assignee", "assignee_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    image_id: Mapped[UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"))
    stage: Mapped[str] = mapped_column(server_default="annotate")
    state: Mapped[str] = mapped_column(server_default="todo")  # todo, in_progress, submitted, returned, skipped
    priority: Mapped[float] = mapped_column(Float(53), server_default="0.5")
    reason: Mapped[str] = mapped_column(server_default="in order of arrival")
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

"""What was written out, with its manifest and geometry receipts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id


class Export(Base):
    """One export. The manifest is written when its job ends."""

    __tablename__ = "export"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), index=True)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    format: Mapped[str]
    settings: Mapped[Json]
    manifest: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class ExportFile(Base):
    """One file of an export."""

    __tablename__ = "export_file"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("export.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes]
    object_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))

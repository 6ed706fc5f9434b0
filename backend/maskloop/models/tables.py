"""Segmenters that are networks, and their immutable versions ("model" means an ML model here)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id


class Model(Base):
    """A named network."""

    __tablename__ = "model"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    task: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelVersion(Base):
    """One ONNX file (or pair) with its manifest. Immutable but for its stage."""

    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("model_id", "version"), UniqueConstraint("model_id", "hash"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[UUID] = mapped_column(ForeignKey("model.id"))
    version: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default="candidate")  # candidate, production, archived
    manifest: Mapped[Json]
    hash: Mapped[str]  # SHA-256 of the file, or of both files' hashes
    object_keys: Mapped[list[object]]  # encoder first
    metrics: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

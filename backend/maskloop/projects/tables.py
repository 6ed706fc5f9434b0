"""Labelling efforts, who works in them, and what they mark."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id


class Project(Base):
    """A labelling effort. `readers`: whether they share one segmentation of an image or are blinded."""

    __tablename__ = "project"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    readers: Mapped[str] = mapped_column(server_default="shared")
    key: Mapped[bytes]  # keyed hash of patient and study pseudonyms; never leaves the server
    next_image_no: Mapped[int] = mapped_column(server_default="1")
    quota_bytes: Mapped[int | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archived_at: Mapped[datetime | None]


class Membership(Base):
    """A user's role in a project: manager, annotator, reviewer or viewer."""

    __tablename__ = "membership"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), primary_key=True, index=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LabelSchema(Base):
    """The version of a project's labels: raised by every change to them."""

    __tablename__ = "label_schema"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[list[object]]  # the labels as they were, for whoever refers to this version
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Label(Base):
    """A kind of thing that a project marks. Archived when in use, never deleted."""

    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), index=True)
    name: Mapped[str]
    color: Mapped[str]
    key: Mapped[str | None]
    kind: Mapped[str]  # semantic, instance, answer
    code: Mapped[Json | None]  # {scheme, value, meaning}
    position: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")
    archived_at: Mapped[datetime | None]

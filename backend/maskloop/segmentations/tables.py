"""The label store: segmentations, append-only revisions, label tiles and their heads."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id

PARTITIONS = 16


class Segmentation(Base):
    """The labelling of one image for one purpose by one reader, or shared by all (reader_id NULL).

    Never index `seq`: every save updates it, and the updates must stay HOT.
    """

    __tablename__ = "segmentation"
    __table_args__ = (
        UniqueConstraint("image_id", "purpose", "reader_id", postgresql_nulls_not_distinct=True),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    image_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    purpose: Mapped[str]
    reader_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    state: Mapped[str] = mapped_column(server_default="open")  # open, submitted, approved
    seq: Mapped[int] = mapped_column(server_default="0")
    next_number: Mapped[int] = mapped_column(server_default="1")
    numbering: Mapped[int] = mapped_column(server_default="0")  # the seq of the newest renumbering
    submitted_seq: Mapped[int | None]
    thinned_before: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Revision(Base):
    """One saved step: idempotency key, author, effect and audit record in one row. Chained by `digest`."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("segmentation_no", "key"),
        UniqueConstraint("segmentation_no", "undoes"),
    )

    segmentation_no: Mapped[int] = mapped_column(BigInteger, ForeignKey("segmentation.no"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    key: Mapped[UUID]
    body_digest: Mapped[bytes]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    model_version_id: Mapped[UUID | None]
    source: Mapped[str]  # drawn, undo, operation, proposal, import, restore, merge, numbers, renumber
    tool: Mapped[str | None]
    undoes: Mapped[int | None]
    depth: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    name: Mapped[str | None]
    message: Mapped[str | None]
    active_ms: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    positions: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    segments: Mapped[object | None] = mapped_column(JSONB)
    stats: Mapped[Json | None]
    digest: Mapped[bytes]


class LabelTile(Base):
    """A tile as a revision left it. `patch` NULL: the revision wrote the whole tile; `bytes` NULL: thinned."""

    __tablename__ = "label_tile"
    __table_args__ = {"postgresql_partition_by": "HASH (segmentation_no)"}  # noqa: RUF012 - SQLAlchemy reads it

    segmentation_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    pos: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    patch: Mapped[bytes | None]
    bytes: Mapped[bytes | None]


class LabelHead(Base):
    """The newest seq of each tile: what is live."""

    __tablename__ = "label_head"
    __table_args__ = {"postgresql_with": {"fillfactor": "70"}}  # noqa: RUF012 - SQLAlchemy reads it

    segmentation_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    pos: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int]


class Segment(Base):
    """A block of numbers under one label; the narrowest row that holds a number names it."""

    __tablename__ = "segment"

    segmentation_no: Mapped[int] = mapped_column(BigInteger, ForeignKey("segmentation.no"), primary_key=True)
    first_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label_id: Mapped[UUID] = mapped_column(ForeignKey("label.id"))
    layer: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str | None]
    colour: Mapped[int | None]  # 0xRRGGBB; NULL: the label's
    state: Mapped[str | None]
    deleted_seq: Mapped[int | None]


class Proposal(Base):
    """What a segmenter suggests at a seq, with local numbers from 1; accepted, or dropped."""

    __tablename__ = "proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    segmentation_id: Mapped[UUID] = mapped_column(ForeignKey("segmentation.id"), index=True)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    model_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_version.id"))
    segmenter: Mapped[str]
    version: Mapped[str | None]
    model_hash: Mapped[str | None]
    settings: Mapped[Json]
    state: Mapped[str] = mapped_column(server_default="ready")  # ready, accepted, dropped
    at_seq: Mapped[int]
    seconds: Mapped[float]
    segments: Mapped[list[object]]  # [{local, last_local, label_id, name, color, voxels, ...}]
    stats: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    accepted_seq: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class ProposalTile(Base):
    """A label tile of local numbers: what the proposal says there, coded like `label_tile.bytes`."""

    __tablename__ = "proposal_tile"

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), primary_key=True)
    pos: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bytes: Mapped[bytes]

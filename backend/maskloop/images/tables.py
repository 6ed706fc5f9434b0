"""What was sent, what it became, and where each slice came from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Float, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from maskloop.core.db import Base, Json
from maskloop.core.ids import new_id


class Upload(Base):
    """A stack of files sent together. States: open, importing, done, failed."""

    __tablename__ = "upload"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), index=True)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    state: Mapped[str] = mapped_column(server_default="open")
    allow_identified: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[str]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class UploadFile(Base):
    """Bytes in quarantine: they grow by PATCH, and go when the import has read them. The name is the sender's."""

    __tablename__ = "upload_file"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default="0")
    parts: Mapped[list[object]] = mapped_column(server_default=text("'[]'"))  # [{key, size}] in quarantine
    state: Mapped[str] = mapped_column(server_default="receiving")  # receiving, complete, held, emptied
    source: Mapped[Json | None]  # {text, licence} that its images will say (demo)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UploadItem(Base):
    """The outcome of one file, archive entry or series of an upload."""

    __tablename__ = "upload_item"
    __table_args__ = (Index("ix_upload_item_page", "upload_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"))
    file: Mapped[str]
    files: Mapped[int] = mapped_column(server_default="1")
    members: Mapped[list[object]]  # every file it stands for: [{file: upload file, entry: number in a zip, name}]
    size: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str]  # accepted, noted, attached, held, duplicate, refused
    code: Mapped[str | None]
    reason: Mapped[str | None]
    title: Mapped[str]
    what: Mapped[str | None]
    image_ids: Mapped[list[object]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Study(Base):
    """A DICOM study under its pseudonym: `patient_key` is a keyed hash, equal for equal patients of a project."""

    __tablename__ = "study"
    __table_args__ = (UniqueConstraint("project_id", "uid"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    uid: Mapped[str]
    patient_key: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Series(Base):
    """A DICOM series; its allow-listed DICOM JSON is one gzip blob."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("project_id", "uid"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    study_id: Mapped[UUID] = mapped_column(ForeignKey("study.id"), index=True)
    uid: Mapped[str]
    modality: Mapped[str]
    number: Mapped[int | None]
    dicom_json: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DicomInstance(Base):
    """A DICOM instance and where its bytes lie in the packed originals of its series."""

    __tablename__ = "dicom_instance"
    __table_args__ = (UniqueConstraint("project_id", "uid"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    series_id: Mapped[UUID] = mapped_column(ForeignKey("series.id"), index=True)
    uid: Mapped[str]
    sop_class: Mapped[str]
    transfer_syntax: Mapped[str]
    number: Mapped[int | None]
    frames: Mapped[int]
    digest: Mapped[bytes]
    object_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    object_offset: Mapped[int] = mapped_column(BigInteger)
    object_length: Mapped[int] = mapped_column(BigInteger)


class Image(Base):
    """One thing to label on one voxel grid. With labels on it, the grid never changes."""

    __tablename__ = "image"
    __table_args__ = (
        Index("ix_image_page", "project_id", "id"),
        Index("ix_image_voxel_digest", "project_id", "voxel_digest"),
        UniqueConstraint("project_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("series.id"), index=True)
    name: Mapped[str]
    modality: Mapped[str]
    kind: Mapped[str]  # volume, planar
    shape: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # K, J, I
    channels: Mapped[int]
    dtype: Mapped[str]
    affine: Mapped[list[float] | None] = mapped_column(ARRAY(Float(53)))  # 16 numbers, row-major, LPS mm
    spacing: Mapped[list[float] | None] = mapped_column(ARRAY(Float(53)))  # mm in i, j, k; may be known without a place
    spacing_source: Mapped[str | None]  # pixel, detector
    frame_of_reference: Mapped[str | None]
    rescale: Mapped[Json]  # {slope: [...], intercept: [...]}, one each or one per slice
    unit: Mapped[str | None]
    display: Mapped[Json]  # {window, presets, photometric}
    partial: Mapped[bool] = mapped_column(server_default=text("false"))
    notes: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    source: Mapped[Json | None]  # {text, licence} of demo images
    voxel_digest: Mapped[bytes]
    pixel_key: Mapped[str] = mapped_column(ForeignKey("stored_object.key"))
    pixel_layout: Mapped[Json]  # codec, tile, levels with shape and groups [[offset, length], ...]
    original_key: Mapped[str | None] = mapped_column(ForeignKey("stored_object.key"))
    thumbnail: Mapped[bytes]  # webp
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImageFrame(Base):
    """Which DICOM instance and frame slice k of an image came from, and where that frame lies."""

    __tablename__ = "image_frame"

    image_id: Mapped[UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    k: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("dicom_instance.id"), index=True)
    frame: Mapped[int]  # from 1, as DICOM counts
    position: Mapped[list[float] | None] = mapped_column(ARRAY(Float(53)))  # Image Position (Patient), LPS mm

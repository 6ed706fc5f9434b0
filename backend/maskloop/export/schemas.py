"""Request and response shapes of exports."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["nifti", "png"]
Variant = Literal["semantic", "instance", "overlay"]


class ExportIn(BaseModel):
    """What to write. Without ids: every labelling of the project."""

    model_config = ConfigDict(extra="forbid")

    format: Format
    variant: Variant = Field("semantic", description="of PNG: label numbers, 16-bit instances, or colours on the image")
    image_ids: list[UUID] | None = None
    segmentation_ids: list[UUID] | None = None


class ExportItem(BaseModel):
    """One written file."""

    file: str
    image: UUID
    segmentation: UUID
    seq: int
    digest: str
    size: int
    receipt: dict[str, object] | None
    segments: list[dict[str, object]]


class ExportFailure(BaseModel):
    """One labelling that could not be written, and why."""

    image: UUID
    segmentation: UUID | None
    code: str
    reason: str


class Manifest(BaseModel):
    """What an export holds."""

    notice: str = "Not for diagnostic use. Research and annotation only."
    format: str
    variant: str
    items: list[ExportItem]
    failed: list[ExportFailure]


class ExportOut(BaseModel):
    """An export and, when it has ended, its manifest."""

    id: UUID
    project_id: UUID
    job_id: UUID | None
    format: str
    settings: dict[str, object]
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    files: int
    bytes: int
    manifest: Manifest | None
    created_at: datetime
    ended_at: datetime | None

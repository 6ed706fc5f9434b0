"""Request and response shapes of the worklist."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

WorkState = Literal["todo", "in_progress", "submitted", "returned", "skipped"]


class WorkImage(BaseModel):
    """What a row shows of its image."""

    id: UUID
    name: str
    modality: str
    kind: Literal["volume", "planar"]
    shape: list[int]
    spacing: list[float] | None
    thumbnail: str
    description: str


class Person(BaseModel):
    """A user, as others see one."""

    id: UUID
    name: str


class Progress(BaseModel):
    """How far an item is."""

    segments: int
    revision: int
    proposal: bool


class WorkItemOut(BaseModel):
    """One image to annotate."""

    id: UUID
    image: WorkImage
    stage: str
    state: WorkState
    priority: float
    reason: str
    assignee: Person | None
    lease_until: datetime | None
    progress: Progress
    updated_at: datetime
    segmentation_id: UUID | None


class SkipIn(BaseModel):
    """Why an item is skipped."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)

"""Shapes of the job API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from maskloop.core.db import Json

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Progress(BaseModel):
    """How far a job is: a fraction from 0 to 1 and what it is doing."""

    fraction: float
    step: str


class JobOut(BaseModel):
    """A job. `problem` says why it did not succeed; on a queued job, why the attempt before failed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    queue: str
    state: JobState
    attempt: int
    progress: Progress | None = None
    result: Json | None
    problem: Json | None
    position: int | None = None
    project_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

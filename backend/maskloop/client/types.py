"""What the server answers, as far as the client uses it. Unknown fields are ignored: servers may be newer."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class JobProgress(BaseModel):
    """How far a job is."""

    fraction: float
    step: str


class Job(BaseModel):
    """Long work on the server."""

    id: UUID
    kind: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: JobProgress | None = None
    result: dict[str, object] | None = None
    problem: dict[str, object] | None = None


class Project(BaseModel):
    """A labelling effort."""

    id: UUID
    name: str
    role: str | None = None


class Label(BaseModel):
    """A kind of thing that a project marks."""

    id: UUID
    name: str
    color: str
    kind: str


class Upload(BaseModel):
    """Files sent together."""

    id: UUID
    state: str


class UploadFile(BaseModel):
    """One file that was sent."""

    id: UUID
    name: str
    size: int


class UploadItem(BaseModel):
    """The outcome of one file or series; one that the server did not even take has no `id`."""

    id: UUID | None = None
    file: str
    outcome: str
    reason: str | None
    image_id: UUID | None = None
    image_ids: list[UUID] = []
    names: list[str] | None = None


class Image(BaseModel):
    """One thing to label on one voxel grid: shape (K, J, I), affine to LPS mm."""

    id: UUID
    name: str
    modality: str
    shape: list[int]
    affine: list[list[float]] | None = None


class Segmentation(BaseModel):
    """The labelling of one image."""

    id: UUID
    image_id: UUID
    state: str
    seq: int


class Segmenter(BaseModel):
    """Anything that proposes a mask."""

    name: str
    title: str
    version: str | None
    task: str
    source: str


class Proposal(BaseModel):
    """What a segmenter suggests."""

    id: UUID
    state: str
    seconds: float


class Export(BaseModel):
    """Files written out, with their manifest."""

    id: UUID
    manifest: dict[str, object] | None


class ModelVersion(BaseModel):
    """A registered network."""

    name: str
    version: str | None
    task: str
    stage: str

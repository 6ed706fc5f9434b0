"""Request and response shapes of uploads and images."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["accepted", "noted", "attached", "held", "duplicate", "refused"]


class UploadIn(BaseModel):
    """What is said when an upload begins."""

    model_config = ConfigDict(extra="forbid")

    allow_identified: bool = Field(False, description="take files with patient names; the names are not stored")
    source: Literal["browser", "cli", "sdk", "api"] = "api"


class UploadTotals(BaseModel):
    """How many files of an upload ended how."""

    files: int = 0
    bytes: int = 0
    accepted: int = 0
    noted: int = 0
    attached: int = 0
    held: int = 0
    duplicate: int = 0
    refused: int = 0
    pending: int = 0


class UploadOut(BaseModel):
    """An upload and how far it is."""

    id: UUID
    project_id: UUID
    state: Literal["open", "importing", "done", "failed"]
    job_id: UUID | None
    allow_identified: bool
    created_at: datetime
    totals: UploadTotals


class UploadFileOut(BaseModel):
    """One file that was sent."""

    id: UUID
    name: str
    size: int
    received: int


class UploadItemOut(BaseModel):
    """The outcome of one file, or of one series of files."""

    id: UUID
    file: str
    title: str
    what: str | None
    outcome: Outcome
    code: str | None
    reason: str | None
    files: int
    size: int
    image_id: UUID | None
    image_ids: list[UUID]
    names: list[str] | None = Field(None, description="every file it stands for, with ?expand=names")


class ItemChoice(BaseModel):
    """Which held items are meant; all of them without a list."""

    model_config = ConfigDict(extra="forbid")

    item_ids: list[UUID] | None = None


class Window(BaseModel):
    """A window in modality units."""

    center: float
    width: float


class Preset(Window):
    """A named window."""

    name: str


class Rescale(BaseModel):
    """Stored value times slope plus intercept: one pair, or one per slice."""

    slope: list[float]
    intercept: list[float]


class PixelLevel(BaseModel):
    """One pyramid level: level 0 is full resolution."""

    level: int
    shape: list[int]
    groups: int


class Pixels(BaseModel):
    """How the pixel tiles are laid out."""

    codec: str
    tile: int
    levels: list[PixelLevel]
    bytes: int


class ImageSource(BaseModel):
    """Where a demo image comes from."""

    text: str
    licence: str


class ImageSummary(BaseModel):
    """An image in a list."""

    id: UUID
    name: str
    modality: str
    kind: Literal["volume", "planar"]
    shape: list[int]
    channels: int
    spacing: list[float] | None
    partial: bool
    notes: list[str]
    created_at: datetime


class ImageOut(ImageSummary):
    """Everything that a viewer needs to draw an image."""

    project_id: UUID
    dtype: Literal["int16", "uint16", "uint8", "float32"]
    affine: list[list[float]] | None
    spacing_source: Literal["pixel", "detector"] | None
    frame_of_reference: str | None
    rescale: Rescale
    unit: str | None
    window: Window | None
    presets: list[Preset]
    photometric: Literal["MONOCHROME1", "MONOCHROME2", "RGB"]
    source: ImageSource | None
    pixels: Pixels

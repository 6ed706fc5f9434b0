"""Request and response shapes of segmentations, revisions and proposals."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NO_NUL = r"^[^\x00]*$"  # the database has no such character
Color = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$", to_lower=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=NO_NUL)]
Number = Annotated[int, Field(ge=1, le=65_535)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=10_000)]
Seq = Annotated[int, Field(ge=0, le=2**31 - 1)]
Purpose = Literal["reading"]
Parameters = dict[str, str | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SegmentationIn(_Body):
    """Which segmentation of an image is wanted."""

    purpose: Purpose = "reading"


class GridOut(BaseModel):
    """The voxel grid: the image's."""

    shape: tuple[int, int, int]


class SegmentOut(BaseModel):
    """One row of numbers under a label; the narrowest row that holds a number names it."""

    number: int
    last_number: int
    label_id: UUID
    layer: int
    name: str | None
    color: str | None
    state: str | None
    kind: str
    deleted: bool


class SegmentationOut(BaseModel):
    """A segmentation and its segments."""

    id: UUID
    image_id: UUID
    project_id: UUID
    purpose: str
    reader_id: UUID | None
    state: str
    seq: int
    numbering: int = Field(description="seq of the newest renumbering, 0: none; what names numbers says it")
    submitted_seq: int | None
    grid: GridOut
    segments: list[SegmentOut]


class SavedOut(BaseModel):
    """The answer to a save: its key, its seq, and the seq before it."""

    key: UUID
    seq: int
    parent: int
    skipped: int | None = Field(None, description="voxels and fields that an undo left alone: others changed them")


class NumbersIn(_Body):
    """A block of new numbers under one label."""

    label_id: UUID
    layer: Annotated[int, Field(ge=0, le=511)] = 0
    count: Annotated[int, Field(ge=1, le=65_535)] = 1
    name: Name | None = None
    color: Color | None = None
    numbering: Seq = Field(0, description="of which renumbering the answer is understood: the segmentation's")


class NumbersOut(BaseModel):
    """The numbers that were given out."""

    first_number: int
    last_number: int
    seq: int


class _NamesNumbers(_Body):
    numbering: Seq = Field(0, description="of which renumbering the numbers are: the segmentation's `numbering`")


class NumberRun(BaseModel):
    """Numbers `first` to `last` of then are now `to` and the ones behind it."""

    first: int
    last: int
    to: int


class FreedRun(BaseModel):
    """Numbers `first` to `last` of then are free now; whoever still draws in one asks for a number of this label."""

    first: int
    last: int
    label_id: UUID
    layer: int


class NumberingOut(BaseModel):
    """What the numbers of an older numbering are called now."""

    since: int
    numbering: int
    runs: list[NumberRun]
    freed: list[FreedRun]


class DeleteSegments(_NamesNumbers):
    """Remove segments with all their voxels."""

    kind: Literal["delete"]
    numbers: Numbers


class MergeSegments(_NamesNumbers):
    """Make several segments one."""

    kind: Literal["merge"]
    numbers: Numbers
    into: Number


class RelabelSegments(_NamesNumbers):
    """Give the voxels of segments to another label: to its segment, or to new numbers."""

    kind: Literal["relabel"]
    numbers: Numbers
    label_id: UUID


class RestoreState(_Body):
    """Make the state after a revision the newest one."""

    kind: Literal["restore"]
    seq: Seq


Operation = Annotated[DeleteSegments | MergeSegments | RelabelSegments | RestoreState, Field(discriminator="kind")]


class SubmitIn(_Body):
    """The revision that is handed in."""

    seq: Seq


class UndoOut(BaseModel):
    """What the caller's next undo and redo name."""

    undo: UUID | None
    redo: UUID | None


class AuthorOut(BaseModel):
    """Who made a revision."""

    id: UUID
    name: str


class ModelOut(BaseModel):
    """Which segmenter made what a revision accepted."""

    name: str
    version: str | None
    hash: str | None


class RevisionOut(BaseModel):
    """One line of the history."""

    seq: int
    key: UUID
    author: AuthorOut | None
    model: ModelOut | None
    source: str
    tool: str | None
    undoes: int | None
    depth: int
    undone: bool
    name: str | None
    message: str | None
    active_ms: int
    created_at: datetime
    stats: dict[str, object]
    segments: list[object]


class ProposalIn(_Body):
    """Which segmenter is to propose what."""

    segmenter: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=NO_NUL)]
    version: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] | None = None
    parameters: Parameters = {}
    label_id: UUID | None = Field(
        None, description="the label of what is proposed; without: found by code, name or kind"
    )


class AcceptIn(_Body):
    """How a proposal becomes labels."""

    replace: bool = Field(False, description="also where other segments are drawn; else only on background")
    labels: dict[int, UUID] = Field({}, description="the label of a structure by its local number, where it has none")


class ProposalSegmentOut(BaseModel):
    """One structure of a proposal, by local number."""

    local: int
    last_local: int
    label_id: UUID | None
    name: str
    color: str
    voxels: int
    volume_ml: float | None


class ProposalOut(BaseModel):
    """What a segmenter suggests."""

    id: UUID
    segmentation_id: UUID
    state: str
    segmenter: str
    version: str | None
    hash: str | None
    settings: dict[str, object]
    at_seq: int
    seconds: float
    segments: list[ProposalSegmentOut]
    instances: int | None
    accepted_seq: int | None
    created_at: datetime


class BlameSource(BaseModel):
    """A revision that drew something of a slice."""

    index: int
    seq: int
    author: AuthorOut | None
    model: ModelOut | None
    source: str
    tool: str | None
    created_at: datetime


class BlameTile(BaseModel):
    """For each voxel of a tile the `index` of its source, 0: never drawn; coded like a label tile, in base64."""

    pos: str
    bytes: str


class BlameOut(BaseModel):
    """Who drew each voxel of a slice."""

    layer: int
    k: int
    seq: int
    sources: list[BlameSource]
    tiles: list[BlameTile]

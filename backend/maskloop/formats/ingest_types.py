"""What goes into reading an upload and what comes out: plain values that turn into JSON and back."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from maskloop.formats.limits import Limits

Outcome = Literal["accepted", "noted", "attached", "held", "duplicate", "refused"]


@dataclass(frozen=True)
class StagedFile:
    """One received file. `path` is below the scratch folder; `name` is the sender's and only ever shown back to them.

    `only_entries` names the entries of an archive to read (their numbers, as `Member.entry`); None means all.
    """

    path: str
    name: str
    size: int
    digest: str | None = None
    only_entries: tuple[int, ...] | None = None


@dataclass(frozen=True)
class IngestRequest:
    """An upload to read. `crashed` holds SHA-256 digests of files at which an earlier attempt died."""

    files: tuple[StagedFile, ...]
    project_key: str  # hexadecimal secret for pseudonyms
    allow_identified: bool = False
    crashed: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Member:
    """A file that an item stands for: number of the staged file, number of the archive entry, and its name."""

    file: int
    entry: int | None
    name: str


@dataclass(frozen=True)
class Item:
    """What happened to one file, archive entry or series. `images` are places in `IngestResult.images`."""

    outcome: Outcome
    title: str
    what: str
    reason: str
    members: tuple[Member, ...]
    size: int
    code: str | None = None
    images: tuple[int, ...] = ()

    @property
    def file(self) -> str:
        """The name of the first file."""
        return self.members[0].name

    @property
    def files(self) -> int:
        """How many files it stands for."""
        return len(self.members)


@dataclass(frozen=True)
class Instance:
    """A DICOM instance and where its bytes lie in the packed originals."""

    uid: str
    sop_class: str
    transfer_syntax: str
    number: int
    frames: int
    digest: str
    offset: int
    length: int


@dataclass(frozen=True)
class SeriesResult:
    """A DICOM series under its pseudonyms, its packed originals and its allow-listed DICOM JSON (gzip)."""

    study_uid: str
    series_uid: str
    patient_key: str
    modality: str
    number: int | None
    originals: str
    originals_bytes: int
    dicom_json: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True)
class FrameRow:
    """Slice k of an image comes from this instance (place in the series) and frame (from 1) at this position."""

    k: int
    instance: int
    sop_uid: str
    frame: int
    position: tuple[float, float, float] | None


@dataclass(frozen=True)
class WindowValue:
    """A window in modality units."""

    center: float
    width: float


@dataclass(frozen=True)
class PresetValue:
    """A named window."""

    name: str
    center: float
    width: float


@dataclass(frozen=True)
class RescaleValue:
    """Stored value times slope plus intercept: one pair, or one per slice."""

    slope: tuple[float, ...]
    intercept: tuple[float, ...]


@dataclass(frozen=True)
class LevelValue:
    """One pyramid level: shape (K, J, I), and (offset, length) of each group in the pixel file."""

    shape: tuple[int, int, int]
    groups: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PixelsValue:
    """The pixel file: where it lies below scratch, and its layout."""

    path: str
    bytes: int
    codec: str
    tile: int
    levels: tuple[LevelValue, ...]


@dataclass(frozen=True)
class ImageResult:
    """One image to label, with everything the image resource says. Paths are below the scratch folder.

    `original` is set for files that are not DICOM; `missing` lists slices that are empty because their file is.
    """

    name: str
    modality: str
    kind: Literal["volume", "planar"]
    shape: tuple[int, int, int]
    channels: int
    dtype: str
    affine: tuple[tuple[float, float, float, float], ...] | None
    spacing: tuple[float, float, float] | None
    spacing_source: Literal["pixel", "detector"] | None
    frame_of_reference: str | None
    rescale: RescaleValue
    unit: str | None
    window: WindowValue | None
    presets: tuple[PresetValue, ...]
    photometric: Literal["MONOCHROME1", "MONOCHROME2", "RGB"]
    partial: bool
    notes: tuple[str, ...]
    pixels: PixelsValue
    thumbnail: str
    voxel_digest: str
    series: int | None = None
    frames: tuple[FrameRow, ...] = ()
    missing: tuple[int, ...] = ()
    original: str | None = None


@dataclass(frozen=True)
class IngestResult:
    """What became of an upload: each file is in exactly one item."""

    items: tuple[Item, ...]
    images: tuple[ImageResult, ...]
    series: tuple[SeriesResult, ...]

    def to_json(self) -> dict[str, object]:
        """Return a JSON-able dict; items also carry `file` and `files`."""
        plain: dict[str, object] = asdict(self)
        plain["items"] = [{**asdict(item), "file": item.file, "files": item.files} for item in self.items]
        return plain

"""One image from the frames of a DICOM series: decoded slice by slice, missing and broken slices left empty."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from maskloop.formats.dicom_file import OpenDicom, open_dicom
from maskloop.formats.dicom_frames import Frame
from maskloop.formats.dicom_group import FrameGroup
from maskloop.formats.dicom_pixels import decode_frame
from maskloop.formats.errors import Refused
from maskloop.formats.ingest_image import BuiltImage, ImageBuilder, Shown
from maskloop.formats.ingest_scan import Scanned
from maskloop.formats.ingest_sources import mark_reading
from maskloop.imaging.volume import Rescale, Voxels
from maskloop.imaging.window import Preset

AIR_HU: Final = -1024.0
NO_SERIES: Final = "The Series Instance UID is missing: slices were put together by their frame of reference"


@dataclass
class SeriesImage:
    """An image that was built from a group, and what came of its slices."""

    group: FrameGroup
    first: Frame
    rescale: Rescale
    built: BuiltImage
    decoded: dict[int, Frame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """The slices that are empty."""
        return tuple(k for k in range(len(self.group.frames)) if k not in self.decoded)


class Frames:
    """Decodes frames of scanned instances; keeps the last file open, and remembers which instance failed and why."""

    def __init__(self, instances: list[Scanned], scratch: Path) -> None:
        self._instances = instances
        self._scratch = scratch
        self._stack = ExitStack()
        self._open: tuple[int, OpenDicom] | None = None
        self.failed: dict[int, Refused] = {}
        self.notes: dict[str, None] = {}

    def decode(self, frame: Frame) -> Voxels | None:
        """Return a frame as it is kept, or None when it cannot be decoded."""
        scanned = self._instances[frame.instance]
        mark_reading(self._scratch, scanned.source.digest)
        try:
            decoded = decode_frame(self._opened(frame.instance), scanned.header, frame.index)
        except Refused as refusal:
            self.failed.setdefault(frame.instance, refusal)
            return None
        self.notes.update(dict.fromkeys(decoded.notes))
        return decoded.plane

    def close(self) -> None:
        """Close the open file."""
        self._stack.close()
        self._open = None

    def _opened(self, instance: int) -> OpenDicom:
        if self._open is None or self._open[0] != instance:
            self.close()
            self._open = (instance, self._stack.enter_context(open_dicom(self._instances[instance].path)))
        return self._open[1]


def build_image(
    group: FrameGroup, instances: list[Scanned], frames: Frames, scratch: Path, number: int
) -> SeriesImage | None:
    """Write the image of a group, or return None when no slice could be decoded.

    Parameters
    ----------
    group : FrameGroup
    instances : list of Scanned
        Those that `Frame.instance` counts.
    frames : Frames
        Gathers failures and notes.
    scratch : Path
    number : int
        Of the image within the upload.
    """
    first = next(frame for frame in group.frames if frame is not None)
    header = instances[first.instance].header
    shape = (len(group.frames), header.format.rows, header.format.columns)
    rescale = _rescale(group, first)
    frames.notes.clear()
    builder = ImageBuilder(
        scratch, number, shape=shape, dtype=header.format.dtype, channels=header.format.channels, rescale=rescale
    )
    decoded: dict[int, Frame] = {}
    try:
        empty = _empty(instances[first.instance], rescale)
        builder.write(_slices(group, frames, builder, decoded, empty), header.padding)
        if not decoded:
            builder.abandon()
            return None
        built = builder.finish(_shown(group, instances, decoded))
    except BaseException:
        builder.abandon()
        raise
    broken = len([frame for frame in group.frames if frame is not None]) - len(decoded)
    notes = [*group.notes, *group.stack.notes, *frames.notes]
    if not header.has_series_uid and len({frame.instance for frame in decoded.values()}) > 1:
        notes.insert(0, NO_SERIES)
    if broken:
        word = "One slice" if broken == 1 else f"{broken} slices"
        notes.append(f"{word} could not be decoded. Marked partial; the place is left empty")
    return SeriesImage(group, first, rescale, built, decoded, tuple(dict.fromkeys(notes)))


def _slices(
    group: FrameGroup, frames: Frames, builder: ImageBuilder, decoded: dict[int, Frame], empty: Voxels
) -> Iterator[Voxels]:
    for _ in range(len(group.frames)):
        k = builder.next_slice
        frame = group.frames[k]
        plane = None if frame is None else frames.decode(frame)
        if plane is not None and frame is not None:
            decoded[k] = frame
        yield empty if plane is None else plane


def _rescale(group: FrameGroup, first: Frame) -> Rescale:
    pairs = [(first if frame is None else frame) for frame in group.frames]
    slopes, intercepts = tuple(frame.slope for frame in pairs), tuple(frame.intercept for frame in pairs)
    if len(set(slopes)) == 1 and len(set(intercepts)) == 1:
        return Rescale(slopes[:1], intercepts[:1])
    return Rescale(slopes, intercepts)


def _empty(scanned: Scanned, rescale: Rescale) -> Voxels:
    """A slice of nothing: air in Hounsfield units, else 0."""
    pixels = scanned.header.format
    grid = (pixels.rows, pixels.columns) + ((3,) if pixels.channels == 3 else ())
    value = 0.0
    if scanned.header.unit == "HU":
        value = (AIR_HU - rescale.intercept[0]) / rescale.slope[0]
    dtype = np.dtype(pixels.dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        value = float(np.clip(round(value), limits.min, limits.max))
    return np.full(grid, value, dtype=dtype)


def _shown(group: FrameGroup, instances: list[Scanned], decoded: dict[int, Frame]) -> Shown:
    middle = decoded[min(decoded, key=lambda k: abs(k - len(group.frames) // 2))]
    header = instances[middle.instance].header
    presets = header.presets
    if not presets and middle.window is not None:
        presets = (Preset("From the file", middle.window),)
    spacing = group.stack.spacing or (1.0, 1.0, 1.0)
    return Shown(
        modality=header.modality,
        unit=header.unit,
        window=presets[0].window if presets else None,
        presets=presets,
        inverted=header.format.photometric == "MONOCHROME1",
        pixel_aspect=spacing[1] / spacing[0],
        affine=None if group.stack.spacing_source == "detector" else group.stack.affine,
    )

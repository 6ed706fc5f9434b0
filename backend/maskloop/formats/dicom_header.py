"""What one DICOM file says about itself, every number through the gate."""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from maskloop.formats import dicom_values as values
from maskloop.formats.dicom_file import UNDEFINED_LENGTH, OpenDicom, PixelPlace
from maskloop.formats.dicom_kinds import require_image
from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits, require_plausible, require_present, require_size
from maskloop.imaging.window import Preset, checked_window

GREY: Final = ("MONOCHROME1", "MONOCHROME2")
COLOUR: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
PALETTE: Final = "PALETTE COLOR"
ELSEWHERE: Final = ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204")
VIDEO_PREFIXES: Final = tuple(f"1.2.840.10008.1.2.4.10{digit}" for digit in range(10))
RESCALE_TYPES: Final = ("HU", "OD", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT")
PET_UNITS: Final = {"BQML": "Bq/ml", "CNTS": "counts", "GML": "g/ml", "CM2ML": "cm2/ml", "NONE": None}


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels are coded, and as what type they are kept."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    keyword: str
    has_lut: bool

    @property
    def channels(self) -> int:
        """3 where the picture is colour after decoding."""
        return 3 if self.samples == 3 or self.photometric == PALETTE else 1

    @property
    def dtype(self) -> str:
        """The type that is kept in the pixel file."""
        if self.channels == 3:
            return "uint8"
        if self.keyword != "PixelData" or (self.bits_allocated > 16 and not self.has_lut):
            return "float32"
        if self.has_lut:
            return "uint16"
        if self.bits_allocated <= 8:
            return "int16" if self.signed else "uint8"
        return "int16" if self.signed else "uint16"

    @property
    def frame_bytes(self) -> int:
        """Size of one uncompressed frame in the file."""
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        if self.photometric == "YBR_FULL_422":
            bits = bits * 2 // 3
        return -(-bits // 8)


@dataclass(frozen=True)
class DicomHeader:
    """The facts of one instance that grouping and storing need. Holds no name and no free text."""

    sop_uid: str
    sop_class: str
    series_uid: str
    study_uid: str
    series_key: str
    modality: str
    transfer_syntax: str
    number: int
    frames: int
    format: PixelFormat
    frame_of_reference: str
    image_type: tuple[str, ...]
    unit: str | None
    presets: tuple[Preset, ...]
    padding: float | None
    body_part: str
    has_series_uid: bool


def read_header(opened: OpenDicom, limits: Limits) -> DicomHeader:
    """Return the facts of one file, or refuse it.

    Parameters
    ----------
    opened : OpenDicom
    limits : Limits

    Raises
    ------
    Refused
        When it is no image to label, has no pixels, or claims more than is there or than the limits allow.
    """
    dataset = opened.dataset
    modality = values.text(dataset, "Modality", most=16)
    sop_class = values.text(dataset, "SOPClassUID") or _meta_text(dataset, "MediaStorageSOPClassUID")
    require_image(sop_class, modality)
    _require_readable_syntax(opened.transfer_syntax)
    if opened.pixels is None:
        raise Refused("no-pixels", "This DICOM file holds no picture")
    pixel_format = _pixel_format(dataset, opened.pixels)
    frames = _frame_count(dataset, limits)
    _require_pixels(pixel_format, frames, opened.pixels, opened.transfer_syntax, limits)
    series_uid = values.text(dataset, "SeriesInstanceUID")
    return DicomHeader(
        sop_uid=values.text(dataset, "SOPInstanceUID") or _meta_text(dataset, "MediaStorageSOPInstanceUID"),
        sop_class=sop_class,
        series_uid=series_uid,
        study_uid=values.text(dataset, "StudyInstanceUID"),
        series_key=series_uid or _series_key(dataset, modality),
        modality=modality if modality.isalnum() and modality.isascii() else "OT",
        transfer_syntax=str(opened.transfer_syntax),
        number=values.whole(dataset, "InstanceNumber", low=-(2**31), high=2**31) or 0,
        frames=frames,
        format=pixel_format,
        frame_of_reference=values.text(dataset, "FrameOfReferenceUID"),
        image_type=tuple(part.upper()[:16] for part in values.texts(dataset, "ImageType")),
        unit=_unit(dataset, modality),
        presets=_presets(dataset),
        padding=values.number(dataset, "PixelPaddingValue"),
        body_part=values.text(dataset, "BodyPartExamined", most=16),
        has_series_uid=bool(series_uid),
    )


def _meta_text(dataset: Dataset, keyword: str) -> str:
    return values.text(dataset.file_meta, keyword) if hasattr(dataset, "file_meta") else ""


def _series_key(dataset: Dataset, modality: str) -> str:
    keywords = ("StudyInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "PatientID")
    return "\0".join(["no series", modality, *(values.text(dataset, keyword) for keyword in keywords)])


def _require_readable_syntax(syntax: UID) -> None:
    if not syntax.is_transfer_syntax:
        raise Refused("unsupported-pixels", "The pixels are coded in a way that is not known here")
    if str(syntax) in ELSEWHERE:
        raise Refused("pixels-elsewhere", "The pixels are kept on another server and are not in this file")
    if str(syntax).startswith(VIDEO_PREFIXES):
        raise Refused("video", "A video. Videos are not read")


def _pixel_format(dataset: Dataset, place: PixelPlace) -> PixelFormat:
    rows = values.whole(dataset, "Rows", low=1, high=65535)
    columns = values.whole(dataset, "Columns", low=1, high=65535)
    if rows is None or columns is None:
        raise Refused("bad-header", "Rows or Columns are missing or are not a number: the size is not known")
    samples = values.whole(dataset, "SamplesPerPixel", low=1, high=4) or 1
    photometric = values.text(dataset, "PhotometricInterpretation", most=16).upper() or "MONOCHROME2"
    expected = 3 if photometric in COLOUR else 1
    if photometric not in (*GREY, *COLOUR, PALETTE) or samples != expected:
        raise Refused("unsupported-pixels", f"Pixels with {samples} samples each in this colour model are not read")
    bits = values.whole(dataset, "BitsAllocated", low=1, high=64) or {"PixelData": 16, "FloatPixelData": 32}.get(
        place.keyword, 64
    )
    stored = values.whole(dataset, "BitsStored", low=1, high=bits) or bits
    if bits not in (1, 8, 16, 32, 64):
        raise Refused("unsupported-pixels", f"Pixels of {bits} bits are not read")
    return PixelFormat(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=values.whole(dataset, "HighBit", low=stored - 1, high=bits - 1) or stored - 1,
        signed=values.whole(dataset, "PixelRepresentation", low=0, high=1) == 1,
        photometric=photometric,
        keyword=place.keyword,
        has_lut=expected == 1 and photometric in GREY and bool(values.items(dataset, "ModalityLUTSequence")),
    )


def _frame_count(dataset: Dataset, limits: Limits) -> int:
    if values.raw_value(dataset, "NumberOfFrames") is None:
        return 1
    frames = values.whole(dataset, "NumberOfFrames", low=0, high=limits.max_frames)
    if frames is None:
        raise Refused("bad-header", f"Number of Frames is not a number from 1 to {limits.max_frames:,}")
    return max(frames, 1)


def _require_pixels(pixels: PixelFormat, frames: int, place: PixelPlace, syntax: UID, limits: Limits) -> None:
    decoded = pixels.rows * pixels.columns * pixels.samples * max(pixels.bits_allocated // 8, 1)
    if syntax.is_encapsulated:
        if place.length != UNDEFINED_LENGTH:
            raise Refused("bad-header", "The header says compressed pixels, but the pixels are not wrapped as such")
        require_plausible(pixels.columns, pixels.rows, decoded=decoded * frames, present=place.available)
    else:
        if place.length == UNDEFINED_LENGTH:
            raise Refused("bad-header", "The pixels are wrapped as compressed ones, but the header does not say how")
        require_present(pixels.columns, pixels.rows, needed=pixels.frame_bytes * frames, present=place.available)
    require_size(
        pixels.columns, pixels.rows, bytes_per_pixel=pixels.samples * max(pixels.bits_allocated // 8, 1), limits=limits
    )
    if pixels.rows * pixels.columns * frames > limits.max_voxels:
        raise Refused("too-large", f"The header claims {frames:,} frames: more than {limits.max_voxels:,} voxels")


def _unit(dataset: Dataset, modality: str) -> str | None:
    kind = values.text(dataset, "RescaleType", most=16)
    if modality == "PT":
        return PET_UNITS.get(values.text(dataset, "Units", most=16), None)
    if kind in RESCALE_TYPES:
        return kind
    has_rescale = values.number(dataset, "RescaleSlope") is not None
    if modality == "CT" and kind in ("", "US") and (has_rescale or "SharedFunctionalGroupsSequence" in dataset):
        return "HU"
    return None


def _presets(dataset: Dataset) -> tuple[Preset, ...]:
    centers = values.numbers(dataset, "WindowCenter") or ()
    widths = values.numbers(dataset, "WindowWidth") or ()
    windows = [checked_window(center, width) for center, width in zip(centers, widths, strict=False)]
    distinct = list(dict.fromkeys(window for window in windows if window is not None))
    names = ["From the file"] if len(distinct) == 1 else [f"From the file {n}" for n in range(1, len(distinct) + 1)]
    return tuple(Preset(name, window) for name, window in zip(names, distinct, strict=True))

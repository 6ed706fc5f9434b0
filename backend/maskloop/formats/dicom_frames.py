"""Where each frame of a DICOM instance lies, and what tells it from others at the same place."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from maskloop.formats import dicom_values as values
from maskloop.formats.dicom_header import DicomHeader
from maskloop.formats.dicom_values import Vector
from maskloop.formats.limits import TIMES
from maskloop.imaging.affine import COSINE_TOLERANCE, MAX_COORDINATE_MM, MAX_SPACING_MM, MIN_SPACING_MM
from maskloop.imaging.window import Window, checked_window

PROJECTIONS: Final = ("CR", "DX", "MG", "PX", "XA", "RF", "IO", "RG", "RTIMAGE")
ROUNDED_COSINES: Final = 5e-3
US_CENTIMETRES: Final[float] = 3.0
US_TWO_D: Final[float] = 1.0
UNPLACED: Final = ("MOSAIC", "PROJECTION IMAGE", "MIP", "LOCALIZER_SCOUT")
Orientation = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """One picture of a series and what grouping needs to know of it. Plain numbers only."""

    instance: int
    index: int
    series: str
    signature: tuple[object, ...]  # frames of one image agree on this: size, type, colour, frame of reference
    number: int
    position: Vector | None = None
    orientation: Orientation | None = None
    pixel_spacing: tuple[float, float] | None = None  # between rows, between columns
    spacing_source: str | None = None
    thickness: float | None = None
    step: float | None = None  # Spacing Between Slices
    time: float | None = None
    b_value: float | None = None
    echo: float | None = None
    tie_breakers: tuple[tuple[str, str], ...] = ()
    slope: float = 1.0
    intercept: float = 0.0
    window: Window | None = None
    notes: tuple[str, ...] = ()


def read_frames(dataset: Dataset, header: DicomHeader, instance: int) -> list[Frame]:
    """Return the frames of one instance.

    Parameters
    ----------
    dataset : Dataset
        The header, pixels not needed.
    header : DicomHeader
    instance : int
        The caller's number of the instance; it comes back in every frame.

    Returns
    -------
    list of Frame
    """
    groups = values.items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = values.first_item(dataset, "SharedFunctionalGroupsSequence")
    enhanced = bool(groups) or len(shared) > 0
    frames: list[Frame] = []
    for index in range(header.frames):
        own = groups[index] if index < len(groups) else Dataset()
        source = _Source(dataset, own, shared, enhanced)
        frames.append(_frame(source, header, instance, index))
    return frames


@dataclass(frozen=True)
class _Source:
    """Looks a value up where its kind of object keeps it: the frame's group, the shared one, or the top."""

    top: Dataset
    own: Dataset
    shared: Dataset
    enhanced: bool

    def group(self, sequence: str) -> Dataset:
        if not self.enhanced:
            return self.top
        for place in (self.own, self.shared):
            if found := values.items(place, sequence):
                return found[0]
        return Dataset()


def _frame(source: _Source, header: DicomHeader, instance: int, index: int) -> Frame:
    top = source.top
    notes: list[str] = []
    position = values.vector(source.group("PlanePositionSequence"), "ImagePositionPatient")
    orientation = _orientation(source.group("PlaneOrientationSequence"), notes)
    if header.modality == "NM" and position is None:
        position, orientation = _tomographic(top, index)
    spacing, spacing_source = _spacing(source, header, notes)
    if position is not None and max(abs(value) for value in position) > MAX_COORDINATE_MM:
        position = None
        notes.append("Image Position is not a place in a patient")
    if any(word in header.image_type for word in UNPLACED):
        position = None
    slope, intercept = _rescale(source, header, notes)
    measures = source.group("PixelMeasuresSequence")
    return Frame(
        instance=instance,
        index=index,
        series=header.series_key,
        signature=_signature(header),
        number=header.number,
        position=position,
        orientation=orientation if position is not None else None,
        pixel_spacing=spacing,
        spacing_source=spacing_source,
        thickness=_positive(values.number(measures, "SliceThickness")),
        step=_positive(values.number(measures, "SpacingBetweenSlices")),
        time=_time(source),
        b_value=values.number(source.group("MRDiffusionSequence"), "DiffusionBValue"),
        echo=values.number(source.group("MREchoSequence"), "EffectiveEchoTime" if source.enhanced else "EchoTime"),
        tie_breakers=_tie_breakers(source, header),
        slope=slope,
        intercept=intercept,
        window=_window(source),
        notes=tuple(notes),
    )


def _signature(header: DicomHeader) -> tuple[object, ...]:
    pixels = header.format
    colour = "MONOCHROME1" if pixels.photometric == "MONOCHROME1" else str(pixels.channels)
    return (header.modality, pixels.columns, pixels.rows, pixels.dtype, colour, header.frame_of_reference, header.unit)


def _orientation(group: Dataset, notes: list[str]) -> Orientation | None:
    found = values.numbers(group, "ImageOrientationPatient", 6)
    if found is None:
        return None
    axes = np.array(found).reshape(2, 3)
    off = float(np.abs(axes @ axes.T - np.eye(2)).max())
    if off > ROUNDED_COSINES:
        notes.append("Image Orientation is not two directions at right angles")
        return None
    if off > COSINE_TOLERANCE / 2:  # rounded to 3 digits by its writer: make the two exact
        row = axes[0] / np.linalg.norm(axes[0])
        column = axes[1] - (axes[1] @ row) * row
        axes = np.stack([row, column / np.linalg.norm(column)])
    a, b, c, d, e, f = (float(value) for value in axes.ravel())
    return (a, b, c, d, e, f)


def _spacing(source: _Source, header: DicomHeader, notes: list[str]) -> tuple[tuple[float, float] | None, str | None]:
    """Pixel Spacing where calibrated or in the patient; else the detector's (PS3.3 10.7.1.3)."""
    top = source.top
    measured = source.group("PixelMeasuresSequence")
    plane = _pair(measured, "PixelSpacing", notes)
    if header.modality in PROJECTIONS:
        detector = _pair(top, "ImagerPixelSpacing", notes) or _pair(top, "NominalScannedPixelSpacing", notes)
        if plane is not None and plane != detector:
            return plane, "pixel"
        return (detector, "detector") if detector is not None else (None, None)
    if plane is not None:
        return plane, "pixel"
    region = _ultrasound_spacing(top)
    if region is not None:
        return region, "pixel"
    scanned = _pair(top, "NominalScannedPixelSpacing", notes) or _pair(top, "ImagerPixelSpacing", notes)
    return (scanned, "detector") if scanned is not None else (None, None)


def _pair(dataset: Dataset, keyword: str, notes: list[str]) -> tuple[float, float] | None:
    if values.raw_value(dataset, keyword) is None:
        return None
    found = values.numbers(dataset, keyword, 2)
    if found is not None and all(MIN_SPACING_MM < value <= MAX_SPACING_MM for value in found):
        return found[0], found[1]
    said = f"{found[0]:g} {TIMES} {found[1]:g}" if found is not None else "not two numbers"
    notes.append(f"Pixel Spacing is {said}. Imported without physical size: no lengths and volumes are shown")
    return None


def _ultrasound_spacing(top: Dataset) -> tuple[float, float] | None:
    """The calibration of the one 2-D region, or of several that agree; in centimetres in the file."""
    pairs: set[tuple[float, float]] = set()
    for region in values.items(top, "SequenceOfUltrasoundRegions"):
        if values.number(region, "RegionSpatialFormat") != US_TWO_D:
            continue
        units = (values.number(region, "PhysicalUnitsXDirection"), values.number(region, "PhysicalUnitsYDirection"))
        across, down = values.number(region, "PhysicalDeltaX"), values.number(region, "PhysicalDeltaY")
        if units != (US_CENTIMETRES, US_CENTIMETRES) or not across or not down:
            return None
        pairs.add((round(abs(down) * 10, 6), round(abs(across) * 10, 6)))
    return pairs.pop() if len(pairs) == 1 and min(min(pairs)) > MIN_SPACING_MM else None


def _tomographic(top: Dataset, index: int) -> tuple[Vector | None, Orientation | None]:
    """Nuclear medicine keeps the first slice's place with the detector; the slices follow along the normal."""
    kind = values.texts(top, "ImageType")
    detector = values.first_item(top, "DetectorInformationSequence")
    first = values.vector(detector, "ImagePositionPatient")
    orientation = _orientation(detector, [])
    step = values.number(top, "SpacingBetweenSlices")
    if len(kind) < 3 or kind[2] != "RECON TOMO" or first is None or orientation is None or not step:
        return None, None
    r, c = orientation[:3], orientation[3:]
    normal = (r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0])
    x, y, z = (start + index * step * along for start, along in zip(first, normal, strict=True))
    return (x, y, z), orientation


def _rescale(source: _Source, header: DicomHeader, notes: list[str]) -> tuple[float, float]:
    if header.format.has_lut or header.format.channels == 3:
        return 1.0, 0.0
    group = source.group("PixelValueTransformationSequence")
    if values.raw_value(group, "RescaleSlope") is None and values.raw_value(group, "RescaleIntercept") is None:
        return 1.0, 0.0
    slope, intercept = values.number(group, "RescaleSlope"), values.number(group, "RescaleIntercept")
    if not slope or intercept is None:
        notes.append("Rescale Slope and Intercept are not usable numbers: values are shown as stored")
        return 1.0, 0.0
    return slope, intercept


def _window(source: _Source) -> Window | None:
    group = source.group("FrameVOILUTSequence")
    center, width = values.number(group, "WindowCenter"), values.number(group, "WindowWidth")
    return None if center is None or width is None else checked_window(center, width)


def _time(source: _Source) -> float | None:
    if source.enhanced:
        return values.number(source.group("FrameContentSequence"), "TemporalPositionIndex")
    return values.number(source.top, "TemporalPositionIdentifier")


def _tie_breakers(source: _Source, header: DicomHeader) -> tuple[tuple[str, str], ...]:
    """What may tell frames at one place apart, most telling first."""
    diffusion = values.first_item(source.group("MRDiffusionSequence"), "DiffusionGradientDirectionSequence")
    gradient = values.numbers(diffusion if source.enhanced else source.top, "DiffusionGradientOrientation", 3)
    cardiac = source.group("CardiacSynchronizationSequence")
    trigger = values.number(cardiac, "NominalCardiacTriggerDelayTime" if source.enhanced else "TriggerTime")
    content = source.group("FrameContentSequence") if source.enhanced else source.top
    acquisition = values.number(content, "FrameAcquisitionNumber" if source.enhanced else "AcquisitionNumber")
    inversion = values.number(source.top, "InversionTime")
    named = {
        "image type": "/".join(header.image_type) or None,
        "gradient": gradient,
        "inversion time": inversion,
        "trigger time": trigger,
        "acquisition": acquisition,
        "stack": values.text(content, "StackID", most=16) or None,
    }
    return tuple((name, repr(value)) for name, value in named.items() if value is not None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and MIN_SPACING_MM < value <= MAX_SPACING_MM else None

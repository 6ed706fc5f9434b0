"""The pixel size of a TIFF, where it is to be believed."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Final

import tifffile

from maskloop.formats.limits import NARROW_SPACE
from maskloop.imaging.affine import MAX_SPACING_MM, MIN_SPACING_MM

MM_PER_UNIT: Final = {
    "nm": 1e-6,
    "um": 1e-3,
    "micron": 1e-3,
    "microns": 1e-3,
    "micrometer": 1e-3,
    "\N{MICRO SIGN}m": 1e-3,
    "\N{GREEK SMALL LETTER MU}m": 1e-3,
    "\\u00b5m": 1e-3,
    "mm": 1.0,
    "cm": 10.0,
    "inch": 25.4,
}
MM_PER_RESOLUTION_UNIT: Final = {2: 25.4, 3: 10.0}
FINEST_PRINT_MM: Final = 0.0127  # 2000 dots per inch: a coarser resolution speaks of paper and screens
MAX_OME_BYTES: Final = 4 * 2**20
Scale = tuple[float, float, float | None]


def pixel_size(file: tifffile.TiffFile) -> tuple[Scale | None, str]:
    """Return the spacing in mm along i, j and k (k may be None), and where it is from; (None, "") if not believable.

    Notes
    -----
    OME-XML and ImageJ say what they mean. The plain resolution tags are mostly those of a printer and count only
    where they are finer than any.
    """
    for found, source in (
        (_from_ome(file.ome_metadata if file.is_ome else None), "OME header"),
        (_from_imagej(file), "ImageJ header"),
        (_from_resolution(file), "resolution tags"),
    ):
        if found is not None:
            return found, f"Pixel size {_plain(found[0])} from the {source}"
    return None, ""


def _plain(size_mm: float) -> str:
    if size_mm < 0.1:
        return f"{size_mm * 1000:.4g}{NARROW_SPACE}\N{MICRO SIGN}m"
    return f"{size_mm:.4g}{NARROW_SPACE}mm"


def _checked(across: float | None, down: float | None, deep: float | None) -> Scale | None:
    if across is None or down is None or not (_is_size(across) and _is_size(down)):
        return None
    return across, down, deep if deep is not None and _is_size(deep) else None


def _is_size(value: float) -> bool:
    return math.isfinite(value) and MIN_SPACING_MM <= value <= MAX_SPACING_MM


def _from_ome(xml: str | None) -> Scale | None:
    if not xml or len(xml) > MAX_OME_BYTES or "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        return None
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314  # entities are refused above, size is bounded
    except ElementTree.ParseError:
        return None
    pixels = next((element for element in root.iter() if element.tag.rpartition("}")[2] == "Pixels"), None)
    if pixels is None:
        return None
    across, down, deep = (_ome_length(pixels.attrib, axis) for axis in "XYZ")
    return _checked(across, down, deep)


def _ome_length(attributes: Mapping[str, str], axis: str) -> float | None:
    scale = MM_PER_UNIT.get(attributes.get(f"PhysicalSize{axis}Unit", "\N{MICRO SIGN}m"))
    try:
        value = float(attributes[f"PhysicalSize{axis}"])
    except (KeyError, ValueError):
        return None
    return None if scale is None else value * scale


def _from_imagej(file: tifffile.TiffFile) -> Scale | None:
    metadata = file.imagej_metadata if file.is_imagej else None
    if not metadata:
        return None
    scale = MM_PER_UNIT.get(str(metadata.get("unit", "")).strip().lower())
    per_x, per_y = _resolution(file, "XResolution"), _resolution(file, "YResolution")
    if scale is None or not per_x or not per_y:
        return None
    try:
        deep = float(metadata["spacing"]) * scale
    except (KeyError, TypeError, ValueError):
        deep = None
    return _checked(scale / per_x, scale / per_y, deep)


def _from_resolution(file: tifffile.TiffFile) -> Scale | None:
    tag = file.pages.first.tags.get("ResolutionUnit")
    scale = MM_PER_RESOLUTION_UNIT.get(int(tag.value)) if tag is not None else None
    per_x, per_y = _resolution(file, "XResolution"), _resolution(file, "YResolution")
    if scale is None or not per_x or not per_y:
        return None
    found = _checked(scale / per_x, scale / per_y, None)
    return found if found is not None and max(found[:2]) <= FINEST_PRINT_MM else None


def _resolution(file: tifffile.TiffFile, name: str) -> float | None:
    tag = file.pages.first.tags.get(name)
    try:
        numerator, denominator = tag.value if tag is not None else (0, 0)
        return float(numerator) / float(denominator)
    except (TypeError, ValueError, ZeroDivisionError):
        return None

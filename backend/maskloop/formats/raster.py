"""PNG and JPEG: 8 and 16-bit grey and colour, one picture each."""

import struct
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from maskloop.formats.codestream import claimed_size
from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits, require_plausible, require_size
from maskloop.formats.picture import Picture
from maskloop.formats.sniff import Kind
from maskloop.imaging.volume import Voxels

STRIP: Final = 512
EXIF_ORIENTATION: Final = 0x0112
PNG_COLOUR: Final = (2, 6)
WITH_ALPHA: Final = ("LA", "RGBA", "PA", "La", "RGBa")
ERRORS: Final = (OSError, ValueError, SyntaxError, TypeError, KeyError, EOFError, OverflowError, struct.error)


def read_raster(path: Path, kind: Kind, limits: Limits) -> Picture:
    """Return the picture of a PNG or JPEG, checked against its bytes but not yet decoded.

    Parameters
    ----------
    path : Path
    kind : Kind
        PNG or JPEG, by content.
    limits : Limits

    Raises
    ------
    Refused
        `too-large`, `pixels-missing`, `raster-damaged`, `unsupported-pixels`.

    Notes
    -----
    The resolution in PNG and JPEG files speaks of screens and printers, so it is no physical size.
    """
    columns, rows, deep = _claimed(path, kind)
    require_size(columns, rows, bytes_per_pixel=4, limits=limits)  # Pillow keeps colour in 4 bytes
    require_plausible(columns, rows, decoded=columns * rows * 2, present=path.stat().st_size)
    notes: list[str] = []
    facts: list[str] = []
    with _opened(path) as image:
        mode = image.mode
        frames = getattr(image, "n_frames", 1)
        turned = _turned(image) if kind is Kind.JPEG else 1  # in a PNG its EXIF may follow the pixels
    if mode in WITH_ALPHA or (mode == "P" and _has_transparency(path)):
        notes.append("Transparency was dropped")
    if deep and mode in ("RGB", "RGBA", "LA"):
        notes.append("Values of 16 bits a channel were reduced to 8")
    if mode == "CMYK":
        notes.append("Print colours (CMYK) were turned into RGB")
    if frames > 1:
        notes.append(f"The file holds {frames} pictures: only the first was taken")
    if turned in range(2, 9):
        facts.append("Turned upright as its EXIF says")
    if turned in (5, 6, 7, 8):
        columns, rows = rows, columns
    channels, dtype = _kept(mode)
    return Picture(
        shape=(1, rows, columns),
        channels=channels,
        dtype=dtype,
        rows=partial(_rows, path, channels, dtype),
        notes=tuple(notes),
        facts=tuple(facts),
    )


def _turned(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1) or 1)
    except ERRORS:
        return 1  # a damaged EXIF block says nothing about the pixels


def _claimed(path: Path, kind: Kind) -> tuple[int, int, bool]:
    """Columns, rows and whether a channel has 16 bits, from the header alone."""
    with path.open("rb") as stream:
        head = stream.read(2**20)
    if kind is Kind.PNG:
        if len(head) < 33 or head[12:16] != b"IHDR":
            raise Refused("raster-damaged", "The PNG is cut in its header")
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"), head[24] == 16
    size = claimed_size(head)
    if size is None:
        raise Refused("raster-damaged", "The JPEG is damaged: it names no size")
    return size.columns, size.rows, False


def _opened(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(path, formats=("PNG", "JPEG", "MPO"))
    except (*ERRORS, Image.DecompressionBombError) as error:
        raise Refused("raster-damaged", "The picture is damaged and cannot be read") from error


def _has_transparency(path: Path) -> bool:
    with _opened(path) as image:
        return "transparency" in image.info


def _kept(mode: str) -> tuple[int, str]:
    if mode in ("1", "L", "LA", "La"):
        return 1, "uint8"
    if mode.startswith("I;16"):
        return 1, "uint16"
    if mode in ("RGB", "RGBA", "RGBa", "P", "PA", "CMYK", "YCbCr"):
        return 3, "uint8"
    if mode == "I":
        return 1, "uint16"
    raise Refused("unsupported-pixels", "The colour model of the picture is not read")


def _rows(path: Path, channels: int, dtype: str, order: Sequence[int]) -> Iterator[Voxels]:
    for _ in order:
        with _opened(path) as opened:
            image = _decoded(opened)
            for top in range(0, image.height, STRIP):
                strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
                if channels == 3:
                    strip = strip.convert("RGB")
                elif dtype == "uint8":
                    strip = strip.convert("L")
                yield np.asarray(strip).astype(dtype)


def _decoded(image: Image.Image) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            return ImageOps.exif_transpose(image) if image.format in ("JPEG", "MPO") else image
    except (*ERRORS, Image.DecompressionBombError) as error:
        raise Refused("raster-damaged", "The picture is cut or damaged and cannot be decoded") from error

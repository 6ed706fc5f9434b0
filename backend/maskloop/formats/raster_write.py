"""PNG out: labels as numbers, and labels drawn on the image. Every file is read back and compared."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskloop.formats.errors import BrokenFile, CannotCarry
from maskloop.formats.receipt import GeometryReceipt, compare
from maskloop.imaging.labelmap import LabelArray
from maskloop.imaging.volume import Voxels

OVERLAY_OPACITY: Final = 0.45
THUMBNAIL: Final = (160, 112)
WEBP_QUALITY: Final = 80


def write_labels(path: Path, labels: LabelArray, *, bits: int | None = None) -> GeometryReceipt:
    """Write one slice of a labelmap as grey PNG whose values are the segment numbers, and read it back.

    Parameters
    ----------
    path : Path
    labels : (J, I) uint8 or uint16 array
    bits : int, optional
        8 or 16; without it 8 where every number fits.

    Returns
    -------
    GeometryReceipt
        PNG carries no place in the patient, so only the grid and the values.

    Raises
    ------
    CannotCarry
        If a number does not fit 8 bits that were asked for.
    BrokenFile
        If what is read back differs.
    """
    highest = int(labels.max()) if labels.size else 0
    bits = bits or (8 if highest < 256 else 16)
    if highest >= 1 << bits:
        raise CannotCarry(f"number {highest} does not fit {bits} bits")
    plane: LabelArray = labels.astype(np.uint8) if bits == 8 else labels.astype(np.uint16)
    Image.fromarray(plane).save(path, format="PNG")
    return _read_back(path, plane)


def write_overlay(
    path: Path, picture: NDArray[np.uint8], labels: LabelArray, colours: NDArray[np.uint8]
) -> GeometryReceipt:
    """Write a slice with its labels drawn over it in colour, and read it back.

    Parameters
    ----------
    path : Path
    picture : (J, I) or (J, I, 3) uint8 array
        The slice as it is shown.
    labels : (J, I) uint8 or uint16 array
    colours : (n, 3) uint8 array
        Colour of each segment number; row 0 is not used.

    Returns
    -------
    GeometryReceipt
    """
    base = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    paint = colours[np.minimum(labels, len(colours) - 1)]
    mixed = base * (1 - OVERLAY_OPACITY) + paint * OVERLAY_OPACITY
    plane: NDArray[np.uint8] = np.where((labels > 0)[..., None], mixed.round(), base).astype(np.uint8)
    Image.fromarray(plane).save(path, format="PNG")
    return _read_back(path, plane)


def read_png(path: Path) -> Voxels:
    """Return the values of a PNG of ours: (J, I) uint8 or uint16, or (J, I, 3) uint8."""
    with Image.open(path, formats=("PNG",)) as image:
        values = np.asarray(image)
    return values.astype(np.uint16) if values.dtype.itemsize > 1 else values


def thumbnail_webp(
    picture: NDArray[np.uint8], *, pixel_aspect: float = 1.0, size: tuple[int, int] = THUMBNAIL
) -> bytes:
    """Return a picture fitted into a black box, as WebP.

    Parameters
    ----------
    picture : (J, I) or (J, I, 3) uint8 array
        As it is shown: windowed, inverted where it is to be.
    pixel_aspect : float
        Height of a pixel over its width.
    size : (width, height)
    """
    rows, columns = picture.shape[:2]
    height, width = rows * pixel_aspect, float(columns)
    scale = min(size[0] / width, size[1] / height)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(picture).resize(fitted, Image.Resampling.LANCZOS, reducing_gap=2.0)
    box = Image.new("RGB", size)
    box.paste(image.convert("RGB"), ((size[0] - fitted[0]) // 2, (size[1] - fitted[1]) // 2))
    out = io.BytesIO()
    box.save(out, format="WEBP", quality=WEBP_QUALITY)
    return out.getvalue()


def _read_back(path: Path, plane: Voxels) -> GeometryReceipt:
    receipt = compare(plane[None], read_png(path)[None])
    if not receipt.is_clean:
        raise BrokenFile("the PNG that was written does not give back its values")
    return receipt

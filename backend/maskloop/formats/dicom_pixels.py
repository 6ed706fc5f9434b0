"""One frame at a time from DICOM pixels: decoded, in colour or grey, in the type that the pixel file keeps."""

import warnings
from dataclasses import dataclass
from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import RLELossless

from maskloop.formats.codestream import J2K_START, JP2_SIGNATURE, JPEG_START, claimed_size
from maskloop.formats.dicom_file import OpenDicom, PixelPlace
from maskloop.formats.dicom_header import PALETTE, DicomHeader, PixelFormat
from maskloop.formats.errors import Refused
from maskloop.formats.limits import size_text
from maskloop.imaging.volume import Voxels

UNDECODABLE: Final = "The compressed pixels are damaged or of a kind that no decoder here reads"
FLOAT_EXACT: Final = 2**24


@dataclass(frozen=True)
class DecodedFrame:
    """A frame as it is kept, and what had to be changed for that."""

    plane: Voxels
    notes: tuple[str, ...] = ()


def decode_frame(opened: OpenDicom, header: DicomHeader, index: int) -> DecodedFrame:
    """Return one frame in the dtype of `header.format`.

    Parameters
    ----------
    opened : OpenDicom
    header : DicomHeader
        Of the same file: its sizes have passed the limits.
    index : int
        Frame number from 0.

    Returns
    -------
    DecodedFrame
        (J, I) or (J, I, 3), stored values: rescale and window are not applied, a modality or colour table is.

    Raises
    ------
    Refused
        `undecodable` when no decoder makes a picture of the claimed size.
    """
    if opened.pixels is None:
        raise Refused("no-pixels", "This DICOM file holds no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            raw = _decode(opened, opened.pixels, header, index)
            return _as_kept(raw, opened, header.format)
        except (Refused, MemoryError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # decoders written in Rust panic past Exception
            raise Refused("undecodable", UNDECODABLE) from error


def _decode(opened: OpenDicom, place: PixelPlace, header: DicomHeader, index: int) -> Voxels:
    syntax = opened.transfer_syntax
    opened.stream.seek(place.offset)
    if not syntax.is_encapsulated:
        return _with_pydicom(opened, place, header, index)
    codestream = get_frame(opened.stream, index, number_of_frames=header.frames)
    opened.stream.seek(place.offset)
    _require_claimed(codestream, header.format)
    try:
        return _with_pydicom(opened, place, header, index)
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # the fallback below has its own say
        if syntax == RLELossless:
            raise
        return _with_imagecodecs(codestream, header.format)


def _with_pydicom(opened: OpenDicom, place: PixelPlace, header: DicomHeader, index: int) -> Voxels:
    syntax = opened.transfer_syntax
    options = as_pixel_options(opened.dataset, pixel_keyword=place.keyword, pixel_vr=place.vr)
    options["correct_unused_bits"] = not _sits_high(header.format)
    array, _ = get_decoder(syntax).as_array(opened.stream, index=index, raw=False, **options)
    return array


def _require_claimed(codestream: bytes, pixels: PixelFormat) -> None:
    claimed = claimed_size(codestream)
    if claimed is not None and (claimed.rows, claimed.columns) != (pixels.rows, pixels.columns):
        raise Refused(
            "undecodable",
            f"The header says {size_text(pixels.columns, pixels.rows)} pixels, "
            f"the compressed picture {size_text(claimed.columns, claimed.rows)}",
        )


def _with_imagecodecs(codestream: bytes, pixels: PixelFormat) -> Voxels:
    """Decode what pydicom's plug-ins cannot: retired JPEG processes, 12-bit progressive, odd headers."""
    if codestream.startswith(JPEG_START):
        decoded: Voxels = imagecodecs.jpeg8_decode(codestream)
    elif codestream.startswith((J2K_START, JP2_SIGNATURE)):
        decoded = imagecodecs.jpeg2k_decode(codestream)
    else:
        raise Refused("undecodable", UNDECODABLE)
    expected = (pixels.rows, pixels.columns) + ((pixels.samples,) if pixels.samples > 1 else ())
    if decoded.shape != expected:
        raise Refused("undecodable", UNDECODABLE)
    if pixels.signed and decoded.dtype.kind == "u":
        sign = 1 << (pixels.bits_stored - 1)
        widened: NDArray[np.int64] = decoded.astype(np.int64) & ((1 << pixels.bits_stored) - 1)
        return ((widened ^ sign) - sign).astype(np.int32)
    return decoded


def _as_kept(raw: Voxels, opened: OpenDicom, pixels: PixelFormat) -> DecodedFrame:
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if _sits_high(pixels):
        raw = _drop_low_bits(raw, pixels)
    if pixels.photometric == PALETTE:
        coloured = apply_color_lut(raw, opened.dataset)
        return DecodedFrame(_as_rgb(coloured, 8 * coloured.dtype.itemsize).plane)  # 16-bit tables are the rule
    if pixels.channels == 3:
        return _as_rgb(raw, pixels.bits_stored)
    if pixels.has_lut:
        return DecodedFrame(np.asarray(apply_modality_lut(raw, opened.dataset)).astype(np.uint16))
    if pixels.dtype == "float32":
        return _as_float(raw)
    return DecodedFrame(np.ascontiguousarray(raw).astype(pixels.dtype, copy=False))


def _sits_high(pixels: PixelFormat) -> bool:
    return pixels.high_bit > pixels.bits_stored - 1 and pixels.keyword == "PixelData" and pixels.bits_allocated > 8


def _drop_low_bits(raw: Voxels, pixels: PixelFormat) -> Voxels:
    """Values that sit high in their word (old files): shift them down."""
    unsigned: NDArray[np.uint32] = raw.astype(np.int64).astype(np.uint32)
    shifted: Voxels = (unsigned >> (pixels.high_bit + 1 - pixels.bits_stored)).astype(raw.dtype)
    return shifted


def _as_rgb(raw: Voxels, bits: int) -> DecodedFrame:
    if bits <= 8:
        return DecodedFrame(np.ascontiguousarray(raw).astype(np.uint8, copy=False))
    note = f"Colour of {bits} bits a channel was reduced to 8"
    wide: NDArray[np.uint64] = raw.astype(np.uint64)
    return DecodedFrame((wide >> np.uint64(bits - 8)).astype(np.uint8), (note,))


def _as_float(raw: Voxels) -> DecodedFrame:
    kept = raw.astype(np.float32)
    if raw.dtype.kind in "iu" and raw.size and max(abs(int(raw.min())), abs(int(raw.max()))) > FLOAT_EXACT:
        return DecodedFrame(kept, ("Whole numbers above 16,777,216 were rounded",))
    if raw.dtype == np.float64:
        return DecodedFrame(kept, ("64-bit values are kept with 32 bits",))
    return DecodedFrame(kept)

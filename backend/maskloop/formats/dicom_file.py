"""Opening one DICOM file: its header without the pixels, and where the pixels begin."""

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import dcmread, read_file_meta_info
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from maskloop.formats.errors import Refused

# pydicom quotes header values in its log; no DICOM value may reach ours (STYLE section 6).
logging.getLogger("pydicom").addHandler(logging.NullHandler())
logging.getLogger("pydicom").propagate = False

PREAMBLE: Final = 128
MAX_INFLATED_BYTES: Final = 512 * 2**20
META_BYTES: Final = 4096
DEFER_BYTES: Final = 2**20  # larger elements stay on disk until asked for
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
PIXEL_KEYWORDS: Final = {0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData", 0x0010: "PixelData"}


@dataclass(frozen=True)
class PixelPlace:
    """Where the value of the pixel element lies in the (perhaps inflated) file."""

    keyword: str
    vr: str
    offset: int
    length: int
    available: int


@dataclass(frozen=True)
class OpenDicom:
    """An open file: the header without pixels, the transfer syntax to decode with, and the place of the pixels."""

    dataset: Dataset
    stream: BinaryIO
    transfer_syntax: UID
    pixels: PixelPlace | None


@contextmanager
def open_dicom(path: Path) -> Iterator[OpenDicom]:
    """Open a DICOM file up to its pixels.

    Parameters
    ----------
    path : Path
        Not deflated as a whole (see `inflate`).

    Yields
    ------
    OpenDicom

    Raises
    ------
    Refused
        `dicom-unreadable` when the header cannot be read.
    """
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(stream, stop_before_pixels=True, force=True, defer_size=DEFER_BYTES)
            syntax = _transfer_syntax(dataset)
            little = syntax.is_little_endian if syntax.is_transfer_syntax else dataset.original_encoding[1] is not False
            pixels = _pixel_place(stream, little=little, size=path.stat().st_size)
        except MemoryError:
            raise
        except (Exception, RecursionError) as error:  # any parser error is one more damaged header
            raise Refused("dicom-unreadable", "The DICOM header is damaged and cannot be read") from error
        yield OpenDicom(dataset, stream, syntax, pixels)


def is_deflated(path: Path) -> bool:
    """Return whether the whole data set is deflated (transfer syntax 1.2.840.10008.1.2.1.99)."""
    with path.open("rb") as stream:
        head = stream.read(META_BYTES)
    return _named_syntax(head) == str(DeflatedExplicitVRLittleEndian)


def inflate(path: Path, target: Path, *, limit: int = MAX_INFLATED_BYTES) -> None:
    """Write a deflated DICOM file as plain explicit little endian.

    Raises
    ------
    Refused
        `too-large` when it inflates past the limit, `dicom-unreadable` when the stream is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            meta = read_file_meta_info(path)
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            plain = _meta_bytes(meta)
    except Exception as error:
        raise Refused("dicom-unreadable", "The DICOM header is damaged and cannot be read") from error
    start = _meta_end(path)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    with path.open("rb") as source, target.open("wb") as out:
        out.write(bytes(PREAMBLE) + b"DICM" + plain)
        source.seek(start)
        while (block := source.read(2**16)) and not stream.eof:
            try:
                piece = stream.decompress(block)
            except zlib.error as error:
                raise Refused("dicom-unreadable", "The deflated data set is damaged") from error
            total += len(piece)
            if total > limit:
                raise Refused("too-large", f"The deflated data set grows past {limit // 2**20} MB")
            out.write(piece)
        out.write(stream.flush())


def _named_syntax(head: bytes) -> str:
    """The Transfer Syntax UID of a file meta group (always explicit little endian), found without a parser."""
    place = PREAMBLE + 4
    while place + 8 <= len(head) and head[place : place + 2] == b"\x02\x00":
        long = head[place + 4 : place + 6] in (b"OB", b"UN", b"UT", b"OW", b"SQ")
        length = int.from_bytes(head[place + 8 : place + 12] if long else head[place + 6 : place + 8], "little")
        start = place + (12 if long else 8)
        if head[place + 2 : place + 4] == b"\x10\x00":
            return head[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")
        place = start + length
    return ""


def _meta_bytes(meta: FileMetaDataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_file_meta_info(buffer, meta, enforce_standard=False)
    return bytes(buffer.getvalue())


def _meta_end(path: Path) -> int:
    """Offset behind the file meta group: its first element gives the group's length."""
    with path.open("rb") as source:
        source.seek(PREAMBLE + 4)
        head = source.read(12)
    if len(head) < 12 or head[:4] != b"\x02\x00\x00\x00":
        raise Refused("dicom-unreadable", "The DICOM header is damaged and cannot be read")
    return PREAMBLE + 4 + 12 + int(struct.unpack("<I", head[8:])[0])


def _transfer_syntax(dataset: Dataset) -> UID:
    """The named transfer syntax, or the one the bytes look like when the file has no meta group."""
    named = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if named:
        return UID(named)
    implicit, little = dataset.original_encoding
    if little is False:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _pixel_place(stream: BinaryIO, *, little: bool, size: int) -> PixelPlace | None:
    order = "<" if little else ">"
    head = stream.read(12)
    if len(head) < 8:
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    if group != 0x7FE0 or element not in PIXEL_KEYWORDS:
        return None
    explicit = head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN")
    if explicit and len(head) == 12:
        vr, length, offset = head[4:6].decode(), struct.unpack(f"{order}I", head[8:])[0], stream.tell()
    else:
        vr, length, offset = "OW", struct.unpack(f"{order}I", head[4:8])[0], stream.tell() - len(head) + 8
    return PixelPlace(PIXEL_KEYWORDS[element], vr, offset, int(length), size - offset)

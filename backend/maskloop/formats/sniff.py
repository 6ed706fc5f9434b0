"""What a file is, by its content. The name decides nothing."""

import struct
import zlib
from enum import StrEnum
from pathlib import Path
from typing import Final

HEAD_BYTES: Final = 1024
NIFTI_MAGICS: Final = (b"n+1\0", b"ni1\0", b"n+2\0", b"ni2\0")
EXPLICIT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


class Kind(StrEnum):
    """The closed list of what is told apart. Only some of it is read."""

    EMPTY = "empty"
    DICOM = "DICOM"
    NIFTI = "NIfTI"
    NIFTI_PAIR = "NIfTI header without its image"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    ZIP = "zip"
    ARCHIVE = "archive"  # tar, gzip of something else, 7z, rar, bzip2, xz, zstd
    NRRD = "NRRD"
    HEIC = "HEIC"
    GIF = "GIF"
    BMP = "BMP"
    WEBP = "WebP"
    JPEG2000 = "JPEG 2000"
    PDF = "PDF"
    HDF5 = "HDF5"
    TEXT = "text"
    UNKNOWN = "unknown"


_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"NRRD000", Kind.NRRD),
    (b"GIF8", Kind.GIF),
    (b"BM", Kind.BMP),
    (b"%PDF", Kind.PDF),
    (b"\x89HDF", Kind.HDF5),
    (b"\0\0\0\x0cjP  ", Kind.JPEG2000),
    (b"\xff\x4f\xff\x51", Kind.JPEG2000),
    (b"7z\xbc\xaf'\x1c", Kind.ARCHIVE),
    (b"Rar!", Kind.ARCHIVE),
    (b"BZh", Kind.ARCHIVE),
    (b"\xfd7zXZ", Kind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE),
)
READABLE: Final = "DICOM, NIfTI, PNG, JPEG, TIFF or a zip of them"


def sniff(path: Path) -> Kind:
    """Return the kind of a file.

    Parameters
    ----------
    path : Path
        Only its first kilobyte is read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    return sniff_head(head)


def sniff_head(head: bytes) -> Kind:
    """Return the kind of a file that begins so; `head` holds its first kilobyte, or all of a shorter file."""
    if not head:
        return Kind.EMPTY
    if head[128:132] == b"DICM":
        return Kind.DICOM
    for start, kind in _STARTS:
        if head.startswith(start) and not (kind is Kind.BMP and _is_text(head)):
            return kind
    if head[:2] == b"\x1f\x8b":
        return _gzipped(head)
    nifti = _nifti(head)
    if nifti is not None:
        return nifti
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heif", b"avif"):
        return Kind.HEIC
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[257:262] == b"ustar":
        return Kind.ARCHIVE
    if _is_text(head):
        return Kind.TEXT
    return Kind.DICOM if _is_bare_dicom(head) else Kind.UNKNOWN


def _gzipped(head: bytes) -> Kind:
    try:
        inner = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except zlib.error:
        return Kind.ARCHIVE
    return _nifti(inner) or Kind.ARCHIVE


def _nifti(head: bytes) -> Kind | None:
    for size, magic_at in ((348, 344), (540, 4)):
        if len(head) < magic_at + 4:
            continue
        if size in (struct.unpack_from("<i", head)[0], struct.unpack_from(">i", head)[0]):
            magic = head[magic_at : magic_at + 4]
            if magic in NIFTI_MAGICS:
                return Kind.NIFTI if magic[1:2] == b"+" else Kind.NIFTI_PAIR
    return None


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)


def _is_bare_dicom(head: bytes) -> bool:
    """A data set without preamble: begins with an element of group 2, 4 or 8 of plausible type and length."""
    if len(head) < 8:
        return False
    for order in "<>":
        group, element = struct.unpack_from(f"{order}HH", head)
        if group in (0x0002, 0x0008) and element < 0x0100:
            (length,) = struct.unpack_from(f"{order}I", head, 4)
            return head[4:6] in EXPLICIT_VRS or length <= HEAD_BYTES
    return False


def sentence_for(kind: Kind) -> tuple[str, str]:
    """Return the code and the sentence for a kind that is not read."""
    hint = f"Export it as {READABLE} and try again"
    sentences = {
        Kind.EMPTY: ("empty-file", "The file is empty: 0 bytes"),
        Kind.TEXT: ("not-an-image", f"This is a text file, not an image. What is read is {READABLE}"),
        Kind.ARCHIVE: ("archive", "An archive of this kind is not opened. Send the files as they are, or as zip"),
        Kind.NIFTI_PAIR: ("unsupported-type", "A NIfTI header without its image. Save both as one .nii.gz file"),
        Kind.UNKNOWN: ("unknown-type", f"The content is of no known type. What is read is {READABLE}"),
    }
    return sentences.get(kind, ("unsupported-type", f"{kind.value} is not an accepted type. {hint}"))

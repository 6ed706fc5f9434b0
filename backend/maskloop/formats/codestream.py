"""The size that a compressed picture claims in its own header, read before any decoder allocates for it."""

import struct
from dataclasses import dataclass
from typing import Final

JPEG_START: Final = b"\xff\xd8"
J2K_START: Final = b"\xff\x4f\xff\x51"
JP2_SIGNATURE: Final = b"\x00\x00\x00\x0cjP  "
_NO_LENGTH: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAME_STARTS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})  # SOF0-15 and JPEG-LS's SOF55


@dataclass(frozen=True)
class ClaimedSize:
    """Rows, columns, components and precision in bits, as the codestream says."""

    rows: int
    columns: int
    components: int
    precision: int


def claimed_size(codestream: bytes) -> ClaimedSize | None:
    """Return what a JPEG, JPEG-LS or JPEG 2000 codestream claims, or None when it is none of them or cut.

    Parameters
    ----------
    codestream : bytes
        From its first byte.

    Notes
    -----
    JPEG: ITU-T T.81 B.2.2; JPEG-LS: T.87 C.2.2; JPEG 2000: T.800 A.5.1.
    """
    try:
        if codestream.startswith(JPEG_START):
            return _jpeg_size(codestream)
        if codestream.startswith(JP2_SIGNATURE):
            start = codestream.find(J2K_START, 0, 4096)
            return _j2k_size(codestream[start:]) if start >= 0 else None
        if codestream.startswith(J2K_START):
            return _j2k_size(codestream)
    except struct.error:
        return None
    return None


def _jpeg_size(data: bytes) -> ClaimedSize | None:
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in _NO_LENGTH:
            place += 2
        elif marker in _FRAME_STARTS:
            precision, rows, columns, components = struct.unpack_from(">BHHB", data, place + 4)
            return ClaimedSize(rows, columns, components, precision)
        else:
            place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return None


def _j2k_size(data: bytes) -> ClaimedSize:
    right, bottom, left, top = struct.unpack_from(">IIII", data, 8)
    (components,) = struct.unpack_from(">H", data, 40)
    precision = (data[42] & 0x7F) + 1 if len(data) > 42 else 0
    return ClaimedSize(bottom - top, right - left, components, precision)

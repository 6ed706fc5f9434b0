"""Variable-length integers (unsigned LEB128), whole arrays at a time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.errors import ImagingError

MAX_BYTES: Final = 5
MAX_VALUE: Final = 0xFFFF_FFFF


class CodecError(ImagingError):
    """Bytes from outside that are not what their format says."""

    code = "bad-bytes"


def encode_varints(values: NDArray[np.integer]) -> bytes:
    """Return numbers as unsigned LEB128, one after another.

    Parameters
    ----------
    values : (n,) integer array
        Each from 0 to 2**32 - 1.

    Raises
    ------
    CodecError
        If a number is out of range.

    Notes
    -----
    LEB128 as in DWARF 5 section 7.6: seven bits a byte, the lowest first, the top bit says that more follow.
    """
    if values.size == 0:
        return b""
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > MAX_VALUE:
        raise CodecError(f"a varint holds 0 to {MAX_VALUE}, not {low if low < 0 else high}")
    if high < 0x80:
        return values.astype(np.uint8).tobytes()
    width = -(-high.bit_length() // 7)
    if width == 2:
        return _encode_pairs(values)
    shifts = np.arange(width, dtype=np.uint64) * np.uint64(7)
    rest = values.astype(np.uint64)[:, np.newaxis] >> shifts
    digits = (rest & np.uint64(0x7F)).astype(np.uint8)
    digits[:, :-1] |= (rest[:, 1:] > 0).astype(np.uint8) << np.uint8(7)
    used = rest > 0
    used[:, 0] = True
    return digits[used].tobytes()


def _encode_pairs(values: NDArray[np.integer]) -> bytes:
    """Return numbers below 2**14: nearly all runs of a tile are."""
    pairs = np.empty((values.size, 2), np.uint8)
    pairs[:, 0] = values & 0x7F
    pairs[:, 1] = values >> 7
    used = np.ones((values.size, 2), np.bool_)
    np.not_equal(pairs[:, 1], 0, out=used[:, 1])
    pairs[:, 0] |= used[:, 1].view(np.uint8) << np.uint8(7)
    return pairs[used].tobytes()


def decode_varints(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return every number in a buffer that holds varints and nothing else.

    Parameters
    ----------
    content : (n,) uint8 array

    Returns
    -------
    (m,) int64 array
        Each from 0 to 2**32 - 1.

    Raises
    ------
    CodecError
        If the last number is cut off, or one is longer than 5 bytes or beyond 32 bits.
    """
    last = content < 0x80
    if bool(last.all()):
        return content.astype(np.int64)
    if not last[-1]:
        raise CodecError("the bytes end inside a number")
    ends = np.flatnonzero(last)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > MAX_BYTES:
        raise CodecError("a number is beyond 32 bits")
    digits = (content & 0x7F).astype(np.int64)
    numbers: NDArray[np.int64] = digits[starts]
    for place in range(1, longest):
        more = np.flatnonzero(lengths > place)
        numbers[more] |= digits[starts[more] + place] << (7 * place)
    if longest == MAX_BYTES and int(numbers.max()) > MAX_VALUE:
        raise CodecError("a number is beyond 32 bits")
    return numbers


def encode_varint(value: int) -> bytes:
    """Return one number as unsigned LEB128."""
    if not 0 <= value <= MAX_VALUE:
        raise CodecError(f"a varint holds 0 to {MAX_VALUE}, not {value}")
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


class ByteReader:
    """Reads a body piece by piece; every read past the end or out of range is a `CodecError`."""

    def __init__(self, content: bytes | memoryview, what: str) -> None:
        self.content = memoryview(content)
        self.what = what
        self.at = 0

    @property
    def remaining(self) -> int:
        """Bytes that are left."""
        return len(self.content) - self.at

    def varint(self) -> int:
        """Return the next number."""
        value = 0
        for place in range(MAX_BYTES):
            if self.at >= len(self.content):
                raise CodecError(f"{self.what} ends inside a number")
            digit = self.content[self.at]
            self.at += 1
            value |= (digit & 0x7F) << (7 * place)
            if digit < 0x80 and value <= MAX_VALUE:
                return value
            if digit < 0x80:
                break
        raise CodecError(f"{self.what} has a number beyond 32 bits")

    def count(self, size: int) -> int:
        """Return how many things of at least `size` bytes follow; more than the bytes that are left is refused."""
        count = self.varint()
        if count * size > self.remaining:
            raise CodecError(f"{self.what} names {count} entries in {self.remaining} bytes")
        return count

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        if length > self.remaining:
            raise CodecError(f"{self.what} names {length} bytes, {self.remaining} are left")
        piece = bytes(self.content[self.at : self.at + length])
        self.at += length
        return piece

    def position(self) -> int:
        """Return the next 8 bytes as a position; the top bit is never set."""
        value = int.from_bytes(self.take(8), "little")
        if value >= 1 << 63:
            raise CodecError("a tile position is negative")
        return value

    def version(self, expected: int) -> None:
        """Take the version byte."""
        if (found := self.take(1)[0]) != expected:
            raise CodecError(f"{self.what} has version {found}, not {expected}")

    def end(self) -> None:
        """Refuse bytes that are left over."""
        if self.remaining:
            raise CodecError(f"{self.what} has {self.remaining} bytes too many")

"""The header of a pixel file: what is in it and where each group of tiles lies."""

import json
import struct
from dataclasses import dataclass
from typing import Final

from maskloop.formats.errors import BrokenFile
from maskloop.formats.pz1 import CODEC, DTYPES, TILE
from maskloop.formats.tile_order import group_count, tiles_across

MAGIC: Final = b"MLPX"
VERSION: Final = 1
PREFIX: Final = struct.Struct("<4sBI")
MAX_HEADER_BYTES: Final = 64 * 2**20


@dataclass(frozen=True)
class Level:
    """One level of the pyramid: its (K, J, I) and the (offset, length) of each group, from the start of the file."""

    shape: tuple[int, int, int]
    groups: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PixelHeader:
    """What a pixel file holds. `digest` is over the voxels, not over the bytes of the file."""

    shape: tuple[int, int, int]
    channels: int
    dtype: str
    levels: tuple[Level, ...]
    digest: str
    codec: str = CODEC
    tile: int = TILE

    def to_bytes(self) -> bytes:
        """Return the prefix and the JSON; the offsets in it must count from the start of the file already."""
        body = json.dumps(
            {
                "shape": self.shape,
                "channels": self.channels,
                "dtype": self.dtype,
                "codec": self.codec,
                "tile": self.tile,
                "levels": [{"shape": level.shape, "groups": level.groups} for level in self.levels],
                "digest": self.digest,
            },
            separators=(",", ":"),
        ).encode()
        return PREFIX.pack(MAGIC, VERSION, len(body)) + body


def header_size(prefix: bytes) -> int:
    """Return how many bytes from the start of a file the header takes, given its first `PREFIX.size` bytes."""
    if len(prefix) < PREFIX.size:
        raise BrokenFile("a pixel file is cut in its first bytes")
    magic, version, length = PREFIX.unpack_from(prefix)
    if magic != MAGIC:
        raise BrokenFile("this is not a pixel file")
    if version != VERSION or length > MAX_HEADER_BYTES:
        raise BrokenFile(f"a pixel file has version {version} and a header of {length} bytes")
    return PREFIX.size + int(length)


def parse_header(raw: bytes) -> PixelHeader:
    """Return the header of the first `header_size` bytes of a pixel file.

    Raises
    ------
    BrokenFile
        If it is cut, not ours, or its index does not fit the shape.
    """
    size = header_size(raw)
    if len(raw) < size:
        raise BrokenFile("the header of a pixel file is cut")
    try:
        fields = json.loads(raw[PREFIX.size : size])
        header = PixelHeader(
            shape=_triple(fields["shape"]),
            channels=int(fields["channels"]),
            dtype=str(fields["dtype"]),
            levels=tuple(
                Level(_triple(level["shape"]), tuple((int(offset), int(length)) for offset, length in level["groups"]))
                for level in fields["levels"]
            ),
            digest=str(fields["digest"]),
            codec=str(fields["codec"]),
            tile=int(fields["tile"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFile("the header of a pixel file is damaged") from error
    _check(header)
    return header


def _triple(values: list[int]) -> tuple[int, int, int]:
    slices, rows, columns = (int(value) for value in values)
    return slices, rows, columns


def _check(header: PixelHeader) -> None:
    if header.codec != CODEC or header.dtype not in DTYPES or header.channels not in (1, 3) or header.tile != TILE:
        raise BrokenFile("a pixel file uses a codec, type or tile size that this version does not know")
    if not header.levels or header.levels[0].shape != header.shape or min(header.shape) < 1:
        raise BrokenFile("a pixel file's levels do not fit its shape")
    for level in header.levels:
        down, across = tiles_across(level.shape[1], level.shape[2], tile=header.tile)
        if len(level.groups) != group_count(level.shape[0] * down * across):
            raise BrokenFile("a pixel file's index does not fit its shape")

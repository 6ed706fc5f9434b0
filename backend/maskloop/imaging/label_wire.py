"""Labels on the wire: the body of a save, and the answer of a read.

The contract is `tests/vectors/strokes.json` and `tiles.json`, read by the browser's code too.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from maskloop.imaging.label_tile import Grid, Patch, Voxels, decode_patch, decode_tile, encode_patch, tile_size
from maskloop.imaging.varint import ByteReader, CodecError, encode_varint

STROKE_TYPE: Final = "application/vnd.maskloop.stroke"
TILES_TYPE: Final = "application/vnd.maskloop.tiles"
MAX_HEADER_BYTES: Final = 1 << 20
MAX_INFLATED_BYTES: Final = 64 << 20
RUN_BYTES: Final = 20  # of one run in memory: two int64, two uint16
VERSION: Final = b"\x01"


@dataclass(frozen=True)
class StrokeBody:
    """One save as it travels: a JSON header and the patch of each tile, by packed position."""

    header: Mapping[str, object]
    patches: Mapping[int, Patch]


@dataclass(frozen=True)
class SeqTile:
    """A tile in its stored form, as it was after revision `seq`."""

    pos: int
    seq: int
    content: bytes


@dataclass(frozen=True)
class TilesBody:
    """The answer of a read: the segmentation's seq and its tiles."""

    seq: int
    tiles: Sequence[SeqTile]

    def voxels(self, grid: Grid) -> dict[int, Voxels]:
        """Return each tile's voxels by packed position. Raises CodecError or ShapeError."""
        return {tile.pos: decode_tile(tile.content, tile_size(grid, tile.pos)) for tile in self.tiles}


def encode_stroke(header: Mapping[str, object], patches: Mapping[int, Patch]) -> bytes:
    """Return a save body: version 1, varint length of the JSON header, header, varint m, m x (pos, length, patch)."""
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    parts = [VERSION, encode_varint(len(text)), text, encode_varint(len(patches))]
    for pos, patch in patches.items():
        content = encode_patch(patch)
        parts += [pos.to_bytes(8, "little"), encode_varint(len(content)), content]
    return b"".join(parts)


def decode_stroke(content: bytes, grid: Grid) -> StrokeBody:
    """Return a save body, checked against the grid that it is for.

    Parameters
    ----------
    content : bytes
    grid : (K, J, I), voxels

    Raises
    ------
    CodecError, ShapeError
        If it is not one: wrong version, cut off, bytes left over, a header that is not a JSON object, a tile outside
        of the image or named twice, a patch that is not one. Inflation stops at 64 MiB over all patches.
    """
    reader = ByteReader(content, "a save body")
    reader.version(1)
    if (length := reader.varint()) > MAX_HEADER_BYTES:
        raise CodecError(f"a save body has a header of {length} bytes, the limit is {MAX_HEADER_BYTES}")
    header = _header(reader.take(length))
    patches: dict[int, Patch] = {}
    held = 0
    for _ in range(reader.count(9)):
        pos = reader.position()
        size = tile_size(grid, pos)
        if pos in patches:
            raise CodecError(f"a save body names tile {pos} twice")
        patches[pos] = decode_patch(reader.take(reader.varint()), size)
        held += patches[pos].starts.size * RUN_BYTES
        if held > MAX_INFLATED_BYTES:
            raise CodecError(f"a save body inflates to more than {MAX_INFLATED_BYTES} bytes")
    reader.end()
    return StrokeBody(header, patches)


def encode_tiles(seq: int, tiles: Iterable[SeqTile]) -> bytes:
    """Return a tiles body: version 1, varint seq, varint m, m x (pos, varint seq, varint length, tile as stored)."""
    listed = list(tiles)
    parts = [VERSION, encode_varint(seq), encode_varint(len(listed))]
    for tile in listed:
        parts += [
            tile.pos.to_bytes(8, "little"),
            encode_varint(tile.seq),
            encode_varint(len(tile.content)),
            tile.content,
        ]
    return b"".join(parts)


def decode_tiles(content: bytes) -> TilesBody:
    """Return a tiles body; its tiles stay in their stored form.

    Raises
    ------
    CodecError
        If it is not one.
    """
    reader = ByteReader(content, "a tiles body")
    reader.version(1)
    seq = reader.varint()
    tiles = []
    for _ in range(reader.count(10)):
        pos = reader.position()
        tile_seq = reader.varint()
        tiles.append(SeqTile(pos, tile_seq, reader.take(reader.varint())))
    reader.end()
    return TilesBody(seq, tiles)


def _header(text: bytes) -> dict[str, object]:
    try:
        header = json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CodecError("the header of a save body is not JSON") from error
    if not isinstance(header, dict):
        raise CodecError("the header of a save body is not a JSON object")
    return header


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")

"""Label tiles and patches: 256 x 256 voxels of one slice of one layer, run-length coded and deflated.

The contract is `tests/vectors/label-tiles.json` and `patches.json`, read by the browser's code too. Everything
here takes and returns flat arrays in row order of the tile.
"""

import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.errors import ShapeError
from maskloop.imaging.varint import CodecError, decode_varints, encode_varint, encode_varints

TILE: Final = 256
MAX_LAYER: Final = 511
VERSION: Final = 1
LEVEL: Final = 1

Grid = tuple[int, int, int]
Voxels = NDArray[np.uint16]


class TilePosition(NamedTuple):
    """Where a label tile lies. As one number: ``layer << 54 | k << 30 | tj << 15 | ti``."""

    layer: int
    k: int
    tj: int
    ti: int

    def pack(self) -> int:
        """Return the position as one number of 63 bits."""
        return self.layer << 54 | self.k << 30 | self.tj << 15 | self.ti


def unpack_position(pos: int) -> TilePosition:
    """Return the parts of a position."""
    return TilePosition(pos >> 54, pos >> 30 & 0xFFFFFF, pos >> 15 & 0x7FFF, pos & 0x7FFF)


def tile_shape(grid: Grid, pos: int) -> tuple[int, int]:
    """Return (rows, columns) of a tile; tiles at the lower and right edge are cut to the image.

    Parameters
    ----------
    grid : (K, J, I), voxels
    pos : int
        A packed position.

    Raises
    ------
    ShapeError
        If the image has no such tile.
    """
    layer, k, tj, ti = unpack_position(pos)
    rows, columns = min(TILE, grid[1] - tj * TILE), min(TILE, grid[2] - ti * TILE)
    if not 0 <= layer <= MAX_LAYER or not k < grid[0] or rows <= 0 or columns <= 0:
        raise ShapeError(f"there is no tile {pos} (layer {layer}, k {k}, tj {tj}, ti {ti}) in a grid of {grid}")
    return rows, columns


def tile_size(grid: Grid, pos: int) -> int:
    """Return how many voxels a tile has. Raises ShapeError if the image has no such tile."""
    rows, columns = tile_shape(grid, pos)
    return rows * columns


@dataclass(frozen=True, eq=False)
class Patch:
    """What a stroke did to one tile: runs of (start, length, number before, number after), rising, not overlapping."""

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    before: Voxels
    after: Voxels

    @property
    def voxels(self) -> int:
        """How many voxels the runs cover."""
        return int(self.lengths.sum())

    def indices(self) -> NDArray[np.int64]:
        """Return the index of each covered voxel, rising."""
        ends = np.cumsum(self.lengths)
        shift = np.repeat(self.starts - ends + self.lengths, self.lengths)
        return shift + np.arange(shift.size, dtype=np.int64)

    def is_minimal(self) -> bool:
        """Say whether every run changes something and no two could be one."""
        if bool((self.before == self.after).any()):
            return False
        joined = self.starts[1:] == self.starts[:-1] + self.lengths[:-1]
        same = (self.before[1:] == self.before[:-1]) & (self.after[1:] == self.after[:-1])
        return not bool((joined & same).any())

    def swapped(self) -> "Patch":
        """Return the patch that takes this one back."""
        return Patch(self.starts, self.lengths, self.after, self.before)


EMPTY_PATCH: Final = Patch(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16), np.empty(0, np.uint16))


@dataclass(frozen=True, eq=False)
class Applied:
    """Outcome of a patch on a tile: the tile after, what really changed, and how many voxels were neither."""

    voxels: Voxels
    changed: Patch
    conflicts: int


def make_patch(indices: NDArray[np.int64], before: Voxels, after: Voxels) -> Patch:
    """Return the fewest runs that say the same as one (index, before, after) per voxel, the indices rising."""
    if indices.size == 0:
        return EMPTY_PATCH
    breaks = (indices[1:] - indices[:-1] != 1) | (before[1:] != before[:-1]) | (after[1:] != after[:-1])
    found = np.flatnonzero(breaks)
    edges = np.empty(found.size + 2, np.int64)
    edges[0], edges[-1] = 0, indices.size
    np.add(found, 1, out=edges[1:-1])
    first = edges[:-1]
    return Patch(indices[first], edges[1:] - first, before[first], after[first])


def diff_patch(before: Voxels, after: Voxels) -> Patch:
    """Return the patch that takes one state of a tile to another.

    Parameters
    ----------
    before, after : (n,) uint16 array, row order
    """
    changed = np.flatnonzero(before != after)
    return make_patch(changed, before[changed], after[changed])


def apply_patch(voxels: Voxels, patch: Patch) -> Applied:
    """Return a tile with a patch applied by the rule of saving.

    A voxel that is `before` becomes `after`, one that is `after` already stays, any other is a conflict and stays.
    A run whose `before` is its `after` asserts nothing.

    Parameters
    ----------
    voxels : (n,) uint16 array, row order
        Not changed.
    patch : Patch
        Within the tile.
    """
    indices = patch.indices()
    before, after = np.repeat(patch.before, patch.lengths), np.repeat(patch.after, patch.lengths)
    current = voxels[indices]
    if patch.is_minimal() and np.array_equal(current, before):
        result = voxels.copy()
        result[indices] = after
        return Applied(result, patch, 0)
    matters = before != after
    changes = (current == before) & matters
    conflicts = int(np.count_nonzero(matters & ~changes & (current != after)))
    result = voxels.copy()
    result[indices[changes]] = after[changes]
    return Applied(result, make_patch(indices[changes], before[changes], after[changes]), conflicts)


def encode_tile(voxels: Voxels) -> bytes:
    """Return the stored form of a tile.

    Parameters
    ----------
    voxels : (n,) uint16 array, row order

    Notes
    -----
    zlib, level 1, of: version 1, varint n, n varint run lengths, n varint numbers. Background is a run like others.
    """
    breaks = np.flatnonzero(voxels[1:] != voxels[:-1])
    edges = np.empty(breaks.size + 2, np.int64)
    edges[0], edges[-1] = 0, voxels.size
    np.add(breaks, 1, out=edges[1:-1])
    return _deflate(edges.size - 1, edges[1:] - edges[:-1], voxels[edges[:-1]])


def empty_tile(size: int) -> bytes:
    """Return the stored form of a tile that is all background."""
    return encode_tile(np.zeros(size, np.uint16))


def decode_runs(content: bytes, size: int) -> tuple[NDArray[np.int64], Voxels]:
    """Return (lengths, numbers) of the runs of a stored tile of `size` voxels, checked.

    Raises
    ------
    CodecError
        If the bytes are not a tile of exactly that size.
    """
    columns = _inflate(content, count=2, limit=6 + 6 * size, what="a label tile")
    lengths, numbers = columns
    if lengths.size and int(lengths.min()) == 0:
        raise CodecError("a label tile has an empty run")
    if (covered := int(lengths.sum())) != size:
        raise CodecError(f"a label tile covers {covered} voxels, not {size}")
    return lengths, _numbers(numbers, "a label tile")


def decode_tile(content: bytes, size: int) -> Voxels:
    """Return the voxels of a stored tile.

    Parameters
    ----------
    content : bytes
    size : int
        How many voxels it must have.

    Returns
    -------
    (size,) uint16 array, row order

    Raises
    ------
    CodecError
        If the bytes are not a tile of exactly that size. Memory is bounded by `size`, whatever the bytes.
    """
    lengths, numbers = decode_runs(content, size)
    return np.repeat(numbers, lengths)


def encode_patch(patch: Patch) -> bytes:
    """Return the stored form of a patch.

    Notes
    -----
    zlib, level 1, of: version 1, varint n, n varint gaps (start minus end of the run before), n varint lengths,
    n varint numbers before, n varint numbers after.
    """
    ends = patch.starts + patch.lengths
    gaps = patch.starts.copy()
    gaps[1:] -= ends[:-1]
    return _deflate(gaps.size, gaps, patch.lengths, patch.before, patch.after)


def decode_patch(content: bytes, size: int) -> Patch:
    """Return a stored patch.

    Parameters
    ----------
    content : bytes
    size : int
        Voxels of the tile that it is for.

    Raises
    ------
    CodecError
        If the bytes are not a patch within such a tile. Memory is bounded by `size`, whatever the bytes.
    """
    gaps, lengths, before, after = _inflate(content, count=4, limit=6 + 12 * size, what="a patch")
    if lengths.size and int(lengths.min()) == 0:
        raise CodecError("a patch has an empty run")
    ends = np.cumsum(gaps + lengths)
    if ends.size and int(ends[-1]) > size:
        raise CodecError(f"a patch reaches voxel {int(ends[-1])} of a tile of {size}")
    return Patch(ends - lengths, lengths, _numbers(before, "a patch"), _numbers(after, "a patch"))


def _deflate(count: int, *columns: NDArray[np.integer]) -> bytes:
    packed = bytes([VERSION]) + encode_varint(count) + encode_varints(np.concatenate(columns))
    return zlib.compress(packed, LEVEL)


def _inflate(content: bytes, *, count: int, limit: int, what: str) -> list[NDArray[np.int64]]:
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(content, limit + 1)
    except zlib.error as error:
        raise CodecError(f"{what} is not a zlib stream: {error}") from error
    if len(packed) > limit:
        raise CodecError(f"{what} inflates to more than {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise CodecError(f"{what} is cut off or has bytes after its end")
    if len(packed) < 2 or packed[0] != VERSION:
        raise CodecError(f"{what} does not begin with version {VERSION}")
    numbers = decode_varints(np.frombuffer(packed, np.uint8, offset=1))
    runs = int(numbers[0])
    if numbers.size != 1 + count * runs:
        raise CodecError(f"{what} of {runs} runs holds {numbers.size - 1} numbers, not {count * runs}")
    return [numbers[1 + n * runs : 1 + (n + 1) * runs] for n in range(count)]


def _numbers(values: NDArray[np.int64], what: str) -> Voxels:
    if values.size and int(values.max()) > 0xFFFF:
        raise CodecError(f"{what} holds {int(values.max())}, the limit is 65535")
    return values.astype(np.uint16)

"""Pixel files: one image, tiled and packed level by level, written as a stream and read by slice or whole."""

import hashlib
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskloop.formats.errors import BrokenFile
from maskloop.formats.pixel_header import PREFIX, Level, PixelHeader, header_size, parse_header
from maskloop.formats.pz1 import DTYPES, TILE, decode_tile, encode_tile
from maskloop.formats.tile_order import (
    TilePlace,
    group_count,
    group_of_tile,
    groups_of_slice,
    slice_order,
    tiles_across,
)
from maskloop.imaging.errors import ShapeError
from maskloop.imaging.resample import halve, pyramid_shapes
from maskloop.imaging.volume import Rescale, Volume, Voxels

MAX_OFFSET: Final = 10**15 - 1
MAX_GROUP: Final = 10**8 - 1
RECORD: Final = struct.Struct("<IHHI")


@dataclass(frozen=True)
class WrittenPixels:
    """What `PixelFileWriter.finish` made: header, size, and the first slice at its coarsest (for a thumbnail)."""

    header: PixelHeader
    size: int
    preview: Voxels


class PixelFileWriter:
    """Writes one pixel file from rows that come slice by slice, in `slice_order`.

    Never holds more than one band of 512 rows a level, so a plane may be larger than memory. Leaves no file behind
    unless `finish` was reached.
    """

    def __init__(self, path: Path, *, shape: tuple[int, int, int], dtype: str, channels: int = 1) -> None:
        if dtype not in DTYPES or min(shape) < 1 or channels not in (1, 3) or (channels == 3 and dtype != "uint8"):
            raise ShapeError(f"no pixel file of {shape} {dtype} x {channels}")
        self._path = path
        self._header = PixelHeader(shape, channels, dtype, levels=(), digest="")
        self._order = slice_order(shape[0])
        self._digests = [b""] * shape[0]
        self._rank = 0
        self._rows = 0
        self._hash = hashlib.sha256()
        self._preview: list[Voxels] = []
        shapes = pyramid_shapes(shape)
        widest = replace(self._header, levels=tuple(map(_widest, shapes)), digest=64 * "0")
        self._start = len(widest.to_bytes())
        self._levels = [
            _LevelSpool(path if number == 0 else path.with_name(f"{path.name}.level{number}"), level_shape)
            for number, level_shape in enumerate(shapes)
        ]
        self._levels[0].skip(self._start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for level in self._levels[1:]:
            level.remove()
        self._levels[0].close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

    @property
    def next_slice(self) -> int:
        """The slice whose rows are due."""
        return self._order[self._rank]

    def write_rows(self, rows: Voxels) -> None:
        """Take the next rows of the slice that is due: all of it, or whole rows from the top down.

        Parameters
        ----------
        rows : (n, I) or (n, I, 3) array of the file's dtype
        """
        _, height, width = self._header.shape
        expected = (width, 3) if self._header.channels == 3 else (width,)
        if rows.shape[1:] != expected or str(rows.dtype) != self._header.dtype or self._rows + len(rows) > height:
            raise ShapeError(f"rows {rows.shape} {rows.dtype} do not fit {self._header.shape} {self._header.dtype}")
        self._hash.update(np.ascontiguousarray(rows).data)
        self._rows += len(rows)
        last = self._rows == height
        self._feed(0, rows, last=last)
        if last:
            self._digests[self.next_slice] = self._hash.digest()
            self._hash = hashlib.sha256()
            self._rows = 0
            self._rank += 1

    def finish(self) -> WrittenPixels:
        """Put header and levels together in the file and return what it holds."""
        if self._rank != len(self._order):
            raise ShapeError(f"{self._rank} of {len(self._order)} slices were written")
        header = replace(self._header, digest=_volume_digest(self._header, self._digests))
        end = self._levels[0].size
        levels = [self._levels[0].index(0)]
        for level in self._levels[1:]:
            levels.append(level.index(end))
            end += level.size
            level.copy_to(self._levels[0])
        header = replace(header, levels=tuple(levels))
        raw = header.to_bytes()
        prefix = PREFIX.pack(*PREFIX.unpack_from(raw)[:2], self._start - PREFIX.size)
        self._levels[0].write_head(prefix + raw[PREFIX.size :].ljust(self._start - PREFIX.size))
        return WrittenPixels(header, end, np.concatenate(self._preview))

    def _feed(self, number: int, rows: Voxels, *, last: bool) -> None:
        level = self._levels[number]
        for band in level.take(rows, last=last):
            level.write_band(self.next_slice, band)
            if number + 1 < len(self._levels):
                self._feed(number + 1, halve(band), last=last and level.is_idle)
            elif self._rank == 0:
                self._preview.append(band)


class _LevelSpool:
    """The tiles of one level on their way. Level 0 goes into the file itself, the others wait in files beside it."""

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._path = path
        self._shape = shape
        self._file: BinaryIO = path.open("w+b")
        self._waiting: list[Voxels] = []
        self._row = 0
        self._tiles = 0
        self._groups: list[list[int]] = []

    @property
    def is_idle(self) -> bool:
        """Whether no row waits for a band."""
        return not self._waiting

    def take(self, rows: Voxels, *, last: bool) -> Iterator[Voxels]:
        """Yield bands of 512 rows; the last band of a slice is as high as what is left."""
        self._waiting.append(rows)
        while (height := sum(len(part) for part in self._waiting)) >= TILE or (last and height):
            joined = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
            self._waiting = [joined[TILE:]] if height > TILE else []
            yield joined[:TILE]

    def write_band(self, k: int, band: Voxels) -> None:
        """Encode one row of tiles."""
        tj = self._row // TILE
        for ti in range(-(-band.shape[1] // TILE)):
            payload = encode_tile(band[:, ti * TILE : (ti + 1) * TILE])
            group = group_of_tile(self._tiles)
            if group == len(self._groups):
                self._groups.append([self._file.tell(), 0])
            self._file.write(RECORD.pack(k, tj, ti, len(payload)))
            self._file.write(payload)
            self._groups[group][1] += RECORD.size + len(payload)
            self._tiles += 1
        self._row = (self._row + len(band)) % self._shape[1]

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._file.tell()

    def index(self, start: int) -> Level:
        """Return the groups, of a level that begins at `start` in the file."""
        return Level(self._shape, tuple((start + offset, length) for offset, length in self._groups))

    def skip(self, size: int) -> None:
        """Leave room at the start."""
        self._file.seek(size)

    def write_head(self, head: bytes) -> None:
        """Fill the room at the start."""
        self._file.seek(0)
        self._file.write(head)
        self._file.flush()

    def copy_to(self, other: "_LevelSpool") -> None:
        """Append all tiles to another spool."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, other._file, 2**20)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def remove(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _widest(shape: tuple[int, int, int]) -> Level:
    """A level whose index takes as much room as it ever can."""
    down, across = tiles_across(shape[1], shape[2], tile=TILE)
    return Level(shape, ((MAX_OFFSET, MAX_GROUP),) * group_count(shape[0] * down * across))


def _volume_digest(header: PixelHeader, slices: list[bytes]) -> str:
    """SHA-256 over shape, type and the SHA-256 of each slice, so slices may come in any order."""
    whole = hashlib.sha256(f"{header.shape} {header.channels} {header.dtype}".encode())
    for digest in slices:
        whole.update(digest)
    return whole.hexdigest()


class PixelFileReader:
    """Reads a pixel file by slice, by group or whole. Every length and place is checked against the header."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        prefix = source.read(PREFIX.size)
        self.header = parse_header(prefix + source.read(header_size(prefix) - PREFIX.size))

    def read_group(self, level: int, group: int) -> bytes:
        """Return the bytes of one group: records of k, tj, ti, length, payload."""
        offset, length = self.header.levels[level].groups[group]
        self._source.seek(offset)
        body = self._source.read(length)
        if len(body) != length:
            raise BrokenFile("a pixel file is cut")
        return body

    def read_slice(self, k: int, *, level: int = 0) -> Voxels:
        """Return one slice as stored, (J, I) or (J, I, 3)."""
        shape = self.header.levels[level].shape
        plane = _empty(self.header, shape[1:])
        for group in groups_of_slice(k, shape, tile=self.header.tile):
            self._paint(level, group, lambda place: plane if place.k == k else None)
        return plane

    def read_stored(self) -> Voxels:
        """Return all voxels as stored, (K, J, I) or (K, J, I, 3)."""
        voxels = _empty(self.header, self.header.shape)
        for group in range(len(self.header.levels[0].groups)):
            self._paint(0, group, lambda place: voxels[place.k])
        return voxels

    def read_volume(
        self, *, affine: NDArray[np.float64] | None = None, rescale: Rescale | None = None, unit: str | None = None
    ) -> Volume:
        """Return the image in modality units, with the geometry that is kept beside the file.

        Parameters
        ----------
        affine : (4, 4) float64 array, mm, optional
            Voxel to LPS.
        rescale : Rescale, optional
            Stored values to modality units.
        unit : str, optional
            Name of the modality unit.

        Returns
        -------
        Volume
        """
        return Volume((rescale or Rescale()).apply(self.read_stored()), affine, unit)

    def verify(self) -> None:
        """Raise `BrokenFile` unless the voxels give the digest in the header."""
        slices = range(self.header.shape[0])
        digests = [hashlib.sha256(np.ascontiguousarray(self.read_slice(k)).data).digest() for k in slices]
        if _volume_digest(self.header, digests) != self.header.digest:
            raise BrokenFile("the voxels of a pixel file do not give its digest")

    def _paint(self, level: int, group: int, plane_of: Callable[[TilePlace], Voxels | None]) -> None:
        header = self.header
        rows, columns = header.levels[level].shape[1:]
        for place, payload in records(self.read_group(level, group)):
            top, left = place.tj * header.tile, place.ti * header.tile
            height, width = min(header.tile, rows - top), min(header.tile, columns - left)
            if place.k >= header.shape[0] or height < 1 or width < 1:
                raise BrokenFile("a tile lies outside its image")
            plane = plane_of(place)
            if plane is not None:
                plane[top : top + height, left : left + width] = decode_tile(
                    payload, rows=height, columns=width, dtype=header.dtype, channels=header.channels
                )


def records(group: bytes) -> Iterator[tuple[TilePlace, bytes]]:
    """Yield the place and the payload of each tile of a group body."""
    start = 0
    while start < len(group):
        if len(group) - start < RECORD.size:
            raise BrokenFile("a group of tiles is cut")
        k, tj, ti, length = RECORD.unpack_from(group, start)
        start += RECORD.size
        if len(group) - start < length:
            raise BrokenFile("a group of tiles is cut")
        yield TilePlace(k, tj, ti), group[start : start + length]
        start += length


def _empty(header: PixelHeader, grid: tuple[int, ...]) -> Voxels:
    shape = (*grid, 3) if header.channels == 3 else grid
    return np.zeros(shape, dtype=header.dtype)

"""TIFF, OME-TIFF and ImageJ stacks: planes read in strips or tiles, so that a large one fits in little memory."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import tifffile
from numpy.typing import NDArray

from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits, require_plausible, require_present, require_size, size_text
from maskloop.formats.picture import Picture, kept_type
from maskloop.formats.tiff_scale import pixel_size
from maskloop.imaging.volume import Voxels

# tifffile names files in its log; no file name may reach ours (STYLE section 6).
logging.getLogger("tifffile").addHandler(logging.NullHandler())
logging.getLogger("tifffile").propagate = False

WHOLE_PLANE_BYTES: Final = 64 * 2**20  # below it a plane is decoded at once
READ_BYTES: Final = 16 * 2**20
MAX_PICTURES: Final = 64
STACK_AXES: Final = "ZTIQR"
UNCOMPRESSED: Final = 1
GREY: Final = ("MINISBLACK", "MINISWHITE")
COLOUR: Final = ("RGB", "YCBCR")
DEPTHS: Final = "buif"
ERRORS: Final = (
    tifffile.TiffFileError,
    AttributeError,
    IndexError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class _Layout:
    """How a series lies in its file."""

    path: Path
    leading: tuple[int, ...]
    axes: str
    rows: int
    columns: int
    samples: int
    dtype: np.dtype[np.generic]
    photometric: str
    contiguous_at: int | None
    byteorder: str
    pages: int


def read_tiff(path: Path, limits: Limits) -> list[Picture]:
    """Return the pictures of a TIFF: one per channel and time step, with its Z (or pages) as slices.

    Parameters
    ----------
    path : Path
    limits : Limits

    Raises
    ------
    Refused
        `raster-damaged`, `unsupported-pixels`, `too-large`, `pixels-missing`.
    """
    with _opened(path) as file:
        layout = _layout(path, file, limits)
        notes, facts = [], []
        spacing, fact = pixel_size(file)
        if fact:
            facts.append(fact)
        if len(file.series) > 1:
            notes.append("Further pictures of other sizes in the file were left out")
    if layout.samples in (2, 4):
        notes.append("Transparency was dropped")
    depth = layout.axes.find(next((axis for axis in STACK_AXES if axis in layout.axes), "?"))
    others = [axis for axis in range(len(layout.leading)) if axis != depth]
    count = int(np.prod([layout.leading[axis] for axis in others], dtype=np.int64))
    if count > MAX_PICTURES:
        raise Refused("too-large", f"The file holds {count:,} pictures beside its slices; {MAX_PICTURES} are taken")
    slices = layout.leading[depth] if depth >= 0 else 1
    size = _size_of(spacing, slices, along_z=depth >= 0 and layout.axes[depth] == "Z")
    if slices > 1 and size is None:
        notes.append("The pages have no distance from each other, so there is no physical size")
    plain = Picture((slices, layout.rows, layout.columns), 3 if layout.samples >= 3 else 1, "", _no_rows)
    made: list[Picture] = []
    for picked in np.ndindex(*[layout.leading[axis] for axis in others]):
        chosen = dict(zip(others, picked, strict=True))
        made.append(
            replace(
                plain,
                rows=partial(_rows, layout, depth, chosen),
                label=_label(layout, chosen),
                spacing=size,
                inverted=layout.photometric == "MINISWHITE",
                notes=tuple(notes),
                facts=tuple(facts),
            )
        )
    return [_typed(picture, layout) for picture in made]


def _no_rows(order: Sequence[int]) -> Iterator[Voxels]:
    raise NotImplementedError(order)


def _opened(path: Path) -> tifffile.TiffFile:
    try:
        return tifffile.TiffFile(path)
    except ERRORS as error:
        raise Refused("raster-damaged", "The TIFF is damaged and cannot be read") from error


def _layout(path: Path, file: tifffile.TiffFile, limits: Limits) -> _Layout:
    try:
        series = file.series[0]
        page = series.keyframe
        axes, shape = series.axes, tuple(int(length) for length in series.shape)
        dtype: np.dtype[np.generic] = np.dtype(str(series.dtype))
        samples = shape[axes.index("S")] if "S" in axes else 1
        rows, columns = shape[axes.index("Y")], shape[axes.index("X")]
    except ERRORS as error:
        raise Refused("raster-damaged", "The TIFF holds no picture that can be read") from error
    photometric = getattr(page.photometric, "name", str(page.photometric))
    if photometric == "PALETTE" and page.colormap is not None:
        samples = 3
    elif photometric not in (*GREY, *COLOUR) or samples not in (1, 2, 3, 4):
        raise Refused("unsupported-pixels", "The colour model of the TIFF is not read: grey, RGB and palette are")
    if dtype.kind not in DEPTHS or dtype.itemsize > 8:
        raise Refused("unsupported-pixels", "The pixels of the TIFF are of a type that is not read")
    leading_axes = axes.replace("S", "").replace("Y", "").replace("X", "")
    leading = tuple(shape[axes.index(axis)] for axis in leading_axes)
    layout = _Layout(
        path=path,
        leading=leading,
        axes=leading_axes,
        rows=rows,
        columns=columns,
        samples=samples,
        dtype=dtype,
        photometric=photometric,
        contiguous_at=series.dataoffset if page.compression == UNCOMPRESSED and samples == 1 else None,
        byteorder=file.byteorder,
        pages=len(series.pages),
    )
    _require(layout, file, limits)
    return layout


def _require(layout: _Layout, file: tifffile.TiffFile, limits: Limits) -> None:
    page = file.series[0].keyframe
    planes = int(np.prod(layout.leading, dtype=np.int64))
    plane_bytes = layout.rows * layout.columns * layout.samples * layout.dtype.itemsize
    if layout.rows * layout.columns > limits.max_streamed_plane_pixels:
        raise Refused("too-large", f"The header claims {size_text(layout.columns, layout.rows)} pixels: too many")
    if planes * layout.rows * layout.columns > limits.max_voxels:
        raise Refused("too-large", f"The header claims more than {limits.max_voxels:,} pixels in all")
    present = layout.path.stat().st_size
    if page.compression == UNCOMPRESSED and page.photometric != tifffile.PHOTOMETRIC.PALETTE:
        needed = planes * plane_bytes if layout.dtype.kind != "b" else planes * plane_bytes // 8
        require_present(layout.columns, layout.rows, needed=needed, present=present)
    require_plausible(layout.columns, layout.rows, decoded=planes * plane_bytes, present=present)
    if len(page.dataoffsets) < int(np.prod(page.chunked)):
        raise Refused(
            "pixels-missing", f"The header claims {size_text(layout.columns, layout.rows)} pixels; some are not there"
        )
    across, down = _segment_size(page)
    require_size(across, down, bytes_per_pixel=layout.samples * layout.dtype.itemsize, limits=limits)
    if planes != layout.pages and layout.contiguous_at is None:
        require_size(
            layout.columns, layout.rows * planes, bytes_per_pixel=layout.samples * layout.dtype.itemsize, limits=limits
        )


def _segment_size(page: tifffile.TiffPage) -> tuple[int, int]:
    """Columns and rows of what is decoded at once."""
    if page.is_tiled:
        return int(page.tilewidth), int(page.tilelength)
    return int(page.imagewidth), min(int(page.rowsperstrip), int(page.imagelength))


def _size_of(
    spacing: tuple[float, float, float | None] | None, slices: int, *, along_z: bool
) -> tuple[float, float, float] | None:
    if spacing is None:
        return None
    if slices == 1:
        return spacing[0], spacing[1], spacing[2] or 1.0
    return (spacing[0], spacing[1], spacing[2]) if along_z and spacing[2] is not None else None


def _label(layout: _Layout, chosen: dict[int, int]) -> str:
    words = {"C": "channel", "T": "time", "Z": "slice"}
    return " ".join(
        f"{words.get(layout.axes[axis], 'part')} {index + 1}"
        for axis, index in chosen.items()
        if layout.leading[axis] > 1
    )


def _typed(picture: Picture, layout: _Layout) -> Picture:
    if picture.channels == 3:
        reduced = layout.dtype.itemsize > 1 and layout.photometric != "PALETTE"
        note = f"Colour of {8 * layout.dtype.itemsize} bits a channel was reduced to 8"
        if layout.dtype.kind == "f":
            raise Refused("unsupported-pixels", "Colour with floating point numbers is not read")
        return replace(picture, dtype="uint8", notes=(*picture.notes, *([note] if reduced else [])))
    dtype, notes = kept_type(layout.dtype, partial(_extent, picture))
    return replace(picture, dtype=dtype, notes=(*picture.notes, *notes), rows=partial(_cast, picture, dtype))


def _extent(picture: Picture) -> tuple[int, int]:
    low, high = 0, 0
    for rows in picture.rows(range(picture.shape[0])):
        low, high = min(low, int(rows.min())), max(high, int(rows.max()))
    return low, high


def _cast(picture: Picture, dtype: str, order: Sequence[int]) -> Iterator[Voxels]:
    for rows in picture.rows(order):
        yield (rows.astype(np.uint8) * np.uint8(255)) if rows.dtype.kind == "b" else rows.astype(dtype, copy=False)


def _rows(layout: _Layout, depth: int, chosen: dict[int, int], order: Sequence[int]) -> Iterator[Voxels]:
    with _opened(layout.path) as file:
        for k in order:
            place = tuple(k if axis == depth else chosen[axis] for axis in range(len(layout.leading)))
            number = int(np.ravel_multi_index(place, layout.leading)) if place else 0
            try:
                for rows in _plane(layout, file, number):
                    yield _colours(rows, layout, file)
            except Refused:
                raise
            except ERRORS as error:
                raise Refused("raster-damaged", "The pixels of the TIFF are cut or damaged") from error


def _plane(layout: _Layout, file: tifffile.TiffFile, number: int) -> Iterator[Voxels]:
    """Yield the stored rows of one plane."""
    if layout.contiguous_at is not None and layout.dtype.kind != "b":
        planes = np.memmap(
            layout.path,
            dtype=layout.dtype.newbyteorder("<" if layout.byteorder == "<" else ">"),
            mode="r",
            offset=layout.contiguous_at,
            shape=(int(np.prod(layout.leading, dtype=np.int64)), layout.rows, layout.columns),
        )
        for top in range(0, layout.rows, 512):
            yield np.array(planes[number, top : top + 512])
        return
    series = file.series[0]
    if layout.pages != int(np.prod(layout.leading, dtype=np.int64)):
        yield series.asarray().reshape(-1, layout.rows, layout.columns, *_trailing(layout))[number]
        return
    page = series.pages[number]
    if page is None:
        raise Refused("raster-damaged", "A page of the TIFF is missing")
    whole = page.aspage()
    if layout.rows * layout.columns * layout.samples * layout.dtype.itemsize <= WHOLE_PLANE_BYTES:
        yield _samples_last(np.asarray(whole.asarray()), layout)
    else:
        yield from _bands(whole, layout)


def _trailing(layout: _Layout) -> tuple[int, ...]:
    return (layout.samples,) if layout.samples > 1 and layout.photometric != "PALETTE" else ()


def _samples_last(plane: Voxels, layout: _Layout) -> Voxels:
    if plane.ndim == 3 and plane.shape[-1] != layout.samples:
        return np.moveaxis(plane, 0, -1)
    return plane


def _bands(page: tifffile.TiffPage, layout: _Layout) -> Iterator[Voxels]:
    """Yield a band of rows for each row of tiles or strips: never the whole plane."""
    if page.planarconfig != 1 and page.samplesperpixel > 1:
        raise Refused("unsupported-pixels", "A large TIFF with its colours in separate planes is not read")
    band: Voxels | None = None
    top = 0
    for data, place, shape in page.segments(maxworkers=1, buffersize=READ_BYTES):
        row, column = place[2], place[3]
        if band is None or row != top:
            if band is not None:
                yield band
            top = row
            height = min(_segment_size(page)[1], layout.rows - row)
            band = np.zeros((height, layout.columns, *_trailing(layout)), layout.dtype)
        if data is not None:
            height, width = min(shape[1], band.shape[0]), min(shape[2], layout.columns - column)
            piece = data[0, :height, :width]
            band[:height, column : column + width] = piece if band.ndim == 3 else piece[..., 0]
    if band is not None:
        yield band


def _colours(rows: Voxels, layout: _Layout, file: tifffile.TiffFile) -> Voxels:
    if layout.photometric == "PALETTE":
        table = np.asarray(file.series[0].keyframe.colormap)
        return np.moveaxis((table >> 8).astype(np.uint8)[:, rows], 0, -1)
    if layout.samples == 2:
        return rows[..., 0]
    if layout.samples >= 3:
        colour = rows[..., :3]
        if colour.dtype.itemsize > 1:
            wide: NDArray[np.uint64] = colour.astype(np.uint64)
            colour = wide >> np.uint64(8 * (colour.dtype.itemsize - 1))
        return np.ascontiguousarray(colour.astype(np.uint8, copy=False))
    return rows

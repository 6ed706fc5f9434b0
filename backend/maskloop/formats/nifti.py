"""Reading NIfTI, and labelmaps both ways. The only place where RAS exists: everything beyond it is LPS."""

import gzip
import math
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from maskloop.formats.errors import BrokenFile, Refused
from maskloop.formats.limits import Limits, require_present, require_size
from maskloop.formats.nifti_geometry import LPS_FROM_RAS, NO_PLACE, SCANNER, Place, read_place
from maskloop.formats.picture import Picture, kept_type
from maskloop.formats.receipt import GeometryReceipt, compare
from maskloop.imaging.affine import is_sheared
from maskloop.imaging.labelmap import LabelArray, Labelmap
from maskloop.imaging.volume import Voxels

RGB: Final = 128
RGBA: Final = 2304
MAX_STEPS: Final = 128
GZIP_RATIO: Final = 400
GZIP_FREE_BYTES: Final = 64 * 2**20
NOTICE: Final = b"Maskloop. Not for diagnostic use"
HEADER_ERRORS: Final = (ValueError, OSError, EOFError, KeyError, TypeError, OverflowError, zlib.error, HeaderDataError)


@dataclass(frozen=True)
class NiftiFile:
    """A plain NIfTI file whose claims have been checked against its bytes."""

    path: Path
    shape: tuple[int, int, int]
    steps: int
    stored_dtype: str
    dtype: str
    channels: int
    offset: int
    place: Place
    slope: float
    intercept: float
    notes: tuple[str, ...]


def open_nifti(path: Path, limits: Limits) -> NiftiFile:
    """Return what a NIfTI file holds, or refuse it.

    Parameters
    ----------
    path : Path
        Not gzipped (see `unpacked`); single file, version 1 or 2, either byte order.
    limits : Limits

    Returns
    -------
    NiftiFile
        `steps` is the length of a fourth axis: each step is an image of its own.

    Raises
    ------
    Refused
        `nifti-damaged`, `bad-geometry` (an affine that is not finite or degenerate), `nifti-shape`, `too-large`,
        `pixels-missing`, `unsupported-pixels`.
    """
    with path.open("rb") as stream:
        header = _read_header(stream)
    notes: list[str] = []
    shape, steps = _shape(header)
    stored, channels = _stored_type(header, notes)
    bytes_per_pixel = channels * np.dtype(stored).itemsize
    require_size(shape[2], shape[1], bytes_per_pixel=bytes_per_pixel, limits=limits)
    voxels = math.prod(shape) * steps
    if voxels > limits.max_voxels:
        raise Refused("too-large", f"The header claims {voxels:,} voxels; {limits.max_voxels:,} are taken")
    offset = int(header.get_data_offset())
    if not 0 <= offset <= path.stat().st_size:
        raise Refused("nifti-damaged", "The header points outside the file for the voxels")
    present = path.stat().st_size - offset
    require_present(shape[2], shape[1], needed=voxels * bytes_per_pixel, present=present)
    slope, intercept = _scale(header, notes)
    place = read_place(header, shape)
    if steps > 1:
        notes.append(f"A fourth axis of {steps} steps: each became an image of its own")
    file = NiftiFile(path, shape, steps, stored, "", channels, offset, place, slope, intercept, (*notes, *place.notes))
    return _with_kept_type(file)


def read_slices(file: NiftiFile, order: Sequence[int], *, step: int = 0) -> Iterator[Voxels]:
    """Yield slices as they are kept, (J, I) or (J, I, 3), in the order asked for; one at a time in memory.

    Parameters
    ----------
    file : NiftiFile
    order : sequence of int
        Slice numbers k.
    step : int
        Of the fourth axis.
    """
    voxels = _mapped(file)[step]
    for k in order:
        plane = np.array(voxels[k])
        yield plane[..., :3].copy() if file.channels == 4 else plane.astype(file.dtype)


def pictures(file: NiftiFile) -> list[Picture]:
    """Return one picture stack per step of the fourth axis, or the whole 3-D file."""
    channels = 3 if file.channels > 1 else 1
    return [
        Picture(
            shape=file.shape,
            channels=channels,
            dtype=file.dtype,
            rows=partial(read_slices, file, step=step),
            label=f"step {step + 1}" if file.steps > 1 else "",
            spacing=file.place.spacing,
            notes=file.notes,
            facts=file.place.facts,
        )
        for step in range(file.steps)
    ]


def unpacked(path: Path, target: Path, limits: Limits) -> Path:
    """Return a plain file: the path itself, or `target` with its gzip stream expanded, up to the limits.

    Raises
    ------
    Refused
        `archive-bomb` past the limit, `nifti-damaged` when the stream is cut.
    """
    if not _is_gzip(path):
        return path
    limit = min(limits.max_expanded_bytes, max(path.stat().st_size * GZIP_RATIO, GZIP_FREE_BYTES))
    total = 0
    try:
        with gzip.open(path) as source, target.open("wb") as out:
            while block := source.read(2**20):
                total += len(block)
                if total > limit:
                    raise Refused("archive-bomb", "The gzip stream grows far past its size: it was stopped")
                out.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Refused("nifti-damaged", "The gzip stream is cut or damaged") from error
    return target


def write_labelmap(path: Path, labelmap: Labelmap) -> GeometryReceipt:
    """Write a labelmap as NIfTI, read it back and compare.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.
    labelmap : Labelmap
        uint8 or uint16; its affine is LPS mm. Without one, sform and qform codes are 0.

    Returns
    -------
    GeometryReceipt

    Raises
    ------
    BrokenFile
        If what is read back differs in a voxel or a place.

    Notes
    -----
    sform code 1 (scanner). A sheared grid cannot be a qform: its code is 0 then.
    """
    header = Nifti1Header()
    header.set_data_dtype(labelmap.labels.dtype)
    ras = None if labelmap.affine is None else LPS_FROM_RAS @ labelmap.affine
    image = nib.Nifti1Image(labelmap.labels.transpose(2, 1, 0), ras, header)
    image.header.set_xyzt_units("mm" if ras is not None else "unknown")
    image.header["descrip"] = NOTICE
    if ras is not None and labelmap.affine is not None:
        image.set_sform(ras, SCANNER)
        image.set_qform(ras, NO_PLACE if is_sheared(labelmap.affine) else SCANNER, strip_shears=True)
    nib.save(image, path)
    again = read_labelmap(path)
    receipt = compare(labelmap.labels, again.labels, affine=labelmap.affine, read_affine=again.affine)
    if not receipt.is_clean:
        raise BrokenFile("the NIfTI file that was written does not give back its labels and places")
    return receipt


def read_labelmap(path: Path) -> Labelmap:
    """Return the labels of a 3-D NIfTI (plain or gzipped) of whole numbers, with their affine in LPS mm.

    Raises
    ------
    Refused
        `not-labels` when it has another shape or type.
    """
    opener = gzip.open if _is_gzip(path) else open
    with cast("BinaryIO", opener(path, "rb")) as stream:
        header = _read_header(stream)
        shape, steps = _shape(header)
        dtype = header.get_data_dtype()
        if steps != 1 or dtype.kind != "u" or dtype.itemsize > 2:
            raise Refused("not-labels", "A label map has three axes and whole numbers from 0 to 65,535")
        stream.seek(int(header.get_data_offset()))
        raw = stream.read(math.prod(shape) * dtype.itemsize)
    require_present(shape[2], shape[1], needed=math.prod(shape) * dtype.itemsize, present=len(raw))
    stored = np.frombuffer(raw, dtype=dtype).reshape(shape)
    labels: LabelArray = stored.astype(np.uint8) if dtype.itemsize == 1 else stored.astype(np.uint16)
    return Labelmap(labels, read_place(header, shape).affine)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _read_header(stream: BinaryIO) -> Nifti1Header:
    size = stream.read(4)
    stream.seek(0)
    version_2 = 540 in (int.from_bytes(size, "little"), int.from_bytes(size, "big"))
    kind = Nifti2Header if version_2 else Nifti1Header
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header: Nifti1Header = kind.from_fileobj(stream, check=False)
    except HEADER_ERRORS as error:
        raise Refused("nifti-damaged", "The NIfTI header is damaged and cannot be read") from error
    return header


def _shape(header: Nifti1Header) -> tuple[tuple[int, int, int], int]:
    dims = [int(value) for value in header["dim"]]
    if not 1 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1:
        raise Refused("nifti-shape", "The axes of the file are not numbers above 0")
    columns, rows, slices, steps, *others = [*dims[1 : dims[0] + 1], 1, 1, 1, 1][:7]
    if any(length > 1 for length in others[: max(dims[0] - 4, 0)]):
        raise Refused("nifti-shape", "The file has more than four axes: vectors and tensors are not images to label")
    if steps > MAX_STEPS:
        raise Refused("nifti-shape", f"The fourth axis has {steps:,} steps; {MAX_STEPS} are taken")
    return (slices, rows, columns), steps


def _stored_type(header: Nifti1Header, notes: list[str]) -> tuple[str, int]:
    code = int(header["datatype"])
    order = header.endianness
    if code in (RGB, RGBA):
        if code == RGBA:
            notes.append("Transparency was dropped")
        return "uint8", 3 if code == RGB else 4
    try:
        dtype = header.get_data_dtype()
    except HEADER_ERRORS as error:
        raise Refused("unsupported-pixels", "The voxels are of a type that is not known") from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise Refused("unsupported-pixels", "Complex or extended voxels are not images to label")
    return dtype.newbyteorder(order).str, 1


def _scale(header: Nifti1Header, notes: list[str]) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or (math.isnan(slope) and math.isnan(intercept)):
        return 1.0, 0.0
    if not math.isfinite(slope) or not math.isfinite(intercept):
        notes.append("The scale of the values is not a number: values are shown as stored")
        return 1.0, 0.0
    return slope, intercept


def _mapped(file: NiftiFile) -> Voxels:
    shape = (file.steps, *file.shape) + ((file.channels,) if file.channels > 1 else ())
    mapped: Voxels = np.memmap(file.path, dtype=file.stored_dtype, mode="r", offset=file.offset, shape=shape)
    return mapped


def _with_kept_type(file: NiftiFile) -> NiftiFile:
    """Name the type that is kept: the stored one where the pixel file has it, else the smallest that holds all."""
    kept, notes = kept_type(np.dtype(file.stored_dtype), lambda: _extent(file))
    return replace(file, dtype=kept, notes=(*file.notes, *notes))


def _extent(file: NiftiFile) -> tuple[int, int]:
    voxels = _mapped(file)
    lows, highs = zip(*((int(plane.min()), int(plane.max())) for step in voxels for plane in step), strict=True)
    return min(lows), max(highs)

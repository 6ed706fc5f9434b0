"""Where a NIfTI volume lies: sform, qform or voxel size alone, turned from RAS to LPS."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from maskloop.formats.errors import Refused
from maskloop.formats.limits import NARROW_SPACE
from maskloop.imaging.affine import MAX_SPACING_MM, MIN_SPACING_MM, check_affine, is_sheared, spacing_of
from maskloop.imaging.errors import GeometryError

LPS_FROM_RAS: Final = np.diag([-1.0, -1.0, 1.0, 1.0])
NO_PLACE: Final = 0
SCANNER: Final = 1
AGREE_MM: Final = 0.1
MM_PER_UNIT: Final = {1: 1000.0, 2: 1.0, 3: 0.001}  # metre, millimetre, micrometre; unknown is taken as millimetre


@dataclass(frozen=True)
class Place:
    """Affine (LPS mm) and spacing, or spacing alone, or neither; and what is to be said."""

    affine: NDArray[np.float64] | None
    spacing: tuple[float, float, float] | None
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def read_place(header: Nifti1Header, shape: tuple[int, int, int]) -> Place:
    """Return where the voxels lie.

    Parameters
    ----------
    header : Nifti1Header
    shape : (K, J, I)
        For comparing sform and qform at the corners.

    Returns
    -------
    Place

    Raises
    ------
    Refused
        `bad-geometry` when the transform that counts is not finite or degenerate.

    Notes
    -----
    The sform counts where its code is above 0, else the qform, else voxel sizes alone ("method 3, 2, 1" of the
    standard): then nothing says how the patient lies, and no affine is made up.
    """
    scale = MM_PER_UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    sform = _scaled(header.get_sform(), scale) if int(header["sform_code"]) > 0 else None
    qform = _scaled(_qform(header), scale) if int(header["qform_code"]) > 0 else None
    notes: list[str] = []
    if sform is None and qform is None:
        spacing = _pixel_sizes(header, scale)
        note = "The file does not say how the patient lies (sform and qform codes are 0): only the voxel size is used"
        return Place(None, spacing, (note,))
    if sform is not None and qform is not None:
        notes += _disagreement(sform, qform, shape)
    chosen = sform if sform is not None else qform
    try:
        with np.errstate(invalid="ignore"):  # the gate says it in words
            affine = check_affine(LPS_FROM_RAS @ np.asarray(chosen, dtype=np.float64))
    except GeometryError as error:
        name = "sform" if sform is not None else "qform"
        raise Refused("bad-geometry", f"The {name} of the file is not usable: {error.detail}") from error
    si, sj, sk = (float(value) for value in spacing_of(affine))
    facts = ["Place from the sform" if sform is not None else "Place from the qform"]
    if is_sheared(affine):
        facts.append("The grid is sheared and kept so")
    return Place(affine, (si, sj, sk), tuple(notes), tuple(facts))


def _scaled(ras: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = np.array(ras, dtype=np.float64)
    scaled[:3] *= scale
    return scaled


def _qform(header: Nifti1Header) -> NDArray[np.float64]:
    try:
        return np.asarray(header.get_qform(), dtype=np.float64)
    except (ValueError, HeaderDataError):
        return np.full((4, 4), np.nan)


def _disagreement(sform: NDArray[np.float64], qform: NDArray[np.float64], shape: tuple[int, int, int]) -> list[str]:
    slices, rows, columns = shape
    corners = np.array(np.meshgrid((0, columns - 1), (0, rows - 1), (0, slices - 1))).reshape(3, -1)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = (sform - qform) @ np.vstack([corners, np.ones(corners.shape[1])])
        off = float(np.linalg.norm(difference[:3], axis=0).max())
    if off <= AGREE_MM:
        return []
    said = f"by up to {off:.1f}{NARROW_SPACE}mm" if np.isfinite(off) else "and one of them is not usable"
    return [f"The two places in the file, sform and qform, differ {said}. The sform was taken"]


def _pixel_sizes(header: Nifti1Header, scale: float) -> tuple[float, float, float] | None:
    sizes = [abs(float(value)) * scale for value in header["pixdim"][1:4]]
    if not all(np.isfinite(sizes)) or min(sizes) < MIN_SPACING_MM or max(sizes) > MAX_SPACING_MM:
        return None
    return sizes[0], sizes[1], sizes[2]

"""A range of values, opened and closed, and what to keep of its islands; planes and volumes."""

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging import postprocess
from maskloop.imaging.methods.otsu import cleaned, otsu_threshold
from maskloop.imaging.postprocess import UNIT_SPACING, Labels, Spacing


def segment_threshold(
    voxels: NDArray[np.number],
    *,
    spacing: Spacing = UNIT_SPACING,
    lower: float | None = None,
    upper: float | None = None,
    opening_mm: float = 0.0,
    closing_mm: float = 0.0,
    min_diameter_mm: float = 0.0,
    largest_only: bool = False,
    fill: bool = False,
) -> Labels:
    """Return a labelmap with 1 where the value lies from `lower` to `upper`, both included.

    Parameters
    ----------
    voxels : (K, J, I) array, modality units
        One plane is (1, J, I).
    spacing : (3,) floats, mm, in i, j, k order
        (1, 1, 1) where the image has no physical size: millimetres are then pixels.
    lower, upper : float or None, modality units
        No upper bound is none; where both are missing, `lower` is Otsu's threshold.
    opening_mm, closing_mm : float, mm
        Radius of an opening, then of a closing.
    min_diameter_mm : float, mm
        Islands smaller than a ball (a disc in one plane) of this diameter are dropped.
    largest_only, fill : bool
        Keep the largest island; fill holes, slice by slice.

    Returns
    -------
    (K, J, I) uint16 array
    """
    if lower is None and upper is None:
        lower = np.nextafter(otsu_threshold(voxels), np.inf)
    mask = np.ones(voxels.shape, dtype=np.bool_)
    if lower is not None:
        mask &= voxels >= lower
    if upper is not None:
        mask &= voxels <= upper
    mask = postprocess.opening(mask, radius_mm=opening_mm, spacing=spacing)
    mask = postprocess.closing(mask, radius_mm=closing_mm, spacing=spacing)
    return cleaned(mask, spacing=spacing, min_diameter_mm=min_diameter_mm, largest_only=largest_only, fill=fill)

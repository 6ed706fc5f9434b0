"""Touching things told apart by a watershed of the distance to their border; planes and volumes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from maskloop.imaging import postprocess
from maskloop.imaging.methods.otsu import otsu_threshold, smoothed
from maskloop.imaging.postprocess import UNIT_SPACING, Labels, Mask, Spacing

Objects = Literal["auto", "bright", "dark"]
MAX_INSTANCES = 65_535
SMALLEST_SHARE = 0.3  # of the typical diameter: what is smaller is noise
LARGEST_MARKER_REACH = 0.35  # of the typical diameter: two centres are further apart
DISTANCE_SMOOTHING = 0.06  # of the typical diameter: a ragged border gives no extra centre


def segment_watershed(
    voxels: NDArray[np.number],
    *,
    spacing: Spacing = UNIT_SPACING,
    objects: Objects = "auto",
    diameter_mm: float | None = None,
    smoothing_mm: float = 1.0,
    fill: bool = True,
) -> Labels:
    """Return a labelmap of instances, 1..n: Otsu's foreground cut where two distances to the border meet.

    Parameters
    ----------
    voxels : (K, J, I) array, modality units
        One plane is (1, J, I).
    spacing : (3,) floats, mm, in i, j, k order
        (1, 1, 1) where the image has no physical size: millimetres are then pixels.
    objects : "auto", "bright" or "dark"
        "auto" takes the side of the threshold that covers less of the image.
    diameter_mm : float or None, mm
        Typical diameter of one object. None: estimated from the foreground.
    smoothing_mm : float, mm
        Standard deviation of a Gaussian before the threshold.
    fill : bool
        Fill holes, slice by slice.

    Returns
    -------
    (K, J, I) uint16 array

    Raises
    ------
    TooManyInstances
        If there are more than 65,535 objects.
    """
    values = smoothed(voxels, spacing=spacing, sigma_mm=smoothing_mm)
    foreground = _foreground(values, objects)
    if fill:
        foreground = postprocess.fill_holes(foreground, in_plane=True)
    distance = postprocess.distance_inside(foreground, spacing)
    if not foreground.any() or not np.isfinite(distance).all():
        return np.zeros(voxels.shape, dtype=np.uint16)
    diameter = diameter_mm or typical_diameter(foreground, distance)
    least = postprocess.ball_voxels(SMALLEST_SHARE * diameter, spacing, planar=voxels.shape[0] == 1)
    foreground = postprocess.remove_small(foreground, min_voxels=least)
    markers = _markers(distance * foreground, diameter_mm=diameter, spacing=spacing)
    split = np.asarray(watershed(-distance, markers, mask=foreground), dtype=np.int32)  # type: ignore[no-untyped-call]
    labels, _ = postprocess.compact(split)
    return postprocess.compact(postprocess.remove_small_instances(labels, min_voxels=least))[0]


def _foreground(values: NDArray[np.number], objects: Objects) -> Mask:
    bright = values > otsu_threshold(values)
    if objects == "auto":
        objects = "bright" if bright.mean() <= 0.5 else "dark"
    return bright if objects == "bright" else ~bright


def typical_diameter(foreground: Mask, distance: NDArray[np.float32]) -> float:
    """Return the diameter in mm of the typical object of a mask: twice the median of the islands' largest inner radii.

    Parameters
    ----------
    foreground : (K, J, I) bool array
    distance : (K, J, I) float array, mm
        Distance to the background.

    Notes
    -----
    The median is weighted by area, so specks have no say.
    """
    found, sizes = postprocess.islands(foreground)
    radii = np.asarray(ndimage.maximum(distance, found, index=np.arange(1, sizes.size)))
    order = np.argsort(radii)
    weight = np.cumsum(sizes[1:][order])
    return 2.0 * float(radii[order][np.searchsorted(weight, weight[-1] / 2)])


def _markers(distance: NDArray[np.float32], *, diameter_mm: float, spacing: Spacing) -> NDArray[np.int32]:
    """Return numbered centres: the places that lie deepest within the reach of one object."""
    smooth = smoothed(distance, spacing=spacing, sigma_mm=DISTANCE_SMOOTHING * diameter_mm)
    reach = LARGEST_MARKER_REACH * diameter_mm
    si, sj, sk = spacing
    size = [2 * max(1, round(reach / step)) + 1 for step in (sk, sj, si)]
    if distance.shape[0] == 1:
        size[0] = 1
    highest = ndimage.maximum_filter(smooth, size=size, mode="constant")
    numbered, count = ndimage.label((smooth == highest) & (distance > 0), structure=np.ones((3, 3, 3)))
    if count > MAX_INSTANCES:
        raise postprocess.TooManyInstances(f"{count:,} objects do not fit a labelmap of 65,535 numbers")
    return np.asarray(numbered, dtype=np.int32)

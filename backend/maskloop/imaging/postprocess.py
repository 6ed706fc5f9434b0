"""Clean-up of masks and labelmaps: islands, holes, opening and closing, all in physical lengths."""

import math
from typing import Final, Literal

import cc3d
import edt
import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.errors import ImagingError

Mask = NDArray[np.bool_]
Labels = NDArray[np.uint16]
Spacing = tuple[float, float, float]
UNIT_SPACING: Spacing = (1.0, 1.0, 1.0)
FULL_CONNECTIVITY: Final = 26
FACE_CONNECTIVITY: Final = 6
PLANE_CONNECTIVITY: Final = 4


class TooManyInstances(ImagingError):
    """More things than a 16-bit labelmap has numbers."""

    code = "too-many-instances"


def ball_voxels(diameter_mm: float, spacing: Spacing, *, planar: bool) -> float:
    """Return how many voxels a ball of this diameter holds, or a disc where the image is one plane.

    Parameters
    ----------
    diameter_mm : float, mm
    spacing : (3,) floats, mm, in i, j, k order
    planar : bool
        True for one slice: the area counts, and the distance between slices has no say.
    """
    si, sj, sk = spacing
    if planar:
        return math.pi / 4 * diameter_mm**2 / (si * sj)
    return math.pi / 6 * diameter_mm**3 / (si * sj * sk)


def islands(mask: Mask) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the connected parts of a mask, numbered from 1, and their sizes with the background's first.

    Parameters
    ----------
    mask : (K, J, I) bool array

    Notes
    -----
    Voxels that touch by a corner belong together (26 neighbours, 8 in a plane).
    """
    found = _components(mask, FULL_CONNECTIVITY)
    return found, np.bincount(found.ravel())


def _components(mask: Mask, connectivity: Literal[4, 6, 26]) -> NDArray[np.uint32]:
    numbered = cc3d.connected_components(
        np.ascontiguousarray(mask), connectivity=connectivity, return_N=False, out_dtype=np.uint32, binary_image=True
    )
    return np.asarray(numbered, dtype=np.uint32)


def keep_largest(mask: Mask, *, count: int = 1) -> Mask:
    """Return a mask with only its `count` largest islands.

    Parameters
    ----------
    mask : (K, J, I) bool array
    count : int
        How many to keep, at least 1.
    """
    found, sizes = islands(mask)
    if sizes.size <= count + 1:
        return mask
    sizes[0] = 0
    kept = np.zeros(sizes.size, dtype=np.bool_)
    kept[np.argsort(sizes, kind="stable")[-count:]] = True
    return kept[found]


def remove_small(mask: Mask, *, min_voxels: float) -> Mask:
    """Return a mask without the islands that have fewer than `min_voxels` voxels.

    Parameters
    ----------
    mask : (K, J, I) bool array
    min_voxels : float
        Islands of this size stay.
    """
    if min_voxels <= 1:
        return mask
    found, sizes = islands(mask)
    kept = sizes >= min_voxels
    kept[0] = False
    return kept[found]


def remove_small_instances(labels: Labels, *, min_voxels: float) -> Labels:
    """Return a labelmap of instances without those of fewer than `min_voxels` voxels; numbers stay.

    Parameters
    ----------
    labels : (K, J, I) uint16 array
    min_voxels : float
    """
    sizes = np.bincount(labels.ravel())
    table = np.arange(sizes.size, dtype=np.uint16)
    table[sizes < min_voxels] = 0
    return table[labels]


def fill_holes(mask: Mask, *, in_plane: bool = False) -> Mask:
    """Return a mask with its holes filled: background that reaches no border of the image.

    Parameters
    ----------
    mask : (K, J, I) bool array
    in_plane : bool
        Look at each slice alone. A tube that runs through the volume is a hole in each slice only.
    """
    if in_plane or mask.shape[0] == 1:
        return np.stack([_fill_plane(plane) for plane in mask])
    background = _components(~mask, FACE_CONNECTIVITY)
    faces = [background[[0, -1]], background[:, [0, -1]], background[:, :, [0, -1]]]
    return _fill_enclosed(mask, background, np.concatenate([face.ravel() for face in faces]))


def _fill_plane(plane: Mask) -> Mask:
    background = _components(~plane, PLANE_CONNECTIVITY)
    edges = [background[[0, -1]], background[:, [0, -1]]]
    return _fill_enclosed(plane, background, np.concatenate([edge.ravel() for edge in edges]))


def _fill_enclosed(mask: Mask, background: NDArray[np.uint32], at_border: NDArray[np.uint32]) -> Mask:
    enclosed = np.ones(int(background.max(initial=0)) + 1, dtype=np.bool_)
    enclosed[at_border] = False
    enclosed[0] = False
    return mask | enclosed[background]


def erode(mask: Mask, *, radius_mm: float, spacing: Spacing = UNIT_SPACING) -> Mask:
    """Return the voxels that lie further than `radius_mm` from the background.

    Parameters
    ----------
    mask : (K, J, I) bool array
    radius_mm : float, mm
    spacing : (3,) floats, mm, in i, j, k order

    Notes
    -----
    The edge of the image is no background: a body that the field of view cuts off is not eroded there.
    """
    return distance_inside(mask, spacing) > radius_mm


def dilate(mask: Mask, *, radius_mm: float, spacing: Spacing = UNIT_SPACING) -> Mask:
    """Return the voxels that lie within `radius_mm` of the mask.

    Parameters
    ----------
    mask : (K, J, I) bool array
    radius_mm : float, mm
    spacing : (3,) floats, mm, in i, j, k order
    """
    if not mask.any():
        return mask
    return distance_inside(~mask, spacing) <= radius_mm


def opening(mask: Mask, *, radius_mm: float, spacing: Spacing = UNIT_SPACING) -> Mask:
    """Return a mask without what is thinner than twice the radius: spurs, bridges, specks.

    Parameters
    ----------
    mask : (K, J, I) bool array
    radius_mm : float, mm
        Zero or less leaves the mask as it is.
    spacing : (3,) floats, mm, in i, j, k order
    """
    if radius_mm <= 0:
        return mask
    return dilate(erode(mask, radius_mm=radius_mm, spacing=spacing), radius_mm=radius_mm, spacing=spacing)


def closing(mask: Mask, *, radius_mm: float, spacing: Spacing = UNIT_SPACING) -> Mask:
    """Return a mask with gaps and dents closed that are narrower than twice the radius.

    Parameters
    ----------
    mask : (K, J, I) bool array
    radius_mm : float, mm
        Zero or less leaves the mask as it is.
    spacing : (3,) floats, mm, in i, j, k order
    """
    if radius_mm <= 0:
        return mask
    return erode(dilate(mask, radius_mm=radius_mm, spacing=spacing), radius_mm=radius_mm, spacing=spacing)


def distance_inside(mask: Mask, spacing: Spacing = UNIT_SPACING) -> NDArray[np.float32]:
    """Return each voxel's distance in mm to the nearest background voxel; 0 in the background, infinite without one.

    Parameters
    ----------
    mask : (K, J, I) bool array
    spacing : (3,) floats, mm, in i, j, k order
    """
    if mask.all():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    si, sj, sk = spacing
    if mask.shape[0] == 1:
        plane = edt.edt(np.ascontiguousarray(mask[0]), anisotropy=(sj, si), black_border=False, parallel=1)
        return np.asarray(plane, dtype=np.float32)[np.newaxis]
    volume = edt.edt(np.ascontiguousarray(mask), anisotropy=(sk, sj, si), black_border=False, parallel=1)
    return np.asarray(volume, dtype=np.float32)


def compact(labels: NDArray[np.integer]) -> tuple[Labels, int]:
    """Return the labelmap with its numbers made gapless from 1 in ascending order, and how many there are.

    Parameters
    ----------
    labels : (K, J, I) integer array, none negative

    Raises
    ------
    TooManyInstances
        If there are more than 65,535.
    """
    present = np.flatnonzero(np.bincount(labels.ravel())) if labels.size else np.empty(0, dtype=np.int64)
    present = present[present > 0]
    if present.size > np.iinfo(np.uint16).max:
        raise TooManyInstances(f"{present.size:,} instances do not fit a labelmap of 65,535 numbers")
    table = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.uint16)
    table[present] = np.arange(1, present.size + 1, dtype=np.uint16)
    return table[labels], int(present.size)

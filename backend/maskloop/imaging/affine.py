"""Voxel indices to patient coordinates and back: full affines, a constant shear (gantry tilt) included."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskloop.imaging.errors import GeometryError

COSINE_TOLERANCE: Final = 1e-4  # DICOM writers round direction cosines to about 6 digits
MIN_SPACING_MM: Final = 1e-6  # finer than electron microscopy
MAX_SPACING_MM: Final = 1e4
MAX_COORDINATE_MM: Final = 1e6
MIN_AXES_VOLUME: Final = 1e-3  # determinant of the unit axes: 0 when two of them are parallel


def affine_from_plane(
    position: ArrayLike, orientation: ArrayLike, *, pixel_spacing: ArrayLike, slice_step: ArrayLike
) -> NDArray[np.float64]:
    """Return the affine that takes voxel indices to patient coordinates.

    Parameters
    ----------
    position : (3,) array_like, mm
        Image Position (Patient) of the first slice: the centre of voxel (0, 0, 0).
    orientation : (6,) array_like
        Image Orientation (Patient): direction cosines of a row, then of a column.
    pixel_spacing : (2,) array_like, mm
        Pixel Spacing: distance between rows first, then between columns.
    slice_step : (3,) array_like, mm
        Position of slice k + 1 minus position of slice k. Not along the normal when the gantry
        was tilted: the grid is then sheared, and that is valid.

    Returns
    -------
    (4, 4) float64 array
        Takes ``(i, j, k, 1)`` to ``(x, y, z, 1)`` in LPS mm.

    Raises
    ------
    GeometryError
        If the direction cosines are not orthonormal, the step lies in the plane, or a number fails `check_affine`.

    Notes
    -----
    DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, with the slice step as third column.
    """
    row, column = np.asarray(orientation, dtype=float).reshape(2, 3)
    between_rows, between_columns = np.asarray(pixel_spacing, dtype=float)
    plane = np.column_stack([row, column])
    if not np.allclose(plane.T @ plane, np.eye(2), atol=COSINE_TOLERANCE):
        raise GeometryError(f"direction cosines are not orthonormal: {orientation!r}")
    if not abs(np.dot(np.cross(row, column), np.asarray(slice_step, dtype=float))) > MIN_SPACING_MM:
        raise GeometryError(f"slice step lies in the plane: {slice_step!r}")

    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([row * between_columns, column * between_rows, np.asarray(slice_step)])
    affine[:3, 3] = position
    return check_affine(affine)


def check_affine(affine: ArrayLike) -> NDArray[np.float64]:
    """Return the affine as float64 if it passes the one gate that every geometry goes through.

    Parameters
    ----------
    affine : (4, 4) array_like, mm
        Takes voxel indices to LPS.

    Returns
    -------
    (4, 4) float64 array

    Raises
    ------
    GeometryError
        If it has another shape, is not finite, its last row is not (0, 0, 0, 1), a spacing or coordinate is out of
        range, or its axes do not span space.
    """
    checked = np.array(affine, dtype=np.float64)
    if checked.shape != (4, 4):
        raise GeometryError(f"an affine is 4 x 4, not {checked.shape}")
    if not np.isfinite(checked).all():
        raise GeometryError("the affine holds a value that is not a finite number")
    if not np.array_equal(checked[3], (0.0, 0.0, 0.0, 1.0)):
        raise GeometryError(f"the last row of the affine is {checked[3].tolist()}, not 0 0 0 1")
    spacing = spacing_of(checked)
    if spacing.min() < MIN_SPACING_MM or spacing.max() > MAX_SPACING_MM:
        raise GeometryError(f"spacing {spacing.tolist()} mm is outside {MIN_SPACING_MM} to {MAX_SPACING_MM} mm")
    if np.abs(checked[:3, 3]).max() > MAX_COORDINATE_MM:
        raise GeometryError(f"position {checked[:3, 3].tolist()} mm is farther than {MAX_COORDINATE_MM} mm")
    if abs(np.linalg.det(checked[:3, :3] / spacing)) < MIN_AXES_VOLUME:
        raise GeometryError("two axes of the affine are parallel, so it spans no volume")
    return checked


def spacing_of(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (3,) distance in mm between neighbouring voxel centres along i, j and k.

    Along k this is the length of the true slice step; with a tilted gantry it is longer than the distance
    between the slice planes.
    """
    spacing: NDArray[np.float64] = np.linalg.norm(affine[:3, :3], axis=0)
    return spacing


def directions_of(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (3, 3) unit vectors of the i, j and k axes as columns, in LPS."""
    directions: NDArray[np.float64] = affine[:3, :3] / spacing_of(affine)
    return directions


def voxel_volume_mm3(affine: NDArray[np.float64]) -> float:
    """Return the volume of one voxel in mm3: the determinant, which a shear leaves right."""
    return float(abs(np.linalg.det(affine[:3, :3])))


def is_sheared(affine: NDArray[np.float64], *, tolerance: float = COSINE_TOLERANCE) -> bool:
    """Return whether the axes are not at right angles, as with a tilted gantry."""
    directions = directions_of(affine)
    return not np.allclose(directions.T @ directions, np.eye(3), atol=tolerance)


def tilt_deg(affine: NDArray[np.float64]) -> float:
    """Return the angle in degrees between the slice step and the normal of the slices: the gantry tilt."""
    directions = directions_of(affine)
    normal = np.cross(directions[:, 0], directions[:, 1])
    cosine = abs(float(normal @ directions[:, 2])) / float(np.linalg.norm(normal))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def patient_from_voxel(affine: NDArray[np.float64], points_voxel: ArrayLike) -> NDArray[np.float64]:
    """Return points in LPS mm.

    Parameters
    ----------
    affine : (4, 4) float64 array
        Voxel to LPS mm.
    points_voxel : (..., 3) array_like, voxel
        In ``(i, j, k)`` order; voxel centres are at integers.

    Returns
    -------
    (..., 3) float64 array, mm, LPS
    """
    points = np.asarray(points_voxel, dtype=np.float64)
    patient: NDArray[np.float64] = points @ affine[:3, :3].T + affine[:3, 3]
    return patient


def voxel_from_patient(affine: NDArray[np.float64], points_patient: ArrayLike) -> NDArray[np.float64]:
    """Return points in voxel coordinates, ``(i, j, k)`` order, not rounded.

    Parameters
    ----------
    affine : (4, 4) float64 array
        Voxel to LPS mm.
    points_patient : (..., 3) array_like, mm, LPS

    Returns
    -------
    (..., 3) float64 array, voxel
    """
    offsets = np.asarray(points_patient, dtype=np.float64) - affine[:3, 3]
    solved = np.linalg.solve(affine[:3, :3], offsets[..., None])
    return np.asarray(solved[..., 0], dtype=np.float64)

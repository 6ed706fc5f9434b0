"""Where voxels lie: spacing order, shear, the gate, and the way back."""

import numpy as np
import pytest

from maskloop.imaging.affine import (
    affine_from_plane,
    check_affine,
    is_sheared,
    patient_from_voxel,
    spacing_of,
    tilt_deg,
    voxel_from_patient,
    voxel_volume_mm3,
)
from maskloop.imaging.errors import GeometryError
from tests.phantoms import axial_affine, tilted_affine

AXIAL = (1, 0, 0, 0, 1, 0)


def test_pixel_spacing_is_rows_then_columns():
    affine = affine_from_plane((-10, 20, 5), AXIAL, pixel_spacing=(2.0, 0.5), slice_step=(0, 0, 3))

    one_column_right = affine @ (1, 0, 0, 1)
    one_row_down = affine @ (0, 1, 0, 1)

    np.testing.assert_allclose(one_column_right[:3], (-9.5, 20, 5))
    np.testing.assert_allclose(one_row_down[:3], (-10, 22, 5))


def test_a_tilted_gantry_is_a_valid_grid_with_its_true_step():
    tilted = (1, 0, 0, 0, np.cos(0.3), -np.sin(0.3))

    affine = affine_from_plane((0, 0, 0), tilted, pixel_spacing=(0.5, 0.5), slice_step=(0, 0, 2.5))

    np.testing.assert_allclose(affine[:3, 2], (0, 0, 2.5))
    assert is_sheared(affine)
    assert tilt_deg(affine) == pytest.approx(np.degrees(0.3))


def test_shear_leaves_the_volume_of_a_voxel_right():
    affine = tilted_affine(30.0, (1.0, 1.0, 2.0))

    assert voxel_volume_mm3(affine) == pytest.approx(2.0 * np.cos(np.radians(30)))
    np.testing.assert_allclose(spacing_of(affine), (1, 1, 2))


def test_voxel_and_patient_points_go_there_and_back():
    points = np.random.default_rng(3).uniform(-20, 200, (50, 3))

    there = patient_from_voxel(tilted_affine(), points)

    np.testing.assert_allclose(voxel_from_patient(tilted_affine(), there), points, atol=1e-9)


def test_patient_points_are_those_of_the_affine():
    assert patient_from_voxel(axial_affine(), (1, 2, 3)).tolist() == [-39.5, -58.5, 109.0]


@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 1, 0, 0), (1, 0, 0, 0, 0.9, 0), (0, 0, 0, 0, 0, 0), (np.nan, 0, 0, 0, 1, 0)]
)
def test_directions_that_are_no_directions_are_refused(orientation):
    with pytest.raises(GeometryError, match="orthonormal"):
        affine_from_plane((0, 0, 0), orientation, pixel_spacing=(1, 1), slice_step=(0, 0, 1))


@pytest.mark.parametrize("step", [(1, 0, 0), (0, 0, 0), (np.nan, 0, 1)])
def test_a_step_in_the_plane_is_refused(step):
    with pytest.raises(GeometryError, match="in the plane"):
        affine_from_plane((0, 0, 0), AXIAL, pixel_spacing=(1, 1), slice_step=step)


@pytest.mark.parametrize(
    "affine",
    [
        np.eye(3),
        np.full((4, 4), np.nan),
        np.diag([1, 1, np.inf, 1]),
        np.diag([1, 0, 1, 1]),
        np.diag([1, 1, 1e9, 1]),
        np.diag([1, 1, 1, 2]),
        [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[1, 0, 0, 1e12], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    ],
)
def test_the_gate_stops_what_is_no_geometry(affine):
    with pytest.raises(GeometryError):
        check_affine(affine)


def test_the_gate_lets_a_mirrored_grid_through():
    mirrored = np.diag([-1.0, 1.0, 1.0, 1.0])

    np.testing.assert_array_equal(check_affine(mirrored), mirrored)

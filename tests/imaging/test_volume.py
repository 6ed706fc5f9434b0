"""Rescale per slice, the type of modality units, and what a volume may be."""

import numpy as np
import pytest

from maskloop.imaging.errors import GeometryError, ShapeError
from maskloop.imaging.volume import Rescale, Volume, bounding_box
from tests.phantoms import axial_affine


def test_hounsfield_units_stay_whole_numbers():
    stored = np.array([[[0, 1024, 4095]]], dtype=np.uint16)

    units = Rescale((1.0,), (-1024.0,)).apply(stored)

    assert units.dtype == np.int16
    assert units.tolist() == [[[-1024, 0, 3071]]]


def test_each_slice_has_its_own_slope():
    stored = np.full((2, 1, 1), 10, dtype=np.int16)

    units = Rescale((0.5, 2.0), (0.0, 1.0)).apply(stored)

    assert units.dtype == np.float32
    assert units.ravel().tolist() == [5.0, 21.0]


def test_values_that_do_not_fit_16_bits_become_float():
    stored = np.array([[[0, 65535]]], dtype=np.uint16)

    assert Rescale((1.0,), (-1024.0,)).apply(stored).ravel().tolist() == [-1024.0, 64511.0]


def test_stored_units_are_not_copied():
    stored = np.zeros((1, 2, 2), dtype=np.uint16)

    assert Rescale().apply(stored) is stored


NONSENSE = [((0.0,), (0.0,)), ((np.nan,), (0.0,)), ((1.0, 2.0), (0.0,)), ((), ())]


@pytest.mark.parametrize(("slope", "intercept"), NONSENSE)
def test_a_rescale_of_nonsense_is_refused(slope, intercept):
    with pytest.raises(ShapeError):
        Rescale(slope, intercept)


def test_a_rescale_for_another_number_of_slices_is_refused():
    with pytest.raises(ShapeError, match="2 slopes for 3 slices"):
        Rescale((1.0, 2.0), (0.0, 0.0)).apply(np.ones((3, 1, 1), dtype=np.int16))


def test_a_volume_knows_grid_colour_and_spacing():
    volume = Volume(np.zeros((4, 5, 6, 3), dtype=np.uint8), axial_affine((1, 2, 3)))

    assert (volume.shape, volume.channels) == ((4, 5, 6), 3)
    np.testing.assert_allclose(volume.spacing, (1, 2, 3))


def test_a_volume_does_not_take_a_broken_affine():
    with pytest.raises(GeometryError):
        Volume(np.zeros((1, 2, 2), dtype=np.int16), np.zeros((4, 4)))


def test_the_bounding_box_holds_all_and_nothing_more():
    mask = np.zeros((5, 6, 7), dtype=bool)
    mask[1, 2, 3] = mask[3, 2, 6] = True

    assert bounding_box(mask) == (slice(1, 4), slice(2, 3), slice(3, 7))
    assert bounding_box(np.zeros((2, 2, 2), dtype=bool)) is None

"""Islands, holes, opening and closing: known answers and invariants, in millimetres on anisotropic grids."""

import math

import numpy as np
import pytest
from scipy import ndimage

from maskloop.imaging import postprocess

RANDOM = np.random.default_rng(2)
ANISOTROPIC = (0.5, 0.8, 2.5)


def noise(density: float, shape: tuple[int, int, int] = (6, 30, 30)) -> np.ndarray:
    return RANDOM.random(shape) < density


def test_keep_largest_keeps_the_largest() -> None:
    mask = np.zeros((3, 20, 20), bool)
    mask[1, 2:10, 2:10] = True
    mask[1, 15:18, 15:18] = True
    mask[0, 0, 19] = True

    assert postprocess.keep_largest(mask).sum() == 64
    assert postprocess.keep_largest(mask, count=2).sum() == 73
    assert postprocess.keep_largest(mask, count=9).sum() == 74


def test_islands_touch_by_corners() -> None:
    mask = np.zeros((2, 4, 4), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[0, 3, 3] = True

    _, sizes = postprocess.islands(mask)

    assert sizes.tolist() == [29, 2, 1]


def test_islands_agree_with_scipy() -> None:
    mask = noise(0.15)
    _, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))

    found, sizes = postprocess.islands(mask)

    assert found.max() == count
    assert sizes[1:].sum() == mask.sum()


def test_remove_small_keeps_the_size_that_is_named() -> None:
    mask = np.zeros((1, 10, 30), bool)
    mask[0, 2, 2:6] = True
    mask[0, 2, 10:13] = True

    assert postprocess.remove_small(mask, min_voxels=4).sum() == 4
    assert postprocess.remove_small(mask, min_voxels=3).sum() == 7


def test_a_tube_is_a_hole_in_each_slice_but_not_in_the_volume() -> None:
    mask = np.zeros((5, 12, 12), bool)
    mask[:, 2:10, 2:10] = True
    mask[:, 5:7, 5:7] = False

    assert postprocess.fill_holes(mask).sum() == mask.sum()
    assert postprocess.fill_holes(mask, in_plane=True).sum() == 5 * 64


def test_fill_holes_agrees_with_scipy() -> None:
    mask = noise(0.6)

    np.testing.assert_array_equal(postprocess.fill_holes(mask), ndimage.binary_fill_holes(mask))


def test_erosion_is_measured_in_millimetres_along_each_axis() -> None:
    mask = np.zeros((9, 21, 31), bool)
    mask[2:7, 5:16, 5:26] = True

    eroded = postprocess.erode(mask, radius_mm=2.4, spacing=ANISOTROPIC)

    where = np.argwhere(eroded)
    assert where.min(axis=0).tolist() == [2, 8, 9]  # 2.5 mm to the next slice; 3 rows of 0.8; 4 columns of 0.5
    assert where.max(axis=0).tolist() == [6, 12, 21]


def test_the_edge_of_the_image_does_not_erode() -> None:
    mask = np.ones((3, 10, 10), bool)
    mask[:, :, 0] = False

    assert postprocess.erode(mask, radius_mm=1.5)[:, :, 9].all()
    assert postprocess.erode(np.ones((2, 4, 4), bool), radius_mm=3).all()


@pytest.mark.parametrize("density", [0.0, 0.2, 0.8, 1.0])
def test_opening_shrinks_and_closing_grows_and_twice_is_once(density: float) -> None:
    mask = noise(density)

    opened = postprocess.opening(mask, radius_mm=1.5)
    closed = postprocess.closing(mask, radius_mm=1.5)

    assert not (opened & ~mask).any()
    assert not (mask & ~closed).any()
    np.testing.assert_array_equal(postprocess.opening(opened, radius_mm=1.5), opened)
    np.testing.assert_array_equal(postprocess.closing(closed, radius_mm=1.5), closed)


def test_ball_voxels_counts_a_disc_in_a_plane() -> None:
    assert postprocess.ball_voxels(10, (0.5, 0.5, 5), planar=True) == pytest.approx(math.pi * 25 / 0.25)
    assert postprocess.ball_voxels(10, (1, 1, 2), planar=False) == pytest.approx(math.pi * 1000 / 6 / 2)


def test_compact_closes_the_gaps_in_order() -> None:
    labels, count = postprocess.compact(np.array([[[0, 9, 4, 9, 70]]], dtype=np.int64))

    assert labels.tolist() == [[[0, 2, 1, 2, 3]]]
    assert count == 3
    assert labels.dtype == np.uint16


def test_more_instances_than_numbers_are_refused() -> None:
    labels = np.arange(70_000).reshape(1, 100, 700)

    with pytest.raises(postprocess.TooManyInstances, match="69,999"):
        postprocess.compact(labels)

"""Block means and the shapes of a pyramid."""

import numpy as np

from maskloop.imaging.resample import halve, pyramid_shapes


def test_a_block_becomes_its_rounded_mean():
    plane = np.array([[1, 2, -3, -4], [3, 4, -5, -7]], dtype=np.int16)

    assert halve(plane).tolist() == [[3, -5]]
    assert halve(plane).dtype == np.int16


def test_odd_edges_count_twice():
    plane = np.array([[10, 20, 30]], dtype=np.uint8)

    assert halve(plane).tolist() == [[15, 30]]


def test_the_mean_does_not_overflow():
    assert halve(np.full((2, 2), 65535, dtype=np.uint16)).tolist() == [[65535]]
    assert halve(np.full((2, 2), -32768, dtype=np.int16)).tolist() == [[-32768]]


def test_colours_are_averaged_apart():
    plane = np.zeros((2, 2, 3), dtype=np.uint8)
    plane[0, 0] = (4, 8, 12)

    assert halve(plane).tolist() == [[[1, 2, 3]]]


def test_floats_keep_their_type():
    assert halve(np.array([[0.5, 1.5], [2.5, 3.5]], dtype=np.float32)).tolist() == [[2.0]]


def test_levels_are_added_until_512_and_never_along_k():
    assert pyramid_shapes((7, 512, 512)) == [(7, 512, 512)]
    assert pyramid_shapes((1, 3000, 2001)) == [(1, 3000, 2001), (1, 1500, 1001), (1, 750, 501), (1, 375, 251)]

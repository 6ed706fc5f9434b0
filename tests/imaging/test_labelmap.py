"""Labelmaps: types, counts, renumbering and layers."""

import numpy as np
import pytest

from maskloop.imaging.errors import ShapeError
from maskloop.imaging.labelmap import Labelmap, merge, relabel, smallest_labels, split, voxel_counts


def test_a_labelmap_is_unsigned_and_three_dimensional():
    with pytest.raises(ShapeError, match="uint8 or uint16"):
        Labelmap(np.zeros((1, 2, 2), dtype=np.int32))
    with pytest.raises(ShapeError, match=r"\(K, J, I\)"):
        Labelmap(np.zeros((2, 2), dtype=np.uint8))


def test_numbers_and_counts_leave_background_out():
    labels = np.array([[[0, 3, 3], [7, 0, 3]]], dtype=np.uint16)

    assert Labelmap(labels).numbers() == [3, 7]
    assert voxel_counts(labels) == {3: 3, 7: 1}
    assert split(labels)[7].sum() == 1


def test_numbers_can_be_swapped_in_one_step():
    labels = np.array([[[1, 2, 3]]], dtype=np.uint8)

    assert relabel(labels, {1: 2, 2: 1}).tolist() == [[[2, 1, 3]]]


def test_a_later_layer_lies_on_top():
    below, above = np.array([[[1, 1, 0]]], dtype=np.uint8), np.array([[[0, 300, 300]]], dtype=np.uint16)

    assert merge([below, above]).tolist() == [[[1, 300, 300]]]


def test_layers_of_other_grids_and_no_layers_are_refused():
    with pytest.raises(ShapeError, match="different grids"):
        merge([np.zeros((1, 2, 2), dtype=np.uint8), np.zeros((1, 2, 3), dtype=np.uint8)])
    with pytest.raises(ShapeError, match="no layer"):
        merge([])


def test_the_smallest_type_that_holds_all_numbers():
    assert smallest_labels(np.array([255])).dtype == np.uint8
    assert smallest_labels(np.array([256])).dtype == np.uint16
    with pytest.raises(ShapeError, match="65536"):
        smallest_labels(np.array([65536]))

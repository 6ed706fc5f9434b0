"""Labelmaps: arrays of segment numbers on a voxel grid, 0 is background."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.affine import check_affine
from maskloop.imaging.errors import ShapeError

LabelArray = NDArray[np.uint8] | NDArray[np.uint16]
MAX_NUMBER: Final = 65535


@dataclass(frozen=True)
class Labelmap:
    """Segment numbers ``[k, j, i]``, uint8 or uint16, with the affine of their image (None: no place)."""

    labels: LabelArray
    affine: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.labels.ndim != 3:
            raise ShapeError(f"a labelmap is (K, J, I), not {self.labels.shape}")
        if self.labels.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
            raise ShapeError(f"a labelmap is uint8 or uint16, not {self.labels.dtype}")
        if self.affine is not None:
            object.__setattr__(self, "affine", check_affine(self.affine))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The grid as (K, J, I)."""
        slices, rows, columns = self.labels.shape
        return slices, rows, columns

    def numbers(self) -> list[int]:
        """Return the segment numbers in use, rising, without background."""
        return [int(number) for number in np.flatnonzero(np.bincount(self.labels.ravel())) if number]

    def mask(self, number: int) -> NDArray[np.bool_]:
        """Return where one segment is."""
        mask: NDArray[np.bool_] = self.labels == number
        return mask


def voxel_counts(labels: LabelArray) -> dict[int, int]:
    """Return how many voxels each segment number has, background left out."""
    counts = np.bincount(labels.ravel())
    return {int(number): int(counts[number]) for number in np.flatnonzero(counts) if number}


def smallest_labels(labels: NDArray[np.integer]) -> LabelArray:
    """Return the array as uint8 where every number fits, else uint16.

    Raises
    ------
    ShapeError
        If a number is below 0 or above 65535.
    """
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if low < 0 or high > MAX_NUMBER:
        raise ShapeError(f"segment numbers {low} to {high} are outside 0 to {MAX_NUMBER}")
    return labels.astype(np.uint8) if high < 256 else labels.astype(np.uint16)


def relabel(labels: LabelArray, numbers: Mapping[int, int]) -> NDArray[np.uint16]:
    """Return the labelmap with each number replaced; numbers that are not named stay.

    Parameters
    ----------
    labels : (K, J, I) uint8 or uint16 array
    numbers : mapping of old to new number
        All replaced at once, so a swap works.

    Returns
    -------
    (K, J, I) uint16 array
    """
    table = np.arange(MAX_NUMBER + 1, dtype=np.uint16)
    for old, new in numbers.items():
        table[old] = new
    return table[labels]


def merge(layers: Iterable[LabelArray]) -> NDArray[np.uint16]:
    """Return one labelmap of several layers on one grid; a later layer lies over an earlier one.

    Raises
    ------
    ShapeError
        If there is no layer, or two have different shapes.
    """
    merged: NDArray[np.uint16] | None = None
    for layer in layers:
        if merged is None:
            merged = layer.astype(np.uint16)
        elif layer.shape != merged.shape:
            raise ShapeError(f"layers have different grids: {layer.shape} and {merged.shape}")
        else:
            np.copyto(merged, layer, where=layer > 0)
    if merged is None:
        raise ShapeError("there is no layer to merge")
    return merged


def split(labels: LabelArray) -> dict[int, NDArray[np.bool_]]:
    """Return one mask per segment number in use."""
    return {number: labels == number for number in voxel_counts(labels)}

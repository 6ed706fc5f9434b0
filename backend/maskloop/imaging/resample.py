"""Block means for the pyramid of a pixel file."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.volume import Voxels

COARSEST: Final = 512  # levels are added until both sides of a slice are at most this


def pyramid_shapes(shape: tuple[int, int, int], *, coarsest: int = COARSEST) -> list[tuple[int, int, int]]:
    """Return the (K, J, I) of every level: full size first, then halved in j and i (rounded up), k never.

    Parameters
    ----------
    shape : (K, J, I)
    coarsest : int
        Halve while a side of the slice is larger.

    Returns
    -------
    list of (K, J, I)
    """
    slices, rows, columns = shape
    shapes = [shape]
    while max(rows, columns) > coarsest:
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        shapes.append((slices, rows, columns))
    return shapes


def halve(plane: Voxels) -> Voxels:
    """Return a plane at half size: each voxel the rounded mean of a 2 x 2 block, in the same dtype.

    Parameters
    ----------
    plane : (J, I) or (J, I, C) array
        An odd last row or column counts twice.

    Returns
    -------
    (ceil(J / 2), ceil(I / 2)[, C]) array
    """
    upper_left, *others = _block_corners(plane)
    if plane.dtype.kind == "f":
        floating: NDArray[np.float64] = upper_left.astype(np.float64)
        for corner in others:
            floating += corner.astype(np.float64)
        return (floating / 4).astype(plane.dtype)
    whole: NDArray[np.integer] = upper_left.astype(np.uint16 if plane.dtype == np.uint8 else np.int32)
    whole += 2
    for corner in others:
        np.add(whole, corner, out=whole, casting="unsafe")
    whole >>= 2
    return whole.astype(plane.dtype)


def _block_corners(plane: Voxels) -> Iterator[Voxels]:
    rows, columns = plane.shape[:2]
    if rows % 2 or columns % 2:
        padding = ((0, rows % 2), (0, columns % 2)) + ((0, 0),) * (plane.ndim - 2)
        plane = np.pad(plane, padding, mode="edge")
    for row in (0, 1):
        for column in (0, 1):
            yield plane[row::2, column::2]

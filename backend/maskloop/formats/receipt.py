"""The geometry receipt: what was written was read back and compared."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.affine import spacing_of
from maskloop.imaging.orientation import axis_letters
from maskloop.imaging.volume import Voxels

AFFINE_TOLERANCE_MM = 1e-3  # float32 headers (NIfTI) round positions to about this


@dataclass(frozen=True)
class GeometryReceipt:
    """What a file holds after it was read back, beside what was meant. `axes` are letters where i, j and k grow."""

    axes: str | None
    spacing: tuple[float, float, float] | None
    origin: tuple[float, float, float] | None
    grid: tuple[int, int, int]
    voxels_compared: int
    voxels_different: int
    affine_off_mm: float | None

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs."""
        return self.voxels_different == 0 and (self.affine_off_mm or 0.0) <= AFFINE_TOLERANCE_MM

    def to_json(self) -> dict[str, object]:
        """Return a JSON-able dict."""
        return asdict(self)


def compare(
    meant: Voxels,
    read: Voxels,
    *,
    affine: NDArray[np.float64] | None = None,
    read_affine: NDArray[np.float64] | None = None,
) -> GeometryReceipt:
    """Return the receipt of a file that was read back.

    Parameters
    ----------
    meant, read : (K, J, I[, C]) array
        What was to be written; what the file gives.
    affine, read_affine : (4, 4) float64 array, mm, optional
        Voxel to LPS, of the same two.

    Returns
    -------
    GeometryReceipt
        Grids of another shape count every voxel as different; `affine_off_mm` is the largest distance between the
        two places of a corner of the grid, and infinite where one has a place and the other none.
    """
    slices, rows, columns = meant.shape[:3]
    different = int(np.count_nonzero(meant != read)) if meant.shape == read.shape else meant.size
    off: float | None = None
    if affine is not None and read_affine is not None:
        corners = np.array(np.meshgrid((0, columns - 1), (0, rows - 1), (0, slices - 1))).reshape(3, -1)
        homogeneous = np.vstack([corners, np.ones(corners.shape[1])])
        off = float(np.linalg.norm(((affine - read_affine) @ homogeneous)[:3], axis=0).max())
    elif (affine is None) != (read_affine is None):
        off = float(np.finfo(np.float32).max)
    return GeometryReceipt(
        axes=None if read_affine is None else axis_letters(read_affine),
        spacing=None if read_affine is None else _triple(spacing_of(read_affine)),
        origin=None if read_affine is None else _triple(read_affine[:3, 3]),
        grid=(slices, rows, columns),
        voxels_compared=meant.size,
        voxels_different=different,
        affine_off_mm=off,
    )


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z

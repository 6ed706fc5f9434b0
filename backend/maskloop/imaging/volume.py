"""An image on one voxel grid: voxels in modality units, and where they lie."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.affine import check_affine, spacing_of
from maskloop.imaging.errors import ShapeError

INT16: Final = np.iinfo(np.int16)
Voxels = NDArray[np.number]


@dataclass(frozen=True)
class Rescale:
    """Stored values to modality units: ``value * slope + intercept``, one pair for all slices or one per slice."""

    slope: tuple[float, ...] = (1.0,)
    intercept: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        if len(self.slope) != len(self.intercept) or not self.slope:
            raise ShapeError(f"{len(self.slope)} slopes do not go with {len(self.intercept)} intercepts")
        if not (np.isfinite(self.slope).all() and np.isfinite(self.intercept).all()) or 0.0 in self.slope:
            raise ShapeError("slope and intercept are finite numbers and the slope is not 0")

    @property
    def is_identity(self) -> bool:
        """Whether stored values are modality units already."""
        return set(self.slope) == {1.0} and set(self.intercept) == {0.0}

    def of_slice(self, k: int) -> tuple[float, float]:
        """Return slope and intercept of slice `k`."""
        index = k if len(self.slope) > 1 else 0
        return self.slope[index], self.intercept[index]

    def apply(self, stored: Voxels) -> Voxels:
        """Return stored voxels in modality units.

        Parameters
        ----------
        stored : (K, J, I) array
            As in the pixel file.

        Returns
        -------
        (K, J, I) array, modality units
            The input itself where nothing changes; int16 where all slopes are 1, the intercepts whole, and the
            results fit; else float32.
        """
        if self.is_identity:
            return stored
        if len(self.slope) not in (1, stored.shape[0]):
            raise ShapeError(f"{len(self.slope)} slopes for {stored.shape[0]} slices")
        per_slice = (-1,) + (1,) * (stored.ndim - 1)
        intercept = np.array(self.intercept).reshape(per_slice)
        if set(self.slope) == {1.0} and all(value.is_integer() for value in self.intercept) and stored.size:
            low, high = int(stored.min()), int(stored.max())
            if (
                stored.dtype.kind in "iu"
                and low + min(self.intercept) >= INT16.min
                and high + max(self.intercept) <= INT16.max
            ):
                shifted: Voxels = stored.astype(np.int32) + intercept.astype(np.int32)
                return shifted.astype(np.int16)
        slope = np.array(self.slope).reshape(per_slice)
        scaled: Voxels = (stored * slope + intercept).astype(np.float32)
        return scaled


@dataclass(frozen=True)
class Volume:
    """Voxels ``[k, j, i]`` (and a last axis of 3 for colour) in modality units, with their affine.

    `affine` takes ``(i, j, k, 1)`` to LPS mm; None says "no place in the patient": then nothing is measured in 3-D.
    """

    voxels: Voxels
    affine: NDArray[np.float64] | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.voxels.ndim not in (3, 4) or (self.voxels.ndim == 4 and self.voxels.shape[3] != 3):
            raise ShapeError(f"a volume is (K, J, I) or (K, J, I, 3), not {self.voxels.shape}")
        if self.affine is not None:
            object.__setattr__(self, "affine", check_affine(self.affine))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The grid as (K, J, I), without colour."""
        slices, rows, columns = self.voxels.shape[:3]
        return slices, rows, columns

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return 3 if self.voxels.ndim == 4 else 1

    @property
    def spacing(self) -> NDArray[np.float64] | None:
        """Distances in mm along i, j and k, or None without an affine."""
        return None if self.affine is None else spacing_of(self.affine)


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """Return the slices that hold every True voxel, one per axis, or None when there is none."""
    box: list[slice] = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        used = np.flatnonzero(mask.any(axis=others))
        if used.size == 0:
            return None
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)

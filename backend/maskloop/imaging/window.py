"""Grey-level windows: what to show first, and the usual ones per modality."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.volume import Voxels

LOW_PERCENTILE: Final = 0.5
HIGH_PERCENTILE: Final = 99.5
MAX_ABS: Final = 1e9  # beyond it a window is not one


@dataclass(frozen=True)
class Window:
    """A linear grey window in modality units: `center` is shown as middle grey, `width` spans black to white."""

    center: float
    width: float

    @property
    def low(self) -> float:
        """The value shown as black."""
        return self.center - self.width / 2

    @property
    def high(self) -> float:
        """The value shown as white."""
        return self.center + self.width / 2


@dataclass(frozen=True)
class Preset:
    """A window with the name that people know it by."""

    name: str
    window: Window


CT_PRESETS: Final = (
    Preset("Soft tissue", Window(50, 400)),
    Preset("Lung", Window(-500, 1500)),
    Preset("Bone", Window(400, 1800)),
    Preset("Brain", Window(40, 80)),
    Preset("Stroke", Window(35, 40)),
    Preset("Liver", Window(70, 160)),
    Preset("Angiography", Window(220, 880)),
)


def checked_window(center: float, width: float) -> Window | None:
    """Return the window, or None when the numbers do not make one (not finite, no width)."""
    if not (math.isfinite(center) and math.isfinite(width)) or width <= 0:
        return None
    if abs(center) > MAX_ABS or width > MAX_ABS:
        return None
    return Window(float(center), float(width))


def window_of_range(low: float, high: float) -> Window:
    """Return the window that spans `low` to `high`; one unit wide where they are equal."""
    return Window((low + high) / 2, max(high - low, 1.0 if float(low).is_integer() else 1e-6))


def percentile_window(values: Voxels, *, low: float = LOW_PERCENTILE, high: float = HIGH_PERCENTILE) -> Window | None:
    """Return the window between two percentiles of the values, or None when no value is finite.

    Parameters
    ----------
    values : array, modality units
        Any shape; a sample is enough.
    low, high : float, per cent
    """
    finite: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return None
    bottom, top = np.percentile(finite, (low, high))
    if bottom == top:  # mostly background: take all there is
        bottom, top = finite.min(), finite.max()
    return window_of_range(float(bottom), float(top))


def presets_for(modality: str, *, unit: str | None) -> tuple[Preset, ...]:
    """Return the usual windows of a modality; only CT in Hounsfield units has fixed ones."""
    return CT_PRESETS if modality == "CT" and unit == "HU" else ()


def apply_window(values: Voxels, window: Window, *, invert: bool = False) -> NDArray[np.uint8]:
    """Return the values as 8-bit grey, clipped to the window.

    Parameters
    ----------
    values : array, modality units
    window : Window, modality units
    invert : bool
        True for MONOCHROME1: low values are white.

    Returns
    -------
    uint8 array of the same shape; a value that is not a number is black (white when inverted)
    """
    scaled = (np.asarray(values, dtype=np.float32) - window.low) * (255.0 / window.width)
    finite = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0)
    grey: NDArray[np.uint8] = np.clip(finite, 0, 255).round().astype(np.uint8)
    return 255 - grey if invert else grey

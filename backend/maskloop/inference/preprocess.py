"""From a volume in modality units to the numbers a network was trained on."""

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.volume import Voxels
from maskloop.inference.errors import ImageUnsuitable
from maskloop.inference.manifest import Intensity, MinMax, Percentiles, Scale, Window, ZScore

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
MOST_SAMPLES = 4_000_000  # quantiles of more voxels are taken from an even sample


def to_channels(voxels: Voxels, channels: int) -> NDArray[np.float32]:
    """Return the voxels as float32 with the channels first.

    Parameters
    ----------
    voxels : (K, J, I) or (K, J, I, 3) array
    channels : 1 or 3
        Colour becomes luminance for 1; grey is repeated for 3.

    Returns
    -------
    (channels, K, J, I) float32 array

    Raises
    ------
    ImageUnsuitable
        If a value is not finite.

    Notes
    -----
    Luminance is that of ITU-R BT.601.
    """
    values = voxels.astype(np.float32)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ImageUnsuitable("The image holds values that are not numbers.")
    if values.ndim == 4:
        if channels == 3:
            return np.ascontiguousarray(np.moveaxis(values, 3, 0))
        grey: NDArray[np.float32] = values @ LUMINANCE
        return grey[np.newaxis]
    return np.repeat(values[np.newaxis], channels, axis=0)


def normalise(values: NDArray[np.float32], rule: Intensity) -> NDArray[np.float32]:
    """Return the values on the scale that a manifest asks for.

    Parameters
    ----------
    values : float32 array, any shape, modality units
        Statistics are taken over all of it: give one image (one slice, for a 2-D network) at a time.
    rule : Intensity

    Returns
    -------
    float32 array of the same shape
    """
    match rule:
        case Window(low=low, high=high):
            return np.clip(_between(values, low, high), 0, 1)
        case Scale(divisor=divisor):
            return values / np.float32(divisor)
        case MinMax():
            return _between(values, float(values.min()), float(values.max()))
        case Percentiles(low=low, high=high, clip=clip, nonzero=nonzero):
            bottom, top = np.percentile(_sampled(values, nonzero=nonzero), (low, high))
            scaled = _between(values, float(bottom), float(top))
            return np.clip(scaled, 0, 1) if clip else scaled
        case ZScore(mean=mean, deviation=deviation, nonzero=nonzero):
            sample = _sampled(values, nonzero=nonzero)
            centre = float(sample.mean()) if mean is None else mean
            spread = float(sample.std()) if deviation is None else deviation
            return (values - np.float32(centre)) / np.float32(spread or 1.0)


def _sampled(values: NDArray[np.float32], *, nonzero: bool) -> NDArray[np.float32]:
    flat = values.ravel()
    flat = flat[:: max(1, flat.size // MOST_SAMPLES)]
    if nonzero and (flat != 0).any():
        flat = flat[flat != 0]
    return flat


def _between(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    return (values - np.float32(low)) / np.float32(high - low if high > low else 1.0)

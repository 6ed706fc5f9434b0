"""Otsu's threshold, over the whole image or inside the body only; planes and volumes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskloop.imaging import postprocess
from maskloop.imaging.postprocess import UNIT_SPACING, Labels, Mask, Spacing

Side = Literal["bright", "dark"]
Region = Literal["image", "body"]
HISTOGRAM_BINS = 4096
CHUNK = 1 << 22
TAIL = 0.001  # of the voxels at each end: metal and padding do not stretch the histogram
BODY_OPENING_MM = 4.0  # the table and cables are thinner
BODY_MARGIN_MM = 3.0  # skin is no organ


def otsu_threshold(values: NDArray[np.number]) -> float:
    """Return the value that splits `values` into two groups with the smallest spread within them.

    Parameters
    ----------
    values : array, any shape and unit

    Returns
    -------
    float
        In the unit of `values`; what is *above* it is the brighter group. Where all values are alike, that value.

    Notes
    -----
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979) 62-66, on a bin
    per value, or on 4,096 bins, between the 0.1 % and 99.9 % quantiles.
    """
    counts, centres = _histogram(values)
    if counts.size < 2:
        return float(centres[0]) if centres.size else 0.0
    below = np.cumsum(counts)
    above = below[-1] - below
    mass = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mass[-1] * below / below[-1] - mass) ** 2 / (below * above)
    between[~np.isfinite(between)] = -1.0
    best = np.flatnonzero(between == between.max())
    return float(centres[best].mean() + (centres[1] - centres[0]) / 2)


def _histogram(values: NDArray[np.number]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return counts and centres of bins; what lies in the tails is counted at their ends."""
    flat = np.asarray(values).ravel()
    if flat.size == 0:
        return np.empty(0), np.empty(0)
    if flat.dtype.kind in "iu" and flat.dtype.itemsize <= 2:
        first, last = int(flat.min()), int(flat.max())
        counts = np.zeros(last - first + 1)
        for start in range(0, flat.size, CHUNK):  # a copy of a whole volume as int32 would cost more than the volume
            counts += np.bincount(flat[start : start + CHUNK].astype(np.int32) - first, minlength=counts.size)
        centres = first + np.arange(counts.size, dtype=np.float64)
    else:
        low, high = _tails(flat)
        if high <= low:
            return np.ones(1), np.array([low])
        counts, borders = np.histogram(np.clip(flat, low, high), bins=HISTOGRAM_BINS, range=(low, high))
        centres = (borders[:-1] + borders[1:]) / 2
    return _without_tails(np.asarray(counts, dtype=np.float64), centres)


def _without_tails(
    counts: NDArray[np.float64], centres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    reached = np.cumsum(counts) / counts.sum()
    low = int(np.searchsorted(reached, TAIL))
    high = max(low, int(np.searchsorted(reached, 1 - TAIL)))
    if high == low:  # nearly all values are alike: the rest is what stands out
        return counts, centres
    kept = counts[low : high + 1].copy()
    kept[0] += counts[:low].sum()
    kept[-1] += counts[high + 1 :].sum()
    return kept, centres[low : high + 1]


def _tails(flat: NDArray[np.number]) -> tuple[float, float]:
    """Return the range between the tails, of at most about a million evenly taken values; never an empty one."""
    taken = flat[:: max(1, flat.size // 1_000_000)]
    low, high = (float(value) for value in np.quantile(taken, (TAIL, 1 - TAIL), method="nearest"))
    return (low, high) if high > low else (float(flat.min()), float(flat.max()))


def body_mask(voxels: NDArray[np.number], *, spacing: Spacing = UNIT_SPACING, threshold: float | None = None) -> Mask:
    """Return the largest bright thing in a dark surround, filled slice by slice: a body in air, a head.

    Parameters
    ----------
    voxels : (K, J, I) array, any unit
    spacing : (3,) floats, mm, in i, j, k order
    threshold : float, optional
        What is brighter than the surround; Otsu's if not given.
    """
    bright = voxels > (otsu_threshold(voxels) if threshold is None else threshold)
    opened = postprocess.opening(bright, radius_mm=BODY_OPENING_MM, spacing=spacing)
    thick = int(np.count_nonzero(opened)) > np.count_nonzero(bright) / 2  # else a shell, a bare skull: left as it is
    found = postprocess.keep_largest(opened if thick else bright)
    return postprocess.fill_holes(found, in_plane=True)


def segment_otsu(
    voxels: NDArray[np.number],
    *,
    spacing: Spacing = UNIT_SPACING,
    side: Side = "bright",
    within: Region = "image",
    smoothing_mm: float = 0.0,
    min_diameter_mm: float = 0.0,
    largest_only: bool = False,
    fill: bool = False,
) -> Labels:
    """Return a labelmap with 1 where the image is brighter (or darker) than Otsu's threshold.

    Parameters
    ----------
    voxels : (K, J, I) array, modality units
        One plane is (1, J, I).
    spacing : (3,) floats, mm, in i, j, k order
        (1, 1, 1) where the image has no physical size: millimetres are then pixels.
    side : "bright" or "dark"
    within : "image" or "body"
        "body" finds the body first and takes a second threshold inside it: on CT, bright is bone and dark is air.
    smoothing_mm : float, mm
        Standard deviation of a Gaussian before the threshold.
    min_diameter_mm : float, mm
        Islands smaller than a ball (a disc in one plane) of this diameter are dropped.
    largest_only, fill : bool
        Keep the largest island; fill holes, slice by slice.

    Returns
    -------
    (K, J, I) uint16 array
    """
    values = smoothed(voxels, spacing=spacing, sigma_mm=smoothing_mm)
    region = _region(values, side, spacing) if within == "body" else None
    threshold = otsu_threshold(values if region is None else values[region])
    if region is not None and side == "bright":
        threshold = _above_soft_tissue(values[region], threshold)
    mask = values > threshold if side == "bright" else values <= threshold
    if region is not None:
        mask &= region
    return cleaned(mask, spacing=spacing, min_diameter_mm=min_diameter_mm, largest_only=largest_only, fill=fill)


def _above_soft_tissue(tissue: NDArray[np.number], threshold: float) -> float:
    """Return the threshold, or where it only parts fat from the rest (most lies above it), the next one above it."""
    brighter = tissue[tissue > threshold]
    return otsu_threshold(brighter) if 2 * brighter.size > tissue.size else threshold


def _region(values: NDArray[np.number], side: Side, spacing: Spacing) -> Mask:
    """Return where in the body a second threshold is taken: of its tissue for bright, of all but its skin for dark."""
    threshold = otsu_threshold(values)
    body = body_mask(values, spacing=spacing, threshold=threshold)
    if side == "bright":
        return body & (values > threshold)
    return postprocess.erode(body, radius_mm=BODY_MARGIN_MM, spacing=spacing)


def smoothed(voxels: NDArray[np.number], *, spacing: Spacing, sigma_mm: float) -> NDArray[np.number]:
    """Return the image after a Gaussian of `sigma_mm`, or the image itself for 0.

    Parameters
    ----------
    voxels : (K, J, I) array
    spacing : (3,) floats, mm, in i, j, k order
    sigma_mm : float, mm
    """
    if sigma_mm <= 0:
        return voxels
    si, sj, sk = spacing
    along_k = 0.0 if voxels.shape[0] == 1 else sigma_mm / sk
    sigma = (along_k, sigma_mm / sj, sigma_mm / si)
    return np.asarray(ndimage.gaussian_filter(voxels.astype(np.float32), sigma=sigma, mode="nearest", truncate=3.0))


def cleaned(mask: Mask, *, spacing: Spacing, min_diameter_mm: float, largest_only: bool, fill: bool) -> Labels:
    """Return a mask as a labelmap of 0 and 1, without its small islands, with its holes filled.

    Parameters
    ----------
    mask : (K, J, I) bool array
    spacing : (3,) floats, mm, in i, j, k order
    min_diameter_mm : float, mm
    largest_only, fill : bool
    """
    if largest_only:
        mask = postprocess.keep_largest(mask)
    elif min_diameter_mm > 0:
        least = postprocess.ball_voxels(min_diameter_mm, spacing, planar=mask.shape[0] == 1)
        mask = postprocess.remove_small(mask, min_voxels=least)
    if fill:
        mask = postprocess.fill_holes(mask, in_plane=True)
    return mask.astype(np.uint16)

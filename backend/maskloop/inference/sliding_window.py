"""A network run over an image that is larger than its patch: windows, in batches, blended by a Gaussian."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskloop.inference.errors import InferenceCancelled, OutputInvalid

Batch = NDArray[np.float32]
Network = Callable[[Batch], Sequence[Batch]]
Progress = Callable[[float], None]
EDGE_OF_PATCH_SIGMAS = 4.0  # a window's edge lies this many standard deviations from its middle: 1/8 of its size
LEAST_WEIGHT = 1e-3
NO_CONTRAST = 1e-6


@dataclass(frozen=True)
class Windows:
    """How an image is cut: the sizes of a window, the share by which two overlap, how many run at once."""

    size: tuple[int, ...]
    overlap: float
    batch: int
    multiple_of: int = 1
    skip_empty: bool = True
    fixed: bool = False
    """True if the network takes this size only; else an image that is smaller is run at its own size."""
    fixed_batch: bool = False
    """True if the network takes this many windows only: the last batch is filled up."""


def run_windows(
    image: NDArray[np.float32],
    network: Network,
    *,
    windows: Windows,
    channels: Sequence[int],
    stride: int = 1,
    fill: float = 0.0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[NDArray[np.float32]]:
    """Return the network's outputs for a whole image, blended where windows overlap.

    Parameters
    ----------
    image : (C, *spatial) float32 array, normalised
        Two or three spatial axes.
    network : callable
        Takes (b, C, *window) and returns one (b, c, *window / stride) array per output.
    windows : Windows
    channels : sequence of int
        Channels of each output.
    stride : int
        Voxels of the image per voxel of an output.
    fill : float
        What the outputs hold where every window was empty.
    progress : callable, optional
        Hears the share that is done, 0 to 1.
    cancelled : callable, optional
        Asked before every batch.

    Returns
    -------
    list of (c, *ceil(spatial / stride)) float32 arrays

    Raises
    ------
    OutputInvalid
        If an output has another shape than it should, or a value that is not finite.
    InferenceCancelled

    Notes
    -----
    The weights are those of F. Isensee et al., nnU-Net (2021): a Gaussian of 1/8 of the window.
    """
    padded, size = _fitted(image, windows, stride)
    boxes = window_boxes(padded.shape[1:], size, overlap=windows.overlap, align=stride)
    boxes = [box for box in boxes if not (windows.skip_empty and _is_empty(padded[(slice(None), *box)]))]
    blend = _Blend(tuple(length // stride for length in padded.shape[1:]), size, stride, channels)
    for first in range(0, len(boxes), windows.batch):
        if cancelled is not None and cancelled():
            raise InferenceCancelled("The run was cancelled.")
        batch = boxes[first : first + windows.batch]
        filled = batch + batch[:1] * (windows.batch - len(batch) if windows.fixed_batch else 0)
        outputs = network(np.stack([padded[(slice(None), *box)] for box in filled]))
        blend.add(batch, [output[: len(batch)] for output in outputs] if len(filled) > len(batch) else outputs)
        if progress is not None:
            progress((first + len(batch)) / len(boxes))
    kept = tuple(slice(0, math.ceil(length / stride)) for length in image.shape[1:])
    return [output[(slice(None), *kept)] for output in blend.finish(fill)]


def window_boxes(
    shape: Sequence[int], size: Sequence[int], *, overlap: float, align: int = 1
) -> list[tuple[slice, ...]]:
    """Return the windows that cover an image, evenly spread, as slices of its spatial axes.

    Parameters
    ----------
    shape, size : sequences of int, voxel
        Of the image and of a window; no window axis is longer than the image's.
    overlap : float
        Share of a window that neighbours have in common, at least.
    align : int, voxel
        Windows start at multiples of it.
    """
    starts = [_starts(length, window, overlap, align) for length, window in zip(shape, size, strict=True)]
    return [
        tuple(slice(start, start + window) for start, window in zip(corner, size, strict=True))
        for corner in itertools.product(*starts)
    ]


def gaussian_weights(size: Sequence[int]) -> NDArray[np.float32]:
    """Return the weight of each voxel of a window: 1 in the middle, falling off to the edges.

    Parameters
    ----------
    size : sequence of int, voxel
    """
    weights: NDArray[np.float32] = np.ones(1, dtype=np.float32)
    for length in size:
        offsets = (np.arange(length) - (length - 1) / 2) * (2 * EDGE_OF_PATCH_SIGMAS / length)
        weights = np.multiply.outer(weights, np.exp(-0.5 * offsets**2).astype(np.float32))
    floored: NDArray[np.float32] = np.maximum(weights[0], np.float32(LEAST_WEIGHT))
    return floored


class _Blend:
    """Sums of weighted windows, and of their weights; divided once at the end."""

    def __init__(self, shape: tuple[int, ...], window: tuple[int, ...], stride: int, channels: Sequence[int]) -> None:
        self._window = tuple(length // stride for length in window)
        self._stride = stride
        self._whole = self._window == shape
        self._weights = np.ones((), np.float32) if self._whole else gaussian_weights(self._window)
        self._sums = [np.zeros((count, *shape), dtype=np.float32) for count in channels]
        self._total = np.zeros(shape, dtype=np.float32)

    def add(self, boxes: Sequence[tuple[slice, ...]], outputs: Sequence[Batch]) -> None:
        """Add the outputs of one batch of windows; raises `OutputInvalid`."""
        if len(outputs) != len(self._sums):
            raise OutputInvalid(f"The model gave {len(outputs)} outputs instead of {len(self._sums)}.")
        for total, output in zip(self._sums, outputs, strict=True):
            wanted = (len(boxes), total.shape[0], *self._window)
            if output.shape != wanted:
                raise OutputInvalid(f"The model gave an output of shape {output.shape} instead of {wanted}.")
            if not np.isfinite(output).all():
                raise OutputInvalid("The model gave values that are not numbers.")
            for box, values in zip(boxes, output, strict=True):
                total[(slice(None), *self._place(box))] += values * self._weights
        for box in boxes:
            self._total[self._place(box)] += self._weights

    def finish(self, fill: float) -> list[NDArray[np.float32]]:
        uncovered = self._total == 0
        self._total[uncovered] = 1.0
        for total in self._sums:
            if not self._whole:
                total /= self._total
            total[:, uncovered] = fill
        return self._sums

    def _place(self, box: tuple[slice, ...]) -> tuple[slice, ...]:
        return tuple(slice(part.start // self._stride, part.stop // self._stride) for part in box)


def _starts(length: int, window: int, overlap: float, align: int) -> list[int]:
    step = max(align, math.floor(window * (1 - overlap)))
    count = math.ceil((length - window) / step) + 1
    if count == 1:
        return [0]
    last = (length - window) // align
    return sorted({round(number * last / (count - 1)) * align for number in range(count)})


def _fitted(image: NDArray[np.float32], windows: Windows, stride: int) -> tuple[NDArray[np.float32], tuple[int, ...]]:
    """Return the image grown at its far ends to at least one window and to the network's multiple, and the window."""
    shape = image.shape[1:]
    multiple = math.lcm(windows.multiple_of, stride)
    up = [math.ceil(length / multiple) * multiple for length in shape]
    size = tuple(
        whole if windows.fixed or length >= whole else multiplied
        for whole, length, multiplied in zip(windows.size, shape, up, strict=True)
    )
    grow = [max(window, multiplied) - length for window, multiplied, length in zip(size, up, shape, strict=True)]
    if not any(grow):
        return image, size
    mirrored = all(extra < length for extra, length in zip(grow, shape, strict=True))
    padding = [(0, 0), *((0, extra) for extra in grow)]
    return np.pad(image, padding, mode="reflect" if mirrored else "edge"), size


def _is_empty(window: NDArray[np.float32]) -> bool:
    return float(window.max()) - float(window.min()) <= NO_CONTRAST

"""A volume, a manifest and a loaded network in; a labelmap on the volume's own grid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.postprocess import UNIT_SPACING, Labels, Spacing, compact
from maskloop.imaging.volume import Volume
from maskloop.inference.errors import ImageUnsuitable, InferenceError, ManifestInvalid
from maskloop.inference.grids import GridMap, plane_map, volume_map
from maskloop.inference.manifest import Manifest, SamHead, SigmoidHead, SoftmaxHead, StardistHead
from maskloop.inference.postprocess import apply_recipe
from maskloop.inference.preprocess import normalise, to_channels
from maskloop.inference.session import ModelSession
from maskloop.inference.sliding_window import Batch, Progress, Windows, run_windows
from maskloop.inference.stardist import instances_from_stardist

SURELY_NOT = -50.0  # the logit of a window that was not run


@dataclass(frozen=True)
class Settings:
    """What the person may change of a model; None keeps what its manifest says."""

    threshold: float | None = None
    overlap: float | None = None
    scale: float = 1.0
    """Of the image before a 2-D network sees it: 2 doubles the size of every object."""


def predict(
    volume: Volume,
    manifest: Manifest,
    session: ModelSession,
    *,
    settings: Settings | None = None,
    spacing: Spacing | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Labels:
    """Return what a model finds in a volume.

    Parameters
    ----------
    volume : Volume
    manifest : Manifest
    session : ModelSession
        Of the manifest's file.
    settings : Settings, optional
    spacing : (3,) floats, mm, in i, j, k order, optional
        For a radiograph, which has a pixel size but no place in the patient.
    progress : callable, optional
        Hears the share that is done.
    cancelled : callable, optional
        Asked before every batch.

    Returns
    -------
    (K, J, I) uint16 array
        Segment numbers of the manifest, or instances 1..n.

    Raises
    ------
    ImageUnsuitable, OutputInvalid, InferenceCancelled, ManifestInvalid
    """
    if isinstance(manifest.head, SamHead):
        raise InferenceError("This model works by prompts (boxes, points), which this version does not offer yet.")
    fitted = _Fitted(manifest, session, settings or Settings(), progress, cancelled)
    if volume.spacing is not None:
        si, sj, sk = (float(step) for step in volume.spacing)
        spacing = (si, sj, sk)
    labels = _predict_planes(volume, fitted, spacing) if manifest.dims == 2 else _predict_volume(volume, fitted)
    labels = apply_recipe(labels, manifest.postprocessing, spacing=spacing or UNIT_SPACING)
    return compact(labels)[0] if manifest.task == "instances" else labels


class _Fitted:
    """A manifest checked against the network it comes with."""

    def __init__(
        self,
        manifest: Manifest,
        session: ModelSession,
        settings: Settings,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.manifest, self.session, self.settings = manifest, session, settings
        self.progress, self.cancelled = progress, cancelled
        head = manifest.head
        self.outputs: Sequence[str] = ()
        self.channels: Sequence[int] = ()
        self.stride, self.fill = 1, 0.0
        if isinstance(head, StardistHead):
            self.outputs, self.channels, self.stride = (head.probability, head.distances), (1, head.rays), head.grid
        elif isinstance(head, SoftmaxHead | SigmoidHead):
            self.outputs, self.channels = (head.output,), (len(head.classes),)
            self.fill = SURELY_NOT if isinstance(head, SigmoidHead) and not head.activated else 0.0
        self._outputs_last = isinstance(head, SoftmaxHead | SigmoidHead) and head.channels_last
        self._inputs_last = manifest.input.axes.endswith("c")
        self.windows = self._windows()

    def _windows(self) -> Windows:
        spec, patch = self.manifest.input, self.manifest.patch
        ports = [port for port in self.session.inputs if port.name == spec.name]
        if len(ports) != 1 or len(self.session.inputs) != 1:
            raise ManifestInvalid(f"The model does not take one input named {spec.name!r}.")
        missing = [name for name in self.outputs if name not in self.session.outputs]
        if missing:
            raise ManifestInvalid(f"The model has no output named {missing[0]!r}.")
        shape = ports[0].shape
        if len(shape) != len(spec.axes):
            raise ManifestInvalid(f"The model's input has {len(shape)} axes; the manifest says {len(spec.axes)}.")
        batch, *rest = shape
        channels, sizes = (rest[-1], rest[:-1]) if self._inputs_last else (rest[0], rest[1:])
        if channels not in (None, spec.channels):
            raise ManifestInvalid(f"The model takes {channels} channels; the manifest says {spec.channels}.")
        if any(size not in (None, wanted) for size, wanted in zip(sizes, patch.size, strict=True)):
            raise ManifestInvalid(f"The model takes windows of {sizes}; the manifest says {list(patch.size)}.")
        self._dtype = ports[0].dtype
        return Windows(
            size=patch.size,
            overlap=patch.overlap,
            batch=patch.batch if batch is None else batch,
            multiple_of=patch.multiple_of,
            skip_empty=patch.skip_empty,
            fixed=any(size is not None for size in sizes),
            fixed_batch=batch is not None,
        )

    def network(self, batch: Batch) -> list[Batch]:
        feed = np.moveaxis(batch, 1, -1) if self._inputs_last else batch
        named = {self.manifest.input.name: np.ascontiguousarray(feed, dtype=self._dtype)}
        found = [np.asarray(output, dtype=np.float32) for output in self.session.run(named, self.outputs)]
        return [np.moveaxis(output, -1, 1) for output in found] if self._outputs_last else found

    def run(self, values: NDArray[np.float32], *, first: float, share: float) -> list[NDArray[np.float32]]:
        """Return the outputs for one image; `first` and `share` place it in the whole progress."""
        progress = self.progress
        return run_windows(
            values,
            self.network,
            windows=self.windows,
            channels=self.channels,
            stride=self.stride,
            fill=self.fill,
            progress=None if progress is None else lambda done: progress(first + share * done),
            cancelled=self.cancelled,
        )


def _predict_planes(volume: Volume, fitted: _Fitted, spacing: Spacing | None) -> Labels:
    spec = fitted.manifest.input
    slices, rows, columns = volume.shape
    grid = plane_map((rows, columns), zoom=_zoom(fitted, spacing))
    labels: Labels = np.zeros(volume.shape, dtype=np.uint16)
    highest = 0
    for k in range(slices):
        plane = to_channels(volume.voxels[k : k + 1], spec.channels)[:, 0]
        values = normalise(grid.to_model(plane), spec.intensity)
        outputs = fitted.run(values, first=k / slices, share=1 / slices)
        found = _decode(outputs, fitted, grid)
        if fitted.manifest.task == "instances":
            found, count = compact(found)
            if highest + count > np.iinfo(np.uint16).max:
                raise ImageUnsuitable("This image holds more objects than a labelmap has numbers.")
            found[found > 0] += np.uint16(highest)
            highest += count
        labels[k] = found
    return labels


def _zoom(fitted: _Fitted, spacing: Spacing | None) -> tuple[float, float]:
    wanted, scale = fitted.manifest.input.spacing_mm, fitted.settings.scale
    if wanted is None:
        return scale, scale
    if spacing is None:
        raise ImageUnsuitable("This model needs an image with a physical size, and this image has none.")
    return scale * spacing[1] / wanted[0], scale * spacing[0] / wanted[1]


def _predict_volume(volume: Volume, fitted: _Fitted) -> Labels:
    spec = fitted.manifest.input
    grid = volume_map(volume, spec)
    values = normalise(grid.to_model(to_channels(volume.voxels, spec.channels)), spec.intensity)
    return _decode(fitted.run(values, first=0.0, share=1.0), fitted, grid)


def _decode(outputs: list[NDArray[np.float32]], fitted: _Fitted, grid: GridMap) -> Labels:
    """Return the labels on the image's grid that the outputs on the network's grid mean."""
    head, settings = fitted.manifest.head, fitted.settings
    if isinstance(head, StardistHead):
        rows, columns = grid.model_shape
        found = instances_from_stardist(
            outputs[0][0],
            outputs[1],
            grid=head.grid,
            shape=(rows, columns),
            threshold=head.threshold if settings.threshold is None else settings.threshold,
            overlap=head.overlap if settings.overlap is None else settings.overlap,
        )
        return grid.labels_to_image(found)
    if isinstance(head, SigmoidHead):
        threshold = head.threshold if settings.threshold is None else settings.threshold
        least = threshold if head.activated else _logit(threshold)
        return _strongest(outputs[0], (0, *head.classes), grid, least=least)
    assert isinstance(head, SoftmaxHead)
    return _strongest(outputs[0], head.classes, grid, least=None)


def _strongest(scores: NDArray[np.float32], classes: Sequence[int], grid: GridMap, *, least: float | None) -> Labels:
    """Return the class of the highest score at each voxel; `least` is the score of a background without channel."""
    shape = grid.image_shape
    best = np.full(shape, least, dtype=np.float32) if least is not None else grid.to_image(scores[0])
    labels: Labels = np.zeros(shape, dtype=np.uint16)
    channels = scores if least is not None else scores[1:]
    for number, channel in zip(classes[1:], channels, strict=True):
        score = grid.to_image(channel)
        better = score > best
        labels[better] = number
        np.maximum(best, score, out=best)
    return labels


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))

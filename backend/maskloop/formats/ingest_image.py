"""One image from rows of voxels: pixel file, default window, thumbnail."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.formats.ingest_types import LevelValue, PixelsValue, PresetValue, WindowValue
from maskloop.formats.pixel_file import PixelFileWriter, WrittenPixels
from maskloop.formats.raster_write import thumbnail_webp
from maskloop.imaging.orientation import on_screen, screen_axes
from maskloop.imaging.volume import Rescale, Voxels
from maskloop.imaging.window import Preset, Window, apply_window, percentile_window, presets_for

SAMPLES: Final = 2**20
BYTE_WINDOW: Final = Window(127.5, 255.0)


@dataclass(frozen=True)
class Shown:
    """How an image is to be shown, as far as its file says."""

    modality: str
    unit: str | None = None
    window: Window | None = None
    presets: tuple[Preset, ...] = ()
    inverted: bool = False
    padding: float | None = None
    pixel_aspect: float = 1.0
    affine: NDArray[np.float64] | None = None
    """Voxel to LPS where the pixels have a place in the patient: the thumbnail is turned as the viewer turns it."""


@dataclass(frozen=True)
class BuiltImage:
    """What was written, and how it is shown. Paths are below the scratch folder."""

    pixels: PixelsValue
    voxel_digest: str
    window: WindowValue | None
    presets: tuple[PresetValue, ...]
    thumbnail: str


class ImageBuilder:
    """Takes the rows of one image in slice order, writes its files into ``scratch/out`` and keeps a sample."""

    def __init__(
        self, scratch: Path, number: int, *, shape: tuple[int, int, int], dtype: str, channels: int, rescale: Rescale
    ) -> None:
        self._scratch = scratch
        self._name = f"out/image-{number:05d}"
        (scratch / "out").mkdir(exist_ok=True)
        self._writer = PixelFileWriter(scratch / f"{self._name}.mlpx", shape=shape, dtype=dtype, channels=channels)
        self._shape, self._dtype, self._channels = shape, dtype, channels
        self._rescale = rescale
        self._every = max(1, math.ceil(math.sqrt(math.prod(shape) / SAMPLES)))
        self._sample: list[NDArray[np.float32]] = []

    def write(self, rows: Iterator[Voxels], padding: float | None = None) -> None:
        """Take rows of the slices that are due."""
        for part in rows:
            if self._channels == 1:
                self._keep_sample(part, padding)
            self._writer.write_rows(part)

    @property
    def next_slice(self) -> int:
        """The slice that is due."""
        return self._writer.next_slice

    def abandon(self) -> None:
        """Remove what was written."""
        self._writer.__exit__(ValueError, None, None)

    def finish(self, shown: Shown) -> BuiltImage:
        """Put the files together."""
        with self._writer:
            written = self._writer.finish()
        window = None if self._channels == 3 else self._default_window(shown)
        thumbnail = self._thumbnail(written, window, shown)
        header = written.header
        return BuiltImage(
            pixels=PixelsValue(
                path=f"{self._name}.mlpx",
                bytes=written.size,
                codec=header.codec,
                tile=header.tile,
                levels=tuple(LevelValue(level.shape, level.groups) for level in header.levels),
            ),
            voxel_digest=header.digest,
            window=None if window is None else WindowValue(window.center, window.width),
            presets=_presets(shown) if self._channels == 1 else (),
            thumbnail=thumbnail,
        )

    def _keep_sample(self, rows: Voxels, padding: float | None) -> None:
        values: Voxels = rows[:: self._every, :: self._every].ravel()
        if padding is not None:
            values = values[values != padding]
        slope, intercept = self._rescale.of_slice(self._writer.next_slice)
        self._sample.append((values * slope + intercept).astype(np.float32))

    def _default_window(self, shown: Shown) -> Window:
        if shown.window is not None:
            return shown.window
        if self._dtype == "uint8" and self._rescale.is_identity:
            return BYTE_WINDOW
        return percentile_window(np.concatenate(self._sample)) or BYTE_WINDOW

    def _thumbnail(self, written: WrittenPixels, window: Window | None, shown: Shown) -> str:
        plane = written.preview
        if window is None:
            picture = plane.astype(np.uint8)
        else:
            slope, intercept = self._rescale.of_slice(self._shape[0] // 2)
            picture = apply_window(plane * slope + intercept, window, invert=shown.inverted)
        axes = screen_axes(shown.affine)
        aspect = 1 / shown.pixel_aspect if axes.transposed else shown.pixel_aspect
        name = f"{self._name}.webp"
        turned = np.ascontiguousarray(on_screen(picture, axes))
        (self._scratch / name).write_bytes(thumbnail_webp(turned, pixel_aspect=aspect))
        return name


def _presets(shown: Shown) -> tuple[PresetValue, ...]:
    named = {preset.name: preset for preset in (*shown.presets, *presets_for(shown.modality, unit=shown.unit))}
    return tuple(PresetValue(p.name, p.window.center, p.window.width) for p in named.values())

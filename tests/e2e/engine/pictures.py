"""Made-up images with known answers, written as the service writes them, and the page that shows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import numpy as np
import uvicorn
from fastapi import FastAPI, Response
from numpy.typing import NDArray

from maskloop.api.problems import install_problem_handlers
from maskloop.api.static import front_end
from maskloop.embedded.children import free_port
from maskloop.formats.pixel_file import PixelFileReader, PixelFileWriter
from maskloop.imaging.affine import spacing_of

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Picture:
    """Voxels (K, J, I) or (K, J, I, 3) and what the viewer is told about them."""

    voxels: NDArray[np.generic]
    affine: NDArray[np.float64] | None = None
    window: tuple[float, float] | None = None
    slope: tuple[float, ...] = (1.0,)
    intercept: tuple[float, ...] = (0.0,)
    photometric: str = "MONOCHROME2"
    more: dict[str, object] = field(default_factory=dict)

    def describe(self, name: str, reader: PixelFileReader) -> dict[str, object]:
        """Return the image as the front end's `ViewerImage`."""
        header = reader.header
        levels = [
            {"level": number, "shape": level.shape, "groups": len(level.groups)}
            for number, level in enumerate(header.levels)
        ]
        return {
            "id": name,
            "modality": "CT",
            "kind": "volume" if header.shape[0] > 1 else "planar",
            "shape": header.shape,
            "channels": header.channels,
            "dtype": header.dtype,
            "affine": None if self.affine is None else self.affine.tolist(),
            "spacing": None if self.affine is None else spacing_of(self.affine).tolist(),
            "spacingSource": None if self.affine is None else "pixel",
            "frameOfReference": None if self.affine is None else "1.2.3",
            "rescale": {"slope": self.slope, "intercept": self.intercept},
            "unit": None,
            "window": None if self.window is None else {"center": self.window[0], "width": self.window[1]},
            "photometric": "RGB" if header.channels == 3 else self.photometric,
            "pixels": {"tile": header.tile, "levels": levels},
            **self.more,
        }


def steps(i: int, j: int, k: int) -> NDArray[np.int16]:
    """(9, 40, 60): every voxel of a slice has a value of its own, i + 2 j + 50 k with these weights."""
    slices, rows, columns = np.meshgrid(range(9), range(40), range(60), indexing="ij")
    return (i * columns + j * rows + k * slices).astype(np.int16)


def ramp() -> NDArray[np.uint16]:
    """(1, 2600, 2600): a plane, which bilinear sampling and halving keep exactly up to rounding."""
    rows, columns = np.meshgrid(range(2600), range(2600), indexing="ij")
    return (10 * columns + 14 * rows)[None].astype(np.uint16)


def cells() -> NDArray[np.uint16]:
    """(1, 2600, 2600): squares of 16 voxels, 1000 and 41000."""
    rows, columns = np.meshgrid(range(2600), range(2600), indexing="ij")
    return ((columns // 16 + rows // 16) % 2 * 40000 + 1000)[None].astype(np.uint16)


def colors() -> NDArray[np.uint8]:
    """(1, 600, 700, 3): each channel another function of the place."""
    rows, columns = np.meshgrid(range(600), range(700), indexing="ij")
    return np.stack([columns % 256, rows % 256, (columns + 3 * rows) % 256], axis=-1)[None].astype(np.uint8)


def noise(shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """Values from 0 to 999."""
    return np.random.default_rng(7).integers(0, 1000, shape).astype(np.int16)


def made() -> dict[str, Picture]:
    """Return every picture by name."""
    wide = np.diag([0.5, 2.0, 3.0, 1.0])
    slope, intercept = tuple(1.0 + 0.25 * k for k in range(9)), tuple(10.0 * k for k in range(9))
    narrow = (np.arange(2400).reshape(1, 40, 60) % 256).astype(np.uint8)
    real = (np.arange(2400).reshape(1, 40, 60) / 2400).astype(np.float32)
    return {
        "steps": Picture(steps(1, 2, 50), wide, (300, 600)),
        "sloped": Picture(steps(1, 2, 3), wide, (300, 600), slope, intercept),
        "bytes": Picture(narrow, None, (127.5, 255)),
        "floats": Picture(real, None, (0.5, 0.5)),
        "negative": Picture(narrow, None, (127.5, 255), photometric="MONOCHROME1"),
        "no-window": Picture(noise((1, 300, 300))),
        "cells": Picture(cells(), None, (20000, 60000)),
        "ramp": Picture(ramp(), None, (31200, 62400)),
        "colors": Picture(colors()),
        "slices": Picture(noise((40, 520, 530)), np.diag([0.5, 0.5, 2.0, 1.0]), (500, 1000)),
        "black": Picture(np.zeros((5, 512, 512), np.int16), np.diag([0.5, 0.5, 2.0, 1.0]), (500, 1000)),
        "ras": Picture(np.zeros((5, 40, 60), np.int16), RAS_TO_LPS @ np.diag([1.0, 1, 1, 1]), (500, 1000)),
    }


class Gallery:
    """Writes a picture's pixel file when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = made()
        self._files: dict[str, tuple[dict[str, object], list[list[bytes]]]] = {}

    def __getitem__(self, name: str) -> Picture:
        return self.pictures[name]

    def add(self, name: str, picture: Picture) -> None:
        """Show one more."""
        self.pictures[name] = picture
        self._files.pop(name, None)

    def file(self, name: str) -> tuple[dict[str, object], list[list[bytes]]]:
        """Return the description, and the body of each group of each level."""
        if name not in self._files:
            self._files[name] = self._write(name, self.pictures[name])
        return self._files[name]

    def _write(self, name: str, picture: Picture) -> tuple[dict[str, object], list[list[bytes]]]:
        path = self.folder / f"{name}.mlpx"
        voxels = picture.voxels
        shape = (voxels.shape[0], voxels.shape[1], voxels.shape[2])
        channels = 3 if voxels.ndim == 4 else 1
        with PixelFileWriter(path, shape=shape, dtype=str(voxels.dtype), channels=channels) as writer:
            for _ in range(shape[0]):
                writer.write_rows(voxels[writer.next_slice])
            writer.finish()
        with path.open("rb") as source:
            reader = PixelFileReader(source)
            groups = [
                [reader.read_group(number, group) for group in range(len(level.groups))]
                for number, level in enumerate(reader.header.levels)
            ]
            return picture.describe(name, reader), groups


@contextmanager
def served(page_folder: Path, gallery: Gallery) -> Iterator[str]:
    """Serve the built page under the product's own content policy, and the pictures beside it."""
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/images/{name}/image")
    def image(name: str) -> dict[str, object]:
        return gallery.file(name)[0]

    @app.get("/images/{name}/tiles/{level}/{group}")
    def tiles(name: str, level: int, group: int) -> Response:
        return Response(gallery.file(name)[1][level][group], media_type="application/vnd.maskloop.pixels")

    app.include_router(front_end(page_folder))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        if not thread.is_alive():
            raise RuntimeError("the engine page is not served")
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(10)

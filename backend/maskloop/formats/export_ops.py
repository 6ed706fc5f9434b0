"""The runner's operation that writes labelmaps to files, reads each back and hands out receipts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskloop.formats.nifti import write_labelmap
from maskloop.formats.pixel_file import PixelFileReader
from maskloop.formats.raster_write import write_labels, write_overlay
from maskloop.formats.receipt import GeometryReceipt
from maskloop.imaging.errors import ImagingError
from maskloop.imaging.labelmap import LabelArray, Labelmap, relabel, smallest_labels
from maskloop.imaging.volume import Rescale
from maskloop.imaging.window import Window, apply_window, percentile_window

Json = dict[str, object]


@dataclass(frozen=True)
class Item:
    """One labelmap to write, as the export job describes it."""

    stem: str
    labels: LabelArray
    affine: NDArray[np.float64] | None
    segments: tuple[Json, ...]
    pixels: Path | None
    rescale: Rescale
    display: Json


def write_export(args: Json, scratch: Path, report: Callable[[float, str], None]) -> Json:
    """Write each item into ``scratch/out``.

    Parameters
    ----------
    args : dict
        ``format`` (nifti, png), ``variant`` (semantic, instance, overlay), ``items``: each with ``stem``, ``labels``
        (a .npy in scratch), ``affine``, ``segments``, and for overlays ``image``, ``rescale``, ``display``.
    scratch : Path
    report : callable

    Returns
    -------
    dict
        ``files``: item, name, receipt; ``failed``: item, code, sentence.
    """
    out = scratch / "out"
    out.mkdir(exist_ok=True)
    files: list[Json] = []
    failed: list[Json] = []
    items = _list(args["items"])
    for number, given in enumerate(items):
        report(number / len(items), f"Writing {number + 1} of {len(items)}")
        try:
            item = _item(given, scratch)
            for name, receipt in _write(item, str(args["format"]), str(args["variant"]), out):
                files.append({"item": number, "name": name, "receipt": receipt.to_json()})
        except ImagingError as error:
            files = [entry for entry in files if entry["item"] != number]
            failed.append({"item": number, "code": error.code, "sentence": error.detail})
    return {"files": files, "failed": failed}


def _write(item: Item, form: str, variant: str, out: Path) -> Iterator[tuple[str, GeometryReceipt]]:
    if form == "nifti":
        name = f"{item.stem}.nii.gz"
        yield name, write_labelmap(out / name, Labelmap(smallest_labels(item.labels), item.affine))
        return
    slices = item.labels.shape[0]
    labels = _one_number_per_block(item) if variant == "semantic" else item.labels
    bits = 16 if variant == "instance" or (labels.size and int(labels.max()) > 255) else 8
    draw = _Drawing(item) if variant == "overlay" else None
    for k in range(slices):
        name = f"{item.stem}.png" if slices == 1 else f"{item.stem}_{k:04d}.png"
        if draw is None:
            yield name, write_labels(out / name, labels[k], bits=bits)
        else:
            yield name, draw.write(out / name, k)
    if draw is not None:
        draw.close()


class _Drawing:
    """Draws the labels of one item on its image, slice by slice."""

    def __init__(self, item: Item) -> None:
        if item.pixels is None:
            raise ImagingError("an overlay needs the image", code="no-image")
        self._item = item
        self._stream = item.pixels.open("rb")
        self._reader = PixelFileReader(self._stream)
        self._window = _window(item.display) or self._own_window()
        self._colours = _colours(item.segments)

    def write(self, path: Path, k: int) -> GeometryReceipt:
        """Write one slice."""
        stored = self._reader.read_slice(k)
        if stored.ndim == 3:
            shown = stored.astype(np.uint8)
        else:
            slope, intercept = self._item.rescale.of_slice(k)
            inverted = self._item.display.get("photometric") == "MONOCHROME1"
            shown = apply_window(stored * slope + intercept, self._window, invert=inverted)
        return write_overlay(path, shown, self._item.labels[k], self._colours)

    def close(self) -> None:
        """Close the pixel file."""
        self._stream.close()

    def _own_window(self) -> Window:
        middle = self._reader.header.shape[0] // 2
        slope, intercept = self._item.rescale.of_slice(middle)
        stored = self._reader.read_slice(middle)
        return percentile_window(stored * slope + intercept) or Window(127.5, 255.0)


def _one_number_per_block(item: Item) -> LabelArray:
    """Instances of one block become the block's first number; a number in two blocks goes with the wider one."""
    numbers: dict[int, int] = {}
    for segment in sorted(item.segments, key=lambda segment: _int(segment["number"]) - _int(segment["last_number"])):
        for number in range(_int(segment["number"]), _int(segment["last_number"]) + 1):
            numbers.setdefault(number, _int(segment["number"]))
    return relabel(item.labels, numbers)


def _colours(segments: tuple[Json, ...]) -> NDArray[np.uint8]:
    last = max((_int(segment["last_number"]) for segment in segments), default=0)
    table = np.full((last + 2, 3), 255, dtype=np.uint8)
    for segment in sorted(segments, key=lambda segment: _int(segment["number"]) - _int(segment["last_number"])):
        colour = str(segment["color"]).lstrip("#")
        rgb = [int(colour[place : place + 2], 16) for place in (0, 2, 4)]
        table[_int(segment["number"]) : _int(segment["last_number"]) + 1] = rgb
    return table


def _window(display: Json) -> Window | None:
    found = display.get("window")
    return Window(float(found["center"]), float(found["width"])) if isinstance(found, dict) else None


def _item(given: Json, scratch: Path) -> Item:
    labels: LabelArray = np.load(scratch / str(given["labels"]), allow_pickle=False)
    rescale = given.get("rescale")
    affine = given.get("affine")
    image = given.get("image")
    display = given.get("display")
    return Item(
        stem=str(given["stem"]),
        labels=labels,
        affine=None if affine is None else np.array(affine, dtype=np.float64).reshape(4, 4),
        segments=tuple(_list(given["segments"])),
        pixels=None if image is None else scratch / str(image),
        rescale=Rescale(tuple(map(float, rescale["slope"])), tuple(map(float, rescale["intercept"])))
        if isinstance(rescale, dict)
        else Rescale(),
        display=display if isinstance(display, dict) else {},
    )


def _list(value: object) -> list[Json]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _int(value: object) -> int:
    return int(str(value))

"""The classical segmenters by name: parameters that were checked in, labelmap out."""

from collections.abc import Callable, Mapping
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from maskloop.imaging.methods.otsu import segment_otsu
from maskloop.imaging.methods.threshold import segment_threshold
from maskloop.imaging.methods.watershed import segment_watershed
from maskloop.imaging.postprocess import Labels, Spacing
from maskloop.imaging.volume import Voxels
from maskloop.inference.errors import ParameterInvalid
from maskloop.inference.preprocess import to_channels
from maskloop.inference.segmenters import Value

LOWEST_HU = -1024.0  # below it lies padding outside the field of view, which is air


def run_classical(
    name: str, voxels: Voxels, *, parameters: Mapping[str, Value], spacing: Spacing, modality: str | None = None
) -> Labels:
    """Return what a classical segmenter finds.

    Parameters
    ----------
    name : str
        One of `segmenters.CLASSICAL`.
    voxels : (K, J, I) or (K, J, I, 3) array, modality units
        Colour becomes luminance.
    parameters : mapping of str to value
        All of the segmenter's, as `resolve_parameters` returns them.
    spacing : (3,) floats, mm, in i, j, k order
    modality : str, optional
        On CT, padding counts as air.

    Returns
    -------
    (K, J, I) uint16 array

    Raises
    ------
    ParameterInvalid
        If there is no such segmenter.
    """
    values = _grey(voxels)
    if modality == "CT" and float(values.min(initial=0)) < LOWEST_HU:
        values = np.maximum(values, np.array(LOWEST_HU, dtype=values.dtype))
    if name not in METHODS:
        raise ParameterInvalid(f"There is no segmenter named {name[:64]!r}.")
    return METHODS[name](values, spacing, parameters)


def _otsu(values: NDArray[np.number], spacing: Spacing, parameters: Mapping[str, Value]) -> Labels:
    return segment_otsu(
        values,
        spacing=spacing,
        side=cast("Literal['bright', 'dark']", parameters["side"]),
        within=cast("Literal['image', 'body']", parameters["within"]),
        smoothing_mm=_number(parameters["smoothing_mm"]),
        min_diameter_mm=_number(parameters["min_diameter_mm"]),
        largest_only=bool(parameters["largest_only"]),
        fill=bool(parameters["fill"]),
    )


def _threshold(values: NDArray[np.number], spacing: Spacing, parameters: Mapping[str, Value]) -> Labels:
    return segment_threshold(
        values,
        spacing=spacing,
        lower=_maybe(parameters["lower"]),
        upper=_maybe(parameters["upper"]),
        opening_mm=_number(parameters["opening_mm"]),
        closing_mm=_number(parameters["closing_mm"]),
        min_diameter_mm=_number(parameters["min_diameter_mm"]),
        largest_only=bool(parameters["largest_only"]),
        fill=bool(parameters["fill"]),
    )


def _watershed(values: NDArray[np.number], spacing: Spacing, parameters: Mapping[str, Value]) -> Labels:
    return segment_watershed(
        values,
        spacing=spacing,
        objects=cast("Literal['auto', 'bright', 'dark']", parameters["objects"]),
        diameter_mm=_maybe(parameters["diameter_mm"]),
        smoothing_mm=_number(parameters["smoothing_mm"]),
        fill=bool(parameters["fill"]),
    )


METHODS: Mapping[str, Callable[[NDArray[np.number], Spacing, Mapping[str, Value]], Labels]] = {
    "otsu": _otsu,
    "threshold": _threshold,
    "watershed": _watershed,
}


def _grey(voxels: Voxels) -> NDArray[np.number]:
    if voxels.ndim == 4 or voxels.dtype.kind == "f":
        return np.asarray(to_channels(voxels, 1)[0])
    return np.asarray(voxels)


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _maybe(value: Value) -> float | None:
    return None if value is None else _number(value)

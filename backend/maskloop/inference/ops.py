"""What the sandboxed runner calls: plain JSON in, plain JSON out, arrays through files in a scratch folder."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from maskloop.imaging.affine import voxel_volume_mm3
from maskloop.imaging.postprocess import UNIT_SPACING, Labels, Spacing
from maskloop.imaging.volume import Rescale, Volume
from maskloop.inference.check_onnx import check_onnx
from maskloop.inference.classical import run_classical
from maskloop.inference.errors import ImageUnsuitable, InferenceError, ModelRefused, ParameterInvalid
from maskloop.inference.manifest import Manifest, parse_manifest
from maskloop.inference.segmenters import SegmenterSpec, Value, classical_spec, model_spec, resolve_parameters

Request = Mapping[str, object]
Report = Callable[[float, str], None]  # share done 0..1, and the step in words
LABELMAP = "labelmap.npy"
MAX_NUMBER = 65_535


def segment(request: Request, scratch: Path, report: Report) -> dict[str, object]:
    """Run a segmenter on an image, write its labelmap, and return what it found.

    Parameters
    ----------
    request : JSON object
        ``image`` is the name of a pixel file (``.mlpx``) or a ``.npy`` array in the scratch folder; with it ``affine``
        ((4, 4) LPS mm or null), ``spacing`` ([i, j] or [i, j, k] mm, for images without an affine, or null),
        ``rescale`` ({"slope", "intercept"}; lists; null: the values are modality units) and ``modality`` (or null).
        ``segmenter`` is the name of a classical one; else ``model`` is the path of an ONNX file, ``sha256`` its
        digest and ``manifest`` its manifest as a JSON object. ``parameters`` is an object; ``threads`` a number.
    scratch : Path
        ``labelmap.npy`` is written there: (K, J, I) uint16, local numbers 1..n.
    report : callable
        Hears the share that is done and the step.

    Returns
    -------
    JSON object
        ``labelmap`` (file name), ``segments`` ([{"number", "name", "voxels", "volume_ml" or null}]), ``instances``
        (count or null), ``seconds``, ``provider``, ``parameters`` (all, as used), ``segmenter``, ``version`` and
        ``sha256``.

    Raises
    ------
    ImagingError
        With a code and a sentence for the person.
    """
    started = time.perf_counter()
    report(0.0, "Reading the image")
    volume = _read_volume(request, scratch)
    modality = _text(request, "modality")
    manifest = _manifest(request)
    spec, parameters = _asked_for(request, manifest, modality)
    spacing = _spacing(request, volume)
    report(0.05, "Segmenting")
    if manifest is None:
        labels = run_classical(
            spec.name, volume.voxels, parameters=parameters, spacing=spacing or UNIT_SPACING, modality=modality
        )
        provider = "numpy"
    else:
        labels, provider = _run_model(request, scratch, volume, manifest, parameters, spacing, report)
    _check_labels(labels, volume, spec)
    report(0.97, "Writing the labels")
    np.save(scratch / LABELMAP, labels, allow_pickle=False)
    return {
        "labelmap": LABELMAP,
        **_statistics(labels, volume, spec),
        "seconds": round(time.perf_counter() - started, 3),
        "provider": provider,
        "parameters": parameters,
        "segmenter": spec.name,
        "version": spec.version,
        "sha256": _text(request, "sha256"),
    }


def _asked_for(
    request: Request, manifest: Manifest | None, modality: str | None
) -> tuple[SegmenterSpec, dict[str, Value]]:
    name = _text(request, "segmenter") or ""
    spec = classical_spec(name) if manifest is None else model_spec(manifest)
    if spec is None:
        raise ParameterInvalid(f"There is no segmenter named {name[:64]!r}.")
    given = request.get("parameters") or {}
    if not isinstance(given, dict):
        raise ParameterInvalid("The parameters must be an object.")
    return spec, resolve_parameters(spec, given, modality=modality)


def _run_model(
    request: Request,
    scratch: Path,
    volume: Volume,
    manifest: Manifest,
    parameters: Mapping[str, Value],
    spacing: Spacing | None,
    report: Report,
) -> tuple[Labels, str]:
    from maskloop.inference.predictor import Settings, predict  # onnxruntime is loaded for models only
    from maskloop.inference.session import open_session

    path = scratch / (_text(request, "model") or "")
    summary = check_onnx(path)
    if summary.sha256 != _text(request, "sha256"):
        raise ModelRefused("The model file is not the one that was registered.", code="model-changed")
    session = open_session(path, threads=_threads(request))
    settings = Settings(**{name: float(value) for name, value in parameters.items() if isinstance(value, int | float)})
    labels = predict(
        volume,
        manifest,
        session,
        settings=settings,
        spacing=spacing,
        progress=lambda done: report(0.05 + 0.9 * done, "Segmenting"),
    )
    return labels, session.provider


def probe_model(request: Request, scratch: Path, report: Report) -> dict[str, object]:
    """Check the files of a model, find its manifest, run it once on a probe image, and return the verdict.

    Parameters
    ----------
    request : JSON object
        ``files``: names of one ONNX file in the scratch folder, or of encoder and decoder; ``manifest``: a JSON object
        or null; ``threads``; ``limit_s``: longest time of the probe run (default 60).
    scratch : Path
    report : callable

    Returns
    -------
    JSON object
        ``ok`` true with ``sentence``, ``manifest``, ``sha256`` (list), ``provider``, ``seconds``, ``inputs`` and
        ``outputs``; or ``ok`` false with ``code`` and ``sentence``.
    """
    from maskloop.inference.probe import probe_files  # onnxruntime is loaded for models only

    files = request.get("files")
    if not isinstance(files, list) or not 1 <= len(files) <= 2:
        return {
            "ok": False,
            "code": "model-refused",
            "sentence": "A model is one ONNX file, or two.",
        }
    given = request.get("manifest")
    limit_s = request.get("limit_s")
    try:
        return probe_files(
            [scratch / str(name) for name in files],
            given=None if given is None else json.dumps(given),
            threads=_threads(request),
            limit_s=float(limit_s) if isinstance(limit_s, int | float) else 60.0,
            report=report,
        )
    except InferenceError as error:
        return {"ok": False, "code": error.code, "sentence": error.detail}


def _read_volume(request: Request, scratch: Path) -> Volume:
    affine = request.get("affine")
    geometry = None if affine is None else np.asarray(affine, dtype=np.float64)
    rescale = _rescale(request)
    path = scratch / (_text(request, "image") or "")
    if path.suffix == ".npy":
        voxels = np.load(path, allow_pickle=False)
        return Volume(rescale.apply(voxels), geometry)
    from maskloop.formats.pixel_file import PixelFileReader

    with path.open("rb") as source:
        return PixelFileReader(source).read_volume(affine=geometry, rescale=rescale)


def _rescale(request: Request) -> Rescale:
    given = request.get("rescale")
    if not isinstance(given, dict):
        return Rescale()
    return Rescale(tuple(map(float, given["slope"])), tuple(map(float, given["intercept"])))


def _manifest(request: Request) -> Manifest | None:
    given = request.get("manifest")
    return None if given is None else parse_manifest(json.dumps(given))


def _text(request: Request, name: str) -> str | None:
    value = request.get(name)
    return value if isinstance(value, str) else None


def _threads(request: Request) -> int:
    threads = request.get("threads")
    return threads if isinstance(threads, int) and threads > 0 else 1


def _spacing(request: Request, volume: Volume) -> Spacing | None:
    """Return the spacing in mm of the affine, else the one that came with the image, else None."""
    if volume.spacing is not None:
        si, sj, sk = (float(step) for step in volume.spacing)
        return si, sj, sk
    given = request.get("spacing")
    if not isinstance(given, list) or len(given) < 2:
        return None
    si, sj = float(given[0]), float(given[1])
    sk = float(given[2]) if len(given) > 2 and given[2] is not None else 1.0
    if not all(np.isfinite((si, sj, sk))) or min(si, sj, sk) <= 0:
        raise ImageUnsuitable("The pixel size of the image is not a positive number.")
    return si, sj, sk


def _check_labels(labels: Labels, volume: Volume, spec: SegmenterSpec) -> None:
    """Raise unless a labelmap lies on the image's grid and holds only numbers that the segmenter declares."""
    if labels.shape != volume.shape or labels.dtype != np.uint16:
        raise InferenceError(f"The labelmap is {labels.shape} {labels.dtype}, the image {volume.shape}.")
    if spec.task == "semantic":
        declared = {0, *(segment.number for segment in spec.segments)}
        found = {int(number) for number in np.flatnonzero(np.bincount(labels.ravel()))}
        if found - declared:
            raise InferenceError(f"The labelmap holds numbers that are not declared: {sorted(found - declared)[:5]}.")


def _statistics(labels: Labels, volume: Volume, spec: SegmenterSpec) -> dict[str, object]:
    counts = np.bincount(labels.ravel(), minlength=2)
    voxel_ml = None if volume.affine is None else voxel_volume_mm3(volume.affine) / 1000

    def row(number: int, name: str, voxels: int) -> dict[str, object]:
        volume_ml = None if voxel_ml is None else round(voxels * voxel_ml, 4)
        return {"number": number, "name": name, "voxels": voxels, "volume_ml": volume_ml}

    if spec.task == "instances":
        name = spec.segments[0].name if spec.segments else spec.title
        return {"segments": [row(1, name, int(counts[1:].sum()))], "instances": int(np.count_nonzero(counts[1:]))}
    size = counts.size
    rows = [row(s.number, s.name, int(counts[s.number]) if s.number < size else 0) for s in spec.segments]
    return {"segments": rows, "instances": None}

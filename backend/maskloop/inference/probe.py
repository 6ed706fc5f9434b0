"""A new model's first run: checked, matched with its manifest, loaded, and run once on a made-up image."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from maskloop.imaging.volume import Volume
from maskloop.inference.check_onnx import OnnxSummary, check_onnx
from maskloop.inference.errors import InferenceCancelled, ModelRefused
from maskloop.inference.known import manifest_for
from maskloop.inference.manifest import Manifest, SamHead
from maskloop.inference.predictor import predict
from maskloop.inference.session import ModelSession, open_session

Report = Callable[[float, str], None]
PROBE_SIZE = {2: 256, 3: 64}
PROBE_SEED = 20


def probe_files(
    paths: list[Path], *, given: str | None, threads: int, limit_s: float, report: Report
) -> dict[str, object]:
    """Return what a model is, after one run of it.

    Parameters
    ----------
    paths : list of Path
        One ONNX file, or encoder and decoder.
    given : str or None
        A manifest as JSON.
    threads : int
    limit_s : float, s
        A probe run that takes longer is stopped.
    report : callable

    Returns
    -------
    JSON object

    Raises
    ------
    InferenceError
        With the sentence for the person.
    """
    report(0.0, "Checking the file")
    summaries = [check_onnx(path) for path in paths]
    manifest = manifest_for(summaries, given)
    report(0.3, "Loading the model")
    sessions = [open_session(path, threads=threads) for path in paths]
    report(0.6, "Running it once")
    started = time.perf_counter()
    try:
        with sessions[0].limited(limit_s), sessions[-1].limited(limit_s):
            _run_pair(sessions) if isinstance(manifest.head, SamHead) else _run_once(manifest, sessions[0])
    except InferenceCancelled as error:
        raise ModelRefused(f"The model did not answer within {limit_s:g} s on a small image.") from error
    seconds = time.perf_counter() - started
    return {
        "ok": True,
        "sentence": _sentence(manifest, seconds),
        "manifest": manifest.model_dump(mode="json"),
        "sha256": [summary.sha256 for summary in summaries],
        "provider": sessions[0].provider,
        "seconds": round(seconds, 3),
        "parameters": sum(summary.parameters for summary in summaries),
        "inputs": _ports(summaries, "inputs"),
        "outputs": _ports(summaries, "outputs"),
    }


def probe_volume(manifest: Manifest) -> Volume:
    """Return a small made-up image of the kind that a manifest asks for: bright discs in noise, on its own grid.

    Parameters
    ----------
    manifest : Manifest
    """
    side = PROBE_SIZE[manifest.dims]
    shape = tuple(min(side, size) for size in manifest.patch.size)
    random = np.random.default_rng(PROBE_SEED)
    grids = np.meshgrid(*(np.linspace(-3, 3, length) for length in shape), indexing="ij")
    blobs = np.prod([np.cos(np.pi * grid) ** 2 for grid in grids], axis=0)
    voxels = (200 * blobs + random.normal(20, 4, shape)).astype(np.float32)
    if manifest.dims == 2:
        voxels = voxels[np.newaxis]
    if manifest.input.channels == 3:
        voxels = np.repeat(voxels[..., np.newaxis], 3, axis=-1)
    affine = np.eye(4)
    if manifest.input.spacing_mm is not None:
        affine[range(3), range(3)] = [*reversed(manifest.input.spacing_mm), 1.0][:3]
    return Volume(voxels, affine)


def _run_once(manifest: Manifest, session: ModelSession) -> None:
    predict(probe_volume(manifest), manifest, session)


def _run_pair(sessions: list[ModelSession]) -> None:
    """Run an encoder on nothing and its decoder with one box; raises if they do not fit together."""
    if len(sessions) != 2 or [port.name for port in sessions[0].inputs] != ["image"]:
        raise ModelRefused("A promptable model is an encoder with one input, 'image', and a decoder.")
    encoder, decoder = sessions
    image = np.zeros([size or 1 for size in encoder.inputs[0].shape], dtype=np.float32)
    embedding = encoder.run({"image": image}, encoder.outputs)[0]
    feed = {
        "image_embeddings": embedding,
        "point_coords": np.array([[[64, 64], [192, 192]]], dtype=np.float32),
        "point_labels": np.array([[2, 3]], dtype=np.float32),
        "mask_input": np.zeros((1, 1, 256, 256), dtype=np.float32),
        "has_mask_input": np.zeros(1, dtype=np.float32),
    }
    if {port.name for port in decoder.inputs} != set(feed):
        raise ModelRefused("The decoder does not take the inputs of a segment-anything decoder.")
    masks = decoder.run(feed, decoder.outputs)[0]
    if masks.ndim != 4 or not np.isfinite(masks).all():
        raise ModelRefused("The decoder does not answer with masks.")


def _sentence(manifest: Manifest, seconds: float) -> str:
    if isinstance(manifest.head, SamHead):
        return f"{manifest.title} is registered; it works by prompts, which this version does not offer yet."
    return f"{manifest.title} ran on a probe image in {seconds:.1f} s."


def _ports(summaries: list[OnnxSummary], side: str) -> list[dict[str, object]]:
    return [
        {"name": port.name, "dtype": port.dtype, "shape": list(port.shape)}
        for summary in summaries
        for port in (summary.inputs if side == "inputs" else summary.outputs)
    ]

"""What the runner calls: JSON in, labelmap and JSON out; a new model's probe."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from maskloop.imaging.errors import ImagingError
from maskloop.inference import ops
from maskloop.inference.errors import ModelRefused, ParameterInvalid
from maskloop.inference.manifest import METADATA_KEY
from tests import tiny_models as tiny

HEAD = tiny.softmax_head(0, 1)
AXIAL = [[0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]


def quiet(share: float, step: str) -> None:
    assert 0 <= share <= 1
    assert step


def box_image(folder: Path) -> np.ndarray:
    voxels = np.zeros((4, 40, 40), np.int16)
    voxels[1:3, 10:20, 10:30] = 100
    np.save(folder / "image.npy", voxels)
    return voxels


def model_request(folder: Path, model: ModelProto, about: dict[str, object]) -> dict[str, object]:
    path = tiny.save(model, folder / "model.onnx")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"image": "image.npy", "model": "model.onnx", "sha256": digest, "manifest": about}


def test_a_classical_segmenter_writes_local_numbers_and_volumes(tmp_path: Path) -> None:
    voxels = box_image(tmp_path)

    answer = ops.segment({"image": "image.npy", "segmenter": "threshold", "affine": AXIAL}, tmp_path, quiet)

    labels = np.load(tmp_path / str(answer["labelmap"]))
    np.testing.assert_array_equal(labels, voxels > 0)
    assert labels.dtype == np.uint16
    assert answer["segments"] == [{"number": 1, "name": "Foreground", "voxels": 400, "volume_ml": 0.2}]
    assert answer["instances"] is None
    json.dumps(answer, allow_nan=False)


def test_instances_are_counted_and_numbered_from_one(tmp_path: Path) -> None:
    plane = np.zeros((1, 60, 60), np.uint8)
    plane[0, 5:17, 5:17] = plane[0, 30:42, 30:42] = 200
    np.save(tmp_path / "image.npy", plane)

    answer = ops.segment({"image": "image.npy", "segmenter": "watershed"}, tmp_path, quiet)

    assert answer["instances"] == 2
    assert set(np.unique(np.load(tmp_path / "labelmap.npy"))) == {0, 1, 2}


def test_stored_values_are_rescaled_before_a_threshold(tmp_path: Path) -> None:
    box_image(tmp_path)
    request = {
        "image": "image.npy",
        "segmenter": "threshold",
        "rescale": {"slope": [2], "intercept": [-1024]},
        "parameters": {"lower": -900, "min_diameter_mm": 0},
    }

    answer = ops.segment(request, tmp_path, quiet)

    assert answer["segments"] == [{"number": 1, "name": "Foreground", "voxels": 400, "volume_ml": None}]


def test_a_model_runs_and_is_named_by_its_hash(tmp_path: Path) -> None:
    voxels = box_image(tmp_path)
    request = model_request(tmp_path, tiny.softmax_2d(), tiny.manifest(HEAD))

    answer = ops.segment(request, tmp_path, quiet)

    np.testing.assert_array_equal(np.load(tmp_path / "labelmap.npy"), voxels > 0)
    assert answer["provider"] == "CPUExecutionProvider"
    assert answer["sha256"] == request["sha256"]


def test_another_file_than_the_registered_one_is_not_run(tmp_path: Path) -> None:
    box_image(tmp_path)
    request = model_request(tmp_path, tiny.softmax_2d(), tiny.manifest(HEAD)) | {"sha256": "0" * 64}

    with pytest.raises(ModelRefused, match="not the one that was registered"):
        ops.segment(request, tmp_path, quiet)


def test_external_data_is_refused_at_every_run(tmp_path: Path) -> None:
    box_image(tmp_path)

    with pytest.raises(ModelRefused, match="outside its file"):
        ops.segment(model_request(tmp_path, tiny.with_external_data(), tiny.manifest(HEAD)), tmp_path, quiet)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"colour": 1}, "no parameter 'colour'"),
        ({"lower": "high"}, "must be a number"),
        ({"lower": True}, "must be a number"),
        ({"opening_mm": 1e9}, "from 0 to 50"),
        ({"opening_mm": float("nan")}, "from 0 to 50"),
        ({"largest_only": "yes"}, "must be a boolean"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, object], sentence: str, tmp_path: Path) -> None:
    box_image(tmp_path)

    with pytest.raises(ParameterInvalid, match=sentence):
        ops.segment({"image": "image.npy", "segmenter": "threshold", "parameters": parameters}, tmp_path, quiet)


def test_an_unknown_segmenter_has_a_sentence(tmp_path: Path) -> None:
    box_image(tmp_path)

    with pytest.raises(ImagingError, match="no segmenter named 'magic'"):
        ops.segment({"image": "image.npy", "segmenter": "magic"}, tmp_path, quiet)


def probe(folder: Path, *models: ModelProto, **request: object) -> dict[str, object]:
    files = [tiny.save(model, folder / f"{number}.onnx").name for number, model in enumerate(models)]
    return ops.probe_model({"files": files, **request}, folder, quiet)


@pytest.mark.parametrize(
    ("model", "about"),
    [
        (tiny.softmax_2d(), tiny.manifest(HEAD)),
        (tiny.sigmoid_2d(), tiny.manifest(tiny.sigmoid_head(1, 2), segments=2)),
        (tiny.softmax_3d(), tiny.manifest(tiny.softmax_head(0, 1, 2), axes="bczyx", patch=(8, 8, 8), segments=2)),
    ],
)
def test_a_good_model_passes_its_probe(model: ModelProto, about: dict[str, object], tmp_path: Path) -> None:
    verdict = probe(tmp_path, model, manifest=about)

    assert verdict["ok"], verdict
    assert verdict["provider"] == "CPUExecutionProvider"
    assert verdict["manifest"]["name"] == "tiny"  # type: ignore[index]
    json.dumps(verdict, allow_nan=False)


def test_a_manifest_in_the_files_own_metadata_is_found(tmp_path: Path) -> None:
    model = tiny.softmax_2d()
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(tiny.manifest(HEAD))

    assert probe(tmp_path, model)["ok"]


@pytest.mark.parametrize(
    ("model", "about", "code", "sentence"),
    [
        (tiny.softmax_2d(), None, "manifest-missing", "send a manifest"),
        (tiny.with_external_data(), tiny.manifest(HEAD), "model-refused", "outside its file"),
        (tiny.with_foreign_operator(), tiny.manifest(HEAD), "model-refused", "only standard ONNX"),
        (tiny.not_finite_2d(), tiny.manifest(HEAD), "model-output-invalid", "not numbers"),
        (tiny.softmax_2d(), tiny.manifest(tiny.softmax_head(1, 0)), "manifest-invalid", "background"),
        (tiny.softmax_2d(), tiny.manifest(HEAD) | {"task": "instances"}, "manifest-invalid", "semantic"),
        (tiny.softmax_2d(), tiny.manifest(HEAD) | {"licence": ""}, "manifest-invalid", "licence"),
    ],
)
def test_a_bad_model_gets_a_verdict_with_a_sentence(
    model: ModelProto, about: dict[str, object] | None, code: str, sentence: str, tmp_path: Path
) -> None:
    verdict = probe(tmp_path, model, manifest=about)

    assert (verdict["ok"], verdict["code"]) == (False, code)
    assert sentence in str(verdict["sentence"])


def test_an_endless_model_is_stopped_by_the_clock(tmp_path: Path) -> None:
    verdict = probe(tmp_path, tiny.endless(), manifest=tiny.manifest(HEAD), limit_s=1.0)

    assert not verdict["ok"]
    assert "did not answer within 1 s" in str(verdict["sentence"])


@pytest.mark.parametrize("length", [10, 60, 120])
def test_a_broken_file_gets_a_verdict(length: int, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(tiny.softmax_2d().SerializeToString()[:length])

    verdict = ops.probe_model({"files": ["net.onnx"], "manifest": tiny.manifest(HEAD)}, tmp_path, quiet)

    assert verdict["code"] == "model-refused"


def test_published_models_need_no_manifest(shared_models: Path) -> None:
    def verdict(*names: str) -> dict[str, object]:
        return ops.probe_model({"files": [f"{name}.onnx" for name in names], "threads": 2}, shared_models, quiet)

    stardist = verdict("stardist_2d_versatile_fluo")
    brain = verdict("brain_gmwm_model5")
    pair = verdict("lite_medsam_encoder", "lite_medsam_decoder")

    assert [answer["manifest"]["task"] for answer in (stardist, brain, pair)] == ["instances", "semantic", "prompt"]  # type: ignore[index]
    assert "prompts, which this version does not offer yet" in str(pair["sentence"])
    assert "encoder comes first" in str(verdict("lite_medsam_decoder", "lite_medsam_encoder")["sentence"])
    assert not verdict("lite_medsam_encoder")["ok"]

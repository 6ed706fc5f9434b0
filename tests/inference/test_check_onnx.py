"""Models from strangers: what passes our walk, and the sentence for what does not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from maskloop.inference import check_onnx as walk
from maskloop.inference.check_onnx import check_onnx
from maskloop.inference.errors import ModelRefused
from tests import tiny_models as tiny


def test_summary_names_inputs_outputs_and_size(tmp_path: Path) -> None:
    path = tiny.save(tiny.softmax_3d(), tmp_path / "net.onnx")

    summary = check_onnx(path)

    assert [(port.name, port.dtype, port.shape) for port in summary.inputs] == [
        ("image", "float32", (1, 1, None, None, None))
    ]
    assert summary.outputs[0].shape == (1, 3, None, None, None)
    assert (summary.nodes, summary.parameters, summary.opset) == (1, 6, tiny.OPSET)


@pytest.mark.parametrize(
    "build",
    [
        tiny.with_external_data,
        tiny.with_external_constant,
        tiny.with_external_in_branch,
        tiny.with_external_sparse,
        tiny.with_location_only,
    ],
)
def test_data_outside_the_file_is_refused_wherever_it_hides(build: Callable[[], ModelProto], tmp_path: Path) -> None:
    path = tiny.save(build(), tmp_path / "net.onnx")

    with pytest.raises(ModelRefused, match="keeps data outside its file"):
        check_onnx(path)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (tiny.with_foreign_operator, "domain 'com.example'"),
        (tiny.with_foreign_domain, "domain 'com.microsoft'"),
        (tiny.with_function, "functions of its own"),
        (tiny.boasting, "declares 268,435,456 values"),
        (lambda: tiny.nested(walk.MAX_DEPTH + 1), "nests graphs deeper than 8"),
    ],
)
def test_refusals_say_what_is_wrong(build: Callable[[], ModelProto], sentence: str, tmp_path: Path) -> None:
    path = tiny.save(build(), tmp_path / "net.onnx")

    with pytest.raises(ModelRefused, match=sentence):
        check_onnx(path)


@pytest.mark.parametrize(
    "content",
    [b"\0" * 64, b"not a model at all", b"\x08\x08", b"\x3a\xff\xff\xff\xff\x0f", b"\x08" + b"\xff" * 12, b"\x0b\x0c"],
)
def test_bytes_that_are_no_model_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelRefused):
        check_onnx(path)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.touch()

    with pytest.raises(ModelRefused, match="empty"):
        check_onnx(path)


def test_a_second_graph_cannot_be_merged_in(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(tiny.softmax_2d().SerializeToString() + tiny.softmax_2d().SerializeToString())

    with pytest.raises(ModelRefused):
        check_onnx(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = tiny.softmax_2d().SerializeToString()
    path = tmp_path / "net.onnx"

    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelRefused):
            check_onnx(path)


def test_flipped_bytes_are_refused_or_pass_and_nothing_else(tmp_path: Path) -> None:
    whole = tiny.with_external_in_branch().SerializeToString()
    random = np.random.default_rng(5)
    path = tmp_path / "net.onnx"

    outcomes = set()
    for _ in range(400):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        outcomes.add(outcome(path))

    assert "refused" in outcomes
    assert outcomes <= {"passed", "refused"}


def outcome(path: Path) -> str:
    try:
        check_onnx(path)
    except ModelRefused:
        return "refused"
    return "passed"


def test_a_flood_of_fields_stops_at_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_FIELDS", 1000)
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x28\x01" * 2000)

    with pytest.raises(ModelRefused, match="more parts"):
        check_onnx(path)


def test_the_check_imports_neither_onnx_nor_a_runtime() -> None:
    code = (
        "import sys, maskloop.inference.check_onnx, maskloop.inference.known, maskloop.inference.segmenters;"
        "assert not {'onnx', 'onnxruntime', 'scipy', 'skimage'} & set(sys.modules), sorted(sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr


def test_the_shared_models_pass(shared_models: Path) -> None:
    paths = sorted(shared_models.glob("*.onnx"))

    summaries = [check_onnx(path) for path in paths]

    assert len(summaries) == 4
    assert all(summary.opset == 17 for summary in summaries)

"""Tiny ONNX networks with known answers, and hostile ones. Made with onnx.helper; nothing here is trained."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
ABOUT = {
    "licence": "CC0-1.0",
    "source": "made in the tests",
    "training_data": "none",
    "intended_use": "tests",
}


def softmax_2d() -> ModelProto:
    """Two scores per pixel, (b, 2, h, w): background 0.5 - x and object x - 0.5."""
    return _threshold_network(["b", 1, "h", "w"], signs=(-1.0, 1.0))


def softmax_3d() -> ModelProto:
    """Three scores per voxel, (1, 3, d, h, w): dark 0.3 - x, middle 0, bright x - 0.7."""
    shape = [1, 1, "d", "h", "w"]
    weights = np.array([-1.0, 0.0, 1.0], np.float32).reshape(3, 1, 1, 1, 1)
    return _convolution(shape, [1, 3, "d", "h", "w"], weights, np.array([0.3, 0.0, -0.7], np.float32))


def softmax_3d_channels_last() -> ModelProto:
    """Like `brain_gmwm`: takes (1, d, h, w, 1), gives (1, 2, d, h, w)."""
    nodes = [
        helper.make_node("Transpose", ["image"], ["first"], perm=[0, 4, 1, 2, 3]),
        helper.make_node("Conv", ["first", "weights", "bias"], ["scores"]),
    ]
    weights = _tensor("weights", np.array([-1.0, 1.0], np.float32).reshape(2, 1, 1, 1, 1))
    bias = _tensor("bias", np.array([0.5, -0.5], np.float32))
    return _model(
        nodes, [_value("image", [1, "d", "h", "w", 1])], [_value("scores", [1, 2, "d", "h", "w"])], [weights, bias]
    )


def sigmoid_2d() -> ModelProto:
    """One logit per pixel and structure, (b, 2, h, w): 10 (x - 0.5) and 10 (0.2 - x)."""
    weights = np.array([10.0, -10.0], np.float32).reshape(2, 1, 1, 1)
    return _convolution(["b", 1, "h", "w"], ["b", 2, "h", "w"], weights, np.array([-5.0, 2.0], np.float32))


def fixed_patch_2d(size: int) -> ModelProto:
    """`softmax_2d` that takes one window of this size only."""
    return _threshold_network([1, 1, size, size], signs=(-1.0, 1.0))


def not_finite_2d() -> ModelProto:
    """Loads and runs, and answers with numbers that are none: log(x - x)."""
    nodes = [
        helper.make_node("Sub", ["image", "image"], ["nothing"]),
        helper.make_node("Log", ["nothing"], ["none"]),
        helper.make_node("Concat", ["none", "none"], ["scores"], axis=1),
    ]
    return _model(nodes, [_value("image", ["b", 1, "h", "w"])], [_value("scores", ["b", 2, "h", "w"])], [])


def with_external_data() -> ModelProto:
    """`softmax_2d` whose weights lie in another file."""
    model = softmax_2d()
    _make_external(model.graph.initializer[0])
    return model


def with_external_constant() -> ModelProto:
    """A tensor outside the file, hidden in an attribute of an operator."""
    model = softmax_2d()
    hidden = _tensor("hidden", np.zeros(4, np.float32))
    _make_external(hidden)
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=hidden))
    return model


def with_external_in_branch() -> ModelProto:
    """A tensor outside the file, hidden two graphs deep."""
    hidden = _tensor("hidden", np.zeros(4, np.float32))
    _make_external(hidden)
    inner = helper.make_graph([_identity("hidden", "inner_out")], "inner", [], [_value("inner_out", [4])], [hidden])
    outer = helper.make_graph(
        [helper.make_node("If", ["yes"], ["outer_out"], then_branch=inner, else_branch=inner)],
        "outer", [], [_value("outer_out", [4])],
    )  # fmt: skip
    model = softmax_2d()
    model.graph.initializer.append(_tensor("yes", np.array(True)))
    model.graph.node.append(helper.make_node("If", ["yes"], ["unused"], then_branch=outer, else_branch=outer))
    return model


def with_external_sparse() -> ModelProto:
    """A sparse initializer whose values lie in another file."""
    values = _tensor("sparse", np.ones(1, np.float32))
    _make_external(values)
    model = softmax_2d()
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, _tensor("at", np.array([0], np.int64)), [4])
    )
    return model


def with_location_only() -> ModelProto:
    """Says that a tensor is external, and names no file."""
    model = softmax_2d()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return model


def with_foreign_operator() -> ModelProto:
    """An operator of a domain that is not ONNX's own, not even declared."""
    model = softmax_2d()
    model.graph.node.append(helper.make_node("Anything", ["scores"], ["unused"], domain="com.example"))
    return model


def with_foreign_domain() -> ModelProto:
    """Declares a domain that is not ONNX's own."""
    model = softmax_2d()
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def with_function() -> ModelProto:
    """Brings a function of its own."""
    model = softmax_2d()
    opsets = [helper.make_opsetid("", OPSET)]
    model.functions.append(helper.make_function("mine", "same", ["x"], ["y"], [_identity("x", "y")], opsets))
    return model


def endless() -> ModelProto:
    """Well-formed, and runs for ever: a loop of nearly 2^63 rounds before the answer."""
    body = helper.make_graph(
        [_identity("go", "go_on"), helper.make_node("Add", ["carried", "one"], ["next"])],
        "body",
        [_value("round", [], TensorProto.INT64), _value("go", [], TensorProto.BOOL), _value("carried", [1])],
        [_value("go_on", [], TensorProto.BOOL), _value("next", [1])],
        [_tensor("one", np.ones(1, np.float32))],
    )
    model = softmax_2d()
    del model.graph.node[:]
    zero, yes = _tensor("zero", np.zeros(1, np.float32)), _tensor("yes", np.array(True))
    model.graph.initializer.extend([zero, yes, _tensor("rounds", np.array(2**63 - 1, np.int64))])
    model.graph.node.extend(
        [
            helper.make_node("Loop", ["rounds", "yes", "zero"], ["never"], body=body),
            helper.make_node("Add", ["image", "never"], ["late"]),
            helper.make_node("Conv", ["late", "weights", "bias"], ["scores"]),
        ]
    )
    return model


def nested(depth: int) -> ModelProto:
    """Graphs in graphs, `depth` deep."""
    graph = helper.make_graph([_identity("yes", "out")], "leaf", [], [_value("out", [], TensorProto.BOOL)])
    for level in range(depth):
        branch = helper.make_node("If", ["yes"], ["out"], then_branch=graph, else_branch=graph, name=f"level{level}")
        graph = helper.make_graph([branch], "branch", [], [_value("out", [], TensorProto.BOOL)])
        del branch.attribute[1:]
    model = softmax_2d()
    model.graph.node.append(helper.make_node("If", ["yes"], ["unused"], then_branch=graph, else_branch=graph))
    return model


def boasting() -> ModelProto:
    """A tensor that declares 2^28 values and holds 8 bytes."""
    model = softmax_2d()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([1 << 14, 1 << 14])
    return model


def save(model: ModelProto, path: Path) -> Path:
    """Write a model as one file, whatever it says about itself."""
    path.write_bytes(model.SerializeToString())
    return path


def manifest(
    head: dict[str, object],
    *,
    axes: str = "bcyx",
    segments: int = 1,
    patch: Sequence[int] = (32, 32),
    spacing_mm: Sequence[float] | None = None,
    orientation: str | None = None,
    **changes: object,
) -> dict[str, object]:
    """Return a manifest for one of the networks here, whose values are taken as they are."""
    return {
        "name": "tiny",
        "title": "Tiny network",
        "version": "1",
        "task": "semantic",
        "input": {
            "name": "image",
            "axes": axes,
            "intensity": {"kind": "scale", "divisor": 1.0},
            "spacing_mm": spacing_mm,
            "orientation": orientation,
        },
        "patch": {"size": list(patch), "overlap": 0.25},
        "head": head,
        "segments": [{"number": number, "name": f"Structure {number}"} for number in range(1, segments + 1)],
        **ABOUT,
        **changes,
    }


def softmax_head(*classes: int) -> dict[str, object]:
    """Return the head of the networks with one score per class."""
    return {"kind": "softmax", "output": "scores", "classes": list(classes)}


def sigmoid_head(*classes: int) -> dict[str, object]:
    """Return the head of the network with one logit per structure."""
    return {"kind": "sigmoid", "output": "scores", "classes": list(classes)}


def _threshold_network(shape: list[int | str], *, signs: tuple[float, float]) -> ModelProto:
    weights = np.array(signs, np.float32).reshape(2, 1, 1, 1)
    return _convolution(shape, [shape[0], 2, *shape[2:]], weights, np.array([0.5, -0.5], np.float32))


def _convolution(
    shape: Sequence[int | str], out: Sequence[int | str], weights: np.ndarray, bias: np.ndarray
) -> ModelProto:
    node = helper.make_node("Conv", ["image", "weights", "bias"], ["scores"])
    tensors = [_tensor("weights", weights), _tensor("bias", bias)]
    return _model([node], [_value("image", shape)], [_value("scores", out)], tensors)


def _model(
    nodes: list[NodeProto], inputs: list[ValueInfoProto], outputs: list[ValueInfoProto], tensors: list[TensorProto]
) -> ModelProto:
    graph: GraphProto = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def _value(name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _tensor(name: str, values: np.ndarray) -> TensorProto:
    return numpy_helper.from_array(values, name)


def _identity(source: str, target: str) -> NodeProto:
    return helper.make_node("Identity", [source], [target])


def _make_external(tensor: TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/hostname"

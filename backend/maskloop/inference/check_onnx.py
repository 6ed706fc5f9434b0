"""Our own walk over an ONNX file before any runtime sees it; imports neither onnx nor onnxruntime.

Every field of every message must be in `onnx_schema`, so a tensor cannot hide in a place that this walk does not know.
"""

import hashlib
import math
import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.inference.errors import ModelRefused
from maskloop.inference.onnx_schema import EXTERNAL_WHY, SCHEMA, Kind, Rule
from maskloop.inference.wire import BYTES, FIXED32, FIXED64, VARINT, Field, WireReader

MAX_BYTES = 1 << 30
MAX_FIELDS = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 8  # of graphs in graphs
MAX_RANK = 8
MAX_ELEMENTS = 1 << 29  # of one tensor
MAX_TEXT = 1024
MAX_LONG_TEXT = 1 << 20
MAX_LIST = 1 << 16
MAX_PORTS = 8
MAX_PROPERTIES = 256
IR_VERSIONS = range(3, 15)
OPSETS = range(7, 28)
STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
INT64_LIMIT = 1 << 63
ITEM_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
TYPE_NAMES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
              10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}  # fmt: skip
VARINT_DATA, FIXED_DATA, RAW_DATA = (5, 7, 11), {4: 4, 10: 8}, 9

Parsed = dict[int, list[object]]  # field number -> the values that the schema says to keep


@dataclass(frozen=True)
class TensorPort:
    """An input or output: its element type, and its shape with None where a size is symbolic."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class OnnxSummary:
    """What a file that passed holds."""

    sha256: str
    size: int
    ir_version: int
    opset: int
    nodes: int
    parameters: int
    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]
    metadata: dict[str, str]


@dataclass(frozen=True)
class _Graph:
    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]
    initializers: frozenset[str]


def check_onnx(path: Path, *, max_bytes: int = MAX_BYTES) -> OnnxSummary:
    """Return what an ONNX file holds, if it is self-contained, of standard operators and of sane size.

    Parameters
    ----------
    path : Path
    max_bytes : int
        A larger file is refused unread.

    Returns
    -------
    OnnxSummary

    Raises
    ------
    ModelRefused
        With one sentence that says what is wrong.

    Notes
    -----
    Time and memory are bounded by the number of fields, not by what the fields say: declared sizes are compared with
    the bytes that are there, nothing is allocated by them, and weights are skipped over in the mapped file.
    """
    size = path.stat().st_size
    if size == 0:
        raise ModelRefused("The file is empty.")
    if size > max_bytes:
        raise ModelRefused(f"The model has {size:,} bytes; {max_bytes:,} are allowed.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            walk = _Walk(view)
            model = walk.message("model", 0, len(view), depth=0)
            return _summary(model, walk, digest=digest, size=size)


class _Walk:
    """One pass over one file; counts what it has seen."""

    def __init__(self, buffer: memoryview) -> None:
        self.buffer = buffer
        self.reader = WireReader(buffer, max_fields=MAX_FIELDS)
        self.nodes = 0
        self.parameters = 0

    def message(self, name: str, start: int, end: int, *, depth: int) -> Parsed:
        """Return the kept values of one message, after checking all that it holds."""
        rules = SCHEMA[name]
        found: Parsed = {}
        for field in self.reader.fields(start, end):
            rule = rules.get(field.number)
            if rule is None:
                raise ModelRefused(f"The model's {name} has a part that ONNX does not define (field {field.number}).")
            value = self._value(rule, field, depth)
            if rule.keep:
                kept = found.setdefault(field.number, [])
                kept.append(value)
        return found

    def _value(self, rule: Rule, field: Field, depth: int) -> object:
        if isinstance(rule.kind, str):
            _require(field.wire == BYTES)
            return self._submessage(rule.kind, field, depth)
        match rule.kind:
            case Kind.REFUSED:
                raise ModelRefused(rule.why)
            case Kind.INT:
                _require(field.wire == VARINT)
                return field.value if field.value < INT64_LIMIT else field.value - 2 * INT64_LIMIT
            case Kind.FLOAT:
                _require(field.wire == FIXED32)
            case Kind.INTS:
                _require(field.wire in (VARINT, BYTES))
                return [
                    value if value < INT64_LIMIT else value - 2 * INT64_LIMIT
                    for value in self.reader.varints(field, limit=MAX_LIST)
                ]
            case Kind.WEIGHTS:
                return self._items(field)
            case Kind.BYTES:
                _require(field.wire == BYTES)
                if field.end - field.start > MAX_LONG_TEXT:
                    raise ModelRefused(f"The model holds a text of more than {MAX_LONG_TEXT:,} bytes.")
            case Kind.TEXT | Kind.LONG_TEXT:
                _require(field.wire == BYTES)
                return self.reader.text(field, limit=MAX_TEXT if rule.kind is Kind.TEXT else MAX_LONG_TEXT)
        return None

    def _submessage(self, name: str, field: Field, depth: int) -> object:
        if name == "graph":
            depth += 1
            if depth > MAX_DEPTH:
                raise ModelRefused(f"The model nests graphs deeper than {MAX_DEPTH} levels.")
        found = self.message(name, field.start, field.end, depth=depth)
        match name:
            case "node":
                self._check_node(found)
                return None
            case "tensor":
                return self._check_tensor(found)
            case "sparse":
                return _check_sparse(found)
            case "value":
                return _port(found)
            case "graph":
                return _graph(found) if depth == 1 else None
            case _:
                return found

    def _check_node(self, node: Parsed) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ModelRefused(f"The model has more than {MAX_NODES:,} operators.")
        for domain in _texts(node, 7):
            if domain not in STANDARD_DOMAINS:
                operator = "".join(_texts(node, 4)) or "?"
                raise ModelRefused(
                    f"Operator {operator} is of the domain {domain!r}; only standard ONNX operators run here."
                )

    def _check_tensor(self, tensor: Parsed) -> tuple[str, list[int]]:
        """Return the tensor's name and shape, after comparing what it declares with the bytes it has."""
        if any(_ints(tensor, 14)):
            raise ModelRefused(EXTERNAL_WHY)
        dims = _dims(tensor, 1)
        name = "".join(_texts(tensor, 8))
        item = ITEM_BYTES.get(_last(_ints(tensor, 2)))
        if item is None:
            raise ModelRefused(f"Tensor {name!r} is of a type that we do not run.")
        wanted = math.prod(dims)
        held = {number: sum(_ints(tensor, number)) for number in (*VARINT_DATA, *FIXED_DATA, RAW_DATA)}
        held[RAW_DATA], spare = divmod(held[RAW_DATA], item)
        if spare or sum(held.values()) != wanted or sum(count > 0 for count in held.values()) > 1:
            raise ModelRefused(f"Tensor {name!r} declares {wanted:,} values and holds another number of them.")
        self.parameters += wanted
        return name, dims

    def _items(self, field: Field) -> int:
        """Return how many values a data field of a tensor holds (for raw data: how many bytes)."""
        if field.number in VARINT_DATA:
            if field.wire == VARINT:
                return 1
            _require(field.wire == BYTES)
            ends = np.frombuffer(self.buffer[field.start : field.end], dtype=np.uint8) < 0x80
            return int(np.count_nonzero(ends))
        if field.number in FIXED_DATA:
            _require(field.wire in (BYTES, FIXED32 if FIXED_DATA[field.number] == 4 else FIXED64))
            count, spare = divmod(field.end - field.start, FIXED_DATA[field.number])
            _require(spare == 0)
            return count
        _require(field.wire == BYTES)
        return field.end - field.start


def _require(claim: bool) -> None:
    if not claim:
        raise ModelRefused("The file is no ONNX model, or it is damaged.")


def _ints(found: Parsed, number: int) -> list[int]:
    values: list[int] = []
    for value in found.get(number, []):
        if isinstance(value, int):
            values.append(value)
        elif isinstance(value, list):
            values.extend(value)
    return values


def _texts(found: Parsed, number: int) -> list[str]:
    return [value for value in found.get(number, []) if isinstance(value, str)]


def _messages(found: Parsed, number: int) -> list[Parsed]:
    return [value for value in found.get(number, []) if isinstance(value, dict)]


def _last(values: list[int]) -> int:
    return values[-1] if values else 0


def _dims(found: Parsed, number: int) -> list[int]:
    dims = _ints(found, number)
    if len(dims) > MAX_RANK or any(size < 0 for size in dims) or math.prod(dims) > MAX_ELEMENTS:
        raise ModelRefused(f"The model holds a tensor of shape {dims[: MAX_RANK + 1]}, which is too large to be sane.")
    return dims


def _check_sparse(sparse: Parsed) -> tuple[str, list[int]]:
    parts = [value for number in (1, 2) for value in sparse.get(number, []) if isinstance(value, tuple)]
    return (str(parts[0][0]) if parts else ""), _dims(sparse, 3)


def _port(value: Parsed) -> TensorPort:
    """Return an input, output or inner value; where the file says nothing about its type, an empty one."""
    dtype, shape = "", list[int | None]()
    for kind in _messages(value, 2):
        for tensor in _messages(kind, 1):
            dtype = TYPE_NAMES.get(_last(_ints(tensor, 1)), "")
            shape = [
                size if (size := _last(_ints(dimension, 1))) > 0 else None
                for dims in _messages(tensor, 2)
                for dimension in _messages(dims, 1)
            ]
    if len(shape) > MAX_RANK or math.prod(size or 1 for size in shape) > MAX_ELEMENTS:
        raise ModelRefused(f"The model declares a tensor of shape {shape[: MAX_RANK + 1]}, which is not sane.")
    return TensorPort(name="".join(_texts(value, 1)), dtype=dtype, shape=tuple(shape))


def _graph(found: Parsed) -> _Graph:
    names = [value[0] for number in (5, 15) for value in found.get(number, []) if isinstance(value, tuple)]
    inputs, outputs = (
        tuple(value for value in found.get(number, []) if isinstance(value, TensorPort)) for number in (11, 12)
    )
    return _Graph(inputs, outputs, frozenset(names))


def _summary(model: Parsed, walk: _Walk, *, digest: str, size: int) -> OnnxSummary:
    graphs = [value for value in model.get(7, []) if isinstance(value, _Graph)]
    _require(len(graphs) == 1)
    ir_version = _last(_ints(model, 1))
    if ir_version not in IR_VERSIONS:
        raise ModelRefused(f"ONNX IR version {ir_version} is not supported ({IR_VERSIONS[0]} to {IR_VERSIONS[-1]}).")
    opsets = [_last(_ints(opset, 2)) for opset in _messages(model, 8)]
    _require(bool(opsets))
    for opset in _messages(model, 8):
        domain, version = "".join(_texts(opset, 1)), _last(_ints(opset, 2))
        if domain not in STANDARD_DOMAINS:
            raise ModelRefused(f"The model needs operators of the domain {domain!r}; only standard ONNX runs here.")
        if version not in OPSETS:
            raise ModelRefused(f"ONNX operator set {version} is not supported ({OPSETS[0]} to {OPSETS[-1]}).")
    entries = {"".join(_texts(entry, 1)): "".join(_texts(entry, 2)) for entry in _messages(model, 14)}
    if len(entries) > MAX_PROPERTIES:
        raise ModelRefused(f"The model has more than {MAX_PROPERTIES} metadata entries.")
    inputs = tuple(port for port in graphs[0].inputs if port.name not in graphs[0].initializers)
    _check_ports(inputs, "input")
    _check_ports(graphs[0].outputs, "output")
    return OnnxSummary(
        sha256=digest,
        size=size,
        ir_version=ir_version,
        opset=max(opsets),
        nodes=walk.nodes,
        parameters=walk.parameters,
        inputs=inputs,
        outputs=graphs[0].outputs,
        metadata=entries,
    )


def _check_ports(ports: tuple[TensorPort, ...], word: str) -> None:
    if not 1 <= len(ports) <= MAX_PORTS:
        raise ModelRefused(f"The model has {len(ports)} {word}s; 1 to {MAX_PORTS} are understood.")
    if len({port.name for port in ports}) != len(ports):
        raise ModelRefused(f"Two {word}s of the model have the same name.")
    for port in ports:
        if not port.name or not port.dtype:
            raise ModelRefused(f"The {word} {port.name!r} of the model does not say which type of numbers it has.")

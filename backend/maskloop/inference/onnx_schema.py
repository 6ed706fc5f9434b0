"""The messages of onnx.proto that a model may be made of, field by field (IR version 14); anything else is refused."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a field's bytes are read."""

    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    LONG_TEXT = "long text"
    BYTES = "bytes"
    WEIGHTS = "weights"  # only measured, never read
    INTS = "ints"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """One field: its kind or the message it holds; `keep` if the check needs its value; `why` it is refused."""

    kind: Kind | str
    keep: bool = False
    why: str = ""


_int, _float, _text, _long = Rule(Kind.INT), Rule(Kind.FLOAT), Rule(Kind.TEXT), Rule(Kind.LONG_TEXT)
_kept_int, _kept_text, _kept_ints = Rule(Kind.INT, keep=True), Rule(Kind.TEXT, keep=True), Rule(Kind.INTS, keep=True)
_weights = Rule(Kind.WEIGHTS, keep=True)
_property = Rule("property")
_external = Rule(Kind.REFUSED, why="The model keeps data outside its file; save it as one self-contained ONNX file.")
_types = Rule(Kind.REFUSED, why="The model uses values that are no plain tensors, which we do not run.")


def _kept(message: str) -> Rule:
    return Rule(message, keep=True)


def _refused(why: str) -> Rule:
    return Rule(Kind.REFUSED, why=why)


SCHEMA: dict[str, dict[int, Rule]] = {
    "model": {
        1: _kept_int, 2: _text, 3: _text, 4: _text, 5: _int, 6: _long, 7: _kept("graph"), 8: _kept("opset"),
        14: Rule("property", keep=True),
        20: _refused("The model carries training graphs; export it for inference only."),
        25: _refused("The model defines functions of its own; export it with its functions inlined."),
        26: _refused("The model is split over several devices; export it for one."),
    },
    "opset": {1: _kept_text, 2: _kept_int},
    "property": {1: _kept_text, 2: Rule(Kind.LONG_TEXT, keep=True)},
    "graph": {
        1: Rule("node"), 2: _text, 5: _kept("tensor"), 10: _long, 11: _kept("value"), 12: _kept("value"),
        13: Rule("value"), 14: Rule("annotation"), 15: _kept("sparse"), 16: _property,
    },
    "annotation": {1: _text, 2: _property},
    "node": {
        1: _text, 2: _text, 3: _text, 4: _kept_text, 5: Rule("attribute"), 6: _long, 7: _kept_text, 8: _text,
        9: _property, 10: _refused("The model is split over several devices; export it for one."),
    },
    "attribute": {
        1: _text, 2: _float, 3: _int, 4: Rule(Kind.BYTES), 5: Rule("tensor"), 6: Rule("graph"), 7: Rule(Kind.WEIGHTS),
        8: Rule(Kind.INTS), 9: Rule(Kind.BYTES), 10: Rule("tensor"), 11: Rule("graph"), 13: _long, 14: _types,
        15: _types, 20: _int, 21: _text, 22: Rule("sparse"), 23: Rule("sparse"),
    },
    "tensor": {
        1: _kept_ints, 2: _kept_int, 3: _refused("The model keeps a tensor in segments, which nothing reads."),
        4: _weights, 5: _weights, 6: _refused("The model holds tensors of text, which no segmentation network needs."),
        7: _weights, 8: _kept_text, 9: _weights, 10: _weights, 11: _weights, 12: _long, 13: _external,
        14: _kept_int, 16: _property,
    },
    "sparse": {1: _kept("tensor"), 2: _kept("tensor"), 3: _kept_ints},
    "value": {1: _kept_text, 2: _kept("type"), 3: _long, 4: _property},
    "type": {1: _kept("tensor type"), 4: _types, 5: _types, 6: _text, 7: _types, 8: _types, 9: _types},
    "tensor type": {1: _kept_int, 2: _kept("shape")},
    "shape": {1: _kept("dimension")},
    "dimension": {1: _kept_int, 2: _text, 3: _text},
}  # fmt: skip
EXTERNAL_WHY = _external.why

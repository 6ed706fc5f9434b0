"""What can propose a mask, and what it lets a person set. Light: imports no numerics and no runtime.

One interface for all: a `SegmenterSpec` says what there is, `resolve_parameters` checks what was asked for, and
`ops.segment` runs it in the sandbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from maskloop.inference.errors import ParameterInvalid
from maskloop.inference.manifest import Manifest, SegmentSpec, SigmoidHead, StardistHead, Task

Value = float | int | str | bool | None
ParameterType = Literal["number", "integer", "choice", "boolean"]
LENGTH = "mm"  # pixels where the image has no physical size


@dataclass(frozen=True)
class Parameter:
    """One setting. A default of None means "chosen from the image"; `by_modality` holds other defaults."""

    name: str
    title: str
    type: ParameterType
    default: Value
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    choices: tuple[str, ...] = ()
    by_modality: Mapping[str, Value] = field(default_factory=dict)

    def default_for(self, modality: str | None) -> Value:
        """Return the default for an image of this modality."""
        return self.by_modality.get(modality or "", self.default)

    def checked(self, value: object) -> Value:
        """Return the value if it may be set; raises `ParameterInvalid`."""
        if value is None and self.default is None:
            return None
        if self.type == "boolean" and isinstance(value, bool):
            return value
        if self.type == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool) and self.type in ("number", "integer"):
            return self._in_range(value)
        wanted = f"one of {', '.join(self.choices)}" if self.type == "choice" else f"a {self.type}"
        raise ParameterInvalid(f"{self.title} ({self.name}) must be {wanted}, not {str(value)[:40]!r}.")

    def _in_range(self, value: float) -> float | int:
        low = -float("inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        if not low <= value <= high or abs(value) == float("inf"):
            raise ParameterInvalid(f"{self.title} ({self.name}) is {value}; it must be from {low:g} to {high:g}.")
        if self.type == "integer":
            if int(value) != value:
                raise ParameterInvalid(f"{self.title} ({self.name}) must be a whole number, not {value}.")
            return int(value)
        return float(value)


@dataclass(frozen=True)
class SegmenterSpec:
    """Anything that proposes a mask, as the API and the command line list it."""

    name: str
    title: str
    version: str | None
    task: Task
    dims: tuple[int, ...]
    source: Literal["classical", "model"]
    parameters: tuple[Parameter, ...]
    segments: tuple[SegmentSpec, ...]
    modalities: tuple[str, ...] = ()
    licence: str | None = None
    intended_use: str | None = None


MIN_DIAMETER = Parameter(
    "min_diameter_mm", "Drop islands smaller than", "number", 3.0, 0.0, 500.0, LENGTH,
    by_modality={"CT": 8.0, "MR": 5.0, "PT": 8.0, "CR": 20.0, "DX": 20.0},
)  # fmt: skip
LARGEST_ONLY = Parameter("largest_only", "Keep the largest island only", "boolean", False)
FILL = Parameter("fill", "Fill holes", "boolean", False, by_modality={"CR": True, "DX": True})
FOREGROUND = SegmentSpec(number=1, name="Foreground")

CLASSICAL: tuple[SegmenterSpec, ...] = (
    SegmenterSpec(
        name="otsu",
        title="Otsu threshold",
        version=None,
        task="semantic",
        dims=(2, 3),
        source="classical",
        parameters=(
            Parameter("side", "Take what is", "choice", "bright", choices=("bright", "dark"),
                      by_modality={"CR": "dark", "DX": "dark"}),
            Parameter("within", "Look at", "choice", "image", choices=("image", "body"),
                      by_modality={"CR": "body", "DX": "body"}),
            Parameter("smoothing_mm", "Smoothing", "number", 1.0, 0.0, 20.0, LENGTH,
                      by_modality={"CT": 0.0, "CR": 2.0, "DX": 2.0}),
            MIN_DIAMETER, LARGEST_ONLY, FILL,
        ),
        segments=(FOREGROUND,),
        intended_use="A baseline: splits the values of an image, or of the body in it, into two groups.",
    ),
    SegmenterSpec(
        name="threshold",
        title="Threshold and islands",
        version=None,
        task="semantic",
        dims=(2, 3),
        source="classical",
        parameters=(
            Parameter("lower", "Lower bound", "number", None, by_modality={"CT": 150.0}),
            Parameter("upper", "Upper bound", "number", None, by_modality={"CT": 3071.0}),
            Parameter("opening_mm", "Opening radius", "number", 0.0, 0.0, 50.0, LENGTH),
            Parameter("closing_mm", "Closing radius", "number", 0.0, 0.0, 50.0, LENGTH),
            MIN_DIAMETER, LARGEST_ONLY, FILL,
        ),
        segments=(FOREGROUND,),
        intended_use="A range of values; without bounds, what is above Otsu's threshold.",
    ),
    SegmenterSpec(
        name="watershed",
        title="Watershed instances",
        version=None,
        task="instances",
        dims=(2, 3),
        source="classical",
        parameters=(
            Parameter("objects", "Objects are", "choice", "auto", choices=("auto", "bright", "dark")),
            Parameter("diameter_mm", "Typical diameter", "number", None, 1e-3, 1000.0, LENGTH),
            Parameter("smoothing_mm", "Smoothing", "number", 1.0, 0.0, 20.0, LENGTH),
            Parameter("fill", "Fill holes", "boolean", True),
        ),
        segments=(SegmentSpec(number=1, name="Object"),),
        intended_use="Tells touching round things apart: nuclei, cells, grains.",
    ),
)  # fmt: skip


def classical_spec(name: str) -> SegmenterSpec | None:
    """Return the classical segmenter of this name, or None."""
    return next((spec for spec in CLASSICAL if spec.name == name), None)


def model_spec(manifest: Manifest) -> SegmenterSpec:
    """Return what a model's manifest says, in the form that every segmenter has.

    Parameters
    ----------
    manifest : Manifest
    """
    parameters: tuple[Parameter, ...] = ()
    head = manifest.head
    if isinstance(head, StardistHead | SigmoidHead):
        parameters += (Parameter("threshold", "Least probability", "number", head.threshold, 0.01, 0.99),)
    if isinstance(head, StardistHead):
        parameters += (Parameter("overlap", "Largest shared part", "number", head.overlap, 0.0, 1.0),)
    if manifest.dims == 2 and manifest.task != "prompt":
        parameters += (Parameter("scale", "Enlarge the image by", "number", 1.0, 0.1, 8.0),)
    return SegmenterSpec(
        name=manifest.name,
        title=manifest.title,
        version=manifest.version,
        task=manifest.task,
        dims=(manifest.dims,),
        source="model",
        parameters=parameters,
        segments=manifest.segments,
        modalities=manifest.modalities,
        licence=manifest.licence,
        intended_use=manifest.intended_use,
    )


def resolve_parameters(
    spec: SegmenterSpec, given: Mapping[str, object], *, modality: str | None = None
) -> dict[str, Value]:
    """Return every parameter's value: what was given, checked, else the default for the modality.

    Parameters
    ----------
    spec : SegmenterSpec
    given : mapping of str to JSON value
    modality : str, optional
        DICOM modality of the image.

    Raises
    ------
    ParameterInvalid
        If a name is unknown, a value of another type, or out of its range.
    """
    known = {parameter.name for parameter in spec.parameters}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ParameterInvalid(f"{spec.title} has no parameter {unknown[0][:40]!r}.")
    return {
        parameter.name: parameter.checked(given[parameter.name])
        if parameter.name in given
        else parameter.default_for(modality)
        for parameter in spec.parameters
    }

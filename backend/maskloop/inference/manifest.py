"""What a model declares about itself: inputs, head, segments, clean-up, licence and intended use."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from maskloop.inference.errors import ManifestInvalid

METADATA_KEY = "maskloop.manifest"  # of the ONNX file's own metadata
Task = Literal["semantic", "instances", "prompt"]
TASK_OF_HEAD: dict[str, Task] = {"softmax": "semantic", "sigmoid": "semantic", "stardist": "instances", "sam": "prompt"}
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Code(_Part):
    """A coded concept: SNOMED CT is the scheme SCT."""

    scheme: Annotated[str, Field(min_length=1, max_length=16)]
    value: Annotated[str, Field(min_length=1, max_length=64)]
    meaning: Annotated[str, Field(min_length=1, max_length=64)]


class SegmentSpec(_Part):
    """One structure that the model finds; `number` is the local number in its labelmap."""

    number: Annotated[int, Field(ge=1, le=65_535)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    code: Code | None = None
    color: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = None


class Window(_Part):
    """`low`..`high` in modality units becomes 0..1; what lies outside is clipped."""

    kind: Literal["window"]
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.high <= self.low:
            raise ValueError("the window's high must be above its low")
        return self


class Percentiles(_Part):
    """The `low` percentile becomes 0 and the `high` one 1, of the voxels that are not 0 if `nonzero`."""

    kind: Literal["percentiles"]
    low: Annotated[float, Field(ge=0, lt=100)]
    high: Annotated[float, Field(gt=0, le=100)]
    clip: bool = False
    nonzero: bool = False

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.high <= self.low:
            raise ValueError("the high percentile must be above the low one")
        return self


class ZScore(_Part):
    """Minus the mean, by the standard deviation: given ones, or the image's."""

    kind: Literal["z-score"]
    mean: Finite | None = None
    deviation: Positive | None = None
    nonzero: bool = False


class MinMax(_Part):
    """The image's minimum becomes 0, its maximum 1."""

    kind: Literal["min-max"]


class Scale(_Part):
    """Divided by a number: 255 for 8-bit images."""

    kind: Literal["scale"]
    divisor: Positive


Intensity = Annotated[Window | Percentiles | ZScore | MinMax | Scale, Field(discriminator="kind")]


class InputSpec(_Part):
    """The tensor the model takes, and the grid it wants the image on."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    axes: Literal["bcyx", "byxc", "bczyx", "bzyxc"]
    channels: Literal[1, 3] = 1
    intensity: Intensity
    spacing_mm: tuple[Positive, ...] | None = None
    """Spacing of the tensor's spatial axes, in their order; None takes the image's own grid."""
    orientation: Annotated[str, Field(pattern=r"^[LRAPSI]{3}$")] | None = None
    """Direction in which each spatial axis of the tensor grows (3-D only): "LPS", "LIA"; None: slices as stored."""

    @property
    def dims(self) -> Literal[2, 3]:
        return 2 if len(self.axes) == 4 else 3

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.spacing_mm is not None and len(self.spacing_mm) != self.dims:
            raise ValueError(f"spacing_mm needs {self.dims} numbers")
        if self.orientation is not None:
            if self.dims != 3:
                raise ValueError("orientation is for 3-D models")
            axes = {frozenset(pair) for pair in ("LR", "AP", "SI") for letter in self.orientation if letter in pair}
            if len(axes) != 3:
                raise ValueError("orientation must name each of left-right, front-back and up-down once")
            if self.spacing_mm is None:
                raise ValueError("orientation needs spacing_mm")
        return self


class PatchSpec(_Part):
    """How a large image is cut: windows of `size`, and what the network's strides divide."""

    size: tuple[Annotated[int, Field(ge=1, le=4096)], ...]
    overlap: Annotated[float, Field(ge=0, le=0.9)] = 0.25
    multiple_of: Annotated[int, Field(ge=1, le=512)] = 1
    batch: Annotated[int, Field(ge=1, le=64)] = 1
    skip_empty: bool = True
    """A window without contrast is background and is not run."""


class SoftmaxHead(_Part):
    """One score per class, background first; the largest wins."""

    kind: Literal["softmax"]
    output: Annotated[str, Field(min_length=1, max_length=256)]
    classes: Annotated[tuple[Annotated[int, Field(ge=0, le=65_535)], ...], Field(min_length=2, max_length=1001)]
    """Segment number of each channel; 0 is background."""
    channels_last: bool = False


class SigmoidHead(_Part):
    """One channel per segment; where several pass the threshold, the largest wins."""

    kind: Literal["sigmoid"]
    output: Annotated[str, Field(min_length=1, max_length=256)]
    classes: Annotated[tuple[Annotated[int, Field(ge=1, le=65_535)], ...], Field(min_length=1, max_length=1000)]
    threshold: Share = 0.5
    activated: bool = False
    """True if the network itself ends in the sigmoid."""
    channels_last: bool = False


class StardistHead(_Part):
    """A probability and `rays` distances to the border on a grid of every `grid`-th pixel."""

    kind: Literal["stardist"]
    probability: Annotated[str, Field(min_length=1, max_length=256)]
    distances: Annotated[str, Field(min_length=1, max_length=256)]
    rays: Annotated[int, Field(ge=8, le=256)]
    grid: Literal[1, 2, 4, 8]
    threshold: Share
    overlap: Share


class SamHead(_Part):
    """A promptable pair, encoder and decoder; runs when prompts are built."""

    kind: Literal["sam"]
    prompts: tuple[Literal["point", "box", "mask"], ...]


Head = Annotated[SoftmaxHead | SigmoidHead | StardistHead | SamHead, Field(discriminator="kind")]


class KeepLargest(_Part):
    """Keep the largest island of each segment."""

    step: Literal["keep-largest"]
    segments: tuple[int, ...] | None = None


class RemoveSmall(_Part):
    """Drop islands smaller than a ball (a disc in one plane) of this diameter."""

    step: Literal["remove-small"]
    diameter_mm: Positive
    segments: tuple[int, ...] | None = None


class FillHoles(_Part):
    """Fill what a segment encloses, slice by slice if `in_plane`; other segments are left alone."""

    step: Literal["fill-holes"]
    in_plane: bool = False
    segments: tuple[int, ...] | None = None


class OpenMask(_Part):
    """Drop what is thinner than twice the radius."""

    step: Literal["open"]
    radius_mm: Positive
    segments: tuple[int, ...] | None = None


class CloseMask(_Part):
    """Close gaps narrower than twice the radius; other segments are left alone."""

    step: Literal["close"]
    radius_mm: Positive
    segments: tuple[int, ...] | None = None


Step = Annotated[KeepLargest | RemoveSmall | FillHoles | OpenMask | CloseMask, Field(discriminator="step")]


class Manifest(_Part):
    """Everything needed to run a model and to say what it is."""

    manifest_version: Literal[1] = 1
    name: Name
    title: Annotated[str, Field(min_length=1, max_length=120)]
    version: Annotated[str, Field(min_length=1, max_length=32)]
    task: Task
    modalities: tuple[str, ...] = ()
    """DICOM modality words it is made for; empty says nothing."""
    input: InputSpec
    patch: PatchSpec
    head: Head
    segments: Annotated[tuple[SegmentSpec, ...], Field(max_length=1000)] = ()
    postprocessing: Annotated[tuple[Step, ...], Field(max_length=20)] = ()
    licence: Text
    source: Text
    training_data: Text
    intended_use: Text
    limits: Text | None = None
    measured: Text | None = None
    files: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """SHA-256 of the file, or of encoder and decoder."""

    @property
    def dims(self) -> Literal[2, 3]:
        return self.input.dims

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(self.patch.size) != self.dims:
            raise ValueError(f"the patch needs {self.dims} sizes for a {self.dims}-D model")
        numbers = [segment.number for segment in self.segments]
        if len(set(numbers)) != len(numbers):
            raise ValueError("two segments have the same number")
        if self.task != TASK_OF_HEAD[self.head.kind]:
            raise ValueError(f"a {self.head.kind} head makes a {TASK_OF_HEAD[self.head.kind]} model, not {self.task}")
        if isinstance(self.head, SoftmaxHead) and self.head.classes[:1] != (0,):
            raise ValueError("the first class of a softmax head must be 0, the background")
        if isinstance(self.head, SoftmaxHead | SigmoidHead):
            unnamed = set(self.head.classes) - {0} - set(numbers)
            if unnamed:
                raise ValueError(f"the head names segments that are not listed: {sorted(unnamed)}")
        if isinstance(self.head, StardistHead) and self.dims != 2:
            raise ValueError("a stardist head is 2-D here")
        if any(size % self.patch.multiple_of for size in self.patch.size):
            raise ValueError("patch sizes must be multiples of multiple_of")
        return self


def parse_manifest(text: str | bytes) -> Manifest:
    """Return the manifest in a JSON text.

    Parameters
    ----------
    text : str or bytes
        JSON of at most what the caller allows.

    Raises
    ------
    ManifestInvalid
        Naming the first member that is wrong.
    """
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the manifest"
        raise ManifestInvalid(f"The manifest is not valid: {where}: {first['msg']}.") from error

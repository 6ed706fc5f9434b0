"""Request and response shapes of models and segmenters."""

from typing import Literal

from pydantic import BaseModel


class ParameterOut(BaseModel):
    """One setting of a segmenter. A default of null means: chosen from the image."""

    name: str
    title: str
    type: Literal["number", "integer", "choice", "boolean"]
    default: float | int | str | bool | None
    minimum: float | None
    maximum: float | None
    unit: str | None
    choices: list[str]
    by_modality: dict[str, float | int | str | bool | None]


class SegmentOut(BaseModel):
    """What one local number of a segmenter's answer means."""

    number: int
    name: str


class SegmenterOut(BaseModel):
    """Anything that proposes a mask."""

    name: str
    title: str
    version: str | None
    task: Literal["semantic", "instances", "prompt"]
    dims: list[int]
    source: Literal["classical", "model"]
    stage: str | None
    hash: str | None
    licence: str | None
    intended_use: str | None
    modalities: list[str]
    parameters: list[ParameterOut]
    segments: list[SegmentOut]


class ModelVersionOut(BaseModel):
    """A registered network, or a classical method."""

    name: str
    version: str | None
    task: str
    stage: str
    title: str
    source: Literal["classical", "model"]
    hash: str | None
    licence: str | None
    intended_use: str | None

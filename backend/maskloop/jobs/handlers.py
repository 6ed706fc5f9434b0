"""Which function does which kind of job: the registry that every domain's `tasks.py` fills."""

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast

from pydantic import BaseModel

from maskloop.core.settings import get_settings
from maskloop.jobs.claimed import ClaimedJob, Result

QUEUES = ("io", "interactive", "infer", "train")

# Names, not imports: jobs stands below these domains. They are loaded when a kind is first looked up.
TASK_MODULES = (
    "maskloop.images.tasks",
    "maskloop.models.tasks",
    "maskloop.segmentations.tasks",
    "maskloop.worklist.tasks",
    "maskloop.export.tasks",
)

InputsT = TypeVar("InputsT", bound=BaseModel)
Function = Callable[[ClaimedJob, InputsT], Result]


@dataclass(frozen=True)
class Handler:
    """One kind of job: where it queues, the shape of its inputs, what does it and how often it is tried."""

    kind: str
    queue: str
    inputs: type[BaseModel]
    function: Function[BaseModel]
    max_attempts: int


_HANDLERS: dict[str, Handler] = {}


def handles(
    kind: str, *, queue: str, inputs: type[InputsT], max_attempts: int = 3
) -> Callable[[Function[InputsT]], Function[InputsT]]:
    """Register a function as the handler of `kind`. It may run twice: only the fence decides who writes."""
    if queue not in QUEUES:
        raise ValueError(f"queue {queue!r} is none of {QUEUES}")

    def register(function: Function[InputsT]) -> Function[InputsT]:
        known = _HANDLERS.get(kind)
        if known is not None and known.function.__module__ != function.__module__:
            raise ValueError(f"kind {kind!r} has two handlers")
        _HANDLERS[kind] = Handler(kind, queue, inputs, cast("Function[BaseModel]", function), max_attempts)
        return function

    return register


def handler_of(kind: str) -> Handler:
    """Return the handler of a kind, after loading every tasks module. Raises LookupError if there is none."""
    if kind not in _HANDLERS:
        load_tasks()
    if kind not in _HANDLERS:
        raise LookupError(f"no handler of kind {kind!r}")
    return _HANDLERS[kind]


@cache
def load_tasks() -> None:
    """Import the tasks module of every domain that has one. An error inside a module is not hidden."""
    extra = os.environ.get("MASKLOOP_TEST_TASKS", "") if get_settings().test_fail_points else ""
    for name in (*TASK_MODULES, *filter(None, extra.split(","))):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)

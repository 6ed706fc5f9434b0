"""The only file that imports onnxruntime: sessions that do not spin, know their provider, and can be stopped."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskloop.inference.errors import InferenceCancelled, ModelRefused, OutputInvalid

Array = NDArray[np.generic]
ERROR_ONLY = 3
CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
INPUT_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


class _RunOptions(Protocol):
    terminate: bool
    log_severity_level: int


class _Runtime(Protocol):
    """What we use of `onnxruntime.InferenceSession`, which ships no types."""

    def run(self, names: Sequence[str], feed: Mapping[str, Array], options: _RunOptions) -> list[Array]: ...
    def get_providers(self) -> list[str]: ...


@dataclass(frozen=True)
class InputPort:
    """An input as the runtime knows it: None where a size is symbolic."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int | None, ...]


class ModelSession:
    """A loaded network. `stop` makes a run in another thread end with `InferenceCancelled`."""

    def __init__(self, runtime: _Runtime, inputs: tuple[InputPort, ...], outputs: tuple[str, ...]) -> None:
        self._runtime = runtime
        self._running: _RunOptions | None = None
        self._stopped = False
        self.inputs = inputs
        self.outputs = outputs
        self.provider = runtime.get_providers()[0]

    def run(self, feed: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the named outputs; raises `OutputInvalid` if the network fails, `InferenceCancelled` if stopped."""
        options = cast("_RunOptions", ort.RunOptions())
        options.log_severity_level = ERROR_ONLY + 1
        self._running = options
        if self._stopped:
            raise InferenceCancelled("The model was stopped.")
        try:
            return self._runtime.run(list(outputs), feed, options)
        except Exception as error:  # onnxruntime raises its own classes and plain RuntimeError alike
            if self._stopped:
                raise InferenceCancelled("The model was stopped.") from error
            raise OutputInvalid("The model failed while it ran; it may not fit this kind of image.") from error
        finally:
            self._running = None

    def stop(self) -> None:
        """End a run that is under way, and let no other start."""
        self._stopped = True
        if self._running is not None:
            self._running.terminate = True

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        """Return a context in which runs are stopped after this time."""
        return _Deadline(seconds, self.stop)


class _Deadline:
    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self._timer = threading.Timer(seconds, stop)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()


def open_session(path: Path, *, threads: int, provider: str = CPU) -> ModelSession:
    """Return a session of a file that `check_onnx` has passed.

    Parameters
    ----------
    path : Path
    threads : int
        Of one operator; operators run one after the other.
    provider : str
        The first choice. What is really in use is in the session's `provider`: onnxruntime falls back silently.

    Raises
    ------
    ModelRefused
        If the runtime cannot load the file.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = ERROR_ONLY + 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    wanted = [provider] if provider == CPU else [provider, CPU]
    try:
        runtime = ort.InferenceSession(str(path), sess_options=options, providers=wanted)
    except Exception as error:  # onnxruntime raises its own classes and plain RuntimeError alike
        raise ModelRefused("The runtime cannot load this model: an operator or a shape in it is not valid.") from error
    inputs = tuple(_port(port.name, port.type, port.shape) for port in runtime.get_inputs())
    return ModelSession(cast("_Runtime", runtime), inputs, tuple(port.name for port in runtime.get_outputs()))


def _port(name: str, dtype: str, shape: Sequence[object]) -> InputPort:
    sizes = tuple(size if isinstance(size, int) and size > 0 else None for size in shape)
    return InputPort(name, INPUT_DTYPES.get(dtype, np.float32), sizes)

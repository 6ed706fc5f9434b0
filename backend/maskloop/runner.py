"""The process that decodes strangers' files and runs models: no secrets, no network, no database.

Started as `python -I -m maskloop.runner` by `jobs.runners`. One request as a JSON line on standard input; progress,
then one answer or one problem, as JSON lines on standard output. Arrays are files in the scratch folder.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from maskloop.jobs import sandbox

Operation = Callable[[dict[str, object], Path, Callable[[float, str], None]], dict[str, object]]

OPS = {
    "read-upload": "maskloop.formats.ingest:read_upload_op",
    "segment": "maskloop.inference.ops:segment",
    "probe-model": "maskloop.inference.ops:probe_model",
    "write-export": "maskloop.formats.export_ops:write_export",
}
REPORT_EVERY_S = 0.1


class Answers:
    """The pipe back. Standard output itself is turned away, so that no library can write into it."""

    def __init__(self) -> None:
        self._pipe = os.dup(1)
        os.dup2(2, 1)
        self._reported = 0.0

    def send(self, message: dict[str, object]) -> None:
        """Write one line."""
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        while line:
            line = line[os.write(self._pipe, line) :]

    def report(self, fraction: float, step: str) -> None:
        """Send progress, at most ten times a second."""
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY_S:
            self._reported = now
            self.send({"progress": [float(fraction), step]})


def main() -> None:
    """Read the request, enter the cage, do it, answer."""
    request = json.loads(sys.stdin.buffer.readline())
    answers = Answers()
    sandbox.die_with_parent(request["parent"])
    scratch = Path(request["scratch"])
    try:
        _enter(request, scratch)
        answer = _operation(request)(request["args"], scratch, answers.report)
        answers.send({"answer": answer})
    except MemoryError:
        answers.send({"problem": {"code": "runner-memory"}})
    except BaseException as error:  # noqa: BLE001 - decoders raise BaseException (PanicException), and we are leaving
        answers.send({"problem": _problem(error)})
    os._exit(0)  # no clean-up of libraries that may be broken by now


def _enter(request: dict[str, Any], scratch: Path) -> None:
    limits = request["limits"]
    sandbox.limit(
        memory_bytes=int(limits["memory_bytes"]),
        cpu_s=int(limits["timeout_s"] * limits["threads"]) + 5,
        file_bytes=int(limits["file_bytes"]),
    )
    readable = [*sys.path, sys.prefix, sys.base_prefix, str(Path(__file__).parent.parent)]
    if test_path := request.get("test_path"):
        sys.path.append(str(test_path))
        readable.append(str(test_path))
    readable += filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    sandbox.enter(scratch=scratch, readable=readable)


def _operation(request: dict[str, str]) -> Operation:
    name = request["op"]
    module, function = OPS[name].split(":") if name in OPS else name.split(":")
    operation: Operation = getattr(importlib.import_module(module), function)
    return operation


def _problem(error: BaseException) -> dict[str, object]:
    """Return our own errors with code and sentence, others by kind and place only: texts may hold values."""
    code, detail = getattr(error, "code", None), getattr(error, "detail", None)
    if isinstance(error, sandbox.SandboxUnavailable):
        return {"code": "sandbox-unavailable"}
    if type(error).__module__.startswith("maskloop.") and isinstance(code, str) and isinstance(detail, str):
        return {"code": code, "detail": detail, "hint": str(getattr(error, "hint", ""))}
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"code": "runner-failed", "kind": type(error).__name__, "where": where}


if __name__ == "__main__":
    main()

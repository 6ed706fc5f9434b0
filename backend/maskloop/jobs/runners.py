"""The worker's side of a runner: start it, feed it, hear it, end it."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson

from maskloop.core.db import Json
from maskloop.core.logging import get_logger
from maskloop.core.settings import get_settings
from maskloop.jobs.errors import RunnerFailed

TICK_S = 0.1
ANSWER_LIMIT = 64 << 20
KILLED_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")  # nothing secret


@dataclass(frozen=True)
class Limits:
    """What one runner may use. `threads` also bounds its processor seconds: timeout times threads."""

    memory_bytes: int
    timeout_s: float
    file_bytes: int = 16 << 30
    threads: int = 0


Report = Callable[[float, str], None]


def call(
    op: str,
    args: Mapping[str, object],
    *,
    scratch: Path,
    limits: Limits,
    on_progress: Report,
    check: Callable[[], None],
) -> Json:
    """Run one operation in a runner and return its answer.

    `check` is called ten times a second; when it raises, the runner's process group is killed and the error goes on.
    Call it from a thread that outlives the call: the runner dies with the thread that started it.
    Raises RunnerFailed.
    """
    threads = limits.threads or os.cpu_count() or 1
    request: Json = {"op": op, "args": dict(args), "scratch": str(scratch), "parent": os.getpid()}
    request["limits"] = {**asdict(limits), "threads": threads}
    if get_settings().test_fail_points:
        request["test_path"] = os.environ.get("MASKLOOP_TEST_PATH", "")
    deadline = time.monotonic() + limits.timeout_s
    with _started(scratch, threads) as process:
        _send(process, orjson.dumps(request) + b"\n")
        for message in _messages(process, deadline=deadline, limits=limits, check=check):
            match message:
                case {"progress": [int() | float() as fraction, str() as step]}:
                    on_progress(float(fraction), step)
                case {"answer": dict() as answer}:
                    return answer
                case {"problem": dict() as problem}:
                    raise _reported(op, problem, limits)
                case _:
                    raise RunnerFailed("The runner's answer was not understood.", code="runner-output")
    raise _died(op, process.returncode, limits)


def _reported(op: str, problem: Json, limits: Limits) -> RunnerFailed:
    """Return the error of a problem that the runner itself reported."""
    code, detail = str(problem.get("code")), problem.get("detail")
    if isinstance(detail, str):
        return RunnerFailed(detail, code=code, hint=str(problem.get("hint") or ""))
    get_logger(__name__).warning("runner-problem", op=op, code=code, kind=problem.get("kind"), at=problem.get("where"))
    if code == "runner-memory":
        return _too_large(limits)
    if code == "sandbox-unavailable":
        return RunnerFailed("This machine cannot confine the program that reads files (seccomp is missing).", code=code)
    return RunnerFailed("The program that does this failed on this input. The log names the place.")


def _died(op: str, status: int, limits: Limits) -> RunnerFailed:
    """Return the error of a runner that ended without a word."""
    cause = signal.Signals(-status).name if status < 0 else str(status)
    get_logger(__name__).warning("runner-died", op=op, status=cause)
    if cause == "SIGXCPU":
        return _too_slow(limits)
    if cause in KILLED_FROM_OUTSIDE:
        sentence = "The program that does this was stopped from outside, perhaps because the machine ran out of memory."
        return RunnerFailed(sentence, code="runner-killed", retryable=True)
    return RunnerFailed(f"The program that does this crashed on this input ({cause}).", code="runner-crashed")


def _too_slow(limits: Limits) -> RunnerFailed:
    return RunnerFailed(f"It took longer than the limit of {limits.timeout_s:.0f} s.", code="runner-timeout")


def _too_large(limits: Limits) -> RunnerFailed:
    return RunnerFailed(
        f"It needs more memory than the limit of {limits.memory_bytes / (1 << 30):.1f} GiB.", code="runner-memory"
    )


@contextmanager
def _started(scratch: Path, threads: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a runner in a process group of its own; at the end the group is killed and reaped."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "HOME": str(scratch), "TMPDIR": str(scratch), "OMP_WAIT_POLICY": "PASSIVE"}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        environment[name] = str(threads)
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-m", "maskloop.runner"],
        env=environment,
        cwd=scratch,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # libraries write patient values there
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        _kill_group(process)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            get_logger(__name__).info("runner-gone", pid=process.pid)
    process.wait()


def _send(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except BrokenPipeError:
        get_logger(__name__).info("runner-deaf", pid=process.pid)  # how it died is read from its exit status


def _messages(
    process: subprocess.Popen[bytes], *, deadline: float, limits: Limits, check: Callable[[], None]
) -> Iterator[Json]:
    """Yield the runner's JSON lines until it closes its end."""
    assert process.stdout is not None
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            check()
            if time.monotonic() > deadline:
                raise _too_slow(limits)
            if not selector.select(TICK_S):
                continue
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                break
            pending += piece
            if len(pending) > ANSWER_LIMIT:
                raise RunnerFailed("The answer is larger than 64 MiB.", code="runner-output")
            *lines, pending = pending.split(b"\n")
            yield from (_parsed(line) for line in lines if line)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        _kill_group(process)


def _parsed(line: bytes) -> Json:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise RunnerFailed("The runner's answer was not understood.", code="runner-output")
    return message

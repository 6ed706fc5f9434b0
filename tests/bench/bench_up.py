"""`maskloop up` on a warm data directory, from the command to the line that says it is ready."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskloop.embedded.children import free_port
from tests.bench.rows import Row

RUNS = 7


def measure() -> Iterator[Row]:
    """Start and stop it several times; the first start makes the data directory and does not count."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        start_and_stop(data_dir)
        starts, stops = zip(*(start_and_stop(data_dir) for _ in range(RUNS)), strict=True)
    yield seconds_row("maskloop up, warm: command to ready", starts)
    yield seconds_row("maskloop up: SIGTERM to everything stopped", stops)


def start_and_stop(data_dir: Path) -> tuple[float, float]:
    """Return the seconds until it is ready and the seconds until it has stopped."""
    command = [sys.executable, "-m", "maskloop.cli", "up", "--data-dir", str(data_dir), "--port", str(free_port())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASKLOOP_")}
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as up:
        assert up.stdout is not None
        if not any("is ready" in line for line in up.stdout):
            raise AssertionError("it ended before it was ready")
        ready = time.perf_counter()
        up.terminate()
        up.wait(60)
        return ready - begun, time.perf_counter() - ready


def seconds_row(name: str, taken_s: tuple[float, ...]) -> Row:
    """Return the median in seconds, with the extremes as its spread."""
    return Row(name, float(np.median(taken_s)), "s p50", f"min {min(taken_s):.3g}, max {max(taken_s):.3g}, n {RUNS}")

"""Our own processes under the supervisor, each started again when it ends by itself."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maskloop.embedded import gate
from maskloop.embedded.children import start_child, stop_child
from maskloop.embedded.logs import size_of

PAUSES_S = (0.2, 1.0, 5.0, 15.0)
STORE_PAUSES_S = PAUSES_S[:3]  # a database whose disk was full is back within seconds of the disk
CALM_S = 60.0


@dataclass
class Restarts:
    """When something that ended may start again: soon at first, then with growing pauses."""

    pauses_s: tuple[float, ...] = PAUSES_S
    failures: int = 0
    started_at: float = field(default_factory=time.monotonic)
    next_start: float = 0

    def started(self) -> None:
        """Note a start."""
        self.started_at, self.next_start = time.monotonic(), 0

    def is_time(self) -> bool:
        """Say of something that has ended whether it may start now."""
        now = time.monotonic()
        if not self.next_start:
            if now - self.started_at > CALM_S:
                self.failures = 0
            self.next_start = now + self.pauses_s[min(self.failures, len(self.pauses_s) - 1)]
            self.failures += 1
        return now >= self.next_start


@dataclass
class Part:
    """One of our own processes. `runs_once` does one thing and ends."""

    name: str
    command: list[str]
    death_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10
    runs_once: bool = False
    child: subprocess.Popen[bytes] | None = None
    restarts: Restarts = field(default_factory=Restarts)
    log_from: int = 0

    def start(self, environment: Mapping[str, str], log: Path, *, behind: "gate.Gate | None" = None) -> None:
        """Start the process; behind a gate it imports its code and waits."""
        gated = {gate.VARIABLE: "1"} if behind else {}
        self.log_from = size_of(log)
        with log.open("ab") as output:
            self.child = start_child(
                self.command,
                environment={**environment, **gated},
                death_signal=self.death_signal,
                output=output,
                stdin=behind.entrance if behind else subprocess.DEVNULL,
            )
        self.restarts.started()

    def has_ended(self) -> bool:
        """Say whether it was started and is gone."""
        return self.child is not None and self.child.poll() is not None

    def ask_to_stop(self) -> None:
        """Send SIGTERM, without waiting."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.child is not None:
            stop_child(self.child, timeout_s=self.stop_timeout_s)


def service_parts(*, host: str, port: int, workers: int) -> list[Part]:
    """Return the processes of the service; the web process is the first."""
    ours = [sys.executable, "-m", "maskloop.cli"]
    worker = ["worker", "--queues", "interactive,io,infer,train", "--concurrency", str(workers)]
    return [
        Part("api", [*ours, "serve", "--host", host, "--port", str(port)]),
        Part("relay", [*ours, "relay"]),
        Part("worker", [*ours, *worker], death_signal=signal.SIGKILL, stop_timeout_s=8),
    ]

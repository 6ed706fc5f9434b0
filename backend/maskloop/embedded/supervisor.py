"""`maskloop up`: every part of the service as a child of one process, with all data in one folder."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from maskloop.embedded.children import start_child, stop_child
from maskloop.embedded.postgres import Postgres
from maskloop.embedded.valkey import Valkey

MIN_FREE_BYTES = 200 << 20
RESTART_PAUSE_S = (0.2, 1.0, 5.0, 15.0)


class CannotStartError(Exception):
    """One sentence for the person; the exit code is 2."""


@dataclass
class Part:
    """One of our own processes, started again when it ends by itself."""

    name: str
    command: list[str]
    death_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10
    runs_once: bool = False
    child: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0
    next_start: float = 0


@dataclass
class Supervisor:
    """Owns the data folder while it runs. Use `start`, then `watch`, then `stop`, all from the main thread."""

    data_dir: Path
    host: str
    port: int
    workers: int
    parts: list[Part] = field(default_factory=list)
    postgres: Postgres | None = None
    valkey: Valkey | None = None
    _lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """The address for browsers and programs."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The settings of our own processes: the same variables as in production."""
        assert self.postgres is not None
        assert self.valkey is not None
        ours = {
            "MASKLOOP_DATABASE_URL": os.environ.get("MASKLOOP_DATABASE_URL") or self.postgres.url,
            "MASKLOOP_REDIS_URL": os.environ.get("MASKLOOP_REDIS_URL") or self.valkey.url,
            "MASKLOOP_STORE_URL": os.environ.get("MASKLOOP_STORE_URL") or f"file://{self.data_dir / 'store'}",
            "MASKLOOP_DATA_DIR": str(self.data_dir),
            "MASKLOOP_WORKERS": str(self.workers),
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **ours}

    def start(self, prepare: Callable[[], None]) -> None:
        """Start the data stores, call `prepare` (migrate, first user) with the settings in place, start the rest.

        Raises CannotStartError with one sentence; what was started is stopped again.
        """
        self._take_folder()
        _require_free_port(self.host, self.port)
        try:
            self._start_stores()
            os.environ.update(self.environment())
            prepare()
            self._start_parts()
            self._wait_ready(timeout_s=60)
        except (OSError, RuntimeError) as error:
            self.stop()
            raise CannotStartError(f"Maskloop cannot start: {error}") from error
        except BaseException:
            self.stop()
            raise
        self._write_endpoint()

    def watch(self, stopping: Callable[[], bool]) -> None:
        """Start again what ends by itself, until `stopping` answers True."""
        while not stopping():
            time.sleep(0.2)
            self._revive_stores()
            for part in self.parts:
                self._revive(part)

    def stop(self) -> None:
        """Stop our own processes first, then the stores. Nothing is left running."""
        self._forget_addresses()
        for part in self.parts:
            if part.child is not None and part.child.poll() is None:
                part.child.send_signal(signal.SIGTERM)
        for part in self.parts:
            if part.child is not None:
                stop_child(part.child, timeout_s=part.stop_timeout_s)
        for store in (self.valkey, self.postgres):
            if store is not None:
                store.stop()
        if self._lock is not None:
            self._lock.close()

    def _take_folder(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (self.data_dir / "lock").open("w")
            (self.data_dir / "logs").mkdir(exist_ok=True)
            probe = self.data_dir / "probe"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()
        except OSError as error:
            raise CannotStartError(f"The data folder {self.data_dir} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStartError(f"Another `maskloop up` is already running on {self.data_dir}.") from error
        self._forget_addresses()
        free = shutil.disk_usage(self.data_dir).free
        if free < MIN_FREE_BYTES:
            raise CannotStartError(
                f"The disk of {self.data_dir} has {free >> 20} MiB left; {MIN_FREE_BYTES >> 20} MiB are needed."
            )

    def _forget_addresses(self) -> None:
        for name in ("endpoint.json", "services.json"):
            (self.data_dir / name).unlink(missing_ok=True)

    def _start_stores(self) -> None:
        self.postgres = Postgres(self.data_dir / "postgres")
        self.valkey = Valkey(self.data_dir / "valkey")
        self.valkey.start()
        self.postgres.start()
        _write_private(
            self.data_dir / "services.json", {"database_url": self.postgres.url, "redis_url": self.valkey.url}
        )

    def _start_parts(self) -> None:
        ours = [sys.executable, "-m", "maskloop.cli"]
        queues = "interactive,io,infer,train"
        self.parts = [
            Part("api", [*ours, "serve", "--host", self.host, "--port", str(self.port)]),
            Part("relay", [*ours, "relay"]),
            Part(
                "worker",
                [*ours, "worker", "--queues", queues, "--concurrency", str(self.workers)],
                death_signal=signal.SIGKILL,
                stop_timeout_s=8,
            ),
        ]
        for part in self.parts:
            self._start_part(part)

    def start_once(self, name: str, command: list[str]) -> None:
        """Start a process that does one thing and ends; it is stopped with the rest."""
        part = Part(name, command, runs_once=True)
        self.parts.append(part)
        self._start_part(part)

    def _start_part(self, part: Part) -> None:
        log_path = self.data_dir / "logs" / f"{part.name}.log"
        with log_path.open("ab") as log:
            part.child = start_child(
                part.command, environment=self.environment(), death_signal=part.death_signal, output=log
            )
        part.started_at = time.monotonic()

    def _revive(self, part: Part) -> None:
        if part.runs_once:
            return
        if part.child is None or part.child.poll() is None:
            if time.monotonic() - part.started_at > 60:
                part.failures = 0
            return
        now = time.monotonic()
        if not part.next_start:
            pause = RESTART_PAUSE_S[min(part.failures, len(RESTART_PAUSE_S) - 1)]
            part.next_start, part.failures = now + pause, part.failures + 1
        if now >= part.next_start:
            part.next_start = 0
            self._start_part(part)
            self._write_endpoint()

    def _revive_stores(self) -> None:
        """A store that died comes back on its old port, so that nobody needs new settings."""
        for store in (self.postgres, self.valkey):
            if store is not None and store.child is not None and store.child.poll() is not None:
                store.start(port=store.port)

    def _wait_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            api = self.parts[0]
            if api.child is not None and api.child.poll() is not None:
                raise RuntimeError(f"the web process ended; see {self.data_dir / 'logs' / 'api.log'}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise RuntimeError(f"not ready after {timeout_s:.0f} s; see {self.data_dir / 'logs'}")

    def _write_endpoint(self) -> None:
        stores = {"postgres": self.postgres, "valkey": self.valkey}
        pids = {part.name: part.child.pid for part in self.parts if part.child is not None}
        pids |= {
            name: store.child.pid for name, store in stores.items() if store is not None and store.child is not None
        }
        content = {"url": self.url, "pids": {"supervisor": os.getpid(), **pids}}
        path = self.data_dir / "endpoint.json"
        path.with_suffix(".new").write_text(json.dumps(content))
        path.with_suffix(".new").replace(path)


def _write_private(path: Path, content: dict[str, str]) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))


def _require_free_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStartError(f"Port {port} on {host} cannot be used: {error.strerror}. Try --port.") from error

"""`maskloop up`: every part of the service as a child of one process, with all data in one folder."""

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from maskloop.embedded.children import write_private
from maskloop.embedded.gate import Gate
from maskloop.embedded.logs import reason_in
from maskloop.embedded.parts import STORE_PAUSES_S, Part, Restarts, service_parts
from maskloop.embedded.postgres import Postgres
from maskloop.embedded.valkey import Valkey

MIN_FREE_BYTES = 200 << 20
READY_WITHIN_S = 60.0


class CannotStartError(Exception):
    """One sentence for the person; the exit code is 2."""


class StoppedError(Exception):
    """Somebody stopped us while we started."""


@dataclass
class Supervisor:
    """Owns the data folder while it runs. Use `start`, then `watch`, then `stop`, all from the main thread."""

    data_dir: Path
    host: str
    port: int
    workers: int
    stopping: Callable[[], bool] = lambda: False
    parts: list[Part] = field(default_factory=list)
    postgres: Postgres = field(init=False)
    valkey: Valkey = field(init=False)
    _lock: IO[str] | None = None
    _restarts: dict[str, Restarts] = field(default_factory=dict)
    _silent: bool = False

    def __post_init__(self) -> None:
        self.postgres = Postgres(self.data_dir / "postgres")
        self.valkey = Valkey(self.data_dir / "valkey")

    @property
    def url(self) -> str:
        """The address for browsers and programs."""
        return f"http://{self._own_host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The settings of our own processes: the same variables as in production."""
        ours = {
            "MASKLOOP_DATABASE_URL": os.environ.get("MASKLOOP_DATABASE_URL") or self.postgres.url,
            "MASKLOOP_REDIS_URL": os.environ.get("MASKLOOP_REDIS_URL") or self.valkey.url,
            "MASKLOOP_STORE_URL": os.environ.get("MASKLOOP_STORE_URL") or f"file://{self.data_dir / 'store'}",
            "MASKLOOP_DATA_DIR": str(self.data_dir),
            "MASKLOOP_WORKERS": str(self.workers),
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **ours}

    def start(self, prepare: Callable[[], None]) -> bool:
        """Start everything at once; our own parts wait behind a gate until `prepare` (migrate, first user) is done.

        Returns False when somebody stopped it meanwhile. Raises CannotStartError with one sentence. In both cases
        what was started is stopped again.
        """
        self._take_folder()
        gate = Gate()
        try:
            _require_free_port(self.host, self.port)
            self._launch(gate)
            prepare()
            gate.open(len(self.parts))
            self._wait_ready()
            self._write_endpoint()
        except StoppedError:
            self.stop()
            return False
        except (OSError, RuntimeError) as error:
            self.stop()
            raise CannotStartError(f"Maskloop cannot start: {_sentence(error)}") from error
        except BaseException:
            self.stop()
            raise
        finally:
            gate.close()
        return True

    def watch(self) -> None:
        """Start again what ends by itself, until somebody stops us. A full disk must not end this loop."""
        while not self.stopping():
            time.sleep(0.2)
            try:
                self._revive()
            except OSError as error:
                if not self._silent:
                    sys.stderr.write(
                        f"Maskloop cannot write to {self.data_dir}: {error.strerror}. It goes on trying.\n"
                    )
                self._silent = True
            else:
                self._silent = False

    def stop(self) -> None:
        """Stop our own processes first, then the stores. Nothing is left running."""
        for part in self.parts:
            part.ask_to_stop()
        for part in self.parts:
            part.stop()
        self.valkey.stop()
        self.postgres.stop()
        with contextlib.suppress(
            OSError
        ):  # a folder that cannot be written any more keeps them; `up` looks at the lock
            self._forget_addresses()
        if self._lock is not None:
            self._lock.close()

    def start_once(self, name: str, command: list[str]) -> None:
        """Start a process that does one thing and ends; it is stopped with the rest."""
        part = Part(name, command, runs_once=True)
        self.parts.append(part)
        part.start(self.environment(), self._log_of(part))

    def _take_folder(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (self.data_dir / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._forget_addresses()
            (self.data_dir / "logs").mkdir(exist_ok=True)
            probe = self.data_dir / "probe"
            try:
                probe.write_bytes(b"x" * 4096)
            finally:
                probe.unlink(missing_ok=True)
        except BlockingIOError as error:
            raise CannotStartError(f"Another `maskloop up` is already running on {self.data_dir}.") from error
        except OSError as error:
            raise CannotStartError(f"The data folder {self.data_dir} cannot be written: {error.strerror}.") from error
        free = shutil.disk_usage(self.data_dir).free
        if free < MIN_FREE_BYTES:
            raise CannotStartError(
                f"The disk of {self.data_dir} has {free >> 20} MiB left; {MIN_FREE_BYTES >> 20} MiB are needed."
            )

    def _forget_addresses(self) -> None:
        for name in ("endpoint.json", "services.json"):
            (self.data_dir / name).unlink(missing_ok=True)

    def _launch(self, gate: Gate) -> None:
        """Start the stores and, behind the gate, our own parts; return when the stores answer."""
        self.postgres.reserve()
        self.valkey.reserve()
        environment = self.environment()
        self.parts = service_parts(host=self.host, port=self.port, workers=self.workers)
        for part in self.parts:
            part.start(environment, self._log_of(part), behind=gate)
        self.valkey.launch()
        self.postgres.launch()
        self.postgres.wait()
        self.valkey.wait()
        addresses = {"database_url": self.postgres.url, "redis_url": self.valkey.url}
        write_private(self.data_dir / "services.json", json.dumps(addresses))
        os.environ.update(environment)

    def _log_of(self, part: Part) -> Path:
        return self.data_dir / "logs" / f"{part.name}.log"

    def _revive(self) -> None:
        for name, store in (("postgres", self.postgres), ("valkey", self.valkey)):
            restarts = self._restarts.setdefault(name, Restarts(STORE_PAUSES_S))
            if store.child is not None and store.child.poll() is not None and restarts.is_time():
                restarts.started()
                store.launch()  # on its old port, so that nobody needs new settings; they wait for it
                self._write_endpoint()
        for part in self.parts:
            if not part.runs_once and part.has_ended() and part.restarts.is_time():
                part.start(self.environment(), self._log_of(part))
                self._write_endpoint()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            if self.stopping():
                raise StoppedError
            for part in self.parts:
                if part.has_ended():
                    reason = reason_in(self._log_of(part), since=part.log_from)
                    raise RuntimeError(f"the {part.name} process ended: {reason}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"it is not ready after {READY_WITHIN_S:.0f} s; see {self.data_dir / 'logs'}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self._own_host, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @property
    def _own_host(self) -> str:
        return "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host  # noqa: S104 - compared, not bound

    def _write_endpoint(self) -> None:
        running = {part.name: part.child for part in self.parts if not part.runs_once}
        running |= {"postgres": self.postgres.child, "valkey": self.valkey.child}
        pids = {name: child.pid for name, child in running.items() if child is not None}
        path = self.data_dir / "endpoint.json"
        path.with_suffix(".new").write_text(json.dumps({"url": self.url, "pids": {"supervisor": os.getpid(), **pids}}))
        path.with_suffix(".new").replace(path)


def _sentence(error: Exception) -> str:
    """Return what an error says, as the end of a sentence."""
    said = f"{error.strerror} ({error.filename})" if isinstance(error, OSError) and error.filename else str(error)
    return " ".join(said.split()).rstrip(".") + "."


def _require_free_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStartError(f"Port {port} on {host} cannot be used: {error.strerror}. Try --port.") from error

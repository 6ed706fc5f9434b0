"""Commands that need the database find it here: by URL, from a running `maskloop up`, or started for the moment."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskloop.core.settings import get_settings
from maskloop.embedded.postgres import Postgres


@contextmanager
def database(data_dir: Path) -> Iterator[None]:
    """Make the settings of this process name a running database while the block runs."""
    os.environ["MASKLOOP_DATA_DIR"] = str(data_dir)
    os.environ.setdefault("MASKLOOP_STORE_URL", f"file://{data_dir.resolve() / 'store'}")
    if os.environ.get("MASKLOOP_DATABASE_URL"):
        yield
        return
    services = data_dir / "services.json"
    if _is_locked(data_dir / "lock") and services.exists():
        found = json.loads(services.read_text())
        os.environ["MASKLOOP_DATABASE_URL"] = found["database_url"]
        os.environ["MASKLOOP_REDIS_URL"] = found["redis_url"]
        get_settings.cache_clear()
        yield
        return
    if not (data_dir / "postgres").is_dir():
        raise FileNotFoundError(
            f"{data_dir} holds no Maskloop data. Run `maskloop up` first, or name it by --data-dir."
        )
    postgres = Postgres(data_dir.resolve() / "postgres")
    postgres.start()
    os.environ["MASKLOOP_DATABASE_URL"] = postgres.url
    get_settings.cache_clear()
    try:
        yield
    finally:
        postgres.stop()


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False

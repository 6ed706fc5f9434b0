"""Private temporary folders of jobs: in memory when they fit, swept after a crash."""

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskloop.core.settings import get_settings

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder inside it is ours alone
KEEP_FREE = 1 << 30


@contextmanager
def folder(name: str, *, expected_bytes: int = 0) -> Iterator[Path]:
    """Yield an empty folder that is ours alone and is removed at the end.

    A lock file beside it is held while we live, so that `sweep` can tell folders of the dead.
    """
    place = _place(expected_bytes)
    path = place / f"{name}-{secrets.token_hex(4)}"
    lock = path.with_suffix(".lock")
    handle = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        path.mkdir(mode=0o700)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(handle)


def sweep() -> int:
    """Remove the folders of processes that died; return how many."""
    removed = 0
    for place in {_inside(base) for base in _bases()}:
        for lock in place.glob("*.lock"):
            removed += _remove_if_dead(lock)
    return removed


def _remove_if_dead(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)


def _place(expected_bytes: int) -> Path:
    for base in _bases():
        if base != MEMORY or _fits(base, expected_bytes):
            place = _inside(base)
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours_alone(place):
                return place
    raise FileNotFoundError("no folder for scratch files")


def _is_ours_alone(place: Path) -> bool:
    """Say whether nobody else can reach into a folder whose name anyone could have taken before us."""
    found = place.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _bases() -> list[Path]:
    configured = get_settings().scratch_dir
    return [configured] if configured is not None else [MEMORY, Path(tempfile.gettempdir())]


def _inside(base: Path) -> Path:
    return base / f"maskloop-{os.geteuid()}"


def _fits(base: Path, expected_bytes: int) -> bool:
    if not os.access(base, os.W_OK | os.X_OK):
        return False
    free = shutil.disk_usage(base).free
    return free > KEEP_FREE and expected_bytes < free // 4

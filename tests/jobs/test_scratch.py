"""Scratch folders: private, gone at the end, swept after a crash."""

import os
import signal
import subprocess
import sys

import pytest

from maskloop.jobs import scratch

CRASH = """
import os, signal, sys
from maskloop.jobs import scratch
with scratch.folder("dead") as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_private_and_gone_at_the_end(job_kinds):
    with scratch.folder("one") as folder:
        (folder / "file").write_text("x")
        mode = folder.stat().st_mode & 0o777

    assert mode == 0o700
    assert list(folder.parent.iterdir()) == []


def test_a_folder_is_gone_after_an_error(job_kinds):
    with pytest.raises(ZeroDivisionError), scratch.folder("one") as folder:
        1 / 0  # noqa: B018

    assert not folder.exists()


def test_folders_of_the_dead_are_swept_and_those_of_the_living_are_not(job_kinds):
    crashed = subprocess.run([sys.executable, "-c", CRASH], env=os.environ, capture_output=True, text=True, check=False)
    left = crashed.stdout.strip()
    existed = os.path.exists(left)

    with scratch.folder("alive") as folder:
        removed = scratch.sweep()
        alive = folder.exists()

    assert crashed.returncode == -signal.SIGKILL
    assert (existed, removed, alive) == (True, 1, True)
    assert not os.path.exists(left)


def test_what_does_not_fit_into_memory_goes_to_disk(job_kinds, monkeypatch, tmp_path):
    monkeypatch.delenv("MASKLOOP_SCRATCH_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    from maskloop.core.settings import get_settings

    get_settings.cache_clear()

    with scratch.folder("small", expected_bytes=1) as small, scratch.folder("large", expected_bytes=1 << 60) as large:
        places = small.parts[:3], large.is_relative_to(tmp_path)

    assert places == (("/", "dev", "shm"), True)


@pytest.mark.parametrize("taken", ["open to all", "link"])
def test_a_folder_that_somebody_else_prepared_is_not_used(job_kinds, monkeypatch, tmp_path, taken):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    place = first / f"maskloop-{os.geteuid()}"
    if taken == "link":
        place.symlink_to(tmp_path)
    else:
        place.mkdir()
        place.chmod(0o777)
    monkeypatch.setattr(scratch, "_bases", lambda: [first, second])

    with scratch.folder("job") as folder:
        assert folder.is_relative_to(second)

"""A real small file system: a tmpfs in a mount namespace of its own, and `maskloop up` on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
ENTER = ["--mount"] if os.geteuid() == 0 else ["--user", "--preserve-credentials", "--mount"]
MOUNT = 'mount -t tmpfs -o "$2" tmpfs "$1" && echo mounted && exec sleep infinity'


@dataclass(frozen=True)
class SmallDisk:
    """A file system that only processes of `command` see under `place`; the test sees it under `seen`."""

    holder: int
    place: Path

    @property
    def data_dir(self) -> Path:
        """The data directory as `maskloop up` is told."""
        return self.place / "data"

    @property
    def seen(self) -> Path:
        """The same file system from outside."""
        return Path(f"/proc/{self.holder}/root{self.place}")

    def command(self, *words: str) -> list[str]:
        """Return the command that runs `words` there, under its own pid."""
        return ["nsenter", f"--target={self.holder}", *ENTER, f"--wd={self.place.parent}", *words]

    def up(self, *, port: int, **settings: str) -> subprocess.Popen[str]:
        """Start `maskloop up` there."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MASKLOOP_")}
        words = [sys.executable, "-m", "maskloop.cli", "up", "--data-dir", str(self.data_dir), "--port", str(port)]
        return subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "MASKLOOP_SCRATCH_DIR": str(self.place.parent), **settings},
        )

    def remount(self, options: str) -> None:
        """Change the options of the mount: `ro`, or another size."""
        words = ["mount", "--options-mode", "ignore", "-o", f"remount,{options}", str(self.place)]
        subprocess.run(self.command(*words), check=True)  # "ignore": the ids in the old options are not those inside

    def fill(self) -> int:
        """Write until not one byte more goes in; return how many went."""
        written = 0
        with (self.seen / "filling").open("ab", buffering=0) as filling:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        written += filling.write(b"x" * size)
                except OSError:
                    continue
        return written

    def free(self) -> None:
        """Remove what `fill` wrote."""
        (self.seen / "filling").unlink()


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[SmallDisk]:
    """Mount a tmpfs with these options on `place` while the block runs; skips where the kernel forbids it."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("unshare and nsenter (util-linux) are not installed")
    place.mkdir(parents=True, exist_ok=True)
    shell = [*NAMESPACE, "sh", "-c", MOUNT, "sh", str(place), options]
    with subprocess.Popen(shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            if holder.stdout.readline() != "mounted\n":
                pytest.skip("this machine does not let us mount a file system in a namespace of our own")
            yield SmallDisk(holder.pid, place)
        finally:
            holder.kill()

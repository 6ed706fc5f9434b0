"""Processes that we start and that end with us, also when we are killed."""

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

TRAMPOLINE = Path(__file__).with_name("trampoline.py")


def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    unprivileged: bool = False,
    output: IO[bytes] | None = None,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group; it gets `death_signal` when this process dies.

    Call it from the main thread: the kernel binds the parent-death signal to the thread that forks.
    With `unprivileged`, root, or a user without a name, becomes an ordinary user in the child's eyes (for PostgreSQL).
    """
    identity = "map" if unprivileged and not _is_ordinary(os.geteuid()) else "keep"
    head = [sys.executable, "-I", "-S", str(TRAMPOLINE), str(int(death_signal)), identity, str(os.getpid())]
    return subprocess.Popen(
        [*head, *command],
        env=dict(environment) if environment is not None else None,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        cwd=folder,
        start_new_session=True,
    )


def _is_ordinary(uid: int) -> bool:
    """Say whether a user is neither root nor one that the machine has no name for, as containers like to have."""
    return uid != 0 and any(entry.pw_uid == uid for entry in pwd.getpwall())


def stop_child(child: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM, timeout_s: float = 10) -> int:
    """End `child` with `how`, then with SIGKILL to its group after `timeout_s`; return its exit status."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            return child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait(5)


def free_port() -> int:
    """Return a TCP port that was free on loopback a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read: it appears whole, under its name, or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(content)
    new.replace(path)

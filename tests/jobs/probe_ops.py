"""Operations that a runner of the tests is asked for: what an honest one does, and what a hostile one tries."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from maskloop.imaging.errors import ImagingError


class PanicException(BaseException):
    pass


def add(args, scratch, report):
    report(0.5, "Adding")
    total = int((scratch / "given.txt").read_text()) + args["number"]
    (scratch / "total.txt").write_text(str(total))
    sys.stdout.write("a library writes to standard output\n")
    sys.stdout.flush()
    os.write(1, b"and so does one in C\n")
    return {"total": total, "threads": os.environ["OMP_NUM_THREADS"]}


def environment(args, scratch, report):
    return {"names": sorted(os.environ), "cwd": os.getcwd(), "scratch": str(scratch)}


def refuse(args, scratch, report):
    raise ImagingError("It has no slices.", code="no-slices")


def panic(args, scratch, report):
    raise PanicException("Doe^Jane")


def fail(args, scratch, report):
    raise ValueError("Doe^Jane")


def crash(args, scratch, report):
    ctypes.string_at(0)


def killed(args, scratch, report):
    os.kill(os.getpid(), signal.SIGKILL)


def swallow_memory(args, scratch, report):
    return {"size": len(bytearray(4 << 30))}


def sleep(args, scratch, report):
    for step in range(600):
        report(step / 600, "Sleeping")
        time.sleep(0.05)
    return {}


def fill_disk(args, scratch, report):
    with (scratch / "big").open("wb") as big:
        for _ in range(64):
            big.write(bytes(1 << 20))
    return {}


def talk(args, scratch, report):
    for handle in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(handle, b"not json\n")
    return {}


ATTEMPTS = {
    "socket": lambda _: socket.socket(),
    "socketpair": lambda _: socket.socketpair(),
    "unix": lambda _: socket.socket(socket.AF_UNIX),
    "fork": lambda _: os.fork(),
    "exec": lambda _: os.execv("/bin/true", ["true"]),  # noqa: S606
    "subprocess": lambda _: subprocess.run(["true"], check=True),
    "ptrace": lambda _: _call(101, 16, os.getppid(), 0, 0),
    "unshare": lambda _: _call(272, 0x10000000),
    "io_uring": lambda _: _call(425, 8, 0),
    "kill parent": lambda _: os.kill(os.getppid(), 0),
    "environment of the parent": lambda _: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "password file": lambda _: Path("/etc/passwd").read_bytes(),
    "beside the scratch": lambda scratch: (scratch.parent / "stolen").write_text(""),
    "list beside the scratch": lambda scratch: list(scratch.parent.iterdir()),
    "another folder": lambda _: Path("/var/stolen").write_text(""),
    "raise a limit": lambda _: __import__("resource").setrlimit(7, (4096, 4096)),
}


def _call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def escape(args, scratch, report):
    try:
        ATTEMPTS[args["way"]](scratch)
    except (OSError, ValueError) as error:
        return {"refused": type(error).__name__}
    return {"refused": None}


def threads(args, scratch, report):
    import threading

    found = []
    workers = [threading.Thread(target=found.append, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"ran": len(found)}

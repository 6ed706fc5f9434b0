"""Start a program so that it cannot outlive its parent; run as a file, before anything of ours is imported.

Usage: python -I -S trampoline.py SIGNAL MAP PARENT PROGRAM [ARGUMENT...]

SIGNAL is the number sent to the program when the parent dies. MAP is `map` to enter a user namespace in which root
appears as an ordinary user (PostgreSQL refuses to run as root; the files keep belonging to root), else `keep`. The
order matters: changing identity clears the parent-death signal, so that is set last.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def enter_user_namespace(libc: ctypes.CDLL) -> None:
    """Map the caller to an ordinary user in a new user namespace. Raises OSError where the kernel forbids it.

    It must be one that the machine knows: initdb looks its name up, and a fresh container has no uid 1000.
    """
    uid, gid = os.geteuid(), os.getegid()
    inside = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER) is not allowed here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside.pw_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside.pw_gid} {gid} 1")


def main(arguments: list[str]) -> None:
    """Arrange the end of the program, then become it."""
    death_signal, identity, parent, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if identity == "map":
        enter_user_namespace(libc)
    libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):  # the parent died before the signal was arranged
        sys.exit(128 + int(death_signal))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execvp(command[0], command)  # noqa: S606 - the caller names the program


if __name__ == "__main__":
    main(sys.argv[1:])

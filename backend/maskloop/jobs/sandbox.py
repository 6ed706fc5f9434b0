"""The cage of a runner: limits, no new privileges, no sockets, no other processes, only its own files.

Linux only, standard library only: a runner imports this before anything else. What it takes away stays away.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from maskloop.jobs.syscalls import CALLS, DENIED, LANDLOCK_ADD, LANDLOCK_CREATE, LANDLOCK_RESTRICT, MACHINES

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_THREAD = 0x10000
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
KILL_PROCESS, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENT_0, ARGUMENT_2 = 0, 4, 16, 32  # offsets in struct seccomp_data, low halves
X32 = 0x40000000

EXECUTE_AND_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # what a rule on a file may name
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/opt", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/sys/devices/system", "/sys/fs/cgroup")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")

libc = ctypes.CDLL(None, use_errno=True)


class SandboxUnavailable(OSError):
    """This kernel cannot build the cage: nothing is run outside it."""


class SockFprog(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def die_with_parent(parent: int) -> None:
    """End this process when the thread that started it ends; at once if `parent` is gone already."""
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def hide_memory() -> None:
    """Keep other processes of the same user from reading our environment and memory. Children do not inherit it."""
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit(*, memory_bytes: int, cpu_s: int, file_bytes: int, open_files: int = 512) -> None:
    """Set the hard limits of this process."""
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in wanted.items():
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def enter(*, scratch: Path, readable: Sequence[str]) -> bool:
    """Give up privileges, sockets, other processes, and files outside `scratch` and the programs' folders.

    Returns whether files are restricted too (Landlock; Linux 5.13). Raises SandboxUnavailable without seccomp.
    """
    column, architecture = _machine()
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise SandboxUnavailable(ctypes.get_errno(), "no_new_privs was refused")
    restricted = _restrict_files(scratch, readable)
    _drop_capabilities(column)
    _filter_calls(column, architecture)
    try:
        socket.socket().close()
    except PermissionError:
        return restricted
    raise SandboxUnavailable(errno.EINVAL, "the filter let a socket through")


def _machine() -> tuple[int, int]:
    try:
        return MACHINES[platform.machine()]
    except KeyError:
        raise SandboxUnavailable(errno.ENOSYS, f"no system call table for {platform.machine()}") from None


def _number(name: str, column: int) -> int:
    number = CALLS[name][column]
    assert number is not None
    return number


def _drop_capabilities(column: int) -> None:
    header = struct.pack("=Ii", 0x20080522, 0)
    if libc.syscall(_number("capset", column), header, bytes(24)) != 0:
        raise SandboxUnavailable(ctypes.get_errno(), "capabilities could not be dropped")


def _filter_calls(column: int, architecture: int) -> None:
    program = filter_program(column, architecture, pid=os.getpid())
    described = SockFprog(len(program) // 8, program)
    status = libc.syscall(
        _number("seccomp", column), SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(described)
    )
    if status != 0:
        raise SandboxUnavailable(ctypes.get_errno(), "the kernel took no seccomp filter")


def filter_program(column: int, architecture: int, *, pid: int) -> bytes:
    """Return the BPF program: everything is allowed but what is named here, which fails with EPERM."""
    refuse = _step(RETURN, ERRNO | errno.EPERM)
    allow = _step(RETURN, ALLOW)
    steps = [
        *(_step(LOAD, ARCHITECTURE), _step(JUMP_EQUAL, architecture, yes=1), _step(RETURN, KILL_PROCESS)),
        *(_step(LOAD, NUMBER), _step(JUMP_AT_LEAST, X32, no=1), refuse),
    ]
    for numbers in DENIED.values():
        if (number := numbers[column]) is not None:
            steps += [_step(JUMP_EQUAL, number, no=1), refuse]
    # glibc falls back from clone3, whose flags a filter cannot see, to clone
    steps += [_step(JUMP_EQUAL, _number("clone3", column), no=1), _step(RETURN, ERRNO | errno.ENOSYS)]
    steps += [_step(JUMP_EQUAL, _number("clone", column), no=4), _step(LOAD, ARGUMENT_0)]
    steps += [_step(JUMP_ANY_BIT, CLONE_THREAD, no=1), allow, refuse]
    for name in ("kill", "tgkill"):  # only itself: abort() needs that
        steps += [_step(JUMP_EQUAL, _number(name, column), no=4), _step(LOAD, ARGUMENT_0)]
        steps += [_step(JUMP_EQUAL, pid, no=1), allow, refuse]
    steps += [_step(JUMP_EQUAL, _number("prlimit64", column), no=6), _step(LOAD, ARGUMENT_2)]  # reading limits only
    steps += [_step(JUMP_EQUAL, 0, no=3), _step(LOAD, ARGUMENT_2 + 4), _step(JUMP_EQUAL, 0, no=1), allow, refuse]
    return b"".join([*steps, allow])


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _restrict_files(scratch: Path, readable: Sequence[str]) -> bool:
    """Allow only these files, by Landlock; False where the kernel has none."""
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = (1 << 13) - 1 | (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0)
    attributes = struct.pack("=Q", rights)
    if version >= 4:
        attributes += struct.pack("=Q", 0b11)  # TCP bind and connect
    if version >= 6:
        attributes += struct.pack("=Q", 0b11)  # abstract sockets and signals outside
    rules = libc.syscall(LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        raise SandboxUnavailable(ctypes.get_errno(), "Landlock refused its rules")
    for place in {*SYSTEM_FOLDERS, *SYSTEM_FILES, *readable}:
        _allow(rules, place, EXECUTE_AND_READ)
    for place in DEVICES:
        _allow(rules, place, 1 << 1 | 1 << 2)
    _allow(rules, str(scratch), rights & ~(1 << 0))
    if libc.syscall(LANDLOCK_RESTRICT, rules, 0) != 0:
        raise SandboxUnavailable(ctypes.get_errno(), "Landlock did not take hold")
    os.close(rules)
    return True


def _allow(rules: int, place: str, rights: int) -> None:
    try:
        handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine
    try:
        if not os.path.isdir(place):
            rights &= FILE_RIGHTS
        rule = struct.pack("=Qi", rights, handle)
        if libc.syscall(LANDLOCK_ADD, rules, 1, rule, 0) != 0:
            raise SandboxUnavailable(ctypes.get_errno(), "Landlock refused a rule")
    finally:
        os.close(handle)

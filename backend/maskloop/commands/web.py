"""The web processes: one parent that imports everything, then forks those that answer, all on one port.

Python runs one thread at a time, so one process uses one core. Forked ones share what was imported, and a death among
them is seen by nobody else: the others answer, and the parent forks another.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from maskloop.api.http_protocol import HttpProtocol
from maskloop.jobs.sandbox import die_with_parent

ENDINGS = (signal.SIGTERM, signal.SIGINT)
RESTART_PAUSE_S = 0.5
CANNOT_START = 3  # uvicorn's exit status


def run_web(app: FastAPI, *, host: str, port: int, processes: int) -> None:
    """Answer on a port until a signal comes. Call it from the main thread, before the process has any other.

    Exits 1 when the port cannot be used, and 3 when the application cannot start.
    """
    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
    )
    try:
        _bound(host, port).close()
        holder = _bound(host, port, shared=processes > 1)  # the parent's never listens: it only keeps the port
    except OSError as error:
        sys.exit(f"Port {port} on {host} cannot be used: {error.strerror}.")

    def answer() -> None:
        server = uvicorn.Server(config)
        server.run(sockets=[_bound(host, port, shared=True) if processes > 1 else holder])
        if not server.started:
            sys.exit(CANNOT_START)

    if processes == 1:
        answer()
    else:
        sys.exit(Family(answer).run(processes))


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket on an address. Of shared ones each gets its part of the connections, by chance.

    One socket that is inherited would give nearly all of them to the process that began to wait last.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Family:
    """Children that do the same. A signal to end goes to all; a child that ends without one is replaced."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.children: set[int] = set()
        self.told: int | None = None

    def run(self, count: int) -> int:
        """Fork the children, and return the exit status when they have ended."""
        for number in ENDINGS:
            signal.signal(number, self._tell)
        for _ in range(count):
            self._fork()
        while self.children:
            child, status = os.waitpid(-1, 0)
            self.children.discard(child)
            if self.told is not None:
                continue
            if os.waitstatus_to_exitcode(status) == CANNOT_START:
                self._tell(signal.SIGTERM)
                return CANNOT_START
            time.sleep(RESTART_PAUSE_S)
            self._fork()
        return 0

    def _fork(self) -> None:
        """Fork a child, unless a signal came: from the look on, one waits until the child can be told."""
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # nor must the child hear one with our ears
        if self.told is not None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
            return
        if child := os.fork():
            self.children.add(child)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
            return
        status = 1
        try:
            die_with_parent(parent)
            for number in ENDINGS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
            self.work()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        finally:
            os._exit(status)

    def _tell(self, number: int, _frame: FrameType | None = None) -> None:
        self.told = number
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

"""The gate of `maskloop up`: its parts import their code while the database starts, and begin when it opens."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "MASKLOOP_GATE"
STDIN = 0


@contextmanager
def importing() -> Iterator[None]:
    """Import without looking for garbage, a fifth faster: what is imported stays until the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def wait_for_go() -> None:
    """Return when the supervisor has opened the gate; at once in a process that stands behind none.

    The gate is a pipe on standard input: one byte lets one part through. A supervisor that died or gave up closes it.
    """
    if os.environ.pop(VARIABLE, None) is None:
        return
    if not os.read(STDIN, 1):
        sys.exit("The supervisor gave up before the database was ready.")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, STDIN)
    os.close(null)


class Gate:
    """The supervisor's side."""

    def __init__(self) -> None:
        self.entrance, self._lever = os.pipe()

    def open(self, parts: int) -> None:
        """Let so many parts through."""
        os.write(self._lever, b"g" * parts)

    def close(self) -> None:
        """Forget the gate; parts that still wait end."""
        os.close(self.entrance)
        os.close(self._lever)

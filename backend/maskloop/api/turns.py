"""Taking turns: work of which one process does little at a time, so that what is short need not wait behind it.

Python runs one thread at a time. Eight saves that run at once do not end sooner than eight in a row, but a read beside
them waits for all of them at every step.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from anyio import CapacityLimiter, move_on_after, to_thread

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Turns:
    """Runs work on threads, so much of it at a time, in the order in which it came.

    Nobody waits longer than `patience_s` for a turn: what has it may itself wait for a lock in the database.
    """

    def __init__(self, at_once: int, *, patience_s: float) -> None:
        self.at_once = at_once
        self.patience_s = patience_s
        self._limiters: WeakKeyDictionary[AbstractEventLoop, CapacityLimiter] = WeakKeyDictionary()

    async def run(
        self, work: Callable[Parameters, Result], *given: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        """Return what `work` returns, when its turn has come."""
        turns, me, is_my_turn = self._turns(), object(), False
        with move_on_after(self.patience_s):
            await turns.acquire_on_behalf_of(me)
            is_my_turn = True
        try:
            return await to_thread.run_sync(partial(work, *given, **named))
        finally:
            if is_my_turn:
                turns.release_on_behalf_of(me)

    def _turns(self) -> CapacityLimiter:
        loop = asyncio.get_running_loop()
        if loop not in self._limiters:
            self._limiters[loop] = CapacityLimiter(self.at_once)
        return self._limiters[loop]

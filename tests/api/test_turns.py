"""Work that takes turns does so, and keeps nobody else waiting."""

import asyncio
import threading
import time

from maskloop.api.turns import Turns


def test_no_more_runs_at_a_time_than_may_and_in_the_order_it_came():
    running, most, begun = [], [], []

    def work(number: int) -> int:
        begun.append(number)
        running.append(number)
        most.append(len(running))
        time.sleep(0.01)
        running.remove(number)
        return number

    async def all_at_once() -> list[int]:
        turns = Turns(1, patience_s=10)
        return await asyncio.gather(*(turns.run(work, number) for number in range(8)))

    assert asyncio.run(all_at_once()) == list(range(8))
    assert begun == list(range(8))
    assert max(most) == 1


def test_nobody_waits_long_for_one_that_is_stuck():
    goes_on = threading.Event()

    async def beside() -> str:
        turns = Turns(1, patience_s=0.05)
        stuck = asyncio.create_task(turns.run(goes_on.wait, 10))
        await asyncio.sleep(0.01)
        answer = await turns.run(lambda: "saved")
        goes_on.set()
        await stuck
        return answer

    assert asyncio.run(beside()) == "saved"
    assert goes_on.is_set()

"""Whatever dies, and whenever: each job's effect happens once, never on a cancelled job, and each end has a reason.

`MASKLOOP_FAULT_SEED=123 pytest tests/faults` gives the faults of that seed again.
"""

import os
import random
import secrets
import threading
import time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from maskloop.core.db import session_scope
from maskloop.jobs import service
from maskloop.jobs.tables import Job
from tests.factories import make_user
from tests.faults import harness
from tests.faults.harness import Stack, Trouble, count, persistently, running_stack, until

pytestmark = pytest.mark.faults

OPEN = "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"
BACKLOG = 60
KINDS = ["fault-plain"] * 4 + ["fault-runner"] * 4 + ["fault-deaf"] * 4 + ["fault-refuse"]


@pytest.fixture
def stack(tmp_path):
    with running_stack(tmp_path / "stack") as stack:
        make_effect_table()
        yield stack
    assert until(lambda: stack.processes() == [], timeout_s=5), "something of the stack still runs"


def make_effect_table():
    from fault_tasks import TABLE

    with session_scope() as session:
        session.execute(text(TABLE))


class Client:
    """Enqueues and cancels as a person would: an unanswered request is sent again with the same key."""

    def __init__(self, seed: int) -> None:
        from fault_tasks import Work

        self.chance = random.Random(seed)
        self.work = Work
        self.number = 0
        with session_scope() as session:
            self.user = make_user(session).id

    def enqueue(self, kind: str | None = None, seconds: float | None = None) -> UUID:
        self.number += 1
        key = uuid4()
        kind = kind or self.chance.choice(KINDS)
        duration = self.chance.uniform(0.02, 0.6) if seconds is None else seconds
        inputs = self.work(number=self.number, seconds=duration)

        def once() -> UUID:
            with session_scope() as session:
                return service.enqueue(session, kind=kind, inputs=inputs, created_by=self.user, key=key).id

        return persistently(once)

    def cancel(self, job_id: UUID) -> None:
        def once() -> None:
            with session_scope() as session:
                service.cancel(session, job_id)

        persistently(once)

    def work_through(self, jobs: int, *, pause_s: float) -> None:
        """Enqueue in bursts, and cancel one job in eight a moment later."""
        made: list[UUID] = []
        while len(made) < jobs:
            made += [self.enqueue() for _ in range(min(self.chance.randint(1, 8), jobs - len(made)))]
            time.sleep(self.chance.uniform(0, 2 * pause_s))
            until(lambda: persistently(lambda: count(OPEN)) < BACKLOG, timeout_s=120)  # so that trouble meets work
            if self.chance.random() < 0.5:
                self.cancel(self.chance.choice(made[-20:]))


def all_faults(stack: Stack) -> list[tuple[int, harness.Fault]]:
    return [
        *((4, stack.kill_pool_child), (3, stack.kill_runner), (2, stack.kill_worker), (2, stack.kill_relay)),
        *((2, stack.empty_redis), (1, stack.restart_redis), (1, stack.restart_database)),
        *((2, stack.freeze_pool_child), (2, stack.double_bells)),
    ]


def run_trouble(stack: Stack, *, jobs: int, pause_s: float, stall_s: float = 30) -> Trouble:
    """Work under faults until everything is enqueued and ended, the last stretch in peace."""
    seed = int(os.environ.get("MASKLOOP_FAULT_SEED") or secrets.randbelow(1 << 31))
    print(f"MASKLOOP_FAULT_SEED={seed}")  # noqa: T201 - a failed run must be given again
    trouble = Trouble(seed, all_faults(stack))
    client = Client(seed)
    worker = threading.Thread(target=client.work_through, args=(jobs,), kwargs={"pause_s": pause_s})
    worker.start()
    while worker.is_alive():
        trouble.strike()
    worker.join()
    print("faults:", {name: trouble.done.count(name) for name in sorted(set(trouble.done))})  # noqa: T201
    drain(stall_s)
    return trouble


def drain(stall_s: float) -> None:
    """Wait until nothing is open, in peace; what does not get less for `stall_s` is stuck."""
    left = count(OPEN)
    while left:
        before = left
        until(lambda: count(OPEN) < before, timeout_s=stall_s, every_s=0.2)  # noqa: B023 - called at once
        left = count(OPEN)
        assert left < before, f"{left} jobs never ended"


def check_exactly_once(jobs: int) -> dict[str, int]:
    """The one checker: what ended how, and that effects tell the same."""
    with session_scope() as session:
        rows = session.execute(
            text("""SELECT job.id, kind, state, problem, result, job.attempt, lease_until, ended_at, cancel_requested,
                           count(e.job_id) AS effects, max(e.attempt) AS by
                      FROM job LEFT JOIN fault_effect e ON e.job_id = job.id GROUP BY job.id""")
        ).all()
    assert len(rows) == jobs
    for row in rows:
        where = f"{row.kind} {row.id} {row.state} after attempt {row.attempt}"
        assert row.effects == (1 if row.state == "succeeded" else 0), f"{where}: {row.effects} effects"
        assert row.lease_until is None, f"{where}: still leased"
        assert row.ended_at is not None, f"{where}: no end"
        if row.state == "succeeded":
            assert (row.by, row.problem, row.cancel_requested) == (row.attempt, None, False), where
            assert row.result is not None, where
        elif row.state == "cancelled":
            assert row.cancel_requested, where
            assert row.problem["code"] == "cancelled", where
        else:
            assert (row.kind, row.problem["code"]) == ("fault-refuse", "meant-to-fail"), f"{where}: {row.problem}"
    return {state: sum(row.state == state for row in rows) for state in ("succeeded", "failed", "cancelled")}


def test_every_effect_happens_once_whatever_dies(stack):
    run_trouble(stack, jobs=200, pause_s=0.6)

    ends = check_exactly_once(200)
    print("ends:", ends)  # noqa: T201
    assert ends["succeeded"] > 100


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_effect_happens_once_in_a_long_time_of_trouble(stack):
    run_trouble(stack, jobs=2000, pause_s=0.6)

    ends = check_exactly_once(2000)
    print("ends:", ends)  # noqa: T201
    assert ends["succeeded"] > 1000


def test_lost_bells_heal_within_two_seconds(stack):
    client = Client(1)
    client.enqueue("fault-plain", 0)
    assert until(lambda: count(OPEN) == 0, timeout_s=20)  # warm

    stack.empty_redis(random.Random(1))
    for _ in range(5):
        client.enqueue("fault-plain", 0)
    stack.redis().flushall()

    assert until(lambda: count(OPEN) == 0, timeout_s=3)


def test_nothing_outlives_a_killed_worker(stack):
    client = Client(1)
    client.enqueue("fault-runner", 20)
    assert until(lambda: len(stack.runners()) == 1, timeout_s=20)
    family = [*stack.pool_children(), *stack.runners()]

    worker = stack.workers.pop()
    worker.kill()
    worker.wait()

    assert until(lambda: not set(family) & set(stack.processes()), timeout_s=3)


def test_a_stopped_worker_gives_its_jobs_back_uncounted(stack):
    client = Client(1)
    job_ids = [client.enqueue("fault-runner", 20), client.enqueue("fault-plain", 20)]
    assert until(lambda: count("SELECT count(*) FROM job WHERE state = 'running'") == 2, timeout_s=20)

    started = time.monotonic()
    worker = stack.workers.pop()
    worker.terminate()
    worker.wait(10)

    assert time.monotonic() - started < 5
    with session_scope() as session:
        jobs = [session.get_one(Job, job_id) for job_id in job_ids]
    assert [(job.state, job.attempt) for job in jobs] == [("queued", 1), ("queued", 1)]
    assert [job.max_attempts for job in jobs] == [41, 41]


def test_a_cancelled_runner_is_killed_within_seconds(stack):
    client = Client(1)
    job_id = client.enqueue("fault-runner", 30)
    assert until(lambda: len(stack.runners()) == 1, timeout_s=20)

    client.cancel(job_id)

    assert until(lambda: stack.runners() == [], timeout_s=3)
    assert until(lambda: count("SELECT count(*) FROM job WHERE state = 'cancelled'") == 1, timeout_s=2)


def test_forged_and_broken_messages_harm_nothing(stack):
    redis = stack.redis()
    client = Client(1)
    for message in (b"not json", b'{"body": "x"}'):
        redis.lpush("bell.io", message)

    client.enqueue("fault-plain", 0)

    assert until(lambda: count(OPEN) == 0, timeout_s=60)  # the worker begins again for each
    assert stack.workers[0].poll() is None

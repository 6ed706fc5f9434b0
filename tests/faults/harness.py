"""A whole stack of our own processes with fresh folders and free ports, and ways to hurt it. Linux only.

Made to be widened: a fault is a method of `Stack`, a mix of faults is a list of them given to `Trouble`.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import TypeVar

import psycopg
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from maskloop.core import db, migrations
from maskloop.core.redis import get_redis
from maskloop.core.settings import get_settings
from maskloop.embedded.children import start_child, stop_child
from maskloop.embedded.postgres import Postgres
from maskloop.embedded.valkey import Valkey
from maskloop.jobs import bells
from maskloop.jobs.handlers import load_tasks

HERE = Path(__file__).parent
RELAY = "from maskloop.relay import relay_main; relay_main()"
WORKER = "import sys; from maskloop.worker import worker_main; worker_main(sys.argv[2].split(','), int(sys.argv[3]))"


@dataclass
class Stack:
    """Postgres, Valkey, one relay and some workers. Every process names `folder` in its arguments or works in it."""

    folder: Path
    lease_s: int = 2
    postgres: Postgres = field(init=False)
    valkey: Valkey = field(init=False)
    relay: Popen[bytes] | None = None
    workers: list[Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.postgres = Postgres(self.folder / "postgres")
        self.valkey = Valkey(self.folder / "valkey")

    def environment(self) -> dict[str, str]:
        """The settings of every process of this stack."""
        return {
            "MASKLOOP_DATABASE_URL": self.postgres.url,
            "MASKLOOP_REDIS_URL": self.valkey.url,
            "MASKLOOP_STORE_URL": f"file://{self.folder / 'store'}",
            "MASKLOOP_DATA_DIR": str(self.folder),
            "MASKLOOP_SCRATCH_DIR": str(self.folder / "scratch"),
            "MASKLOOP_JOB_LEASE_S": str(self.lease_s),
            "MASKLOOP_JOB_RETRY_S": "0",
            "MASKLOOP_TEST_FAIL_POINTS": "1",
            "MASKLOOP_TEST_TASKS": "fault_tasks",
            "MASKLOOP_TEST_PATH": str(HERE),
        }

    def start_stores(self) -> None:
        self.valkey.start()
        self.postgres.start()

    def start_relay(self) -> None:
        self.relay = self._start("relay", [RELAY, str(self.folder)])

    def start_worker(self, queues: str = "io,infer", slots: int = 2) -> None:
        self.workers.append(self._start("worker", [WORKER, str(self.folder), queues, str(slots)]))

    def stop(self) -> None:
        """Stop everything in the order of a clean shutdown."""
        for child in [*self.workers, self.relay]:
            if child is not None:
                stop_child(child, timeout_s=10)
        self.valkey.stop()
        self.postgres.stop()

    def pool_children(self) -> list[int]:
        return [pid for worker in self.workers for pid in children_of(worker.pid)]

    def runners(self) -> list[int]:
        return [pid for child in self.pool_children() for pid in children_of(child)]

    def processes(self) -> list[int]:
        """Every living process of this stack, wherever it hangs in the tree."""
        return [pid for pid in all_pids() if pid != os.getpid() and names_folder(pid, str(self.folder))]

    # faults

    def kill_worker(self, chance: random.Random) -> None:
        worker = chance.choice(self.workers)
        worker.kill()
        worker.wait()
        self.workers.remove(worker)
        self.start_worker()

    def kill_pool_child(self, chance: random.Random) -> None:
        kill_one(self.pool_children, chance)

    def freeze_pool_child(self, chance: random.Random) -> None:
        """Stall a child for longer than its lease; it wakes and believes that the job is still its own."""
        for pid in sample(self.pool_children, chance):
            send(pid, signal.SIGSTOP)
            time.sleep(self.lease_s * 1.6)
            send(pid, signal.SIGCONT)

    def kill_runner(self, chance: random.Random) -> None:
        kill_one(self.runners, chance)

    def kill_relay(self, chance: random.Random) -> None:
        assert self.relay is not None
        self.relay.kill()
        self.relay.wait()
        time.sleep(chance.uniform(0, 1))
        self.start_relay()

    def restart_redis(self, chance: random.Random) -> None:
        assert self.valkey.child is not None
        self.valkey.child.kill()
        self.valkey.child.wait()
        time.sleep(chance.uniform(0, 1.5))
        self.valkey.start(port=self.valkey.port)

    def empty_redis(self, chance: random.Random) -> None:
        """Lose every bell, twice in a row at times."""
        for _ in range(chance.randint(1, 2)):
            self.redis().flushall()
            time.sleep(chance.uniform(0, 0.1))

    def double_bells(self, chance: random.Random) -> None:
        bells.ring(bells.make_celery(), chance.choice(["io", "infer"]), 5)

    def restart_database(self, chance: random.Random) -> None:
        """Without warning (SIGQUIT) or with rolled-back transactions (SIGINT); back on the same port."""
        assert self.postgres.child is not None
        stop_child(self.postgres.child, how=chance.choice([signal.SIGQUIT, signal.SIGINT]), timeout_s=30)
        time.sleep(chance.uniform(0, 1))
        self.postgres.start(port=self.postgres.port)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.valkey.url, socket_timeout=5)

    def _start(self, name: str, arguments: Sequence[str]) -> Popen[bytes]:
        environment = {**os.environ, **self.environment(), "PYTHONPATH": str(HERE)}
        with (self.folder / f"{name}.log").open("ab") as log:
            return start_child(
                [sys.executable, "-c", *arguments], environment=environment, death_signal=signal.SIGKILL, output=log
            )


@contextmanager
def running_stack(folder: Path, *, workers: int = 1, slots: int = 2, lease_s: int = 2) -> Iterator[Stack]:
    """A migrated stack that this process is connected to; afterwards stopped, with nothing left running."""
    stack = Stack(folder, lease_s=lease_s)
    before = {name: os.environ.get(name) for name in [*stack_names(), "PYTHONPATH"]}
    try:
        stack.start_stores()
        os.environ.update(stack.environment())
        sys.path.insert(0, str(HERE))
        forget()
        migrations.upgrade(db.get_engine())
        stack.start_relay()
        for _ in range(workers):
            stack.start_worker(slots=slots)
        yield stack
    finally:
        db.get_engine().dispose()
        stack.stop()
        sys.path.remove(str(HERE))
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        forget()


def stack_names() -> list[str]:
    return [
        f"MASKLOOP_{name}"
        for name in (
            *("DATABASE_URL", "REDIS_URL", "STORE_URL", "DATA_DIR", "SCRATCH_DIR", "JOB_LEASE_S", "JOB_RETRY_S"),
            *("TEST_FAIL_POINTS", "TEST_TASKS", "TEST_PATH"),
        )
    ]


def forget() -> None:
    """Renew everything that this process remembers of its settings."""
    for cached in (get_settings, db.get_engine, get_redis, load_tasks):
        cached.cache_clear()


Answer = TypeVar("Answer")
Fault = Callable[[random.Random], None]


@dataclass
class Trouble:
    """Faults at seeded random moments. Prints its seed and what it did, so that a run can be given again."""

    seed: int
    faults: Sequence[tuple[int, Fault]]  # weight, fault
    pause_s: tuple[float, float] = (0.3, 1.5)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def strike(self) -> None:
        """Do one fault and wait a while."""
        weights, faults = zip(*self.faults, strict=True)
        fault = self.chance.choices(faults, weights)[0]
        fault(self.chance)
        self.done.append(fault.__name__)
        time.sleep(self.chance.uniform(*self.pause_s))


def until(claim: Callable[[], bool], *, timeout_s: float, every_s: float = 0.05) -> bool:
    """Say whether `claim` becomes true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(every_s)
    return claim()


def persistently(do: Callable[[], Answer], *, timeout_s: float = 30) -> Answer:
    """Repeat what the database's absence interrupts, as a client with an idempotency key would."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return do()
        except (DBAPIError, psycopg.Error):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def count(statement: str) -> int:
    with db.session_scope() as session:
        return int(session.execute(text(statement)).scalar_one())


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def names_folder(pid: int, folder: str) -> bool:
    try:
        if folder in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
            return True
        return os.readlink(f"/proc/{pid}/cwd").startswith(folder)
    except OSError:
        return False


def sample(find: Callable[[], list[int]], chance: random.Random) -> list[int]:
    """One of the processes that `find` gives, waiting a moment for one to be there."""
    until(lambda: bool(find()), timeout_s=2, every_s=0.01)
    pids = sorted(find())
    return [chance.choice(pids)] if pids else []


def kill_one(find: Callable[[], list[int]], chance: random.Random) -> None:
    for pid in sample(find, chance):
        send(pid, signal.SIGKILL)


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return

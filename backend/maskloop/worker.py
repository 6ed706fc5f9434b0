"""The Celery worker: it hears bells, and its children take jobs from Postgres. The parent opens no database."""

import logging
import mmap
import os
import sys
import threading
import time
import warnings
from collections.abc import Sequence

import redis
from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from sqlalchemy.exc import DBAPIError

from maskloop.core.db import get_engine
from maskloop.core.logging import configure_logging, get_logger
from maskloop.core.redis import get_redis
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.jobs import bells, sandbox, scratch
from maskloop.jobs.handlers import QUEUES, load_tasks
from maskloop.jobs.work import run_one

STAY_S = 5.0  # a child that finished its job takes the next of the same queue for this long, then hears other bells
REGISTER_EVERY_S = 5.0
PAUSE_S = 0.5


class Worker:
    """What parent and children share: one byte that says whether the worker is shutting down."""

    def __init__(self, queues: Sequence[str], concurrency: int) -> None:
        self.queues = list(queues)
        self.concurrency = concurrency
        self.pid = os.getpid()
        self.was_ready = False
        self._stopping = mmap.mmap(-1, 1)

    def is_stopping(self) -> bool:
        """Say whether running jobs should go back to their queues."""
        return self._stopping[0] != 0

    def answer_bell(self, queue: str) -> None:
        """Run jobs of a queue, best first, until it is empty or it is another queue's turn."""
        until = time.monotonic() + STAY_S
        try:
            while not self.is_stopping() and run_one(queue, interrupted=self.is_stopping) is not None:
                if time.monotonic() > until:
                    return
        except DBAPIError as error:
            get_logger(__name__).warning("bell-unanswered", queue=queue, kind=type(error).__name__)

    def begin_child(self, **_: object) -> None:
        """Prepare a pool child, just forked: it dies with its parent and opens everything anew."""
        sandbox.die_with_parent(self.pid)
        configure_logging("worker")
        for cached in (get_engine, get_redis, get_storage):
            cached.cache_clear()
        scratch.sweep()

    def stop(self, **_: object) -> None:
        """Tell the children to put their jobs back."""
        self._stopping[0] = 1

    def begin_registering(self, **_: object) -> None:
        """Start to tell the relay how many slots there are."""
        self.was_ready = True
        threading.Thread(target=self._register, name="slots", daemon=True).start()

    def _register(self) -> None:
        url = get_settings().redis_url.get_secret_value()
        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)
        while not self.is_stopping():
            try:
                bells.register_slots(client, self.queues, self.concurrency)
            except redis.RedisError as error:
                get_logger(__name__).warning("slots-not-registered", kind=type(error).__name__)
                time.sleep(1)
            else:
                time.sleep(REGISTER_EVERY_S)


def make_app(worker: Worker) -> Celery:
    """Return the Celery application of a worker, with its one task."""
    app = bells.make_celery()

    def bell(queue: str) -> None:
        if queue in QUEUES:  # a message carries no rights and is not believed
            worker.answer_bell(queue)

    app.task(bell, name=bells.BELL, ignore_result=True, acks_late=False, max_retries=0)
    return app


def worker_main(queues: Sequence[str], concurrency: int) -> None:
    """Run a worker on these queues until SIGTERM, with `concurrency` children; does not return."""
    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        raise ValueError(f"no such queue: {', '.join(unknown)}; there are {', '.join(QUEUES)}")
    configure_logging("worker")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for noise in (SecurityWarning, CPendingDeprecationWarning):  # root (in a container), and a default of Celery 6
        warnings.simplefilter("ignore", noise)
    sandbox.hide_memory()
    load_tasks()  # before the fork, so that the children share it
    worker = Worker(queues, concurrency)
    signals.setup_logging.connect(lambda **_: None, weak=False)  # Celery leaves logging alone then
    signals.worker_process_init.connect(worker.begin_child, weak=False)
    signals.worker_ready.connect(worker.begin_registering, weak=False)
    signals.worker_shutting_down.connect(worker.stop, weak=False)
    celery_worker = make_app(worker).Worker(
        queues=[bells.bell_list(queue) for queue in worker.queues],
        concurrency=concurrency,
        pool="prefork",
        optimization="fair",
        hostname=f"maskloop-{os.getpid()}@%h",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    celery_worker.start()
    if worker.was_ready and celery_worker.exitcode and not worker.is_stopping():
        _begin_again()
    sys.exit(celery_worker.exitcode)


def _begin_again() -> None:
    """Become a new worker under the same pid. Celery gives up on a message that is no JSON; it was taken by then."""
    get_logger(__name__).error("worker-begins-again")
    time.sleep(PAUSE_S)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program

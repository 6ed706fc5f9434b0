"""The relay: rings bells for ready jobs, queues what comes round, takes back lost jobs, seals the audit trail.

Any number of relays may run. It holds no state: everything it does follows from the database and can be repeated.
"""

import signal
import threading
import time
from collections.abc import Callable

import psycopg
import redis
from celery import Celery
from kombu.exceptions import OperationalError as BrokerAway
from sqlalchemy.exc import DBAPIError

from maskloop.audit import service as audit
from maskloop.core.db import session_scope
from maskloop.core.logging import configure_logging, get_logger
from maskloop.core.redis import get_redis
from maskloop.core.settings import get_settings
from maskloop.jobs import bells, periodic, queries, sandbox, service, streams
from maskloop.jobs.handlers import QUEUES

TICK_S = 1.0
REAP_EVERY_S = 5.0
COME_ROUND_EVERY_S = 60.0
PAUSE_S = 0.02  # between two rounds, however many notifications come

AWAY = (DBAPIError, psycopg.Error, redis.RedisError, BrokerAway, OSError)


class Relay:
    """The loop. Each of its duties fails alone: a part that is away is tried again in the next round."""

    def __init__(self) -> None:
        self._app: Celery = bells.make_celery()
        self._listening: psycopg.Connection[tuple[object, ...]] | None = None
        self._reap_at = 0.0
        self._seal_at = 0.0
        self._come_round_at = time.monotonic() + COME_ROUND_EVERY_S  # not while everything starts
        self._away: set[str] = set()

    def run(self, stopping: threading.Event) -> None:
        """Work until `stopping` is set."""
        while not stopping.is_set():
            now = time.monotonic()
            if now >= self._reap_at:
                self._reap_at = now + min(REAP_EVERY_S, get_settings().job_lease_s / 2)
                self._try("reap", reap)
            if now >= self._seal_at:
                self._seal_at = now + TICK_S
                self._try("seal", seal)
            if now >= self._come_round_at:
                self._come_round_at = now + COME_ROUND_EVERY_S
                self._try("come-round", come_round)
            self._try("ring", lambda: ring_bells(self._app))
            if not self._try("listen", self._wait):
                self._hang_up()
                stopping.wait(TICK_S / 2)
            stopping.wait(PAUSE_S)
        self._hang_up()

    def _try(self, duty: str, do: Callable[[], object]) -> bool:
        try:
            do()
        except AWAY as error:
            if duty not in self._away:
                get_logger(__name__).warning("relay-waits", duty=duty, kind=type(error).__name__)
            self._away.add(duty)
            return False
        if duty in self._away:
            self._away.remove(duty)
            get_logger(__name__).info("relay-works-again", duty=duty)
        return True

    def _wait(self) -> None:
        """Wait for a notification, a second at most."""
        if self._listening is None:
            url = get_settings().database_url.get_secret_value()
            self._listening = psycopg.connect(url, autocommit=True, connect_timeout=2)
            self._listening.execute(f"LISTEN {service.CHANNEL}".encode())
            return  # what came before we listened is seen in the next round
        for _ in self._listening.notifies(timeout=TICK_S, stop_after=1):
            break

    def _hang_up(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None


def ring_bells(app: Celery) -> int:
    """Top up the bells of every queue to its ready jobs, two for each slot at most; return how many were sent."""
    client = get_redis()
    if client is None:
        raise redis.ConnectionError("MASKLOOP_REDIS_URL is not set")
    most = {queue: 2 * bells.slots_of(client, queue) for queue in QUEUES}
    with session_scope() as session:
        ready = queries.ready(session, most)
    sent = 0
    for queue, count in ready.items():
        missing = count - bells.waiting(client, queue)
        if missing > 0:
            bells.ring(app, queue, missing)
            sent += missing
    return sent


def reap() -> int:
    """Take back the jobs whose lease ran out, and end parents whose children have ended; return how many."""
    with session_scope() as session:
        lost = queries.reap(session, retry_s=get_settings().job_retry_s)
        for parent_id in sorted({parent_id for _, parent_id, _ in lost if parent_id is not None}):
            queries.settle_parent(session, parent_id)
    with session_scope() as session:
        queries.heal_parents(session)
    for job_id, _, state in lost:
        get_logger(__name__).warning("job-reaped", job=str(job_id), state=state)
        streams.publish(streams.job_stream(job_id), "state", {"state": state})
    return len(lost)


def come_round() -> None:
    """Queue the periodic jobs that are due."""
    with session_scope() as session:
        periodic.queue_due(session)


def seal() -> None:
    """Seal what was recorded."""
    with session_scope() as session:
        audit.seal(session)


def relay_main() -> None:
    """Run one relay until SIGTERM or SIGINT."""
    configure_logging("relay")
    sandbox.hide_memory()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    Relay().run(stopping)

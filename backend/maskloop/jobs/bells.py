"""Bells: messages that say "this queue has work". They carry nothing else, and any of them may be lost or doubled."""

import os
import socket
import time
from collections.abc import Sequence

import redis
from celery import Celery

from maskloop.core.settings import get_settings

BELL = "maskloop.bell"
SLOTS_KEY = "maskloop:slots"
SLOTS_AGE_S = 20
MAX_PAUSE_S = 1.0


def bell_list(queue: str) -> str:
    """Return the name of the broker list that holds a queue's bells."""
    return f"bell.{queue}"


def make_celery() -> Celery:
    """Return a Celery application that knows the broker and no task."""
    app = Celery("maskloop", broker=get_settings().redis_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_acks_late=False,  # the lease covers loss
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_create_missing_queues=True,
        task_default_queue=bell_list("io"),
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "socket_timeout": 10,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "polling_interval": 1,
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
    )
    return app


def ring(app: Celery, queue: str, count: int) -> None:
    """Send `count` bells for a queue. Raises what the broker raises."""
    with app.producer_or_acquire() as producer:
        for _ in range(count):
            app.send_task(BELL, args=(queue,), queue=bell_list(queue), producer=producer, retry=False)


def waiting(client: redis.Redis, queue: str) -> int:
    """Return how many bells of a queue lie in the broker."""
    return int(client.llen(bell_list(queue)))


def register_slots(client: redis.Redis, queues: Sequence[str], slots: int) -> None:
    """Say that this worker has `slots` for these queues; repeat it within SLOTS_AGE_S."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    for queue in queues:
        client.hset(f"{SLOTS_KEY}:{queue}", name, f"{slots}:{time.time():.0f}")


def slots_of(client: redis.Redis, queue: str) -> int:
    """Return the slots of the workers that serve a queue; at least one, so that bells flow before the first says so."""
    found = client.hgetall(f"{SLOTS_KEY}:{queue}")
    total = 0
    for name, value in found.items():
        slots, _, at = (value if isinstance(value, str) else value.decode()).partition(":")
        if abs(time.time() - float(at)) > SLOTS_AGE_S:
            client.hdel(f"{SLOTS_KEY}:{queue}", name)
        else:
            total += int(slots)
    return max(total, 1)

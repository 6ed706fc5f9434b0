"""Bells: enough of them, never many too many, and no harm when they are lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

from maskloop.core.redis import get_redis
from maskloop.jobs import bells
from maskloop.relay import ring_bells
from tests.faults.harness import until
from tests.jobs.steps import change, enqueued


@pytest.fixture
def app(valkey):
    with bells.make_celery() as app:
        yield app


def waiting(queue="io"):
    return bells.waiting(get_redis(), queue)


def test_one_ready_job_gets_one_bell_however_often_the_relay_looks(app):
    enqueued("probe-answer")

    sent = [ring_bells(app) for _ in range(3)]

    assert sent == [1, 0, 0]
    assert waiting() == 1


def test_there_are_at_most_two_bells_for_each_slot(app):
    bells.register_slots(get_redis(), ["io", "infer"], 3)
    for _ in range(10):
        enqueued("probe-answer")

    ring_bells(app)

    assert (waiting("io"), waiting("infer")) == (6, 0)


def test_bells_flow_before_a_worker_says_how_many_slots_it_has(app):
    for _ in range(5):
        enqueued("probe-answer")

    assert ring_bells(app) == 2


def test_a_worker_that_went_silent_does_not_count(app):
    get_redis().hset(f"{bells.SLOTS_KEY}:io", "gone", f"8:{time.time() - 60:.0f}")

    assert bells.slots_of(get_redis(), "io") == 1
    assert get_redis().hgetall(f"{bells.SLOTS_KEY}:io") == {}


def test_an_emptied_redis_is_filled_again(app):
    enqueued("probe-answer")
    ring_bells(app)
    get_redis().flushall()

    assert ring_bells(app) == 1


def test_a_job_that_may_not_run_yet_gets_no_bell(app):
    change(enqueued("probe-answer"), "run_after = now() + interval '1 minute'")

    assert ring_bells(app) == 0


def test_a_bell_carries_the_name_of_the_queue_and_nothing_else(app):
    enqueued("probe-answer")
    ring_bells(app)

    message = get_redis().lindex("bell.io", 0)

    assert b"probe-answer" not in message
    assert b"W1siaW8iXSwg" in message  # base64 of [["io"], : the arguments


def started(code):
    away = {**os.environ, "MASKLOOP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    return subprocess.Popen([sys.executable, "-c", code], env=away, stderr=subprocess.PIPE)


def test_the_relay_waits_for_a_database_that_is_away_and_ends_on_sigterm(valkey):
    with started("from maskloop.relay import relay_main; relay_main()") as relay:
        said = relay.stderr.readline()

        relay.send_signal(signal.SIGTERM)
        status = relay.wait(10)

    assert b"relay-waits" in said
    assert status == 0


def test_a_worker_waits_for_a_database_that_is_away_and_ends_on_sigterm(app):
    with started("from maskloop.worker import worker_main; worker_main(['io'], 1)") as worker:
        ready = until(lambda: get_redis().hlen(f"{bells.SLOTS_KEY}:io") == 1, timeout_s=60)
        bells.ring(app, "io", 1)
        said = worker.stderr.readline()

        worker.send_signal(signal.SIGTERM)
        status = worker.wait(20)

    assert ready
    assert b"bell-unanswered" in said
    assert status == 0

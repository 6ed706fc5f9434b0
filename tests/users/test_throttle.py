"""Counting attempts over several API processes, and while Redis is away."""

import pytest

from maskloop.core.errors import TooMany
from maskloop.embedded.valkey import Valkey
from maskloop.users.throttle import PER_LOGIN_AND_ADDRESS, Throttle

MOST = PER_LOGIN_AND_ADDRESS.amount


@pytest.fixture
def valkey(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


def test_two_processes_count_together(valkey):
    one, other = Throttle(valkey.url), Throttle(valkey.url)
    for _ in range(MOST):
        one.count_attempt("a@example.org", "192.0.2.1")

    with pytest.raises(TooMany) as refused:
        other.count_attempt("A@Example.org ", "192.0.2.1")
    assert 0 < refused.value.context["retry_after_s"] <= 300


def test_another_login_or_address_is_not_held_back(valkey):
    throttle = Throttle(valkey.url)
    for _ in range(MOST):
        throttle.count_attempt("a@example.org", "192.0.2.1")

    throttle.count_attempt("b@example.org", "192.0.2.1")
    throttle.count_attempt("a@example.org", "192.0.2.2")


def test_without_redis_the_process_counts_for_itself(valkey):
    throttle = Throttle(valkey.url)
    valkey.stop()

    for _ in range(MOST):
        throttle.count_attempt("a@example.org", "192.0.2.1")

    with pytest.raises(TooMany):
        throttle.count_attempt("a@example.org", "192.0.2.1")


def test_no_log_in_is_kept_in_redis(valkey):
    import redis

    Throttle(valkey.url).count_attempt("a@example.org", "192.0.2.1")

    with redis.Redis.from_url(valkey.url) as client:
        keys = b" ".join(client.keys("*"))
    assert b"maskloop" in keys
    assert b"example" not in keys

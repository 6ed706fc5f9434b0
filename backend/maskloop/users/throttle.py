"""Log-in throttling, counted in Redis for all API processes together; in this process while Redis is away."""

import hashlib
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from maskloop.core.errors import TooMany
from maskloop.core.logging import get_logger
from maskloop.core.settings import get_settings

PER_LOGIN_AND_ADDRESS = RateLimitItemPerMinute(10, 5, namespace="maskloop-login-address")
PER_ADDRESS = RateLimitItemPerMinute(100, 5, namespace="maskloop-address")
PER_LOGIN = RateLimitItemPerMinute(100, 60, namespace="maskloop-login")  # reached only by guesses from many addresses

Counter = FixedWindowRateLimiter
Answer = TypeVar("Answer")


class Throttle:
    """The counters of one process: Redis first, memory while Redis does not answer."""

    def __init__(self, redis_url: str) -> None:
        options: dict[str, float] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
        self._redis = None
        if redis_url:
            self._redis = FixedWindowRateLimiter(RedisStorage(redis_url, wrap_exceptions=True, **options))  # type: ignore[arg-type]
        self._memory = FixedWindowRateLimiter(MemoryStorage())

    def count_attempt(self, login: str, address: str | None) -> None:
        """Count an attempt before its password is looked at. Raises TooMany with `retry_after_s`."""
        for limit, key in _counters(login, address):
            if not self._ask(Counter.hit, limit, key):
                until, _left = self._ask(Counter.get_window_stats, limit, key)
                wait_s = max(1, round(until - time.time()))
                raise TooMany(f"Too many attempts to sign in. Try again in {wait_s} s.", retry_after_s=wait_s)

    def forget_attempts(self, login: str, address: str | None) -> None:
        """Forget this person's attempts after a good log-in, but not those of their address."""
        for limit, key in _counters(login, address):
            if limit is not PER_ADDRESS:
                self._ask(Counter.clear, limit, key)

    def _ask(self, act: Callable[[Counter, RateLimitItem, str], Answer], limit: RateLimitItem, key: str) -> Answer:
        if self._redis is not None:
            try:
                return act(self._redis, limit, key)
            except StorageError as error:
                get_logger(__name__).warning("redis-away", kind=type(error.storage_error).__name__)
        return act(self._memory, limit, key)


def _counters(login: str, address: str | None) -> list[tuple[RateLimitItem, str]]:
    name = hashlib.sha256(login.strip().lower().encode()).hexdigest()
    where = address or "unknown"
    return [(PER_LOGIN_AND_ADDRESS, f"{name}/{where}"), (PER_ADDRESS, where), (PER_LOGIN, name)]


@cache
def get_throttle(redis_url: str) -> Throttle:
    """Return the throttle of this process."""
    return Throttle(redis_url)


def throttle() -> Throttle:
    """Return the throttle on the Redis that the settings name."""
    return get_throttle(get_settings().redis_url.get_secret_value())

"""Redis or Valkey: bells, progress, and other things that may be lost at any time."""

from functools import cache

import redis

from maskloop.core.settings import get_settings


@cache
def get_redis() -> redis.Redis | None:
    """Return the client of this process, None where no MASKLOOP_REDIS_URL is set. It connects on first use."""
    url = get_settings().redis_url.get_secret_value()
    if not url:
        return None
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1, health_check_interval=15)

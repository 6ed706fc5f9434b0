"""Short-lived event streams in Redis: written by workers, read by the API. Losing them loses no truth."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
import redis

from maskloop.core.logging import get_logger
from maskloop.core.redis import get_redis

KEEP_ENTRIES = 64
KEEP_S = 3600


def job_stream(job_id: UUID) -> str:
    """Return the name of a job's stream."""
    return f"maskloop:job:{job_id}"


def publish(stream: str, event: str, content: Mapping[str, object]) -> None:
    """Append an event; where Redis is away it is dropped and that is logged."""
    client = get_redis()
    if client is None:
        return
    try:
        with client.pipeline(transaction=False) as pipe:
            pipe.xadd(stream, {"event": event, "content": orjson.dumps(content)}, maxlen=KEEP_ENTRIES, approximate=True)
            pipe.expire(stream, KEEP_S)
            pipe.execute()
    except redis.RedisError as error:
        get_logger(__name__).warning("event-dropped", kind=type(error).__name__)


def latest(names: Sequence[str], event: str) -> dict[str, dict[str, object]]:
    """Return the newest event of that name in each stream; left out where there is none or Redis is away."""
    client = get_redis()
    if client is None or not names:
        return {}
    try:
        with client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.xrevrange(name, count=2)
            found = pipe.execute()
    except redis.RedisError as error:
        get_logger(__name__).warning("events-unread", kind=type(error).__name__)
        return {}
    newest: dict[str, dict[str, object]] = {}
    for name, entries in zip(names, found, strict=True):
        for _, fields in reversed(entries):
            if fields.get(b"event") == event.encode():
                newest[name] = orjson.loads(fields[b"content"])
    return newest

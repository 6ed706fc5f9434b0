"""News of saves: published after the commit, through Redis, to whoever looks at the same segmentation.

Best effort on purpose: a NOTIFY inside the save would slow every save. An event may be lost; what is true is
`tiles?since=`. So that nobody waits for a lost one, every stream ends when the connection to Redis was lost: the
browser comes again and reads what it missed.
"""

import asyncio
import time
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Sequence
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
import redis
import redis.asyncio

from maskloop.core.logging import get_logger
from maskloop.core.redis import get_redis
from maskloop.core.settings import get_settings

KEEP_ALIVE_S = 15.0
RETRY_S = 1.0
PAUSE_S = 5.0  # after a failed publish the next ones are left out for so long: a save never waits for a dead Redis
QUEUE = 256  # a watcher that is further behind is sent away, and reads the tiles
AWAY = b""  # ends a stream

_quiet_until = 0.0


def channel(segmentation_id: UUID) -> str:
    """Return the channel of a segmentation."""
    return f"maskloop:segmentation:{segmentation_id}"


def publish_revision(segmentation_id: UUID, seq: int, positions: Sequence[int]) -> None:
    """Tell watchers of a revision. Call it after the commit; where Redis is away it is dropped."""
    global _quiet_until
    client = get_redis()
    if client is None or time.monotonic() < _quiet_until:
        return
    content = orjson.dumps({"seq": seq, "positions": [str(pos) for pos in positions]})
    try:
        client.publish(channel(segmentation_id), content)
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + PAUSE_S
        get_logger(__name__).warning("event-dropped", kind=type(error).__name__)


class RevisionFeed:
    """The one reader of an event loop, however many people watch. It runs while somebody does."""

    def __init__(self) -> None:
        self._watchers: dict[bytes, set[asyncio.Queue[bytes]]] = {}
        self._news = asyncio.Event()  # somebody came or went
        self._task: asyncio.Task[None] | None = None

    async def watch(self, segmentation_id: UUID, *, longest_s: float) -> AsyncIterator[bytes]:
        """Yield server-sent events `revision` for at most `longest_s`; then the client comes again, with its rights."""
        name = channel(segmentation_id).encode()
        lines: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self._watchers.setdefault(name, set()).add(lines)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read())
        until = time.monotonic() + longest_s
        try:
            yield b"retry: 2000\n\n"
            while (left := until - time.monotonic()) > 0:
                try:
                    line = await asyncio.wait_for(lines.get(), min(KEEP_ALIVE_S, left))
                except TimeoutError:
                    line = b": still here\n\n"
                if line == AWAY:
                    return
                yield line
        finally:
            self._watchers[name].discard(lines)
            if not self._watchers[name]:
                del self._watchers[name]
            self._news.set()

    async def _read(self) -> None:
        """Subscribe to what is watched, and hand on what comes, until nobody watches."""
        url = get_settings().redis_url.get_secret_value()
        while self._watchers:
            if not url:
                await self._wait(RETRY_S)
                continue
            client = redis.asyncio.Redis.from_url(url, socket_connect_timeout=1, health_check_interval=10)
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await self._follow(subscription)
            except (redis.RedisError, OSError) as error:
                get_logger(__name__).warning("events-away", kind=type(error).__name__)
                self._send_away()
                await asyncio.sleep(RETRY_S)
            finally:
                await client.aclose()

    async def _follow(self, subscription: "redis.asyncio.client.PubSub") -> None:
        subscribed: set[bytes] = set()
        while self._watchers:
            self._news.clear()
            wanted = set(self._watchers)
            if new := wanted - subscribed:
                await subscription.subscribe(*new)
            if old := subscribed - wanted:
                await subscription.unsubscribe(*old)
            subscribed = wanted
            message = await subscription.get_message(timeout=0.25)
            if message is not None and message["type"] == "message":
                self._hand_on(message["channel"], message["data"])

    def _hand_on(self, name: bytes, content: bytes) -> None:
        for lines in self._watchers.get(name, ()):
            _put(lines, b"event: revision\ndata: %b\n\n" % content)

    def _send_away(self) -> None:
        for watchers in self._watchers.values():
            for lines in watchers:
                _put(lines, AWAY)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        self._news.clear()


def _put(lines: asyncio.Queue[bytes], line: bytes) -> None:
    """Queue a line; a watcher whose queue is full gets the end of the stream in place of everything."""
    if lines.full() or line == AWAY:
        while not lines.empty():
            lines.get_nowait()
        line = AWAY
    lines.put_nowait(line)


_feeds: "WeakKeyDictionary[AbstractEventLoop, RevisionFeed]" = WeakKeyDictionary()


def revision_feed() -> RevisionFeed:
    """Return the reader of the running event loop."""
    return _feeds.setdefault(asyncio.get_running_loop(), RevisionFeed())

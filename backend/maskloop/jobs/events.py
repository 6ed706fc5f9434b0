"""Live news of jobs for the API: one reader of Redis and of the rows per process, however many people watch."""

import asyncio
import time
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
import redis.asyncio
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from maskloop.core.db import session_scope
from maskloop.core.logging import get_logger
from maskloop.core.settings import get_settings
from maskloop.jobs import queries
from maskloop.jobs.queries import News
from maskloop.jobs.service import ENDED
from maskloop.jobs.streams import job_stream

READ_BLOCK_MS = 250
POLL_S = 1.0
KEEP_ALIVE_S = 15.0
LONGEST_S = 600.0  # then the client comes again, and its rights are looked at again
EntryId = tuple[int, int]
Entries = list[tuple[bytes, dict[bytes, bytes]]]
Found = list[tuple[bytes, Entries]]
Positions = dict[bytes | str | memoryview, int | bytes | str | memoryview]
START: EntryId = (0, 0)


@dataclass(eq=False)
class Watcher:
    """Somebody who watches a job. `seen` is the last stream entry they have; None: they want the newest only."""

    job_id: UUID
    seen: EntryId | None
    lines: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    caught_up: bool = False
    greeted: bool = False  # what came before was sent, or cannot be: only now may the state follow
    news: News | None = None

    @property
    def has_ended(self) -> bool:
        """Say whether the end was sent, or the job is gone."""
        return self.news is not None and self.news.state in ENDED


class JobEvents:
    """The reader of one event loop. It runs while somebody watches."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._read_to: dict[UUID, EntryId] = {}
        self._task: asyncio.Task[None] | None = None
        self._polled_at = 0.0

    async def watch(self, job_id: UUID, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Yield server-sent events until the job has ended, or it is time to come again."""
        watcher = Watcher(job_id, parse_entry_id(last_event_id))
        self._watchers.add(watcher)
        self._polled_at = 0.0  # the reader tells the state in its next round
        if self._task is None:
            self._task = asyncio.create_task(self._read())
        until = time.monotonic() + LONGEST_S
        try:
            yield b"retry: 2000\n\n"
            while time.monotonic() < until and not (watcher.has_ended and watcher.lines.empty()):
                try:
                    yield await asyncio.wait_for(watcher.lines.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._watchers.discard(watcher)
            if all(other.job_id != job_id for other in self._watchers):
                self._read_to.pop(job_id, None)

    async def _read(self) -> None:
        client = redis.asyncio.Redis.from_url(
            get_settings().redis_url.get_secret_value() or "redis://127.0.0.1:1",
            socket_timeout=2,
            socket_connect_timeout=1,
        )
        try:
            while self._watchers:
                hinted = await self._read_streams(client)
                if hinted or time.monotonic() - self._polled_at >= POLL_S:
                    await self._poll_rows()
        finally:
            self._task = None
            await client.aclose()

    async def _read_streams(self, client: "redis.asyncio.Redis") -> bool:
        """Hand on what is new in the streams; say whether a state changed. Without Redis: wait a moment."""
        try:
            for watcher in [one for one in self._watchers if not one.caught_up]:
                await self._catch_up(client, watcher)
            if time.monotonic() - self._polled_at >= POLL_S:
                return False  # the rows first: somebody has just come
            positions = {
                job_stream(job_id).encode(): entry_name(entry).encode() for job_id, entry in self._read_to.items()
            }
            if not positions:
                await asyncio.sleep(READ_BLOCK_MS / 1000)
                return False
            found = await client.xread(cast("Positions", positions), block=READ_BLOCK_MS)
        except (RedisError, OSError) as error:
            get_logger(__name__).debug("streams-away", kind=type(error).__name__)
            for watcher in self._watchers:
                watcher.greeted = True
            await asyncio.sleep(READ_BLOCK_MS / 1000)
            return False
        hints = [self._hand_on(stream, entries) for stream, entries in cast("Found", found or [])]
        return any(hints)

    def _hand_on(self, stream: bytes, entries: "Entries") -> bool:
        job_id = UUID(stream.decode().rpartition(":")[2])
        hinted = False
        for name, fields in entries:
            entry = parse_entry_id(name.decode()) or START
            if job_id in self._read_to:
                self._read_to[job_id] = entry
            hinted = hinted or fields.get(b"event") == b"state"
            for watcher in self._watchers:
                if watcher.job_id == job_id:
                    send_entry(watcher, entry, fields)
        return hinted

    async def _catch_up(self, client: "redis.asyncio.Redis", watcher: Watcher) -> None:
        """Send what came before, after Last-Event-ID; to a new watcher the newest progress alone."""
        entries = cast("Entries", await client.xrange(job_stream(watcher.job_id)))
        parsed = [(parse_entry_id(name.decode()) or START, fields) for name, fields in entries]
        newest = max([entry for entry, _ in parsed], default=START)
        if watcher.seen is None:
            parsed = [item for item in parsed if item[1].get(b"event") == b"progress"][-1:]
        for entry, fields in parsed:
            send_entry(watcher, entry, fields)
        watcher.seen = max(watcher.seen or START, newest)
        if watcher in self._watchers:
            self._read_to.setdefault(watcher.job_id, newest)
        watcher.caught_up = watcher.greeted = True
        self._polled_at = 0.0

    async def _poll_rows(self) -> None:
        """Tell each watcher the state of their job, where it changed."""
        self._polled_at = time.monotonic()
        greeted = [watcher for watcher in self._watchers if watcher.greeted]
        wanted = {watcher.job_id for watcher in greeted}
        try:
            found = await asyncio.to_thread(read_news, wanted)
        except DBAPIError as error:
            get_logger(__name__).debug("rows-away", kind=type(error).__name__)
            return
        for watcher in greeted:
            news = found.get(watcher.job_id)
            if news is not None and news != watcher.news:
                watcher.news = news
                content = {"state": news.state, "result": news.result, "problem": news.problem}
                watcher.lines.put_nowait(b"event: state\ndata: %b\n\n" % orjson.dumps(content))


_readers: "WeakKeyDictionary[AbstractEventLoop, JobEvents]" = WeakKeyDictionary()


def job_events() -> JobEvents:
    """Return the reader of the running event loop."""
    return _readers.setdefault(asyncio.get_running_loop(), JobEvents())


def read_news(job_ids: set[UUID]) -> dict[UUID, News]:
    """Return state, result and problem of these jobs."""
    with session_scope() as session:
        return queries.news(session, job_ids)


def send_entry(watcher: Watcher, entry: EntryId, fields: dict[bytes, bytes]) -> None:
    """Queue a stream entry for a watcher who does not have it yet. State comes from the row, not from here."""
    if watcher.seen is not None and entry <= watcher.seen:
        return
    watcher.seen = entry
    if fields.get(b"event") == b"progress":
        name = entry_name(entry).encode()
        watcher.lines.put_nowait(b"id: %b\nevent: progress\ndata: %b\n\n" % (name, fields[b"content"]))


def entry_name(entry: EntryId) -> str:
    """Return a stream id as Redis writes it."""
    return f"{entry[0]}-{entry[1]}"


def parse_entry_id(text: str | None) -> EntryId | None:
    """Return the two numbers of a stream id, None for what is none."""
    first, _, second = (text or "").partition("-")
    return (int(first), int(second)) if first.isdecimal() and second.isdecimal() else None

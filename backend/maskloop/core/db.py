"""The database: declarative base, engine, and one transaction as a context."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from maskloop.core.settings import Settings, get_settings

Json = dict[str, object]
Driver = psycopg.Connection[tuple[Any, ...]]
PING_AFTER_S = 30.0  # a connection that rested for longer is asked whether it lives

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; ids are UUIDs made by `core.ids.new_id`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        UUID: postgresql.UUID(as_uuid=True),
        datetime: DateTime(timezone=True),
        bytes: BYTEA(),
        Json: JSONB(),
        list[object]: JSONB(),
    }


def make_engine(url: str, *, pool_size: int = 5) -> Engine:
    """Return an engine on psycopg 3; a connection that died is replaced when it is next taken."""
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10)

    @event.listens_for(engine, "checkin")
    def rest(_connection: Driver | None, entry: ConnectionPoolEntry) -> None:
        entry.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def require_living(connection: Driver, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        rests_since = entry.info.get("rests_since")
        if rests_since is None or (time.monotonic() - rests_since < PING_AFTER_S and not _has_news(connection)):
            return
        try:
            living = engine.dialect.do_ping(connection)  # type: ignore[arg-type]
        except psycopg.Error:
            living = False
        if not living:
            raise InvalidatePoolError

    return engine


def _has_news(connection: Driver) -> bool:
    """Say whether the server sent something, as it does before it hangs up: costs no round trip, unlike a ping."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@cache
def get_engine() -> Engine:
    """Return the engine of this process, made on first use (never before a fork)."""
    settings: Settings = get_settings()
    return make_engine(settings.database_url.get_secret_value(), pool_size=settings.database_pool)


@contextmanager
def session_scope(engine: Engine | None = None) -> Iterator[Session]:
    """Open one transaction: committed at the end, rolled back when the block raises."""
    with Session(engine or get_engine(), expire_on_commit=False) as session, session.begin():
        yield session


def driver(session: Session) -> Driver:
    """Return the psycopg connection of the session's transaction, for statements that are asked all the time."""
    return cast("Driver", session.connection().connection.driver_connection)

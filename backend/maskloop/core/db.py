"""The database: declarative base, engine, and one transaction as a context."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import DateTime, Engine, MetaData, create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import DeclarativeBase, Session

from maskloop.core.settings import Settings, get_settings

Json = dict[str, object]

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
    return create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, pool_timeout=10)


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

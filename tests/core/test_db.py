"""Pooled connections: a dead one is replaced before anybody meets it, a living one is not asked each time."""

import psycopg
import pytest
from sqlalchemy import text

from maskloop.core import db
from maskloop.core.db import driver, session_scope


@pytest.fixture
def engine(settings):
    """The engine of this test, with one connection in its pool."""
    with session_scope() as session:
        session.execute(text("SELECT 1"))
    return db.get_engine()


def _backend(session) -> int:
    return driver(session).info.backend_pid


def test_a_connection_that_the_server_closed_is_replaced(engine, settings):
    with session_scope() as session:
        old = _backend(session)
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (old,))

    with session_scope() as session:
        new = _backend(session)
        assert session.scalar(text("SELECT 1")) == 1

    assert new != old


@pytest.mark.parametrize(("rested_s", "pings"), [(0, 0), (db.PING_AFTER_S + 1, 1)], ids=["just now", "long ago"])
def test_only_a_connection_that_rested_long_is_asked_whether_it_lives(engine, monkeypatch, rested_s, pings):
    asked = []
    ping = type(engine.dialect).do_ping
    monkeypatch.setattr(type(engine.dialect), "do_ping", lambda *given: asked.append(1) or ping(*given))
    real = db.time.monotonic
    monkeypatch.setattr(db.time, "monotonic", lambda: real() + rested_s)

    with session_scope() as session:
        session.execute(text("SELECT 1"))

    assert len(asked) == pings

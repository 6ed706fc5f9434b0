"""Signing in with a cookie: what the server keeps, what ends it, and what an attacker learns."""

from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from sqlalchemy import select, update

from maskloop.audit.tables import AuditEvent
from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.users import service
from maskloop.users.tables import BrowserSession, User
from tests.signing import sign_in

PASSWORD = "correct horse battery"


@pytest.fixture
def reader(settings) -> User:
    with session_scope() as session:
        return service.create_user(session, login="Reader@Example.org", name="Reader", role="member", password=PASSWORD)


def _attempt(client, login="reader@example.org", password=PASSWORD):
    return client.post("/api/v1/session", json={"login": login, "password": password})


def test_a_right_password_gives_a_strict_http_only_cookie(client, reader):
    answer = _attempt(client)

    assert answer.status_code == 200
    assert answer.json()["user"] == {
        "id": str(reader.id),
        "login": "Reader@Example.org",
        "name": "Reader",
        "role": "member",
    }
    assert answer.json()["idle_timeout_s"] == 900
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("maskloop_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # the test client talks to localhost


def test_the_cookie_is_secure_away_from_loopback(client, reader):
    headers = {"Host": "maskloop.example.org", "Origin": "https://maskloop.example.org"}
    body = {"login": "reader@example.org", "password": PASSWORD}

    answer = client.post("/api/v1/session", json=body, headers=headers)

    assert "Secure" in answer.headers["set-cookie"]


def test_the_server_keeps_only_a_digest_of_the_cookie(client, reader):
    _attempt(client)

    with session_scope() as session:
        stored = session.scalars(select(BrowserSession.secret_digest)).one()
    assert len(stored) == 32
    assert client.cookies["maskloop_session"].encode() not in stored


def test_wrong_password_and_unknown_user_get_the_same_answer(client, reader):
    wrong = _attempt(client, password="not the password").json()
    unknown = _attempt(client, login="nobody@example.org").json()

    assert wrong == unknown
    assert wrong["status"] == 401
    assert wrong["code"] == "bad-credentials"


def test_an_unknown_user_costs_a_hash_as_well(client, reader, monkeypatch):
    hashes = []
    verify = PasswordHash.verify_and_update
    monkeypatch.setattr(PasswordHash, "verify_and_update", lambda *given: hashes.append(given[2]) or verify(*given))

    _attempt(client, login="nobody@example.org")
    _attempt(client, password="not the password")

    assert len(hashes) == 2
    assert all(stored.startswith("$argon2id$") for stored in hashes)


def test_signing_in_again_gives_a_new_id_and_ends_the_old_one(client, reader):
    _attempt(client)
    first = client.cookies["maskloop_session"]
    _attempt(client)

    second = client.cookies["maskloop_session"]
    assert second != first
    client.cookies.clear()
    assert client.get("/api/v1/session", headers={"Cookie": f"maskloop_session={first}"}).status_code == 401
    assert client.get("/api/v1/session", headers={"Cookie": f"maskloop_session={second}"}).status_code == 200


def test_signing_out_ends_the_session_on_the_server(client, reader):
    _attempt(client)
    secret = client.cookies["maskloop_session"]

    answer = client.delete("/api/v1/session")

    assert answer.status_code == 204
    assert answer.headers["clear-site-data"] == '"cache"'
    assert client.get("/api/v1/session", headers={"Cookie": f"maskloop_session={secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("column", "age"),
    [("used_at", timedelta(minutes=15, seconds=1)), ("ends_at", timedelta(hours=0, seconds=1))],
    ids=["idle", "absolute"],
)
def test_a_session_ends_when_idle_and_after_its_absolute_time(client, reader, column, age):
    sign_in(client, reader)
    with session_scope() as session:
        session.execute(update(BrowserSession).values({column: clock.now() - age}))

    answer = client.get("/api/v1/session")

    assert answer.status_code == 401
    assert answer.json()["code"] == "session-ended"


def test_a_request_keeps_the_session_from_going_idle(client, reader):
    sign_in(client, reader)
    with session_scope() as session:
        session.execute(update(BrowserSession).values(used_at=clock.now() - timedelta(minutes=14)))

    client.get("/api/v1/session")

    with session_scope() as session:
        assert clock.now() - session.scalars(select(BrowserSession.used_at)).one() < timedelta(minutes=1)


def test_a_switched_off_user_is_out_at_once(client, reader):
    sign_in(client, reader)
    with session_scope() as session:
        session.execute(update(User).where(User.id == reader.id).values(disabled_at=clock.now()))

    assert client.get("/api/v1/session").status_code == 401
    assert _attempt(client).json()["code"] == "bad-credentials"


def test_the_eleventh_attempt_in_five_minutes_waits(client, reader):
    answers = [_attempt(client, password="not the password").status_code for _ in range(10)]

    last = _attempt(client)

    assert set(answers) == {401}
    assert last.status_code == 429
    assert 0 < int(last.headers["retry-after"]) <= 300


def test_a_good_sign_in_forgets_the_bad_attempts(client, reader):
    for _ in range(9):
        _attempt(client, password="not the password")
    _attempt(client)

    assert _attempt(client, password="not the password").status_code == 401


def test_good_and_refused_sign_ins_are_in_the_audit_record(client, reader):
    _attempt(client, password="not the password")
    _attempt(client)

    with session_scope() as session:
        statement = select(AuditEvent).where(AuditEvent.action == "session.start").order_by(AuditEvent.no)
        events = session.scalars(statement).all()
    assert [(event.outcome, event.actor_id, str(event.address)) for event in events] == [
        ("refused", reader.id, "127.0.0.1"),
        ("ok", reader.id, "127.0.0.1"),
    ]

"""Users and tokens."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from maskloop.audit.tables import AuditEvent
from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.core.errors import Conflict, Invalid
from maskloop.users import service
from maskloop.users.passwords import check_password, hash_password
from maskloop.users.scopes import SCOPES
from maskloop.users.tables import ApiToken
from tests.factories import make_user
from tests.signing import bearer, sign_in


def _user(session, **changes):
    values = {"login": "a@example.org", "name": "A", "role": "member", "password": "long enough"}
    return service.create_user(session, **values | changes)


def test_admin_is_made_once_with_a_password_nobody_knows_before(session):
    first = service.ensure_admin(session, None)

    assert len(first) >= 20
    assert service.ensure_admin(session, None) is None
    assert check_password(service.user_by_login(session, "admin").password_hash, first) == (True, None)


def test_a_given_admin_password_is_taken_and_not_returned(session):
    assert service.ensure_admin(session, "given by the operator") is None

    stored = service.user_by_login(session, "admin").password_hash
    assert check_password(stored, "given by the operator")[0]


@pytest.mark.parametrize("login", ["root", "a b@example.org", "@", "a@", "a@b@c"])
def test_a_log_in_is_an_address_or_admin(session, login):
    with pytest.raises(Invalid, match="e-mail"):
        _user(session, login=login)


def test_a_log_in_is_taken_in_any_case_of_letters(session):
    _user(session)

    with pytest.raises(Conflict) as refused:
        _user(session, login="A@EXAMPLE.org")
    assert refused.value.code == "login-taken"


def test_a_short_password_is_refused(session):
    with pytest.raises(Invalid, match="10 to 1000"):
        _user(session, password="short")


def test_a_hash_with_old_parameters_is_renewed(settings, monkeypatch):
    stored = hash_password("long enough")
    monkeypatch.setattr("maskloop.users.passwords.get_settings", lambda: settings.model_copy(update=STRONGER))

    right, renewed = check_password(stored, "long enough")

    assert right
    assert "m=64," in renewed


STRONGER = {"password_memory_kib": 64}


def test_a_token_is_stored_as_a_digest_and_has_the_scopes_it_was_given(session):
    user = _user(session)

    token, secret = service.create_token(session, user_id=user.id, name="ci", scopes=["job.read", "image.read"])

    assert secret.startswith("mlp_")
    assert token.scopes == ["image.read", "job.read"]
    assert secret.encode() not in token.secret_digest


def test_a_token_without_scopes_has_all_that_there_are(session):
    token, _ = service.create_token(session, user_id=_user(session).id, name="cli", scopes=[])

    assert token.scopes == sorted(SCOPES)


def test_an_unknown_scope_is_named(session):
    with pytest.raises(Invalid, match=r"everything\.write"):
        service.create_token(session, user_id=_user(session).id, name="x", scopes=["everything.write"])


def _committed(**changes):
    with session_scope() as session:
        return make_user(session, **changes)


def test_a_token_shows_its_last_use_and_stops_when_revoked(client):
    user = _committed()
    header = bearer(user)
    sign_in(client, user)

    before = client.get("/api/v1/tokens").json()["items"][0]
    client.get("/api/v1/projects", headers=header)
    after = client.get("/api/v1/tokens").json()["items"][0]
    client.delete(f"/api/v1/tokens/{after['id']}")

    assert before["last_used_at"] is None
    assert after["last_used_at"] is not None
    assert client.get("/api/v1/projects", headers=header).json()["code"] == "bad-token"
    assert client.get("/api/v1/tokens").json()["items"] == []


def test_an_expired_token_is_refused(client):
    header = bearer(_committed())
    with session_scope() as session:
        session.execute(update(ApiToken).values(expires_at=clock.now() - timedelta(seconds=1)))

    assert client.get("/api/v1/projects", headers=header).json()["code"] == "bad-token"


def test_a_token_is_shown_once_and_cannot_make_another(client):
    user = _committed()
    sign_in(client, user)
    made = client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["token.write"]})

    assert made.status_code == 201
    assert made.json()["token"].startswith("mlp_")
    assert "token" not in client.get("/api/v1/tokens").json()["items"][0]
    header = {"Authorization": f"Bearer {made.json()['token']}"}
    again = client.post("/api/v1/tokens", json={"name": "more", "scopes": ["user.write"]}, headers=header)
    assert again.json()["code"] == "session-required"


def test_changing_a_user_needs_the_etag_and_ends_their_sessions(client):
    admin, user = _committed(role="admin"), _committed()
    sign_in(client, user)
    path = f"/api/v1/users/{user.id}"
    tag = client.get(path, headers=bearer(admin)).headers["etag"]
    change = {"password": "a brand new one"}

    missing = client.patch(path, json=change, headers=bearer(admin))
    right = client.patch(path, json=change, headers={**bearer(admin), "If-Match": tag})
    stale = client.patch(path, json=change, headers={**bearer(admin), "If-Match": tag})

    assert (missing.status_code, right.status_code, stale.status_code) == (428, 200, 412)
    assert client.get("/api/v1/session").status_code == 401


def test_an_administrator_cannot_switch_themselves_off(client):
    admin = _committed(role="admin")
    answer = client.patch(
        f"/api/v1/users/{admin.id}", json={"disabled": True}, headers={**bearer(admin), "If-Match": "*"}
    )

    assert answer.json()["code"] == "last-administrator"


def test_making_users_and_tokens_is_in_the_audit_record(session):
    admin = make_user(session, role="admin")
    user = _user(session, by=admin.id)
    service.create_token(session, user_id=user.id, name="ci", scopes=["job.read"])

    session.flush()
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.no)).all()
    assert [(event.action, event.actor_id) for event in events] == [
        ("user.create", admin.id),
        ("token.create", user.id),
    ]
    assert "long enough" not in str([event.detail for event in events])


def test_users_are_paged_by_cursor(client):
    admin = _committed(role="admin")
    for _ in range(4):
        _committed()
    header = bearer(admin)

    first = client.get("/api/v1/users?limit=3", headers=header).json()
    second = client.get(f"/api/v1/users?limit=3&cursor={first['next_cursor']}", headers=header).json()

    ids = [user["id"] for user in first["items"] + second["items"]]
    assert len(set(ids)) == 5
    assert ids == sorted(ids)
    assert second["next_cursor"] is None
    assert client.get("/api/v1/users?cursor=bm9uc2Vuc2U", headers=header).json()["code"] == "bad-cursor"

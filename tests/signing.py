"""Credentials for the `client` fixture: `sign_in(client, user)` for a browser, `bearer(user)` for a program."""

from starlette.testclient import TestClient

from maskloop.api.caller import SESSION_COOKIE
from maskloop.core.db import session_scope
from maskloop.users import service
from maskloop.users.tables import User


def sign_in(client: TestClient, user: User) -> None:
    """Give `client` the cookie of a new session of a committed user."""
    with session_scope() as session:
        secret, _ = service.start_session(session, session.merge(user), replaces=None)
    client.cookies.set(SESSION_COOKIE, secret, domain="localhost.local", path="/")


def bearer(user: User, *scopes: str) -> dict[str, str]:
    """Return the header of a new token of a committed user; without scopes it has them all."""
    with session_scope() as session:
        _, secret = service.create_token(session, user_id=user.id, name="test", scopes=scopes)
    return {"Authorization": f"Bearer {secret}"}

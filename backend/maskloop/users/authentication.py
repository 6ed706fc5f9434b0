"""From a cookie or an Authorization header to a user. Secrets are compared by their SHA-256, never stored."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import driver
from maskloop.core.errors import Unauthenticated
from maskloop.core.settings import get_settings
from maskloop.users.tables import ApiToken, BrowserSession

TOKEN_PREFIX = "mlp_"  # noqa: S105 - so that a leaked token is recognised
TOUCH = timedelta(seconds=20)  # last use is written at most this often, not with every request


@dataclass(frozen=True)
class Account:
    """The user behind the credentials."""

    id: UUID
    login: str
    name: str
    role: str


@dataclass(frozen=True)
class Credentials:
    """Who the credentials belong to; `scopes` is None for a browser session, which has them all."""

    user: Account
    scopes: frozenset[str] | None
    ends_at: datetime | None
    token_id: UUID | None = None


@dataclass(frozen=True)
class Secret:
    """What a request showed us: the digest of a token or of a session's cookie, and the query that knows it.

    The query takes :digest and gives at most one row. It is asked again for every request: a revoked token, a user who
    was switched off or a changed role is seen by the next one.
    """

    table: type[ApiToken] | type[BrowserSession]
    digest: bytes

    @property
    def query(self) -> LiteralString:
        """The row of the credentials and their user."""
        return QUERY_API if self.table is ApiToken else QUERY_BROWSER

    def ask(self, session: Session, query: LiteralString, **arguments: object) -> Mapping[str, Any] | None:
        """Return the one row of a query on this secret, straight through psycopg: it is asked for every request."""
        with driver(session).cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, {"digest": self.digest, **arguments}, binary=True).fetchone()


QUERY_API: LiteralString = """SELECT c.id, c.scopes, c.used_at, c.expires_at AS ends_at, c.revoked_at AS ended_at,
    u.id AS user_id, u.login, u.name, u.role, u.disabled_at
    FROM api_token c JOIN user_account u ON u.id = c.user_id WHERE c.secret_digest = %(digest)s"""
QUERY_BROWSER: LiteralString = """SELECT c.id, NULL::text[] AS scopes, c.used_at, c.ends_at, c.ended_at,
    u.id AS user_id, u.login, u.name, u.role, u.disabled_at
    FROM user_session c JOIN user_account u ON u.id = c.user_id WHERE c.secret_digest = %(digest)s"""


def new_secret(prefix: str = "") -> tuple[str, bytes]:
    """Return a fresh secret and the digest to store."""
    secret = prefix + secrets.token_urlsafe(32)
    return secret, digest_secret(secret)


def digest_secret(secret: str) -> bytes:
    """Return what is stored of a secret. Plain SHA-256 is right here: it has 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def authenticate(session: Session, *, authorization: str | None, cookie: str | None) -> Credentials:
    """Return who calls. The header goes before the cookie. Raises Unauthenticated."""
    secret = shown_secret(authorization=authorization, cookie=cookie)
    return accept(session, secret, secret.ask(session, secret.query))


def shown_secret(*, authorization: str | None, cookie: str | None) -> Secret:
    """Return what the request shows. The header goes before the cookie. Raises Unauthenticated where it is nothing."""
    if authorization is not None:
        return Secret(ApiToken, digest_secret(_token_in(authorization)))
    if cookie:
        return Secret(BrowserSession, digest_secret(cookie))
    raise Unauthenticated("Sign in first.")


def accept(session: Session, secret: Secret, row: Mapping[str, Any] | None) -> Credentials:
    """Return the credentials of a row that `secret.query` gave. Raises Unauthenticated."""
    now = clock.now()
    is_token = secret.table is ApiToken
    if row is None:
        raise Unauthenticated("The token is not one of ours.", code="bad-token") if is_token else _session_ended()
    if row["ended_at"] is not None or (row["ends_at"] is not None and row["ends_at"] <= now):
        raise Unauthenticated("The token has ended.", code="bad-token") if is_token else _session_ended()
    if not is_token and row["used_at"] + timedelta(seconds=get_settings().session_idle_s) <= now:
        raise _session_ended()
    if row["disabled_at"] is not None:
        raise Unauthenticated("This account is switched off.", code="account-disabled")
    if row["used_at"] is None or now - row["used_at"] > TOUCH:
        _touch(session, secret.table, row["id"])
    user = Account(row["user_id"], row["login"], row["name"], row["role"])
    scopes = frozenset(row["scopes"]) if is_token else None
    return Credentials(user, scopes, row["ends_at"], token_id=row["id"] if is_token else None)


def _session_ended() -> Unauthenticated:
    return Unauthenticated("Your session has ended. Sign in again.", code="session-ended")


def _token_in(authorization: str) -> str:
    """Return the token of a Bearer header, or of a Basic one that has it as its password."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("The Authorization header cannot be read.") from error
    raise Unauthenticated("Send the token as `Authorization: Bearer mlp_...`.")


def _touch(session: Session, table: type[ApiToken] | type[BrowserSession], row_id: UUID) -> None:
    """Write the last use, unless another request is doing so: a save never waits for this row."""
    free = select(table.id).where(table.id == row_id).with_for_update(skip_locked=True)
    statement = update(table).where(table.id.in_(free)).values(used_at=clock.now())
    session.execute(statement.execution_options(synchronize_session=False))

"""From a cookie or an Authorization header to a user. Secrets are compared by their SHA-256, never stored."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.errors import Unauthenticated
from maskloop.core.settings import get_settings
from maskloop.users.tables import ApiToken, BrowserSession, User

TOKEN_PREFIX = "mlp_"  # noqa: S105 - so that a leaked token is recognised
TOUCH = timedelta(seconds=20)  # last use is written at most this often, not with every request


@dataclass(frozen=True)
class Credentials:
    """Who the credentials belong to; `scopes` is None for a browser session, which has them all."""

    user: User
    scopes: frozenset[str] | None
    ends_at: datetime | None
    token_id: UUID | None = None


def new_secret(prefix: str = "") -> tuple[str, bytes]:
    """Return a fresh secret and the digest to store."""
    secret = prefix + secrets.token_urlsafe(32)
    return secret, digest_secret(secret)


def digest_secret(secret: str) -> bytes:
    """Return what is stored of a secret. Plain SHA-256 is right here: it has 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def authenticate(session: Session, *, authorization: str | None, cookie: str | None) -> Credentials:
    """Return who calls. The header goes before the cookie. Raises Unauthenticated."""
    if authorization is not None:
        return _by_token(session, _token_in(authorization))
    if cookie:
        return _by_session(session, cookie)
    raise Unauthenticated("Sign in first.")


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


def _by_token(session: Session, secret: str) -> Credentials:
    statement = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
    found = session.execute(statement.where(ApiToken.secret_digest == digest_secret(secret))).one_or_none()
    now = clock.now()
    if found is None:
        raise Unauthenticated("The token is not one of ours.", code="bad-token")
    token, user = found
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        raise Unauthenticated("The token has ended.", code="bad-token")
    _require_enabled(user)
    if token.used_at is None or now - token.used_at > TOUCH:
        _touch(session, ApiToken, token.id)
    return Credentials(user, frozenset(token.scopes), token.expires_at, token_id=token.id)


def _by_session(session: Session, secret: str) -> Credentials:
    statement = select(BrowserSession, User).join(User, User.id == BrowserSession.user_id)
    found = session.execute(statement.where(BrowserSession.secret_digest == digest_secret(secret))).one_or_none()
    now = clock.now()
    ended = Unauthenticated("Your session has ended. Sign in again.", code="session-ended")
    if found is None:
        raise ended
    browser, user = found
    idle = timedelta(seconds=get_settings().session_idle_s)
    if browser.ended_at is not None or browser.ends_at <= now or browser.used_at + idle <= now:
        raise ended
    _require_enabled(user)
    if now - browser.used_at > TOUCH:
        _touch(session, BrowserSession, browser.id)
    return Credentials(user, None, browser.ends_at)


def _require_enabled(user: User) -> None:
    if user.disabled_at is not None:
        raise Unauthenticated("This account is switched off.", code="account-disabled")


def _touch(session: Session, table: type[ApiToken] | type[BrowserSession], row_id: UUID) -> None:
    """Write the last use, unless another request is doing so: a save never waits for this row."""
    free = select(table.id).where(table.id == row_id).with_for_update(skip_locked=True)
    statement = update(table).where(table.id.in_(free)).values(used_at=clock.now())
    session.execute(statement.execution_options(synchronize_session=False))

"""Users, their browser sessions and their tokens. The caller commits."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core import clock
from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.core.settings import get_settings
from maskloop.users.authentication import TOKEN_PREFIX, digest_secret, new_secret
from maskloop.users.passwords import hash_password
from maskloop.users.scopes import SCOPES
from maskloop.users.tables import ApiToken, BrowserSession, User

ADMIN = "admin"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.?[^@\s]*")


def ensure_admin(session: Session, password: str | None) -> str | None:
    """Make the user `admin` if there is none; return the password that was generated, None if none was."""
    if find_by_login(session, ADMIN) is not None:
        return None
    generated = None if password else secrets.token_urlsafe(15)
    create_user(session, login=ADMIN, name="Administrator", role="admin", password=password or generated)
    return generated


def create_user(
    session: Session, *, login: str, name: str, role: str, password: str | None, by: UUID | None = None
) -> User:
    """Return a new user; without a password they can only use tokens. Raises Invalid, or Conflict `login-taken`."""
    login = login.strip()
    if login != ADMIN and not EMAIL.fullmatch(login):
        raise Invalid(f"A log-in is an e-mail address or `{ADMIN}`.", code="bad-login")
    if role not in {"admin", "member"}:
        raise Invalid("The role is admin or member.", code="bad-role")
    if find_by_login(session, login) is not None:
        raise Conflict("There is a user with this log-in already.", code="login-taken")
    user = User(login=login, name=name, role=role, password_hash=hash_password(password) if password else None)
    session.add(user)
    session.flush()
    detail: dict[str, object] = {"role": role}
    audit.record(session, actor_id=by, action="user.create", object_kind="user", object_id=user.id, detail=detail)
    return user


def change_user(session: Session, user_id: UUID, changes: dict[str, object], *, by: UUID) -> User:
    """Change name, role, password or disabled. A new role, password or switching off ends the user's sessions."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.")
    if user.id == by and (changes.get("disabled") or changes.get("role", user.role) != user.role):
        raise Conflict("You cannot switch off or demote yourself.", code="last-administrator")
    if "name" in changes:
        user.name = str(changes["name"])
    if "role" in changes:
        user.role = str(changes["role"])
    if "password" in changes:
        user.password_hash = hash_password(str(changes["password"]))
    if "disabled" in changes:
        user.disabled_at = clock.now() if changes["disabled"] else None
    if changes.keys() & {"role", "password"} or changes.get("disabled"):
        end_sessions(session, user.id)
    user.revision += 1
    detail: dict[str, object] = {"fields": sorted(changes)}
    audit.record(session, actor_id=by, action="user.change", object_kind="user", object_id=user.id, detail=detail)
    session.flush()
    return user


def find_by_login(session: Session, login: str) -> User | None:
    """Return the user with this log-in, in any case of letters."""
    return session.scalars(select(User).where(func.lower(User.login) == login.strip().lower())).one_or_none()


def user_by_login(session: Session, login: str) -> User:
    """Return the user with this log-in. Raises NotFound."""
    user = find_by_login(session, login)
    if user is None:
        raise NotFound(f"There is no user {login.strip()!r}.")
    return user


def list_users(session: Session, *, after: UUID | None, limit: int) -> Sequence[User]:
    """Return users in order of their ids."""
    statement = select(User).order_by(User.id).limit(limit)
    return session.scalars(statement.where(User.id > after) if after else statement).all()


def start_session(session: Session, user: User, *, replaces: str | None) -> tuple[str, BrowserSession]:
    """Return the cookie's secret and the row of a new session; the session in the cookie that came ends."""
    if replaces:
        end_session(session, replaces)
    secret, digest = new_secret()
    ends_at = clock.now() + timedelta(seconds=get_settings().session_absolute_s)
    browser = BrowserSession(user_id=user.id, secret_digest=digest, used_at=clock.now(), ends_at=ends_at)
    session.add(browser)
    session.flush()
    return secret, browser


def end_session(session: Session, secret: str) -> UUID | None:
    """End the session of a cookie; return whose it was, None when there was none to end."""
    statement = (
        update(BrowserSession)
        .where(BrowserSession.secret_digest == digest_secret(secret), BrowserSession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(BrowserSession.user_id)
    )
    return session.execute(statement).scalar_one_or_none()


def end_sessions(session: Session, user_id: UUID) -> None:
    """End every browser session of a user."""
    mine = (BrowserSession.user_id == user_id) & BrowserSession.ended_at.is_(None)
    session.execute(update(BrowserSession).where(mine).values(ended_at=clock.now()))


def create_token(
    session: Session, *, user_id: UUID, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Return a new token and its secret. Without scopes it has all that there are today. Raises Invalid."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise Invalid(f"Unknown scopes: {', '.join(unknown)}.", code="bad-scope", scopes=list(SCOPES))
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= clock.now()):
        raise Invalid("expires_at must be a time to come, with its offset from UTC.", code="bad-expiry")
    secret, digest = new_secret(TOKEN_PREFIX)
    token = ApiToken(
        user_id=user_id, name=name, scopes=sorted(set(scopes or SCOPES)), secret_digest=digest, expires_at=expires_at
    )
    session.add(token)
    session.flush()
    session.refresh(token)
    detail: dict[str, object] = {"scopes": token.scopes}
    audit.record(
        session, actor_id=user_id, action="token.create", object_kind="token", object_id=token.id, detail=detail
    )
    return token, secret


def list_tokens(session: Session, user_id: UUID, *, after: UUID | None, limit: int) -> Sequence[ApiToken]:
    """Return a user's tokens that are not revoked."""
    statement = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    statement = statement.order_by(ApiToken.id).limit(limit)
    return session.scalars(statement.where(ApiToken.id > after) if after else statement).all()


def revoke_token(session: Session, token_id: UUID, *, by: UUID) -> None:
    """Revoke a token; revoked already is fine."""
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        audit.record(session, actor_id=by, action="token.revoke", object_kind="token", object_id=token.id)

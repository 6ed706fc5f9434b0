"""Signing in and out, users (for administrators), and one's own tokens."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from maskloop.api.caller import SESSION_COOKIE, Allowed, Caller
from maskloop.api.conditional import IfMatch, etag, require_match
from maskloop.api.pagination import Cursor, Limit, Page, cut, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.audit import service as audit
from maskloop.core.db import session_scope
from maskloop.core.errors import Forbidden, NotFound, Unauthenticated
from maskloop.core.settings import get_settings
from maskloop.users import authentication, service
from maskloop.users.passwords import check_password
from maskloop.users.schemas import (
    NewToken,
    NewUser,
    SessionOut,
    SignIn,
    TokenMade,
    TokenOut,
    UserChange,
    UserDetail,
    UserOut,
)
from maskloop.users.tables import User
from maskloop.users.throttle import throttle

router = APIRouter()
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@router.post("/session", tags=["session"], responses=problem_responses(401, 403, 422, 429))
def sign_in(body: SignIn, request: Request, response: Response) -> SessionOut:
    """Sign in with a log-in and a password; the session is a cookie. Wrong and unknown get the same answer.

    The password is checked between two short transactions: a hash takes its time on purpose. A failed attempt is
    recorded in the second one, which must not be rolled back with the error.
    """
    address = request.client.host if request.client else None
    throttle().count_attempt(body.login, address)
    with session_scope() as session:
        user = service.find_by_login(session, body.login)
    right, renewed = check_password(user.password_hash if user else None, body.password.get_secret_value())
    if user is None or not right or user.disabled_at is not None:
        with session_scope() as session:
            who = user.id if user else None
            audit.record(session, actor_id=who, action="session.start", outcome="refused", address=address)
        raise Unauthenticated("The log-in or the password is wrong.", code="bad-credentials")
    throttle().forget_attempts(body.login, address)
    with session_scope() as session:
        user = session.merge(user)
        user.password_hash = renewed or user.password_hash
        secret, browser = service.start_session(session, user, replaces=request.cookies.get(SESSION_COOKIE))
        audit.record(session, actor_id=user.id, action="session.start", address=address)
    _set_cookie(request, response, secret)
    return _session_out(user, browser.ends_at)


@router.get("/session", tags=["session"], responses=problem_responses(401))
def read_session(
    caller: Annotated[Caller, Allowed["session.own"]], request: Request, session: SessionDep
) -> SessionOut:
    """Say who is signed in."""
    credentials = authentication.authenticate(
        session, authorization=request.headers.get("Authorization"), cookie=request.cookies.get(SESSION_COOKIE)
    )
    assert credentials.user.id == caller.user_id
    return _session_out(credentials.user, credentials.ends_at)


@router.delete("/session", tags=["session"], status_code=204)
def sign_out(request: Request, session: SessionDep) -> Response:
    """End the session on the server and let the browser forget what it cached. Signed out already is fine."""
    secret = request.cookies.get(SESSION_COOKIE)
    who = service.end_session(session, secret) if secret else None
    if who is not None:
        address = request.client.host if request.client else None
        audit.record(session, actor_id=who, action="session.end", address=address)
    response = Response(status_code=204, headers={"Clear-Site-Data": '"cache"'})
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict", secure=_is_secure(request))
    return response


@router.get("/users", tags=["users"], responses=problem_responses(401, 403))
def list_users(
    _caller: Annotated[Caller, Allowed["user.read"]], session: SessionDep, cursor: Cursor = None, limit: Limit = 100
) -> Page[UserDetail]:
    """List users."""
    found = service.list_users(session, after=id_after(cursor), limit=limit + 1)
    return cut([UserDetail.model_validate(user) for user in found], limit, key=lambda user: user.id)


@router.post("/users", tags=["users"], status_code=201, responses=problem_responses(401, 403, 409, 422))
def create_user(body: NewUser, caller: Annotated[Caller, Allowed["user.manage"]], session: SessionDep) -> UserDetail:
    """Make a user."""
    user = service.create_user(
        session,
        login=body.login,
        name=body.name,
        role=body.role,
        password=body.password.get_secret_value(),
        by=caller.user_id,
    )
    session.refresh(user)
    return UserDetail.model_validate(user)


@router.get("/users/{user_id}", tags=["users"], responses=problem_responses(401, 403, 404))
def get_user(
    user_id: UUID, _caller: Annotated[Caller, Allowed["user.read"]], session: SessionDep, response: Response
) -> UserDetail:
    """Return a user, with the ETag that a change must name."""
    user = _user(session.get(User, user_id))
    response.headers["ETag"] = etag(user.revision)
    return UserDetail.model_validate(user)


@router.patch("/users/{user_id}", tags=["users"], responses=problem_responses(401, 403, 404, 409, 412, 422, 428))
def change_user(
    user_id: UUID,
    body: UserChange,
    caller: Annotated[Caller, Allowed["user.manage"]],
    session: SessionDep,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> UserDetail:
    """Change a user's name, role or password, or switch them off."""
    user = _user(session.get(User, user_id, with_for_update=True))
    require_match(if_match, user.revision)
    changes = body.model_dump(exclude_none=True)
    if body.password is not None:
        changes["password"] = body.password.get_secret_value()
    user = service.change_user(session, user_id, changes, by=caller.user_id)
    response.headers["ETag"] = etag(user.revision)
    return UserDetail.model_validate(user)


@router.get("/tokens", tags=["tokens"], responses=problem_responses(401, 403))
def list_tokens(
    caller: Annotated[Caller, Allowed["token.own"]], session: SessionDep, cursor: Cursor = None, limit: Limit = 100
) -> Page[TokenOut]:
    """List one's own tokens, without their secrets."""
    found = service.list_tokens(session, caller.user_id, after=id_after(cursor), limit=limit + 1)
    return cut([TokenOut.model_validate(token) for token in found], limit, key=lambda token: token.id)


@router.post("/tokens", tags=["tokens"], status_code=201, responses=problem_responses(401, 403, 422))
def create_token(body: NewToken, caller: Annotated[Caller, Allowed["token.own"]], session: SessionDep) -> TokenMade:
    """Make a token for oneself. The answer is the only one that shows it."""
    if caller.token_id is not None:
        raise Forbidden("A token cannot make tokens: it could give itself scopes.", code="session-required")
    token, secret = service.create_token(
        session, user_id=caller.user_id, name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    return TokenMade(**TokenOut.model_validate(token).model_dump(by_alias=False), token=secret)


@router.delete("/tokens/{token_id}", tags=["tokens"], status_code=204, responses=problem_responses(401, 403, 404))
def revoke_token(token_id: UUID, caller: Annotated[Caller, Allowed["token.own"]], session: SessionDep) -> None:
    """Revoke a token at once."""
    service.revoke_token(session, token_id, by=caller.user_id)


def _user(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _session_out(user: User | authentication.Account, ends_at: datetime | None) -> SessionOut:
    return SessionOut(
        user=UserOut.model_validate(user), expires_at=ends_at, idle_timeout_s=get_settings().session_idle_s
    )


def _set_cookie(request: Request, response: Response, secret: str) -> None:
    response.set_cookie(SESSION_COOKIE, secret, path="/", httponly=True, samesite="strict", secure=_is_secure(request))


def _is_secure(request: Request) -> bool:
    """Say whether the cookie is for https only: not on loopback, nor where an administrator allows plain http."""
    if request.url.scheme == "https":
        return True
    return request.url.hostname not in LOOPBACK and not get_settings().insecure_http

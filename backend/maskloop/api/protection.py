"""What every request meets before a route: origin of cookie writes, size and form of the body, headers of the answer.

Plain ASGI, so that streams pass through untouched.
"""

import re
import time
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import orjson
from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskloop.api.caller import SESSION_COOKIE
from maskloop.api.problems import problem, problem_of
from maskloop.core.db import session_scope
from maskloop.core.errors import AppError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MIB = 1 << 20
JSON_LIMIT = 1 * MIB  # also the limit of every body that is not named below
STROKE_LIMIT = 64 * MIB
MODEL_LIMIT = 4100 * MIB  # an encoder and a decoder; each is limited by its route
STREAMED = re.compile(r"/api/v1/uploads/[^/]+/(files|raw)(/|$)")  # limited by what they count themselves
MODELS = re.compile(r"/api/v1/models$")
EARLY = {MODELS: "model.write"}  # forms are read before a route's guard is asked; a large one must not be
STROKES = re.compile(r"/api/v1/segmentations/[^/]+/revisions$")

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}


class Observer(Protocol):
    """Hears of each answer: method, route template, status and seconds."""

    def __call__(self, method: str, route: str, status: int, seconds: float) -> None: ...


class Protection:
    """The outermost middleware. `public` holds the (method, path) pairs that nobody has to be signed in for."""

    def __init__(self, app: ASGIApp, *, public: frozenset[tuple[str, str]], public_url: str | None, observe: Observer):
        self.app = app
        self.public = public
        self.public_host = urlsplit(public_url).netloc if public_url else None
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._answer(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.observe(scope["method"], route, status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method, headers = scope["path"], scope["method"], Headers(scope=scope)
        if method in SAFE:
            await self.app(scope, receive, send)
            return
        if "authorization" not in headers:
            if not self._is_same_origin(headers):
                detail = "A request that changes something must come from the service's own pages, or carry a token."
                await problem(403, "cross-origin", detail, instance=path)(scope, receive, send)
                return
            signed_in = f"{SESSION_COOKIE}=" in headers.get("cookie", "")
            if not signed_in and path.startswith("/api/") and (method, path) not in self.public:
                await problem(401, "unauthenticated", "Sign in first.", instance=path)(scope, receive, send)
                return
        for pattern, action in EARLY.items():
            if pattern.match(path):
                try:
                    await run_in_threadpool(_check_early, scope, action)
                except AppError as error:
                    await problem_of(error, instance=path)(scope, receive, send)
                    return
        await self._with_body(scope, receive, send)

    def _is_same_origin(self, headers: Headers) -> bool:
        """Say whether a browser made this request on one of our own pages."""
        site = headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        origin = headers.get("origin")
        if origin is None:
            return site == "same-origin"
        return urlsplit(origin).netloc in {headers.get("host"), self.public_host} - {None, ""}

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, headers = scope["path"], Headers(scope=scope)
        limit = body_limit(path)
        length = headers.get("content-length", "")
        if limit is not None and length.isdigit() and int(length) > limit:
            await _too_large(limit, path)(scope, receive, send)
            return
        if "json" in headers.get("content-type", ""):
            content = await _read(receive, JSON_LIMIT)
            if content is None:
                await _too_large(JSON_LIMIT, path)(scope, receive, send)
                return
            if sentence := _fault_of_json(content):
                await problem(422, "bad-json", sentence, instance=path)(scope, receive, send)
                return
            receive = _replay(content, receive)
        elif limit is not None:
            receive = _limited(receive, limit)
        await self.app(scope, receive, send)


def body_limit(path: str) -> int | None:
    """Return the most bytes that a body sent to `path` may have, None where the route counts for itself."""
    if STREAMED.match(path):
        return None
    if MODELS.match(path):
        return MODEL_LIMIT
    return STROKE_LIMIT if STROKES.match(path) else JSON_LIMIT


def _check_early(scope: Scope, action: str) -> None:
    with session_scope() as session:
        scope["app"].state.access(session, Request(scope), action)


def _too_large(limit: int, path: str) -> ASGIApp:
    return problem(413, "too-large", f"The body is larger than {limit} bytes.", instance=path, limit=limit)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the whole body, None when it is larger than `limit`."""
    content = bytearray()
    while True:
        message = await receive()
        content += message.get("body", b"")
        if len(content) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(content)


def _fault_of_json(content: bytes) -> str | None:
    """Return what is wrong with a JSON body; NaN, Infinity and deep nesting are (orjson refuses them)."""
    if not content:
        return None
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return f"The body is not JSON: {error.msg}."
    return None


def _replay(content: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once and then what follows it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return again


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a `receive` that raises 413 when more than `limit` bytes have come."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
        return message

    return counted

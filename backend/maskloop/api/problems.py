"""RFC 9457 problem documents: the one place where errors become statuses."""

import traceback
from collections.abc import Mapping

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from maskloop.core import errors
from maskloop.core.logging import get_logger

STATUS: Mapping[type[errors.AppError], int] = {
    errors.NotFound: 404,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    errors.Invalid: 422,
    errors.PreconditionFailed: 412,
    errors.PreconditionRequired: 428,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    errors.StorageLow: 507,
}
HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = "application/problem+json"


def problem(status: int, code: str, detail: str, *, instance: str, **context: object) -> ProblemResponse:
    """Return a problem document; `context` becomes extension members."""
    title = code.replace("-", " ").capitalize()
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail, "instance": instance}
    headers = {"Retry-After": str(context["retry_after_s"])} if "retry_after_s" in context else None
    return ProblemResponse({**body, "code": code, **context}, status_code=status, headers=headers)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the `responses` argument of a route that may answer with these problems."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document; unexpected ones without their text."""
    app.add_exception_handler(errors.AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(exc.OperationalError, _database_away)
    app.add_exception_handler(exc.TimeoutError, _database_away)
    app.add_exception_handler(psycopg.OperationalError, _database_away)  # of statements that go past SQLAlchemy
    app.add_exception_handler(Exception, _unexpected)


def problem_of(error: errors.AppError, *, instance: str) -> ProblemResponse:
    """Return the problem document of an expected failure."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return problem(status, error.code, error.detail, instance=instance, **error.context)


def _app_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, errors.AppError)
    return problem_of(error, instance=request.url.path)


def _validation_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "detail": item["msg"]} for item in error.errors()
    ]
    detail = "The request does not have the form that this address takes."
    return problem(422, "invalid", detail, instance=request.url.path, errors=found)


def _http_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    code = HTTP_CODES.get(error.status_code, "http-error")
    return problem(error.status_code, code, str(error.detail), instance=request.url.path)


def _database_away(request: Request, error: Exception) -> ProblemResponse:
    if isinstance(getattr(error, "orig", error), psycopg.errors.DiskFull):
        detail = "The server's disk is full. Nothing was changed; it works again when space is freed."
        return problem(507, "storage-low", detail, instance=request.url.path)
    get_logger(__name__).warning("database-away", kind=type(error).__name__)
    detail = "The database did not answer. Nothing was changed; try again."
    return problem(503, "unavailable", detail, instance=request.url.path, retry_after_s=2)


def _unexpected(request: Request, error: Exception) -> ProblemResponse:
    # Frames and no message: what a message says may be a patient's.
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]
    route = getattr(request.scope.get("route"), "path", "")
    get_logger(__name__).error("unexpected", kind=type(error).__name__, route=route, frames=frames)
    return problem(500, "internal", "Something failed here. It was logged.", instance=request.url.path)

"""The description of the API: what FastAPI derives, plus our problems, ways to sign in, and what a route asks for."""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from maskloop.api.caller import SESSION_COOKIE
from maskloop.core.db import Json

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
PROBLEM: Json = {
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; docs/problems.md has a paragraph for each.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "additionalProperties": True,
}
SIGN_IN: Json = {
    "cookie": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    "bearer": {"type": "http", "scheme": "bearer", "description": "`mlp_...`, made with POST /tokens"},
}
PROBLEM_ANSWER: Json = {
    "description": "Problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI, actions: Mapping[tuple[str, str], str | None]) -> Json:
    """Return the OpenAPI document of `app`; `actions` holds what each (method, path) asks for, None for public ones."""
    if app.openapi_schema:
        return app.openapi_schema
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if method in METHODS:
                _complete(operation, actions.get((method.upper(), path)))
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    found["components"]["securitySchemes"] = SIGN_IN
    app.openapi_schema = found
    return found


def _complete(operation: dict[str, object], action: str | None) -> None:
    answers = operation["responses"]
    assert isinstance(answers, dict)
    if "422" in answers:
        answers["422"] = PROBLEM_ANSWER  # FastAPI names a form that we never send
    if action is None:
        return
    for status in ("401", "403"):
        answers.setdefault(status, PROBLEM_ANSWER)
    operation["responses"] = dict(sorted(answers.items()))
    operation["security"] = [{name: []} for name in SIGN_IN]
    operation["x-action"] = action

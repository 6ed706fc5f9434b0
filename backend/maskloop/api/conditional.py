"""Strong ETags and If-Match for whole resources (never for strokes, whose `before` is the precondition)."""

from typing import Annotated

from fastapi import Header

from maskloop.core.errors import PreconditionFailed, PreconditionRequired

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200)]


def etag(revision: int) -> str:
    """Return the strong ETag of a resource at a revision."""
    return f'"{revision}"'


def require_match(given: str | None, revision: int) -> None:
    """Raise PreconditionRequired without If-Match, PreconditionFailed if it names another revision."""
    if given is None:
        raise PreconditionRequired("Send If-Match with the ETag that you read.")
    if given != "*" and etag(revision) not in [tag.strip() for tag in given.split(",")]:
        raise PreconditionFailed("Someone changed this meanwhile. Read it again.", code="stale-resource")

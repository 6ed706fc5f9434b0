"""Errors that a service raises. They know a stable code and a sentence, and no HTTP status."""

from collections.abc import Mapping


class AppError(Exception):
    """An expected failure with a stable `code` (a paragraph in docs/problems.md) and a sentence for the person.

    `context` becomes extension members of the problem document; it must be JSON-able and hold no patient data.
    """

    default_code = "error"

    def __init__(self, detail: str, *, code: str | None = None, **context: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.context: Mapping[str, object] = context


class NotFound(AppError):
    """Absent, or not the caller's to see: the two look the same."""

    default_code = "not-found"


class Unauthenticated(AppError):
    """Nobody is signed in, or the credentials are wrong or have ended."""

    default_code = "unauthenticated"


class Forbidden(AppError):
    """Seen, but not allowed to the caller's role."""

    default_code = "forbidden"


class Conflict(AppError):
    """The state forbids it."""

    default_code = "conflict"


class Invalid(AppError):
    """The content is wrong: 422. `errors` lists pointers."""

    default_code = "invalid"


class PreconditionFailed(AppError):
    """What the caller relied on no longer holds: 412."""

    default_code = "precondition-failed"


class PreconditionRequired(AppError):
    """A write to a whole resource came without If-Match: 428."""

    default_code = "precondition-required"


class TooLarge(AppError):
    """A body or a number is above its limit: 413."""

    default_code = "too-large"


class TooMany(AppError):
    """Too many requests; `retry_after_s` in the context: 429."""

    default_code = "too-many-requests"


class Unavailable(AppError):
    """A part is away; nothing was changed and trying again is right: 503."""

    default_code = "unavailable"


class StorageLow(AppError):
    """Too little space for uploads: 507. Saves still work."""

    default_code = "storage-low"

"""Why a job stops before its end, and how a runner fails."""

from maskloop.core.errors import AppError


class JobStopped(Exception):
    """The job must not go on: let it pass through the handler. Nothing more may be written."""


class Cancelled(JobStopped):
    """Somebody asked for it."""


class LeaseLost(JobStopped):
    """Another attempt holds the job now, or it has ended."""


class Interrupted(JobStopped):
    """This worker is shutting down; the job goes back to its queue."""


class RunnerFailed(AppError):
    """A runner gave no answer: `code` and a plain sentence. `retryable` when the cause lay outside the work."""

    default_code = "runner-failed"

    def __init__(self, detail: str, *, code: str | None = None, hint: str = "", retryable: bool = False) -> None:
        super().__init__(detail, code=code, **({"hint": hint} if hint else {}))
        self.retryable = retryable

"""A worker's turn: take the best job of a queue, run its handler, write how it ended."""

import os
import socket
import time
from collections.abc import Callable
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from maskloop.core.db import Json, session_scope
from maskloop.core.errors import AppError, Invalid, Unavailable
from maskloop.core.logging import get_logger
from maskloop.core.settings import get_settings
from maskloop.imaging.errors import ImagingError
from maskloop.jobs import queries, streams
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.errors import Cancelled, Interrupted, JobStopped, RunnerFailed
from maskloop.jobs.handlers import handler_of
from maskloop.jobs.lease import Lease
from maskloop.jobs.trace import locations


def worker_name() -> str:
    """Return the name of this process in job rows."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run_one(queue: str, *, interrupted: Callable[[], bool] = lambda: False) -> UUID | None:
    """Claim the best ready job of `queue` and run it here to its end; return its id, None if there was none."""
    settings = get_settings()
    with session_scope() as session:
        claim = queries.claim(session, queue, worker=worker_name(), lease_s=settings.job_lease_s)
    if claim is None:
        return None
    log = get_logger(__name__).bind(job=str(claim.id), kind=claim.kind, attempt=claim.attempt)
    started = time.monotonic()
    streams.publish(streams.job_stream(claim.id), "state", {"state": "running"})
    with Lease(claim.id, claim.attempt, lease_s=settings.job_lease_s, interrupted=interrupted) as lease:
        end = _perform(claim, ClaimedJob(claim, lease))
    log.info("job-attempt", end=end, seconds=round(time.monotonic() - started, 3))
    return claim.id


def _perform(claim: queries.Claim, job: ClaimedJob) -> str:
    """Run the handler and write the end; return it in a word."""
    try:
        _handle(claim, job)
    except JobStopped as stop:
        return _stopped(claim, job, stop)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises becomes the job's problem
        try:
            job.check()  # an error on the way out of a stopped job is not its reason
        except JobStopped as stop:
            return _stopped(claim, job, stop)
        if job.ended:
            get_logger(__name__).error("after-the-end", kind=type(error).__name__, where=locations(error))
            return "succeeded"
        return _write(claim, problem=_problem_of(claim, error), retry_after_s=_retry_after_s(claim, error))
    streams.publish(streams.job_stream(claim.id), "state", {"state": "succeeded"})
    return "succeeded"


def _handle(claim: queries.Claim, job: ClaimedJob) -> None:
    handler = handler_of(claim.kind)
    try:
        inputs = handler.inputs.model_validate(claim.inputs)
    except ValidationError as error:
        raise Invalid("The job's inputs do not have the form that its kind takes.", code="bad-inputs") from error
    result = handler.function(job, inputs)
    if not job.ended:
        with job.transaction(finish=result):
            pass


def _stopped(claim: queries.Claim, job: ClaimedJob, stop: JobStopped) -> str:
    if job.ended:
        return "succeeded"
    if isinstance(stop, Interrupted):
        return _write(claim, problem=None)
    return _write(claim, problem=queries.CANCELLED) if isinstance(stop, Cancelled) else "lost"


def _write(claim: queries.Claim, *, problem: Json | None, retry_after_s: float | None = None) -> str:
    """Write how the attempt ended (no problem: back to the queue uncounted); a late one changes nothing."""
    deadline = time.monotonic() + 2 * get_settings().job_lease_s
    while True:
        try:
            with session_scope() as session:
                if problem is None:
                    state = queries.release(session, claim)
                else:
                    state = queries.fail(session, claim, problem=problem, retry_after_s=retry_after_s)
                if state is not None:
                    queries.settle_parent(session, claim.parent_id)
        except DBAPIError as error:
            get_logger(__name__).warning("end-not-written", job=str(claim.id), kind=type(error).__name__)
            if time.monotonic() > deadline:
                return "left to the reaper"
            time.sleep(0.5)
        else:
            if state is not None:
                streams.publish(streams.job_stream(claim.id), "state", {"state": state})
            return state or "lost"


def _problem_of(claim: queries.Claim, error: Exception) -> Json:
    """Return the problem that the person reads; the log gets the place, never the message of a library."""
    get_logger(__name__).warning(
        "job-error", job=str(claim.id), attempt=claim.attempt, kind=type(error).__name__, where=locations(error)
    )
    if isinstance(error, AppError):
        return problem_document(error.code, error.detail, **error.context)
    if isinstance(error, ImagingError):
        return problem_document(error.code, error.detail)
    if isinstance(error, OperationalError):
        return problem_document("unavailable", "The database was away while this ran.")
    return problem_document("internal", f"It failed unexpectedly in attempt {claim.attempt}. The log names the place.")


def problem_document(code: str, detail: str, **context: object) -> Json:
    """Return a problem as job rows carry it."""
    return {**context, "code": code, "title": code.replace("-", " ").capitalize(), "detail": detail}


def _retry_after_s(claim: queries.Claim, error: Exception) -> float | None:
    """Return the pause before the next attempt; None when there is none: expected failures are not repeated."""
    expected = isinstance(error, AppError | ImagingError)
    again = not expected or isinstance(error, Unavailable) or (isinstance(error, RunnerFailed) and error.retryable)
    if not again or claim.attempt >= claim.max_attempts:
        return None
    return float(claim.attempt * get_settings().job_retry_s)

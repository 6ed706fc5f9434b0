"""Jobs over HTTP: read, list, cancel, retry, and their news as server-sent events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from maskloop.api.pagination import Cursor, Limit, Page, encode_cursor, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.audit import service as audit
from maskloop.jobs import service
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.events import job_events
from maskloop.jobs.schemas import JobOut, JobState
from maskloop.projects.access import Allowed, Caller, visible_projects

router = APIRouter(prefix="/jobs", tags=["jobs"])
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("")
def list_jobs(
    session: SessionDep,
    caller: Annotated[Caller, Allowed["job.list"]],
    state: Annotated[JobState | None, Query()] = None,
    parent_id: Annotated[UUID | None, Query(description="the parts of this job")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[JobOut]:
    """List the jobs of the caller's projects, newest first."""
    found = service.list_jobs(
        session,
        projects=visible_projects(caller),
        user_id=caller.user_id,
        without_project=caller.is_admin,
        state=state,
        parent_id=parent_id,
        before=id_after(cursor),
        limit=limit,
    )
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=service.describe_all(session, found[:limit]), next_cursor=more)


@router.get("/{job_id}", responses=problem_responses(404))
def get_job(job_id: UUID, session: SessionDep, _: Annotated[Caller, Allowed["job.read"]]) -> JobOut:
    """Return a job with its progress, its place in the queue, or how it ended."""
    return service.describe(session, service.get(session, job_id))


@router.post("/{job_id}/cancel", responses=problem_responses(403, 404))
def cancel_job(job_id: UUID, session: SessionDep, caller: Annotated[Caller, Allowed["job.cancel"]]) -> JobOut:
    """Ask a job to stop: a queued one has ended with the answer, a running one ends within seconds."""
    job = service.cancel(session, job_id)
    _record(session, caller, "job.cancel", job_id)
    return service.describe(session, job)


@router.post("/{job_id}/retry", status_code=202, responses=problem_responses(403, 404, 409))
def retry_job(
    job_id: UUID, session: SessionDep, caller: Annotated[Caller, Allowed["job.retry"]], response: Response
) -> JobOut:
    """Queue a failed or cancelled job again; of a job with parts, the parts that did not succeed."""
    job = service.retry(session, job_id)
    _record(session, caller, "job.retry", job_id)
    return answer_queued(response, session, job)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **problem_responses(404)},
)
async def watch_job(
    job_id: UUID,
    _: Annotated[Caller, Allowed["job.read"]],
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Send `progress` and `state` events until the job has ended."""
    news = job_events().watch(job_id, last_event_id)
    return StreamingResponse(news, media_type="text/event-stream", headers=STREAM_HEADERS)


def _record(session: SessionDep, caller: Caller, action: str, job_id: UUID) -> None:
    audit.record(
        session,
        actor_id=caller.user_id,
        action=action,
        project_id=caller.project_id,
        object_kind="job",
        object_id=job_id,
        address=caller.address,
    )

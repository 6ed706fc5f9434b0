"""Jobs as the other domains see them: enqueue, read, cancel, retry. Nothing here commits."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Select, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.core.ids import new_id
from maskloop.jobs import queries, streams
from maskloop.jobs.handlers import QUEUES, handler_of
from maskloop.jobs.schemas import JobOut, Progress
from maskloop.jobs.tables import Job

CHANNEL = "maskloop_jobs"
ENDED = frozenset({"succeeded", "failed", "cancelled"})
OPEN = ("queued", "running")


def enqueue(
    session: Session,
    *,
    kind: str,
    inputs: BaseModel,
    queue: str | None = None,
    project_id: UUID | None = None,
    created_by: UUID | None = None,
    key: UUID | None = None,
    priority: int = 100,
    parent_id: UUID | None = None,
) -> Job:
    """Add a job; its bell goes out when the caller has committed.

    A repeated (`created_by`, `key`) returns the first job; with another kind or other inputs it raises Invalid.
    Queue and number of attempts come from the handler of the kind.
    """
    handler = handler_of(kind)
    queue = queue or handler.queue
    if queue not in QUEUES:
        raise ValueError(f"queue {queue!r} is none of {QUEUES}")
    content = inputs.model_dump(mode="json")
    digest = _digest(kind, project_id, content)
    values = {
        "id": new_id(),
        "kind": kind,
        "queue": queue,
        "priority": priority,
        "max_attempts": handler.max_attempts,
        "project_id": project_id,
        "created_by": created_by,
        "parent_id": parent_id,
        "key": key,
        "inputs": content,
        "inputs_digest": digest,
    }
    statement = insert(Job).values(values).on_conflict_do_nothing(index_elements=["created_by", "key"]).returning(Job)
    job = session.scalars(statement).one_or_none()
    if job is None:
        return _first(session, created_by, key, digest)
    session.execute(select(func.pg_notify(CHANNEL, queue)))
    return job


def enqueue_batch(
    session: Session,
    *,
    kind: str,
    children: list[tuple[str, BaseModel]],
    project_id: UUID | None = None,
    created_by: UUID | None = None,
    key: UUID | None = None,
    priority: int = 100,
) -> Job:
    """Add a parent that nothing runs and one child per entry; the parent ends when the last child has ended."""
    parts = orjson.loads(orjson.dumps([[child, inputs.model_dump(mode="json")] for child, inputs in children]))
    digest = _digest(kind, project_id, parts)
    values = {
        "id": new_id(),
        "kind": kind,
        "queue": "io",
        "state": "running",
        "priority": priority,
        "key": key,
        "project_id": project_id,
        "created_by": created_by,
        "inputs": {"children": len(children)},
        "inputs_digest": digest,
        "started_at": func.clock_timestamp(),
    }
    statement = insert(Job).values(values).on_conflict_do_nothing(index_elements=["created_by", "key"]).returning(Job)
    parent = session.scalars(statement).one_or_none()
    if parent is None:
        return _first(session, created_by, key, digest)
    for child, inputs in children:
        enqueue(
            session,
            kind=child,
            inputs=inputs,
            project_id=project_id,
            created_by=created_by,
            priority=priority,
            parent_id=parent.id,
        )
    queries.settle_parent(session, parent.id)
    session.refresh(parent)
    return parent


def get(session: Session, job_id: UUID) -> Job:
    """Return a job. Raises NotFound."""
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        raise NotFound("There is no such job.")
    return job


def describe(session: Session, job: Job) -> JobOut:
    """Return a job as the API shows it, with its newest progress and its place in the queue."""
    return describe_all(session, [job])[0]


def describe_all(session: Session, jobs: Sequence[Job]) -> list[JobOut]:
    """Return jobs as the API shows them."""
    places = queries.positions(session, [job.id for job in jobs if job.state == "queued"])
    running = [streams.job_stream(job.id) for job in jobs if job.state == "running"]
    progress = streams.latest(running, "progress")
    shown = [JobOut.model_validate(job) for job in jobs]
    for out in shown:
        out.position = places.get(out.id)
        if found := progress.get(streams.job_stream(out.id)):
            out.progress = Progress.model_validate(found)
    return shown


def list_jobs(
    session: Session,
    *,
    projects: Select[UUID],
    user_id: UUID,
    without_project: bool = False,
    state: str | None = None,
    parent_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Job]:
    """Return up to `limit` + 1 jobs, newest first: of these projects, and the user's own (or all) in no project.

    Children are listed below their parent only.
    """
    alone = Job.project_id.is_(None) & (true() if without_project else Job.created_by == user_id)
    statement = select(Job).where(Job.project_id.in_(projects) | alone, Job.parent_id == parent_id)
    if state is not None:
        statement = statement.where(Job.state == state)
    if before is not None:
        statement = statement.where(Job.id < before)
    return list(session.scalars(statement.order_by(Job.id.desc()).limit(limit + 1)))


def cancel(session: Session, job_id: UUID) -> Job:
    """Ask a job and its children to stop: queued ones end here, running ones within seconds. Ended: no change."""
    job = get(session, job_id)
    children = session.scalars(select(Job.id).where(Job.parent_id == job_id, Job.state.in_(OPEN))).all()
    queries.cancel(session, children)  # before the parent: the lock order is child, then parent
    queries.cancel(session, [job_id])
    queries.settle_parent(session, job_id)
    queries.settle_parent(session, job.parent_id)
    session.expire_all()
    return get(session, job_id)


def retry(session: Session, job_id: UUID) -> Job:
    """Queue a failed or cancelled job again, or the children of a parent that did not succeed. Raises Conflict."""
    job = get(session, job_id)
    if job.state not in ("failed", "cancelled"):
        raise Conflict("Only a job that failed or was cancelled can be tried again.", code="job-not-ended")
    queues = queries.requeue(session, job_id)
    for queue in queues:
        session.execute(select(func.pg_notify(CHANNEL, queue)))
    session.expire_all()
    return get(session, job_id)


def _digest(kind: str, project_id: UUID | None, content: object) -> bytes:
    return hashlib.sha256(
        orjson.dumps({"kind": kind, "project": project_id, "inputs": content}, option=orjson.OPT_SORT_KEYS)
    ).digest()


def _first(session: Session, created_by: UUID | None, key: UUID | None, digest: bytes) -> Job:
    first = session.scalars(select(Job).where(Job.created_by == created_by, Job.key == key)).one()
    if first.inputs_digest != digest:
        raise Invalid("This Idempotency-Key was used for another request.", code="key-reused")
    return first

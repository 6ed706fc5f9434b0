"""What the tests of jobs do again and again."""

from uuid import UUID

from sqlalchemy import text

from maskloop.core.db import session_scope
from maskloop.jobs import service
from maskloop.jobs.tables import Job


def enqueued(kind: str, **options) -> UUID:
    """Commit a job of a kind without inputs."""
    from probe_tasks import Nothing

    with session_scope() as session:
        return service.enqueue(session, kind=kind, inputs=Nothing(), **options).id


def enqueued_operation(op: str, *, memory_bytes=None, timeout_s=None, **args) -> UUID:
    """Commit a job that gives `probe_ops:op` to a runner."""
    from probe_tasks import Operation

    inputs = Operation(op=f"probe_ops:{op}", args=args, memory_bytes=memory_bytes, timeout_s=timeout_s)
    with session_scope() as session:
        return service.enqueue(session, kind="probe-runner", inputs=inputs).id


def read(job_id: UUID) -> Job:
    with session_scope() as session:
        return session.get_one(Job, job_id)


def cancelled(job_id: UUID) -> Job:
    with session_scope() as session:
        return service.cancel(session, job_id)


def change(job_id: UUID, assignments: str) -> None:
    """Write to a job's row as only a test may."""
    with session_scope() as session:
        session.execute(text(f"UPDATE job SET {assignments} WHERE id = :id"), {"id": job_id})

"""The statements of the job protocol. Every time is the database's; every write names id and attempt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from maskloop.core.db import Json

CANCELLED: Json = {"code": "cancelled", "title": "Cancelled", "detail": "Stopped on request."}
LOST: Json = {
    "code": "worker-lost",
    "title": "Worker lost",
    "detail": "The worker that did this went silent, and so did every one that tried again.",
}


@dataclass(frozen=True)
class Claim:
    """One attempt at a job: `attempt` is what the fence checks."""

    id: UUID
    attempt: int
    max_attempts: int
    kind: str
    inputs: Json
    project_id: UUID | None
    created_by: UUID | None
    parent_id: UUID | None


@dataclass(frozen=True)
class News:
    """How a job stands, as its watchers hear it."""

    state: str
    attempt: int
    result: Json | None
    problem: Json | None


_CLAIM = text("""
    UPDATE job SET state = 'running', attempt = attempt + 1, worker = :worker, started_at = clock_timestamp(),
           ended_at = NULL, lease_until = clock_timestamp() + make_interval(secs => :lease)
     WHERE id = (SELECT id FROM job WHERE queue = :queue AND state = 'queued' AND run_after <= now()
                 ORDER BY priority, id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id, attempt, max_attempts, kind, inputs, project_id, created_by, parent_id""")
_RENEW = text("""
    UPDATE job SET lease_until = clock_timestamp() + make_interval(secs => :lease)
     WHERE id = :id AND attempt = :attempt AND state = 'running' RETURNING cancel_requested""")
_LOOK = text("SELECT cancel_requested FROM job WHERE id = :id AND attempt = :attempt AND state = 'running'")
_FENCE = text("""
    SELECT 1 FROM job WHERE id = :id AND attempt = :attempt AND state = 'running' AND NOT cancel_requested
       FOR UPDATE""")
_FINISH = text("""
    UPDATE job SET state = 'succeeded', result = :result, problem = NULL, lease_until = NULL,
           ended_at = clock_timestamp()
     WHERE id = :id AND attempt = :attempt""").bindparams(bindparam("result", type_=JSONB(none_as_null=True)))
_SPLIT = text("UPDATE job SET lease_until = NULL, worker = NULL WHERE id = :id AND attempt = :attempt")
_FAIL = text("""
    UPDATE job SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE :state END,
           problem = CASE WHEN cancel_requested THEN :cancelled ELSE :problem END,
           run_after = clock_timestamp() + make_interval(secs => :delay), lease_until = NULL,
           ended_at = CASE WHEN cancel_requested OR :state <> 'queued' THEN clock_timestamp() END
     WHERE id = :id AND attempt = :attempt AND state = 'running'
    RETURNING state""").bindparams(bindparam("cancelled", CANCELLED, JSONB), bindparam("problem", type_=JSONB))
_RELEASE = text("""
    UPDATE job SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
           problem = CASE WHEN cancel_requested THEN :cancelled END,
           ended_at = CASE WHEN cancel_requested THEN clock_timestamp() END,
           max_attempts = max_attempts + 1, run_after = now(), lease_until = NULL
     WHERE id = :id AND attempt = :attempt AND state = 'running'
    RETURNING state""").bindparams(bindparam("cancelled", CANCELLED, JSONB))
_REAP = text("""
    UPDATE job SET state = CASE WHEN cancel_requested THEN 'cancelled' WHEN attempt >= max_attempts THEN 'failed'
                                ELSE 'queued' END,
           problem = CASE WHEN cancel_requested THEN :cancelled ELSE :lost END,
           ended_at = CASE WHEN cancel_requested OR attempt >= max_attempts THEN clock_timestamp() END,
           run_after = now() + attempt * make_interval(secs => :delay), lease_until = NULL
     WHERE id IN (SELECT id FROM job WHERE state = 'running' AND lease_until < clock_timestamp()
                  FOR UPDATE SKIP LOCKED LIMIT 100)
    RETURNING id, parent_id, state""").bindparams(
    bindparam("cancelled", CANCELLED, JSONB), bindparam("lost", LOST, JSONB)
)
_LOCK_PARENT = text("SELECT 1 FROM job WHERE id = :id AND state = 'running' FOR NO KEY UPDATE")
_SETTLE = text("""
    UPDATE job SET state = CASE WHEN cancel_requested THEN 'cancelled' WHEN c.failed > 0 THEN 'failed'
                                ELSE 'succeeded' END,
           problem = CASE WHEN cancel_requested THEN :stopped
                          WHEN c.failed > 0 THEN jsonb_build_object('code', 'parts-failed', 'title', 'Parts failed',
                               'detail', c.failed || ' of ' || c.total || ' parts failed; each says why.') END,
           result = jsonb_build_object('succeeded', c.succeeded, 'failed', c.failed, 'cancelled', c.cancelled),
           ended_at = clock_timestamp()
      FROM (SELECT count(*) AS total, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE state IN ('queued', 'running')) AS open
              FROM job WHERE parent_id = :id) AS c
     WHERE job.id = :id AND job.state = 'running' AND job.lease_until IS NULL AND c.open = 0
    RETURNING job.parent_id""").bindparams(bindparam("stopped", CANCELLED, JSONB))
_CANCEL = text("""
    UPDATE job SET cancel_requested = true, state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
           problem = CASE WHEN state = 'queued' THEN :cancelled ELSE problem END,
           ended_at = CASE WHEN state = 'queued' THEN clock_timestamp() END
     WHERE id IN (SELECT id FROM job WHERE id = ANY(:ids) AND state IN ('queued', 'running') ORDER BY id FOR UPDATE)
    RETURNING id""").bindparams(bindparam("cancelled", CANCELLED, JSONB))

_NEWS = text("SELECT id, state, attempt, result, problem FROM job WHERE id = ANY(:ids)")
_POSITIONS = text("""
    SELECT id, 1 + (SELECT count(*) FROM job AS before
                     WHERE before.queue = job.queue AND before.state = 'queued' AND before.run_after <= now()
                       AND (before.priority, before.id) < (job.priority, job.id)) AS place
      FROM job WHERE id = ANY(:ids) AND state = 'queued'""")
_AGAIN = """SET state = 'queued', max_attempts = greatest(max_attempts, attempt + 3),
           cancel_requested = false, run_after = now(), problem = NULL, result = NULL, ended_at = NULL"""
_REQUEUE = text(f"UPDATE job {_AGAIN} WHERE id = :id AND state IN ('failed', 'cancelled') RETURNING queue")
_REQUEUE_CHILDREN = text(f"""
    UPDATE job {_AGAIN} WHERE parent_id = :id AND state IN ('failed', 'cancelled') RETURNING queue""")
_PARENT = text("SELECT parent_id FROM job WHERE id = :id")
_HAS_CHILDREN = text("SELECT EXISTS (SELECT 1 FROM job WHERE parent_id = :id)")
_REOPEN = """SET state = 'running', cancel_requested = false, lease_until = NULL, problem = NULL, result = NULL,
           ended_at = NULL"""
_REOPEN_PARENT = text(f"UPDATE job {_REOPEN} WHERE id = :id AND state IN ('succeeded', 'failed', 'cancelled')")

_READY = text("""
    SELECT count(*) FROM (SELECT 1 FROM job WHERE queue = :queue AND state = 'queued' AND run_after <= now()
                          LIMIT :most) AS found""")
_STRAYS = text("""
    SELECT child.id FROM job AS parent JOIN job AS child ON child.parent_id = parent.id
     WHERE parent.state = 'running' AND parent.cancel_requested AND child.state IN ('queued', 'running')
       AND NOT child.cancel_requested ORDER BY child.id LIMIT 1000""")
_UNSETTLED = text("""
    SELECT id FROM job AS parent WHERE state = 'running' AND lease_until IS NULL AND NOT EXISTS
           (SELECT 1 FROM job WHERE parent_id = parent.id AND state IN ('queued', 'running')) ORDER BY id LIMIT 1000""")


def claim(session: Session, queue: str, *, worker: str, lease_s: float) -> Claim | None:
    """Take the best ready job of a queue, None if there is none. Commit at once."""
    row = session.execute(_CLAIM, {"queue": queue, "worker": worker, "lease": lease_s}).one_or_none()
    return None if row is None else Claim(*row)


def renew(session: Session, job_id: UUID, attempt: int, *, lease_s: float) -> bool | None:
    """Lengthen the lease; True when a cancel was asked for, None when the job is no longer this attempt's."""
    found = session.execute(_RENEW, {"id": job_id, "attempt": attempt, "lease": lease_s}).scalar_one_or_none()
    return None if found is None else bool(found)


def look(session: Session, job_id: UUID, attempt: int) -> bool | None:
    """Like `renew`, without writing."""
    found = session.execute(_LOOK, {"id": job_id, "attempt": attempt}).scalar_one_or_none()
    return None if found is None else bool(found)


def fence(session: Session, job_id: UUID, attempt: int) -> bool:
    """Lock the job's row if this attempt still holds it and nobody cancelled: first statement before any result."""
    return session.execute(_FENCE, {"id": job_id, "attempt": attempt}).one_or_none() is not None


def finish(session: Session, job_id: UUID, attempt: int, result: Json | None) -> None:
    """Mark success, behind the fence and in the transaction of the result."""
    session.execute(_FINISH, {"id": job_id, "attempt": attempt, "result": result})


def split(session: Session, job_id: UUID, attempt: int) -> None:
    """Give up the lease of a parent, behind the fence: from now on its children decide its end."""
    session.execute(_SPLIT, {"id": job_id, "attempt": attempt})


def fail(session: Session, claim: Claim, *, problem: Json, retry_after_s: float | None) -> str | None:
    """End an attempt with a problem: queued again after `retry_after_s`, failed without. None: it was too late."""
    values = {
        "id": claim.id,
        "attempt": claim.attempt,
        "state": "failed" if retry_after_s is None else "queued",
        "problem": problem,
        "delay": retry_after_s or 0.0,
    }
    return session.execute(_FAIL, values).scalar_one_or_none()


def release(session: Session, claim: Claim) -> str | None:
    """Put an interrupted attempt back without counting it."""
    return session.execute(_RELEASE, {"id": claim.id, "attempt": claim.attempt}).scalar_one_or_none()


def reap(session: Session, *, retry_s: float) -> list[tuple[UUID, UUID | None, str]]:
    """Take back up to 100 jobs whose lease ran out: (id, parent, new state). Two at once are harmless."""
    return [(row.id, row.parent_id, row.state) for row in session.execute(_REAP, {"delay": retry_s})]


def settle_parent(session: Session, parent_id: UUID | None) -> None:
    """End a parent whose last child has ended, and so on upwards. Call it after the child's own change."""
    while parent_id is not None:
        if session.execute(_LOCK_PARENT, {"id": parent_id}).one_or_none() is None:
            return
        row = session.execute(_SETTLE, {"id": parent_id}).one_or_none()
        parent_id = None if row is None else row.parent_id


def cancel(session: Session, job_ids: Sequence[UUID]) -> list[UUID]:
    """Ask that these jobs stop: queued ones end here, running ones at their worker's next look."""
    return list(session.execute(_CANCEL, {"ids": list(job_ids)}).scalars())


def requeue(session: Session, job_id: UUID) -> list[str]:
    """Queue an ended job again (of a parent: its children that did not succeed) and return the queues to ring."""
    if session.execute(_HAS_CHILDREN, {"id": job_id}).scalar_one():
        queues = session.execute(_REQUEUE_CHILDREN, {"id": job_id}).scalars().all()
        session.execute(_REOPEN_PARENT, {"id": job_id})
        settle_parent(session, job_id)
    else:
        queues = session.execute(_REQUEUE, {"id": job_id}).scalars().all()
        parent_id = session.execute(_PARENT, {"id": job_id}).scalar_one()
        session.execute(_REOPEN_PARENT, {"id": parent_id})
    return sorted(set(queues))


def ready(session: Session, most: Mapping[str, int]) -> dict[str, int]:
    """Return how many jobs of each queue can be claimed now, counted up to `most`."""
    return {
        queue: session.execute(_READY, {"queue": queue, "most": limit}).scalar_one() for queue, limit in most.items()
    }


def heal_parents(session: Session) -> None:
    """Cancel what a cancelled parent still has open, and end parents whose children have all ended."""
    if strays := list(session.execute(_STRAYS).scalars()):
        cancel(session, strays)
    for parent_id in list(session.execute(_UNSETTLED).scalars()):
        settle_parent(session, parent_id)


def news(session: Session, job_ids: Iterable[UUID]) -> dict[UUID, News]:
    """Return how jobs stand; those that are not there are left out."""
    rows = session.execute(_NEWS, {"ids": list(job_ids)})
    return {row.id: News(row.state, row.attempt, row.result, row.problem) for row in rows}


def positions(session: Session, job_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the place of queued jobs in their queues, from 1; the others are left out."""
    return {row.id: row.place for row in session.execute(_POSITIONS, {"ids": list(job_ids)})}

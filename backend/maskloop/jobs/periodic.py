"""Jobs that come round by themselves. Any relay queues one when the last of its kind is old enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.ids import earliest_id
from maskloop.jobs import service
from maskloop.jobs.tables import Job

LOCK = 7_268_002  # advisory lock: of two relays that look at the same moment, one queues
CLOCKS_DIFFER = timedelta(hours=1)  # ids carry the clock of the machine that made them


class NoInputs(BaseModel):
    """The inputs of a job that needs none: what `handles` of a periodic kind names."""


@dataclass(frozen=True)
class Periodic:
    """A kind of job, with a handler of `NoInputs`, and the seconds from one job to the next."""

    kind: str
    every_s: int


PERIODIC: tuple[Periodic, ...] = (
    Periodic("sweep-objects", every_s=6 * 3600),
    Periodic("thin-labels", every_s=24 * 3600),
)


def queue_due(session: Session, table: Sequence[Periodic] = PERIODIC) -> list[str]:
    """Queue a job of every kind whose last one was queued long enough ago; return those kinds.

    The job's own row is the record of the last run, so that a restarted relay, or a second one, does not double it.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return []
    due = [periodic.kind for periodic in table if not _is_recent(session, periodic)]
    for kind in due:
        service.enqueue(session, kind=kind, inputs=NoInputs())
    return due


def _is_recent(session: Session, periodic: Periodic) -> bool:
    every = timedelta(seconds=periodic.every_s)
    since = earliest_id(clock.now() - every - CLOCKS_DIFFER)  # the primary key finds new jobs without an index on kind
    recent = select(Job.id).where(
        Job.id >= since, Job.kind == periodic.kind, Job.created_at > func.clock_timestamp() - every
    )
    return session.scalar(recent.limit(1)) is not None

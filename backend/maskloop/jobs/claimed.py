"""What a handler holds while it works: one attempt at one job."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from pathlib import Path
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy.orm import Session

from maskloop.core.db import Json, session_scope
from maskloop.core.settings import get_settings
from maskloop.jobs import queries, runners, scratch, streams
from maskloop.jobs.errors import Cancelled, LeaseLost
from maskloop.jobs.lease import Lease

PROGRESS_EVERY_S = 0.25

Result = BaseModel | Mapping[str, object] | None


class Finish(Enum):
    """The two ways a transaction may leave its job open."""

    NOT_YET = "not yet"
    WITH_CHILDREN = "with children"


class ClaimedJob:
    """One attempt. Its methods raise Cancelled, LeaseLost or Interrupted when it must stop: let them pass."""

    def __init__(self, claim: queries.Claim, lease: Lease) -> None:
        self.id: UUID = claim.id
        self.kind = claim.kind
        self.project_id: UUID | None = claim.project_id
        self.created_by: UUID | None = claim.created_by
        self.attempt = claim.attempt
        self.ended = False
        self._parent_id = claim.parent_id
        self._lease = lease
        self._progress_at = 0.0

    def check(self) -> None:
        """Raise at once if the job must stop. Cheap: call it in every loop."""
        self._lease.check()

    def progress(self, fraction: float, step: str) -> None:
        """Tell watchers how far it is: at most four times a second, lost without harm. Also checks."""
        self.check()
        now = time.monotonic()
        if now - self._progress_at >= PROGRESS_EVERY_S or fraction >= 1:
            self._progress_at = now
            streams.publish(
                streams.job_stream(self.id), "progress", {"fraction": min(max(fraction, 0.0), 1.0), "step": step}
            )

    @contextmanager
    def transaction(self, *, finish: Result | Finish = Finish.NOT_YET) -> Iterator[Session]:
        """Open a transaction whose first statement is the fence; with `finish` it also ends the job with that result.

        The result is read after the block, so a dict may be filled inside it. `Finish.WITH_CHILDREN` leaves the end
        to the jobs that the block enqueued with this one as parent. Take the job's row before any other lock.
        """
        self.check()
        with session_scope() as session:
            if not queries.fence(session, self.id, self.attempt):
                if queries.look(session, self.id, self.attempt):
                    raise Cancelled("Stopped on request.")
                raise LeaseLost("Another attempt holds this job, or it has ended.")
            yield session
            session.flush()
            self._end(session, finish)
        self.ended = finish is not Finish.NOT_YET

    def scratch(self, *, expected_bytes: int = 0) -> AbstractContextManager[Path]:
        """Give a private folder, in memory when it fits, removed at the end."""
        return scratch.folder(f"{self.id}-{self.attempt}", expected_bytes=expected_bytes)

    def run(
        self,
        op: str,
        args: Mapping[str, object],
        *,
        scratch: Path,
        memory_bytes: int | None = None,
        timeout_s: float | None = None,
    ) -> Json:
        """Run an operation of `maskloop.runner` in a process of its own and return its answer.

        It sees `args` and the files in `scratch`, nothing else. Raises RunnerFailed with a code and a sentence.
        """
        settings = get_settings()
        limits = runners.Limits(
            memory_bytes=memory_bytes or settings.runner_memory_bytes, timeout_s=timeout_s or settings.runner_timeout_s
        )
        self.check()
        return runners.call(op, args, scratch=scratch, limits=limits, on_progress=self.progress, check=self.check)

    def _end(self, session: Session, finish: Result | Finish) -> None:
        if isinstance(finish, Finish):
            if finish is Finish.WITH_CHILDREN:
                queries.split(session, self.id, self.attempt)
                queries.settle_parent(session, self.id)
            return
        queries.finish(session, self.id, self.attempt, as_json(finish))
        queries.settle_parent(session, self._parent_id)


def as_json(result: Result) -> Json | None:
    """Return a result as plain JSON values."""
    if result is None:
        return None
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    content: Json = orjson.loads(orjson.dumps(dict(result)))
    return content

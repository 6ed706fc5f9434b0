"""The lease of a running job: a thread that renews it and hears when to stop."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from maskloop.core.db import session_scope
from maskloop.core.logging import get_logger
from maskloop.jobs import queries
from maskloop.jobs.errors import Cancelled, Interrupted, JobStopped, LeaseLost

LOOK_S = 1.0  # a cancel reaches a running job within about this time
TICK_S = 0.2


class Lease:
    """Renews every third of the lease while the block runs. `check` raises the reason to stop, once there is one."""

    def __init__(
        self, job_id: UUID, attempt: int, *, lease_s: float, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.lease_s = lease_s
        self._interrupted = interrupted
        self._reason: JobStopped | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{job_id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=5)

    def check(self) -> None:
        """Raise Cancelled, LeaseLost or Interrupted if the job must stop."""
        if self._reason is not None:
            raise self._reason

    def _keep(self) -> None:
        renewed = heard = time.monotonic()
        while self._reason is None and not self._over.wait(TICK_S):
            now = time.monotonic()
            if self._interrupted():
                self._reason = Interrupted("The worker is shutting down.")
            elif now - renewed >= self.lease_s / 3 or now - heard >= LOOK_S:
                due = now - renewed >= self.lease_s / 3
                if self._ask(renew=due):
                    heard = now
                    renewed = now if due else renewed
                elif now - renewed > 2 * self.lease_s:
                    self._reason = LeaseLost("The database was away for longer than the lease.")

    def _ask(self, *, renew: bool) -> bool:
        """Ask the database; False when it did not answer."""
        try:
            with session_scope() as session:
                if renew:
                    cancelled = queries.renew(session, self.job_id, self.attempt, lease_s=self.lease_s)
                else:
                    cancelled = queries.look(session, self.job_id, self.attempt)
        except SQLAlchemyError as error:
            get_logger(__name__).warning("lease-unheard", job=str(self.job_id), kind=type(error).__name__)
            self._over.wait(TICK_S)
            return False
        if self._over.is_set():
            return True
        if cancelled is None:
            self._reason = LeaseLost("Another attempt holds this job, or it has ended.")
        elif cancelled:
            self._reason = Cancelled("Stopped on request.")
        return True

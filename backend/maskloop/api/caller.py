"""Who calls, and the marker by which a route says what the caller must be allowed to do.

A route names exactly one action, by `caller: Annotated[Caller, Allowed["segmentation.draw"]]`. (`Allowed[...]` stands
inside `Annotated` because type checkers take the string of a bare subscript for the name of a type.) What the
action means is decided by `projects/access.py`, which the application installs as `app.state.access`; the domains below
projects (users, audit) import from here, all others from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Request, params
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from maskloop.api.session import SessionDep
from maskloop.core.db import session_scope

SESSION_COOKIE = "maskloop_session"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Caller:
    """Who sent this request, and their role in the project that the path names."""

    user_id: UUID
    login: str
    name: str
    service_role: str  # admin, member
    project_id: UUID | None = None
    project_role: str | None = None  # manager, annotator, reviewer, viewer; None: an administrator who is not a member
    readers: str | None = None  # of the project: shared, blinded
    token_id: UUID | None = None
    address: str | None = None

    @property
    def is_admin(self) -> bool:
        """Say whether the service role is admin."""
        return self.service_role == "admin"

    @property
    def sees_all_readers(self) -> bool:
        """Say whether the caller may see other readers' segmentations: not an annotator in a blinded project."""
        return self.readers != "blinded" or self.is_admin or self.project_role in {"manager", "reviewer"}


AccessCheck = Callable[[Session, Request, str], Caller]


class Guard:
    """The dependency behind `Allowed[action]`; the rights test finds the action of each route through it."""

    def __init__(self, action: str) -> None:
        self.action = action

    def __call__(self, request: Request, session: SessionDep) -> Caller:
        """Return the caller. Raises Unauthenticated, NotFound or Forbidden."""
        check: AccessCheck = request.app.state.access
        return check(session, request, self.action)


class StreamGuard(Guard):
    """The same for handlers that wait: the check has a short transaction of its own, and none stays open behind it."""

    def __call__(self, request: Request) -> Caller:  # type: ignore[override]
        """Return the caller. Raises Unauthenticated, NotFound or Forbidden."""
        check: AccessCheck = request.app.state.access
        with session_scope() as session:
            return check(session, request, self.action)


@dataclass(frozen=True)
class Step:
    """A request whose check has not run: it runs with the work, in one transaction and on one thread.

    The caller is known to nobody but the work, so no handler can forget to ask.
    """

    request: Request
    action: str

    async def run(self, work: Callable[[Session, Caller], Result]) -> Result:
        """Return what `work` returns. Raises Unauthenticated, NotFound or Forbidden, before `work` is called."""
        return await run_in_threadpool(self._run, work)

    def _run(self, work: Callable[[Session, Caller], Result]) -> Result:
        check: AccessCheck = self.request.app.state.access
        with session_scope() as session:
            return work(session, check(session, self.request, self.action))


class StepGuard(Guard):
    """The same for handlers that are asked so often that each change of thread counts: four become one.

    A fault of the parameters is answered before the check; such a route takes none that must be there.
    """

    async def __call__(self, request: Request) -> Step:  # type: ignore[override]
        """Return the step, which checks when it runs."""
        return Step(request, self.action)


class _Allowed:
    def __init__(self, guard: type[Guard]) -> None:
        self.guard = guard

    def __getitem__(self, action: str) -> params.Depends:
        return params.Depends(self.guard(action))


Allowed = _Allowed(Guard)
AllowedStream = _Allowed(StreamGuard)  # where the handler reads the body as a stream, or waits
AllowedStep = _Allowed(StepGuard)  # where the handler is asked all the time
SignedIn = Annotated[Caller, Allowed["signed-in"]]

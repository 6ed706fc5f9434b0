"""Who may do what: the one policy table, and the one table that leads from an id in a path to its project.

Deny by default. A route says `caller: Annotated[Caller, Allowed["segmentation.draw"]]`; the action must stand in POLICY
and each parameter of the path in OWNER_OF or FREE, else the application does not start. Foreign and absent objects are
the same 404.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import UUID

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from maskloop.api.caller import SESSION_COOKIE, Allowed, AllowedStep, AllowedStream, Caller, Guard, SignedIn, Step
from maskloop.audit import service as audit
from maskloop.core.errors import Forbidden, NotFound
from maskloop.projects.tables import Membership, Project
from maskloop.users import authentication
from maskloop.users.authentication import Credentials
from maskloop.users.scopes import SCOPES

__all__ = [
    "Allowed",
    "AllowedStep",
    "AllowedStream",
    "Caller",
    "SignedIn",
    "Step",
    "check",
    "require_complete",
    "visible_projects",
]

Row = Mapping[str, Any]
PROJECT_ROLES = ("manager", "annotator", "reviewer", "viewer")
ALL = frozenset(PROJECT_ROLES)
WORKERS = ALL - {"viewer"}
MANAGERS = frozenset({"manager"})


@dataclass(frozen=True)
class Rule:
    """Who may do one action. An administrator of the service may do every action; the table says who else.

    `roles`: roles in the object's project. `blinded`: those roles in a project whose readers are blinded, where they
    differ. `creators`: roles that may do it to what they made themselves. `members`: it concerns no project, and every
    signed-in user may do it. `scope`: what a token needs; None: no scope.
    """

    scope: str | None
    roles: frozenset[str] = frozenset()
    blinded: frozenset[str] | None = None
    creators: frozenset[str] = frozenset()
    members: bool = False

    @property
    def concerns_project(self) -> bool:
        """Say whether the action is about something in a project."""
        return bool(self.roles)


NO_ANNOTATOR = WORKERS - {"annotator"}

POLICY: Mapping[str, Rule] = {
    # the service
    "signed-in": Rule(None, members=True),
    "session.own": Rule(None, members=True),
    "token.own": Rule("token.write", members=True),
    "code.read": Rule("project.read", members=True),
    "user.read": Rule("user.read"),
    "user.manage": Rule("user.write"),
    "audit.read": Rule("audit.read"),
    "model.read": Rule("model.read", members=True),
    "model.write": Rule("model.write"),
    "project.list": Rule("project.read", members=True),
    "project.create": Rule("project.write"),
    "job.list": Rule("job.read", members=True),
    # a project and what it holds
    "project.read": Rule("project.read", ALL),
    "project.manage": Rule("project.write", MANAGERS),
    "import.read": Rule("import.read", WORKERS),
    "import.write": Rule("import.write", frozenset({"manager", "annotator"})),
    "image.read": Rule("image.read", ALL),
    "segmentation.read": Rule("segmentation.read", ALL),
    "segmentation.draw": Rule("segmentation.write", WORKERS),
    "segmentation.submit": Rule("segmentation.write", WORKERS),
    "segmentation.reopen": Rule("segmentation.write", WORKERS),
    "proposal.read": Rule("segmentation.read", ALL),
    "proposal.write": Rule("segmentation.write", WORKERS),
    "segmenter.read": Rule("model.read", ALL),
    "export.read": Rule("export.read", WORKERS, blinded=NO_ANNOTATOR),
    "export.write": Rule("export.write", WORKERS, blinded=NO_ANNOTATOR),
    "job.read": Rule("job.read", ALL),
    "job.cancel": Rule("job.write", MANAGERS, creators=WORKERS),
    "job.retry": Rule("job.write", MANAGERS, creators=WORKERS),
    "work.read": Rule("work.read", ALL),
    "work.do": Rule("work.write", WORKERS),
}

# Actions on a segmentation that only its own reader may do, where it has one.
READERS_OWN = frozenset({"segmentation.draw", "segmentation.submit", "segmentation.reopen", "proposal.write"})

# The routes below /api/v1 that nobody has to be signed in for.
PUBLIC = frozenset({("POST", "/session"), ("DELETE", "/session"), ("GET", "/about")})

# What is written into the audit record when it is allowed, in the transaction of the request. Changes of people,
# projects and labels, signing in, submitting, imports and exports are recorded by their services, saves by revisions.
AUDITED: Mapping[tuple[str, str], str] = {
    ("GET", "/images/{image_id}"): "image.view",
    ("POST", "/projects/{project_id}/uploads"): "upload.create",
    ("POST", "/uploads/{upload_id}/discard"): "upload.discard",
    ("GET", "/uploads/{upload_id}/report.csv"): "upload.report",
    ("GET", "/exports/{export_id}/files/{name}"): "export.download",
    ("GET", "/exports/{export_id}/archive"): "export.download",
    ("POST", "/models"): "model.add",
    ("POST", "/segmentations/{segmentation_id}/proposals"): "proposal.create",
    ("POST", "/proposals/{proposal_id}/accept"): "proposal.accept",
    ("POST", "/proposals/{proposal_id}/drop"): "proposal.drop",
}

# Each query takes %(id)s and gives at most one row. Columns: project_id (NULL: in no project); created_by, reader_id
# where the object has one; owner_id where it belongs to a user. A column named like another parameter of the path must
# equal it: that is how nested ids are checked to belong together.
OWNER_OF: Mapping[str, LiteralString] = {
    "project_id": "SELECT id AS project_id FROM project WHERE id = %(id)s",
    "label_id": "SELECT project_id FROM label WHERE id = %(id)s",
    "upload_id": "SELECT project_id, created_by FROM upload WHERE id = %(id)s",
    "file_id": """SELECT u.project_id, u.created_by, u.id AS upload_id
        FROM upload_file f JOIN upload u ON u.id = f.upload_id WHERE f.id = %(id)s""",
    "item_id": """SELECT u.project_id, u.created_by, u.id AS upload_id
        FROM upload_item t JOIN upload u ON u.id = t.upload_id WHERE t.id = %(id)s""",
    "image_id": "SELECT project_id FROM image WHERE id = %(id)s",
    "segmentation_id": """SELECT i.project_id, i.id AS image_id, s.reader_id
        FROM segmentation s JOIN image i ON i.id = s.image_id WHERE s.id = %(id)s""",
    "proposal_id": """SELECT i.project_id, i.id AS image_id, s.id AS segmentation_id, s.reader_id, p.created_by
        FROM proposal p JOIN segmentation s ON s.id = p.segmentation_id JOIN image i ON i.id = s.image_id
        WHERE p.id = %(id)s""",
    "job_id": "SELECT project_id, created_by FROM job WHERE id = %(id)s",
    "work_item_id": "SELECT project_id, image_id FROM work_item WHERE id = %(id)s",
    "export_id": "SELECT project_id, created_by FROM export WHERE id = %(id)s",
    "token_id": "SELECT NULL::uuid AS project_id, user_id AS owner_id FROM api_token WHERE id = %(id)s",
}

# Parameters that name nothing with an owner of its own: the service looks them up below the object that was checked.
FREE = frozenset({"user_id", "level", "group", "name", "seq"})


def check(session: Session, request: Request, action: str) -> Caller:
    """Return the caller, if POLICY allows them `action` on every object that the path names.

    Raises Unauthenticated (no or ended credentials), Forbidden (scope or role) and NotFound (foreign or absent).
    """
    rule = POLICY[action]
    path = request.path_params
    credentials, found = _look_up(session, request, [name for name in path if name in OWNER_OF])
    user = credentials.user
    caller = Caller(
        user_id=user.id,
        login=user.login,
        name=user.name,
        service_role=user.role,
        token_id=credentials.token_id,
        address=request.client.host if request.client else None,
    )
    if credentials.scopes is not None and rule.scope is not None and rule.scope not in credentials.scopes:
        detail = f"The token does not have the scope {rule.scope}."
        raise Forbidden(detail, code="insufficient-scope", scope=rule.scope)
    if rule.concerns_project and not found:
        raise RuntimeError(f"{action} concerns a project, but the path of {request.url.path} names none")
    owners = [_require_there(owner, path) for owner in found]
    for owner in owners:
        caller = _enter(caller, owner)
    _require(rule, action, caller, owners)
    route = getattr(request.scope.get("route"), "path", "")
    if word := AUDITED.get((request.method, route)):
        _record(session, caller, word, request.path_params)
    return caller


def action_of(route: APIRoute) -> str | None:
    """Return the action that a route asks for, None for a public one. Raises RuntimeError for a hole in the policy."""
    methods = sorted(route.methods or ())
    name = f"{methods} {route.path}"
    guards = [call for call in _dependencies(route.dependant) if isinstance(call, Guard)]
    public = [(method, route.path) in PUBLIC for method in methods]
    if all(public) and not guards:
        return None
    if len(guards) != 1 or any(public):
        raise RuntimeError(f"{name} must ask for exactly one action, `Allowed[...]`; it has {len(guards)}")
    action = guards[0].action
    if action not in POLICY:
        raise RuntimeError(f"{name} asks for {action!r}, which is not in POLICY")
    if POLICY[action].scope not in {None, *SCOPES}:
        raise RuntimeError(f"{action}: no token can have the scope {POLICY[action].scope!r}")
    parameters = set(route.param_convertors)
    if unknown := parameters - OWNER_OF.keys() - FREE:
        raise RuntimeError(f"{name}: {sorted(unknown)} are neither in OWNER_OF nor in FREE")
    if POLICY[action].concerns_project and not parameters & OWNER_OF.keys():
        raise RuntimeError(f"{name}: {action} concerns a project, but the path names none")
    return action


def require_complete(routes: Iterable[APIRoute]) -> None:
    """Raise RuntimeError when a route is neither public nor in the policy."""
    for route in routes:
        action_of(route)


def _dependencies(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for child in dependant.dependencies:
        yield from _dependencies(child)


def visible_projects(caller: Caller) -> Select[UUID]:
    """Return the ids of the projects that the caller may see, as a query for lists across projects."""
    statement = select(Project.id).where(Project.archived_at.is_(None))
    if caller.is_admin:
        return statement
    return statement.join(Membership, Membership.project_id == Project.id).where(Membership.user_id == caller.user_id)


def _record(session: Session, caller: Caller, word: str, path: Mapping[str, object]) -> None:
    named = [name for name in path if name in OWNER_OF]
    audit.record(
        session,
        actor_id=caller.user_id,
        action=word,
        project_id=caller.project_id,
        object_kind=named[-1].removesuffix("_id") if named else None,
        object_id=str(path[named[-1]]) if named else None,
        address=caller.address,
        detail={} if caller.token_id is None else {"token": str(caller.token_id)},
    )


def _absent() -> NotFound:
    return NotFound("There is nothing here that you may see.")


# One row: the credentials, and beside them the object of OWNER_OF with `_readers` and `_archived` of its project and
# the caller's `_role` in it. `_archived` is NULL where there is no such object.
WITH_OWNER: LiteralString = """SELECT * FROM ({credentials}) c LEFT JOIN LATERAL (
    SELECT o.*, p.readers AS _readers, p.archived_at IS NOT NULL AS _archived, m.role AS _role
    FROM ({owner}) o LEFT JOIN project p ON p.id = o.project_id
    LEFT JOIN membership m ON m.project_id = o.project_id AND m.user_id = c.user_id) o ON true"""


def _look_up(session: Session, request: Request, names: Sequence[str]) -> tuple[Credentials, list[Row]]:
    """Return who calls, and a row for each object that the path names; one statement where it names one or none.

    Nothing of it is kept: what was revoked or changed is seen by the next request. Raises Unauthenticated.
    """
    secret = authentication.shown_secret(
        authorization=request.headers.get("Authorization"), cookie=request.cookies.get(SESSION_COOKIE)
    )
    if not names:
        return authentication.accept(session, secret, secret.ask(session, secret.query)), []
    queries = [WITH_OWNER.format(credentials=secret.query, owner=OWNER_OF[name]) for name in names]
    ids = [_id(request.path_params[name]) for name in names]
    rows = [secret.ask(session, query, id=wanted) for query, wanted in zip(queries, ids, strict=True)]
    return authentication.accept(session, secret, rows[0]), [row for row in rows if row is not None]


def _id(named: object) -> UUID | None:
    """Return an id of the path; None, which no object has, for what is not one."""
    try:
        return UUID(str(named))
    except ValueError:
        return None


def _require_there(owner: Row, path: Mapping[str, object]) -> Row:
    """Return an object's row. Raises NotFound where it is absent, archived, or not below the others of the path."""
    if owner["_archived"] is not False:
        raise _absent()
    for column, value in owner.items():
        if column in OWNER_OF and column in path and str(value) != str(path[column]).lower():
            raise _absent()
    return owner


def _enter(caller: Caller, owner: Row) -> Caller:
    """Return the caller with their role in the project of `owner`; NotFound where they have none."""
    if owner["project_id"] is None:
        mine = caller.user_id in {owner.get("owner_id"), owner.get("created_by")}
        if not mine and not caller.is_admin:
            raise _absent()
        return caller
    if owner["_role"] is None and not caller.is_admin:
        raise _absent()
    if caller.project_id not in {None, owner["project_id"]}:
        raise _absent()
    caller = replace(
        caller, project_id=owner["project_id"], project_role=owner["_role"], readers=str(owner["_readers"])
    )
    reader = owner.get("reader_id")
    if reader is not None and reader != caller.user_id and not caller.sees_all_readers:
        raise _absent()
    return caller


def _require(rule: Rule, action: str, caller: Caller, found: Sequence[Row]) -> None:
    readers = [owner.get("reader_id") for owner in found]
    if action in READERS_OWN and any(reader not in {None, caller.user_id} for reader in readers):
        raise Forbidden("This is the reading of someone else.", code="not-your-reading")
    if caller.is_admin or rule.members:
        return
    if rule.concerns_project and caller.project_id is None:
        return  # an object of theirs that is in no project: `_enter` let them in
    roles = rule.blinded if rule.blinded is not None and caller.readers == "blinded" else rule.roles
    if caller.project_role in roles:
        return
    created_by_caller = any(owner.get("created_by") == caller.user_id for owner in found)
    if created_by_caller and caller.project_role in rule.creators:
        return
    raise Forbidden(f"Your role does not allow this ({action}).", action=action)

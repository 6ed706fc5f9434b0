"""Projects, members, labels and the code search."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from maskloop.api.conditional import IfMatch, etag, require_match
from maskloop.api.pagination import Cursor, Limit, Page, cut, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.projects import codes, labels, service
from maskloop.projects.access import Allowed, Caller, visible_projects
from maskloop.projects.schemas import (
    Codes,
    Counts,
    LabelChange,
    LabelOut,
    MemberOut,
    MemberRole,
    NewLabel,
    NewMember,
    NewProject,
    ProjectChange,
    ProjectOut,
)
from maskloop.projects.tables import Label
from maskloop.users.schemas import UserRef

router = APIRouter(tags=["projects"])


@router.get("/projects", responses=problem_responses(401, 403))
def list_projects(
    caller: Annotated[Caller, Allowed["project.list"]], session: SessionDep, cursor: Cursor = None, limit: Limit = 100
) -> Page[ProjectOut]:
    """List the projects that the caller is a member of; an administrator sees all."""
    found = service.list_visible(session, visible_projects(caller), after=id_after(cursor), limit=limit + 1)
    summaries = service.summarise(session, found, user_id=caller.user_id)
    return cut([_project_out(summary) for summary in summaries], limit, key=lambda project: project.id)


@router.post("/projects", status_code=201, responses=problem_responses(401, 403, 409, 422))
def create_project(
    body: NewProject, caller: Annotated[Caller, Allowed["project.create"]], session: SessionDep, response: Response
) -> ProjectOut:
    """Make a project; the caller becomes its manager."""
    project = service.create(session, name=body.name, readers=body.readers, manager_id=caller.user_id)
    response.headers["ETag"] = etag(project.revision)
    return _project_out(service.summarise(session, [project], user_id=caller.user_id)[0])


@router.get("/projects/{project_id}", responses=problem_responses(401, 403, 404))
def get_project(
    project_id: UUID, caller: Annotated[Caller, Allowed["project.read"]], session: SessionDep, response: Response
) -> ProjectOut:
    """Return a project."""
    project = service.get(session, project_id)
    response.headers["ETag"] = etag(project.revision)
    return _project_out(service.summarise(session, [project], user_id=caller.user_id)[0])


@router.patch("/projects/{project_id}", responses=problem_responses(401, 403, 404, 409, 412, 422, 428))
def change_project(
    project_id: UUID,
    body: ProjectChange,
    caller: Annotated[Caller, Allowed["project.manage"]],
    session: SessionDep,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> ProjectOut:
    """Rename a project or change how its readers work."""
    project = service.get(session, project_id, lock=True)
    require_match(if_match, project.revision)
    project = service.change(session, project, name=body.name, readers=body.readers, by=caller.user_id)
    response.headers["ETag"] = etag(project.revision)
    return _project_out(service.summarise(session, [project], user_id=caller.user_id)[0])


@router.get("/projects/{project_id}/members", responses=problem_responses(401, 403, 404))
def list_members(
    project_id: UUID,
    _caller: Annotated[Caller, Allowed["project.read"]],
    session: SessionDep,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[MemberOut]:
    """List who works in a project."""
    found = service.list_members(session, project_id, after=id_after(cursor), limit=limit + 1)
    items = [MemberOut.model_validate({"user": UserRef.model_validate(user), "role": role}) for user, role in found]
    return cut(items, limit, key=lambda member: member.user.id)


@router.post("/projects/{project_id}/members", status_code=201, responses=problem_responses(401, 403, 404, 409, 422))
def add_member(
    project_id: UUID, body: NewMember, caller: Annotated[Caller, Allowed["project.manage"]], session: SessionDep
) -> MemberOut:
    """Take in a user by login."""
    user = service.add_member(session, project_id, body.login, body.role, by=caller.user_id)
    return MemberOut(user=UserRef.model_validate(user), role=body.role)


@router.put("/projects/{project_id}/members/{user_id}", responses=problem_responses(401, 403, 404, 409, 422))
def put_member(
    project_id: UUID,
    user_id: UUID,
    body: MemberRole,
    caller: Annotated[Caller, Allowed["project.manage"]],
    session: SessionDep,
) -> MemberOut:
    """Give a user a role in a project."""
    user = service.set_member(session, project_id, user_id, body.role, by=caller.user_id)
    return MemberOut(user=UserRef.model_validate(user), role=body.role)


@router.delete(
    "/projects/{project_id}/members/{user_id}", status_code=204, responses=problem_responses(401, 403, 404, 409)
)
def remove_member(
    project_id: UUID, user_id: UUID, caller: Annotated[Caller, Allowed["project.manage"]], session: SessionDep
) -> None:
    """Take a user out of a project. What they drew stays."""
    service.remove_member(session, project_id, user_id, by=caller.user_id)


@router.get("/projects/{project_id}/labels", tags=["labels"], responses=problem_responses(401, 403, 404))
def list_labels(
    project_id: UUID, _caller: Annotated[Caller, Allowed["project.read"]], session: SessionDep
) -> Page[LabelOut]:
    """List a project's labels in their order, archived ones too. There are at most 500: one page."""
    return Page(items=[_label_out(label) for label in labels.list_labels(session, project_id)])


@router.post(
    "/projects/{project_id}/labels",
    tags=["labels"],
    status_code=201,
    responses=problem_responses(401, 403, 404, 409, 422),
)
def create_label(
    project_id: UUID,
    body: NewLabel,
    caller: Annotated[Caller, Allowed["project.manage"]],
    session: SessionDep,
    response: Response,
) -> LabelOut:
    """Add a label."""
    label = labels.create(session, project_id, body, by=caller.user_id)
    response.headers["ETag"] = etag(label.revision)
    return _label_out(label)


@router.get("/projects/{project_id}/labels/{label_id}", tags=["labels"], responses=problem_responses(401, 403, 404))
def get_label(
    project_id: UUID,
    label_id: UUID,
    _caller: Annotated[Caller, Allowed["project.read"]],
    session: SessionDep,
    response: Response,
) -> LabelOut:
    """Return a label, with the ETag that a change must name."""
    label = labels.get(session, project_id, label_id)
    response.headers["ETag"] = etag(label.revision)
    return _label_out(label)


@router.patch(
    "/projects/{project_id}/labels/{label_id}",
    tags=["labels"],
    responses=problem_responses(401, 403, 404, 409, 412, 422, 428),
)
def change_label(
    project_id: UUID,
    label_id: UUID,
    body: LabelChange,
    caller: Annotated[Caller, Allowed["project.manage"]],
    session: SessionDep,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> LabelOut:
    """Change a label's name, colour, key or code, or archive it."""
    service.get(session, project_id, lock=True)
    label = labels.get(session, project_id, label_id)
    require_match(if_match, label.revision)
    label = labels.change(session, label, body, by=caller.user_id)
    response.headers["ETag"] = etag(label.revision)
    return _label_out(label)


@router.get("/codes", tags=["labels"], responses=problem_responses(401, 403))
def find_codes(
    _caller: Annotated[Caller, Allowed["code.read"]],
    q: Annotated[str, Query(max_length=100, description="part of a name, or a code")] = "",
) -> Codes:
    """Find SNOMED CT codes for a label in the list that ships with the service."""
    return Codes(items=codes.search(q))


def _project_out(summary: service.ProjectSummary) -> ProjectOut:
    project = summary.project
    return ProjectOut.model_validate(
        {
            "id": project.id,
            "name": project.name,
            "readers": project.readers,
            "role": summary.role,
            "counts": Counts(**summary.counts),
            "created_at": project.created_at,
        }
    )


def _label_out(label: Label) -> LabelOut:
    return LabelOut.model_validate(
        {
            "id": label.id,
            "name": label.name,
            "color": label.color,
            "key": label.key,
            "kind": label.kind,
            "code": label.code,
            "archived": label.archived_at is not None,
        }
    )

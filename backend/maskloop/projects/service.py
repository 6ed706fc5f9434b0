"""Projects and who works in them. The caller commits."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, column, exists, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.projects.tables import Label, LabelSchema, Membership, Project
from maskloop.users.tables import User

ROLES = ("manager", "annotator", "reviewer", "viewer")

# Counted here by name and not imported: images, segmentations and work items stand above projects.
_IMAGES = table("image", column("id"), column("project_id"))
_WORK_ITEMS = table("work_item", column("project_id"))
_SEGMENTATIONS = table("segmentation", column("image_id"))


@dataclass(frozen=True)
class ProjectSummary:
    """A project, the caller's role in it, and how much it holds."""

    project: Project
    role: str | None
    counts: dict[str, int]


def create(session: Session, *, name: str, readers: str = "shared", manager_id: UUID | None) -> Project:
    """Return a new project with its first manager. Raises Conflict `name-taken`."""
    project = Project(name=name, readers=readers, key=secrets.token_bytes(32))
    _insert_or_conflict(session, project, "There is a project of this name already.")
    session.add(LabelSchema(project_id=project.id, version=1, content=[], created_by=manager_id))
    if manager_id is not None:
        session.add(Membership(project_id=project.id, user_id=manager_id, role="manager"))
    session.flush()
    session.refresh(project)
    _record(session, manager_id, "project.create", project.id)
    return project


def change(session: Session, project: Project, *, name: str | None, readers: str | None, by: UUID) -> Project:
    """Rename a project, or change how its readers work while nothing has been drawn. Raises Conflict."""
    if readers is not None and readers != project.readers:
        drawn = select(_SEGMENTATIONS.c.image_id).join(_IMAGES, _IMAGES.c.id == _SEGMENTATIONS.c.image_id)
        if session.scalar(select(exists(drawn.where(_IMAGES.c.project_id == project.id)))):
            raise Conflict("Segmentations exist; how readers work is settled.", code="project-has-work")
        project.readers = readers
    if name is not None:
        project.name = name
    project.revision += 1
    _insert_or_conflict(session, project, "There is a project of this name already.")
    _record(session, by, "project.change", project.id)
    return project


def get(session: Session, project_id: UUID, *, lock: bool = False) -> Project:
    """Return a project. Raises NotFound."""
    project = session.get(Project, project_id, with_for_update=lock or None)
    if project is None:
        raise NotFound("There is no such project.")
    return project


def find_by_name(session: Session, name: str) -> Project | None:
    """Return the project of this name."""
    return session.scalars(select(Project).where(Project.name == name)).one_or_none()


def summarise(session: Session, projects: Sequence[Project], *, user_id: UUID) -> list[ProjectSummary]:
    """Return the projects with the user's roles and their counts, in four queries however many there are."""
    ids = [project.id for project in projects]
    mine = select(Membership.project_id, Membership.role).where(Membership.user_id == user_id)
    roles = {row.project_id: row.role for row in session.execute(mine.where(Membership.project_id.in_(ids)))}
    counted = {
        "images": _counts(session, select(_IMAGES.c.project_id, func.count()), ids),
        "work_items": _counts(session, select(_WORK_ITEMS.c.project_id, func.count()), ids),
        "labels": _counts(session, select(Label.project_id, func.count()).where(Label.archived_at.is_(None)), ids),
        "members": _counts(session, select(Membership.project_id, func.count()), ids),
    }
    return [
        ProjectSummary(
            project, roles.get(project.id), {name: found.get(project.id, 0) for name, found in counted.items()}
        )
        for project in projects
    ]


def list_visible(session: Session, visible: Select[UUID], *, after: UUID | None, limit: int) -> Sequence[Project]:
    """Return projects of `visible` in order of their ids."""
    statement = select(Project).where(Project.id.in_(visible)).order_by(Project.id).limit(limit)
    return session.scalars(statement.where(Project.id > after) if after else statement).all()


def list_members(session: Session, project_id: UUID, *, after: UUID | None, limit: int) -> list[tuple[User, str]]:
    """Return the members of a project with their roles, in order of their ids."""
    statement = select(User, Membership.role).join(Membership, Membership.user_id == User.id)
    statement = statement.where(Membership.project_id == project_id).order_by(User.id).limit(limit)
    rows = session.execute(statement.where(User.id > after) if after else statement)
    return [(user, role) for user, role in rows]


def set_member(session: Session, project_id: UUID, user_id: UUID, role: str, *, by: UUID | None) -> User:
    """Give a user a role in a project. Raises NotFound for the user, Conflict `last-manager`."""
    if role not in ROLES:
        raise Invalid(f"A role is one of {', '.join(ROLES)}.", code="bad-role")
    get(session, project_id, lock=True)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    if role != "manager":
        _keep_a_manager(session, project_id, user_id)
    statement = insert(Membership).values(project_id=project_id, user_id=user_id, role=role)
    session.execute(statement.on_conflict_do_update(index_elements=["project_id", "user_id"], set_={"role": role}))
    _record(session, by, "member.set", project_id, user_id=user_id, role=role)
    return user


def add_member(session: Session, project_id: UUID, login: str, role: str, *, by: UUID) -> User:
    """Give the user of a login a role in a project. Raises Invalid `unknown-login`, Conflict `already-member`."""
    user = session.scalars(select(User).where(func.lower(User.login) == login.strip().lower())).one_or_none()
    if user is None:
        raise Invalid("Nobody signs in with this login.", code="unknown-login")
    if session.get(Membership, (project_id, user.id)) is not None:
        raise Conflict(f"{user.name} is a member already.", code="already-member")
    return set_member(session, project_id, user.id, role, by=by)


def remove_member(session: Session, project_id: UUID, user_id: UUID, *, by: UUID) -> None:
    """Take a user out of a project; their work stays. Raises NotFound, Conflict `last-manager`."""
    get(session, project_id, lock=True)
    membership = session.get(Membership, (project_id, user_id))
    if membership is None:
        raise NotFound("This user is not a member.")
    _keep_a_manager(session, project_id, user_id)
    session.delete(membership)
    session.flush()
    _record(session, by, "member.remove", project_id, user_id=user_id)


def _keep_a_manager(session: Session, project_id: UUID, without: UUID) -> None:
    managers = select(Membership.user_id).where(Membership.project_id == project_id, Membership.role == "manager")
    found = set(session.scalars(managers))
    if found == {without}:
        raise Conflict("A project keeps at least one manager. Name another one first.", code="last-manager")


def _counts(session: Session, statement: Select[UUID, int], ids: list[UUID]) -> dict[UUID, int]:
    project_id = statement.selected_columns[0]
    rows = session.execute(statement.where(project_id.in_(ids)).group_by(project_id))
    return {row[0]: row[1] for row in rows}


def _insert_or_conflict(session: Session, project: Project, sentence: str) -> None:
    """Flush, and say so where the name is taken; the transaction goes on."""
    try:
        with session.begin_nested():
            session.add(project)
    except IntegrityError as error:
        raise Conflict(sentence, code="name-taken") from error


def _record(session: Session, by: UUID | None, action: str, project_id: UUID, **detail: object) -> None:
    words = {name: str(value) for name, value in detail.items()}
    audit.record(
        session,
        actor_id=by,
        action=action,
        project_id=project_id,
        object_kind="project",
        object_id=project_id,
        detail=dict(words),
    )

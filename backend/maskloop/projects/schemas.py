"""Requests and answers about projects, their members and their labels. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from maskloop.projects.codes import Code, FoundCode
from maskloop.users.schemas import Login, UserRef

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LabelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
Readers = Literal["shared", "blinded"]
Role = Literal["manager", "annotator", "reviewer", "viewer"]
Kind = Literal["semantic", "instance", "answer"]


class Body(BaseModel):
    """A request body: listed fields only."""

    model_config = ConfigDict(extra="forbid")


class NewProject(Body):
    """A project to make."""

    name: Name
    readers: Readers = "shared"


class ProjectChange(Body):
    """What may change of a project; what is left out stays. `readers` only while nothing has been drawn."""

    name: Name | None = None
    readers: Readers | None = None


class Counts(BaseModel):
    """How much a project holds."""

    images: int
    work_items: int
    labels: int
    members: int


class ProjectOut(BaseModel):
    """A project. `role` is the caller's; null for an administrator who is not a member."""

    id: UUID
    name: str
    readers: Readers
    role: Role | None
    counts: Counts
    created_at: datetime


class NewMember(Body):
    """Who is to work in a project, by the login that they sign in with: a manager need not see all users."""

    login: Login
    role: Role


class MemberRole(Body):
    """The role that a user shall have."""

    role: Role


class MemberOut(BaseModel):
    """A user's role in a project."""

    user: UserRef
    role: Role


class NewLabel(Body):
    """A label to make. Without a colour it gets the next of the palette, without `key` the next free digit."""

    name: LabelName
    color: Color | None = None
    key: Key | None = None
    kind: Kind = "semantic"
    code: Code | None = None


class LabelChange(Body):
    """What may change of a label; what is left out stays."""

    name: LabelName | None = None
    color: Color | None = None
    key: Key | None = None
    code: Code | None = None
    archived: bool | None = None


class LabelOut(BaseModel):
    """A kind of thing that a project marks."""

    id: UUID
    name: str
    color: str
    key: str | None
    kind: Kind
    code: Code | None
    archived: bool


class Codes(BaseModel):
    """Codes that were found, best first."""

    items: list[FoundCode] = Field(max_length=100)

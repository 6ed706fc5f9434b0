"""Requests and answers about people and programs. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Login = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Role = Literal["admin", "member"]


class Body(BaseModel):
    """A request body: listed fields only."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Body):
    """A log-in and its password."""

    login: Annotated[str, StringConstraints(max_length=254)]
    password: SecretStr = Field(max_length=1000)


class NewUser(Body):
    """A user to make."""

    login: Login
    name: Name
    role: Role
    password: SecretStr = Field(max_length=1000)


class UserChange(Body):
    """What an administrator may change of a user. A new password or switching off ends their sessions."""

    name: Name | None = None
    role: Role | None = None
    password: SecretStr | None = Field(None, max_length=1000)
    disabled: bool | None = None


class NewToken(Body):
    """A token to make. Without `expires_at` it lives until it is revoked."""

    name: Name
    scopes: list[str] = Field(min_length=1, max_length=50)
    expires_at: datetime | None = None


class UserRef(BaseModel):
    """A user, as others see them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    login: str
    name: str


class UserOut(UserRef):
    """A user."""

    role: Role


class UserDetail(UserOut):
    """A user, as an administrator sees them."""

    disabled_at: datetime | None
    created_at: datetime


class SessionOut(BaseModel):
    """Who is signed in, and until when. `expires_at` is null for a token without an end."""

    user: UserOut
    expires_at: datetime | None
    idle_timeout_s: int


class TokenOut(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True, validate_by_name=True, validate_by_alias=True)

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(validation_alias="used_at")


class TokenMade(TokenOut):
    """A new token; `token` is shown this once."""

    token: str

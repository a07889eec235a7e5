"""Shapes of users, invitations and of who may do what."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from serving.kit.text import Text

Status = Literal["invited", "active", "disabled"]


class User(BaseModel):
    """One user of the tenant."""

    id: UUID
    email: str
    full_name: str
    role: str
    status: Status
    has_second_factor: bool
    last_sign_in_at: datetime | None
    created_at: datetime


class UserPage(BaseModel):
    """Users by e-mail."""

    items: list[User]
    next_cursor: str | None


class UserQuery(BaseModel):
    """Which users to list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=1000)


class UserUpdate(BaseModel):
    """What to change of a user; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    full_name: Text | None = Field(default=None, max_length=200)
    role: Text | None = Field(default=None, description="A built-in role, or one of the tenant's own.")
    status: Literal["active", "disabled"] | None = None


class InvitationCreate(BaseModel):
    """Whom to invite, as what."""

    model_config = ConfigDict(extra="forbid")

    email: Text = Field(min_length=3, max_length=320)
    role: Text
    full_name: Text = Field(default="", max_length=200)


class Invitation(BaseModel):
    """An invitation that was not accepted yet."""

    id: UUID
    user_id: UUID
    email: str
    full_name: str
    role: str
    created_at: datetime
    expires_at: datetime
    made_by: UUID | None


class InvitationList(BaseModel):
    """Open invitations, newest first."""

    items: list[Invitation]


class InvitationAccept(BaseModel):
    """The mail's token and the password to begin with."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(max_length=200)
    password: SecretStr = Field(min_length=1, max_length=1024)
    full_name: Text | None = Field(default=None, max_length=200)


class PasswordResetRequest(BaseModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(extra="forbid")

    email: Text = Field(min_length=3, max_length=320)


class PasswordReset(BaseModel):
    """The mail's token and the new password."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(max_length=200)
    password: SecretStr = Field(min_length=1, max_length=1024)


class Accepted(BaseModel):
    """Where one signs in now."""

    email: str
    tenant_name: str


class Access(BaseModel):
    """Who holds which scopes today."""

    kind: Literal["user", "token", "client"]
    id: UUID
    name: str = Field(description="A user's e-mail, a token's name.")
    role: str | None
    scopes: list[str]


class AccessList(BaseModel):
    """Everybody and everything that may act for the tenant."""

    items: list[Access]


class SignInPolicy(BaseModel):
    """What the tenant asks of everybody who signs in."""

    model_config = ConfigDict(extra="forbid")

    mfa_required: bool = Field(description="Without a second factor a session opens nothing but adding one.")

"""Shapes of signing in. Passwords are checked elsewhere."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from serving.kit.text import Text


class TokenForm(BaseModel):
    """The form of OAuth 2.0's password grant (RFC 6749, 4.3), with the tenant where there are several."""

    model_config = ConfigDict(extra="forbid")

    grant_type: Literal["password"]
    username: Text = Field(min_length=3, description="The user's e-mail address.")
    password: SecretStr = Field(min_length=1, max_length=1024)
    tenant: UUID | None = Field(default=None, description="Which of the user's tenants, after a 409 listed them.")
    scope: Text | None = Field(default=None, description="Space-separated scopes; fewer than the role's, never more.")


class TenantChoice(BaseModel):
    """A tenant by id and name."""

    id: UUID
    name: str


class AccessToken(BaseModel):
    """An access token and whom it speaks for."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme's name
    expires_in: int = Field(description="Seconds until it expires.")
    scope: str
    tenant: TenantChoice
    role: str

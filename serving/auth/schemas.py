"""Shapes of signing in. Passwords and tokens are checked elsewhere."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, model_validator

from serving.kit.text import Text

# what each grant needs, and what it may have besides
_FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "password": ({"username", "password"}, {"tenant", "scope"}),
    "mfa": ({"mfa_token"}, {"code", "credential"}),
    "passkey": ({"credential"}, {"scope"}),
    "identity_provider": ({"code"}, set()),
    "refresh_token": ({"refresh_token"}, set()),
    "client_credentials": (set(), {"client_id", "client_secret", "scope"}),
}


class TokenForm(BaseModel):
    """The form of OAuth 2.0's token endpoint (RFC 6749): the fields depend on the grant."""

    model_config = ConfigDict(extra="forbid")

    grant_type: Literal["password", "mfa", "passkey", "identity_provider", "refresh_token", "client_credentials"]
    username: Text | None = Field(default=None, min_length=3, description="The user's e-mail address (password).")
    password: SecretStr | None = Field(default=None, min_length=1, max_length=1024)
    tenant: UUID | None = Field(default=None, description="Which of the user's tenants, after a 409 listed them.")
    scope: Text | None = Field(default=None, description="Space-separated scopes; fewer than the role's, never more.")
    mfa_token: SecretStr | None = Field(default=None, max_length=200, description="From the answer that asked for it.")
    code: SecretStr | None = Field(
        default=None,
        min_length=6,
        max_length=200,
        description="From the authenticator app, or a recovery code (mfa); from the callback (identity_provider).",
    )
    credential: Json[dict[str, Any]] | None = Field(
        default=None, description="What `navigator.credentials.get` gave, as JSON (passkey, mfa)."
    )
    refresh_token: SecretStr | None = Field(default=None, max_length=200)
    client_id: Text | None = Field(default=None, description="Unless it is sent by HTTP Basic (client_credentials).")
    client_secret: SecretStr | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _has_the_grants_fields(self) -> Self:
        needed, allowed = _FIELDS[self.grant_type]
        given = {name for name in self.model_fields_set - {"grant_type"} if getattr(self, name) is not None}
        if needed - given:
            raise ValueError(f"the grant {self.grant_type} needs {', '.join(sorted(needed - given))}")
        if given - needed - allowed:
            raise ValueError(f"the grant {self.grant_type} takes no {', '.join(sorted(given - needed - allowed))}")
        if self.grant_type == "mfa" and len(given & {"code", "credential"}) != 1:
            raise ValueError("the grant mfa needs either code or credential")
        return self


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
    role: str | None = Field(description="The user's role; null for a client.")
    refresh_token: str | None = Field(
        default=None, description="Gets the next access token, once; null for a client, who signs in again."
    )
    refresh_expires_in: int | None = Field(default=None, description="Seconds until the refresh token expires.")
    session_id: UUID | None = Field(default=None, description="The session that this sign-in began.")


class StepUp(BaseModel):
    """A fresh proof: the second factor where the user has one, else the password."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr | None = Field(default=None, min_length=1, max_length=1024)
    code: SecretStr | None = Field(default=None, min_length=6, max_length=200)
    credential: dict[str, Any] | None = Field(default=None, description="What `navigator.credentials.get` gave.")

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if sum(value is not None for value in (self.password, self.code, self.credential)) != 1:
            raise ValueError("send one of password, code and credential")
        return self

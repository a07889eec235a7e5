"""Shapes of a person's account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from serving.kit.text import Text


class Passkey(BaseModel):
    """One passkey, without its key."""

    id: UUID
    name: str
    is_backed_up: bool = Field(description="Whether its maker keeps a copy, so that losing the device loses nothing.")
    created_at: datetime
    last_used_at: datetime | None


class Account(BaseModel):
    """The person who asks."""

    id: UUID
    email: str
    full_name: str
    role: str
    scopes: list[str] = Field(
        description="What this session may do; nothing while the tenant asks for a second factor."
    )
    tenant_id: UUID
    tenant_name: str
    methods: list[str] = Field(description="How this session was proven (RFC 8176).")
    authenticated_at: datetime = Field(description="When this session was last proven.")
    has_totp: bool
    recovery_codes_left: int
    passkeys: list[Passkey]


class PasswordChange(BaseModel):
    """The password of today and that of tomorrow."""

    model_config = ConfigDict(extra="forbid")

    current_password: SecretStr = Field(min_length=1, max_length=1024)
    new_password: SecretStr = Field(min_length=1, max_length=1024)


class TotpSecret(BaseModel):
    """What an authenticator app needs; shown once."""

    secret: str = Field(description="To type into the app.")
    address: str = Field(description="`otpauth://…`, to show as a QR code.")


class TotpProof(BaseModel):
    """A code of the new app."""

    model_config = ConfigDict(extra="forbid")

    code: Text = Field(min_length=6, max_length=6, pattern=r"^[0-9]{6}$")


class RecoveryCodes(BaseModel):
    """Codes that stand in for a lost app, each good once; shown only now."""

    codes: list[str]


class PasskeyCreate(BaseModel):
    """A passkey that a browser has just made."""

    model_config = ConfigDict(extra="forbid")

    name: Text = Field(min_length=1, max_length=100, examples=["My phone"])
    credential: dict[str, Any] = Field(description="What `navigator.credentials.create` gave, as JSON.")

"""Shapes of API tokens and clients."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text


class Token(BaseModel):
    """An API token or client, without its secret."""

    id: UUID
    name: str
    kind: Literal["token", "client"]
    scopes: list[str]
    created_by: UUID | None = Field(description="Who made it; null where the command line did.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class TokenPage(BaseModel):
    """Tokens and clients, newest first."""

    items: list[Token]
    next_cursor: str | None


class TokenQuery(BaseModel):
    """Which page to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=1000)


class TokenCreate(BaseModel):
    """What a token is for and what it may do."""

    model_config = ConfigDict(extra="forbid")

    name: Text = Field(min_length=1, max_length=100)
    kind: Literal["token", "client"] = Field(
        default="token",
        description="`token`: one secret, sent with each call. `client`: id and secret, exchanged for access tokens.",
    )
    scopes: list[Text] = Field(min_length=1, max_length=100, description="Of those that you hold yourself.")
    expires_at: datetime | None = None


class NewToken(Token):
    """A token or client with its secret, which is shown only now."""

    token: str | None = Field(description="The API token.")
    client_id: str | None
    client_secret: str | None

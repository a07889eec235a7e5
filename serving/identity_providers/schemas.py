"""Shapes of identity providers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from serving.kit.text import Text


class IdentityProvider(BaseModel):
    """A connected provider, without its secret."""

    id: UUID
    name: str
    issuer: str
    client_id: str
    default_role: str | None = Field(description="Role of a person who signs in for the first time; null: nobody new.")
    is_enabled: bool
    sign_in_url: str = Field(description="Where a browser begins to sign in.")
    redirect_uri: str = Field(description="To be registered at the provider, exactly so.")
    created_at: datetime


class IdentityProviderList(BaseModel):
    """The tenant's providers by name."""

    items: list[IdentityProvider]


class IdentityProviderCreate(BaseModel):
    """What a provider needs to be connected."""

    model_config = ConfigDict(extra="forbid")

    name: Text = Field(min_length=1, max_length=100)
    issuer: Text = Field(examples=["https://login.example.com"], description="Exactly as its metadata says it.")
    client_id: Text = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1, max_length=1000)
    default_role: Text | None = None


class IdentityProviderUpdate(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = Field(default=None, min_length=1, max_length=100)
    client_secret: SecretStr | None = Field(default=None, min_length=1, max_length=1000)
    is_enabled: bool | None = None


class LinkBegun(BaseModel):
    """Where the browser goes to prove that the account at the provider is yours."""

    authorization_url: str

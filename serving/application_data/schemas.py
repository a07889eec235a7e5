"""Shapes of applications' schemas and documents."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field

AppName: TypeAlias = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["voice-agent"])]
Json: TypeAlias = dict[str, Any]


class ApplicationSchema(BaseModel):
    """What the documents of an application must look like."""

    app_name: str
    json_schema: Json
    updated_at: datetime


class Document(BaseModel):
    """A stored document."""

    id: UUID
    app_name: str
    data: Json
    created_at: datetime
    updated_at: datetime


class DocumentPage(BaseModel):
    """Documents, the oldest first."""

    items: list[Document]
    next_after: UUID | None = Field(description="`after` of the next page; null at the end.")

"""Shapes of events in requests and answers."""

from typing import Annotated, Any, TypeAlias

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text

Types: TypeAlias = Annotated[
    list[Text],
    Query(max_length=50, description="Only these types; repeat the name for several.", examples=[["LeadCreated"]]),
]
Aggregates: TypeAlias = Annotated[
    list[Text],
    Query(max_length=50, description="Only what is about these: a kind (`lead`) or one thing (`lead/<id>`)."),
]
Position = Annotated[int, Field(ge=0, le=2**63 - 1)]


class CloudEvent(BaseModel):
    """An event in its CloudEvents 1.0 envelope."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: str
    tenantid: str
    sequence: str = Field(description="Place in the tenant's log, from 1 and without gaps.")
    traceid: str | None = None
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events in the order of the log. A page may be short, or empty, where filters or scopes left events out."""

    items: list[CloudEvent]
    next_after: int = Field(description="`after` of the next page.")
    head: int = Field(description="The last position of the log; the end is reached where `next_after` equals it.")


class EventType(BaseModel):
    """A type of event."""

    type: str
    version: int
    aggregate: str
    scope: str = Field(description="What a token must hold to see it.")
    summary: str
    schema_path: str


class ReplayRequest(BaseModel):
    """From where a consumer does its effects again."""

    model_config = ConfigDict(extra="forbid")

    from_pos: int = Field(ge=1, le=2**63 - 1)


class ReplayAnswer(BaseModel):
    """What a replay will go through."""

    consumer: str
    events: int

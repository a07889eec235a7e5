"""A stored event and its CloudEvents 1.0 envelope (JSON format). Neither storage nor transport is known here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from tekup.contracts.events import EventData, read_event_data

MEDIA_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a tenant's log. ``pos`` is its place there: dense, from 1."""

    tenant_id: UUID
    id: UUID
    pos: int
    type: str
    version: int
    aggregate_type: str
    aggregate_id: UUID
    payload: Mapping[str, Any]
    trace_id: str | None
    occurred_at: datetime

    @property
    def key(self) -> str:
        """What order is kept by."""
        return f"{self.aggregate_type}/{self.aggregate_id}"

    @property
    def data(self) -> EventData:
        """The payload, read as its type."""
        return read_event_data(self.type, self.version, dict(self.payload))

    def to_cloudevent(self) -> dict[str, Any]:
        """The envelope. `sequence` is CloudEvents' own extension for order within a source."""
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/tenants/{self.tenant_id}",
            "type": self.type,
            "subject": self.key,
            "time": self.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "dataschema": f"/v1/events/types/{self.type}/{self.version}",
            "tenantid": str(self.tenant_id),
            "sequence": str(self.pos),
            "data": dict(self.payload),
        }
        if self.trace_id is not None:
            envelope["traceid"] = self.trace_id
        return envelope

    @classmethod
    def from_cloudevent(cls, envelope: Mapping[str, Any]) -> Self:
        """The event in an envelope that `to_cloudevent` made."""
        aggregate_type, _, aggregate_id = str(envelope["subject"]).partition("/")
        return cls(
            tenant_id=UUID(envelope["tenantid"]),
            id=UUID(envelope["id"]),
            pos=int(envelope["sequence"]),
            type=envelope["type"],
            version=int(str(envelope["dataschema"]).rpartition("/")[2]),
            aggregate_type=aggregate_type,
            aggregate_id=UUID(aggregate_id),
            payload=envelope["data"],
            trace_id=envelope.get("traceid"),
            occurred_at=datetime.fromisoformat(envelope["time"]),
        )

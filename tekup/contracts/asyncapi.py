"""The AsyncAPI 3 document of all events, made from the registry. Serving it and writing it down are done elsewhere."""

from typing import Any

from pydantic.json_schema import models_json_schema

from tekup.contracts.events import EventData, event_types

_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "dataschema",
        "tenantid",
        "sequence",
        "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "The same wherever the event arrives again."},
        "source": {"type": "string", "description": "/tenants/<id>"},
        "subject": {"type": "string", "description": "The aggregate: order is kept within it."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "description": "Path of the JSON schema of `data`."},
        "tenantid": {"type": "string", "format": "uuid"},
        "sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "Place in the tenant's log, dense."},
        "traceid": {"type": "string"},
    },
}


def build_asyncapi() -> dict[str, Any]:
    """The document: channels, operations, and a message with its schema for each type."""
    types = event_types()
    _, definitions = models_json_schema(
        [(kind, "serialization") for kind in types], ref_template="#/components/schemas/{model}"
    )
    schemas = {"CloudEvent": _ENVELOPE, **definitions.get("$defs", {})}
    messages = {_name(kind): _message(kind) for kind in types}
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TekUp events",
            "version": "1",
            "description": "CloudEvents 1.0 of one tenant, at least once, in order within an aggregate.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "stream": {"address": "/v1/events/stream", "description": "Server-Sent Events.", "messages": references},
            "socket": {"address": "/v1/events/ws", "description": "WebSocket.", "messages": references},
            "webhook": {
                "address": None,
                "description": "POST to an endpoint made with /v1/webhook-endpoints.",
                "messages": references,
            },
        },
        "operations": {
            f"send_{channel}": {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}
            for channel in ("stream", "socket", "webhook")
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def schema_of(kind: type[EventData]) -> dict[str, Any]:
    """The JSON schema of one type's data."""
    return kind.model_json_schema(mode="serialization")


def _name(kind: type[EventData]) -> str:
    return kind.__name__ if kind.version == 1 else f"{kind.__name__}V{kind.version}"


def _message(kind: type[EventData]) -> dict[str, Any]:
    data = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {
        "name": kind.__name__,
        "title": kind.__name__,
        "summary": (kind.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {"type": "object", "properties": {"type": {"const": kind.__name__}, "data": data}},
            ]
        },
        "x-scope": kind.scope,
        "x-version": kind.version,
    }

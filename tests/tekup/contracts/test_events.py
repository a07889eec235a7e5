"""Event types are registered once, their envelope comes back as it went, and the AsyncAPI document is in step."""

import json
from uuid import UUID

import pytest
from pydantic import ValidationError

from tekup.clock import utc_now
from tekup.contracts.asyncapi import build_asyncapi
from tekup.contracts.envelope import Event
from tekup.contracts.events import EventData, LeadCreated, LeadStatusChanged, event_types, read_event_data, scope_of
from tekup.errors import BadInput
from tekup.ids import uuid7
from tests.paths import ROOT


def an_event(data: EventData, aggregate_id: UUID) -> Event:
    return Event(
        uuid7(), uuid7(), 41, type(data).__name__, data.version, data.aggregate, aggregate_id,
        data.model_dump(mode="json"), "request-1", utc_now(),
    )  # fmt: skip


def test_an_envelope_comes_back_as_the_same_event() -> None:
    lead = uuid7()
    event = an_event(LeadStatusChanged(lead_id=lead, before="new", after="won"), lead)
    sent = json.loads(json.dumps(event.to_cloudevent()))
    assert sent["data"] == {"lead_id": str(lead), "from": "new", "to": "won"}
    assert {"specversion", "id", "source", "type"} <= set(sent)
    assert Event.from_cloudevent(sent) == event
    assert event.data == LeadStatusChanged(lead_id=lead, before="new", after="won")


def test_a_payload_that_is_not_of_its_type_is_refused() -> None:
    with pytest.raises(ValidationError):
        read_event_data("LeadCreated", 1, {"lead_id": "no uuid", "source": None, "status": "new"})
    with pytest.raises(ValidationError):
        read_event_data("LeadCreated", 1, {"lead_id": str(uuid7()), "source": None, "status": "new", "email": "a@b.dk"})
    with pytest.raises(BadInput, match="version 9"):
        read_event_data("LeadCreated", 9, {})


def test_a_type_is_registered_once() -> None:
    with pytest.raises(TypeError, match="registered already"):
        type("LeadCreated", (EventData,), {"__module__": __name__, "aggregate": "lead", "scope": "leads:read"})
    assert scope_of("LeadCreated", LeadCreated.version) == "leads:read"
    assert scope_of("NeverHeardOf", 1) is None


def test_every_type_says_what_it_tells_and_who_may_read_it() -> None:
    assert [kind.__name__ for kind in event_types() if not kind.__doc__ or ":" not in kind.scope] == []
    personal = {"email", "full_name", "phone", "first_name", "last_name", "name"}
    assert [kind.__name__ for kind in event_types() if personal & set(kind.model_fields)] == []


def test_the_asyncapi_document_in_the_docs_is_that_of_the_code() -> None:
    stored = json.loads((ROOT / "docs" / "data" / "asyncapi.json").read_text())
    assert stored == json.loads(json.dumps(build_asyncapi())), "run `make docs`"
    assert set(stored["components"]["messages"]) == {kind.__name__ for kind in event_types()}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = build_asyncapi()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place

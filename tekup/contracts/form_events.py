"""Types of events of forms. What an event type is stands in `events`."""

from uuid import UUID

from tekup.contracts.events import EventData


class FormCreated(EventData):
    """A form was stored."""

    aggregate, scope = "form", "forms:read"
    form_id: UUID


class FormChanged(EventData):
    """Fields of a form were set."""

    aggregate, scope = "form", "forms:read"
    form_id: UUID
    fields: list[str]


class FormDeleted(EventData):
    """A form was deleted, with its submissions."""

    aggregate, scope = "form", "forms:read"
    form_id: UUID


class FormSubmitted(EventData):
    """A form was sent in by a person, and became a lead."""

    aggregate, scope = "form", "forms:read"
    form_id: UUID
    submission_id: UUID
    lead_id: UUID

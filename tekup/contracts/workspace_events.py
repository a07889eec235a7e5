"""Types of events of saved views, files and rules of naming. What an event type is stands in `events`."""

from uuid import UUID

from tekup.contracts.events import EventData


class SavedViewCreated(EventData):
    """A view of a list was saved."""

    aggregate, scope = "saved_view", "views:read"
    view_id: UUID
    list: str
    is_shared: bool


class SavedViewChanged(EventData):
    """A saved view was changed."""

    aggregate, scope = "saved_view", "views:read"
    view_id: UUID
    fields: list[str]


class SavedViewDeleted(EventData):
    """A saved view was deleted."""

    aggregate, scope = "saved_view", "views:read"
    view_id: UUID


class FileAdded(EventData):
    """A file was put to a record."""

    aggregate, scope = "file", "files:read"
    file_id: UUID
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    company_id: UUID | None = None
    deal_id: UUID | None = None
    activity_id: UUID | None = None


class FileChanged(EventData):
    """What is known of a file was changed."""

    aggregate, scope = "file", "files:read"
    file_id: UUID
    fields: list[str]


class FileDeleted(EventData):
    """A file was taken off its records."""

    aggregate, scope = "file", "files:read"
    file_id: UUID


class UtmRulesChanged(EventData):
    """The tenant's rules of naming links were set."""

    aggregate, scope = "utm_rules", "campaigns:read"

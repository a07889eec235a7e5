"""The records that rules look at and act on: which events are about them, what they are called, what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy import Table

from serving.crm.resources import ACTIVITY, COMPANY, CONTACT, DEAL
from serving.leads.schemas import LeadUpdate
from serving.models.operational import leads
from serving.records.resource import Resource
from tekup.contracts.events import EventData, event_types


@dataclass(frozen=True)
class Entity:
    """A kind of record. ``resource`` is None for leads, whose changes are their own domain's."""

    noun: str
    plural: str
    table: Table
    update: type[BaseModel]
    resource: Resource | None
    actions: frozenset[str]

    @property
    def custom_entity(self) -> str | None:
        """The name under which its custom fields are defined."""
        return self.resource.custom_entity if self.resource else None


_ANY = frozenset({"set_fields", "assign", "emit"})
_TAGGED = frozenset({"add_tag", "remove_tag"})


def _of(resource: Resource, *more: str) -> Entity:
    actions = _ANY | set(more) | (_TAGGED if resource.has_tags else set())
    return Entity(resource.noun, resource.plural, resource.table, resource.update, resource, actions)


ENTITIES: Mapping[str, Entity] = {
    "lead": Entity("lead", "leads", leads, LeadUpdate, None, _ANY | {"create_activity"}),
    "contact": _of(CONTACT, "create_activity"),
    "company": _of(COMPANY),
    "deal": _of(DEAL, "create_activity", "move_stage"),
    "activity": _of(ACTIVITY, "create_activity"),
}
_OF_AGGREGATE = {**{noun: noun for noun in ENTITIES}, "task": "activity"}

TRIGGERS: Mapping[str, type[EventData]] = {
    kind.__name__: kind
    for kind in event_types()
    # of a record that is gone nothing can be looked at
    if kind.aggregate in _OF_AGGREGATE and not kind.__name__.endswith("Deleted")
}
"""The types of events that a rule can begin with; of each its latest version."""


def entity_of(event_type: str) -> Entity:
    """The kind of record that an event of this type is about."""
    return ENTITIES[_OF_AGGREGATE[TRIGGERS[event_type].aggregate]]

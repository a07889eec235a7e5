"""Turns Kit's JSON into records. It sends nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from integrations.source import JSON, Record

# What a membership says of the subscriber or of the parent: both have streams of their own. Everything else that the
# vendor tells is kept, so that a new field of the membership is not lost.
_OF_SUBSCRIBER = frozenset({"id", "first_name", "email_address", "state", "created_at", "fields"})
_OF_TAG = frozenset({"id", "name", "created_at"})


@dataclass(frozen=True, slots=True)
class Relation:
    """A stream of pairs: which subscribers belong to a parent, since when, and how additions are asked for."""

    stream: str
    parents: str
    key: str
    stamp: str
    since: str

    def object_id(self, parent: int | str, subscriber: int | str) -> str:
        """The pair's key in the raw table."""
        return f"{parent}:{subscriber}"

    def members(self, parent: int, items: Iterable[JSON]) -> list[Record]:
        """One record per subscriber of ``parent``."""
        return [self._record(parent, item["id"], item, _OF_SUBSCRIBER) for item in items]

    def worn(self, subscriber: int, items: Iterable[JSON]) -> list[Record]:
        """One record per parent of ``subscriber``, as ``/subscribers/{id}/tags`` tells them."""
        return [self._record(item["id"], subscriber, item, _OF_TAG) for item in items]

    def _record(self, parent: int, subscriber: int, item: JSON, left_out: frozenset[str]) -> Record:
        payload = {self.key: parent, "subscriber_id": subscriber}
        payload |= {name: value for name, value in item.items() if name not in left_out}
        return Record(self.object_id(parent, subscriber), orjson.dumps(payload), instant(item.get(self.stamp)))


RELATIONS = {
    relation.stream: relation
    for relation in (
        Relation("tag_subscribers", "tags", "tag_id", "tagged_at", "tagged_after"),
        Relation("form_subscribers", "forms", "form_id", "added_at", "added_after"),
        Relation("sequence_subscribers", "sequences", "sequence_id", "added_at", "added_after"),
    )
}


def instant(text: str | None) -> datetime | None:
    """Return the vendor's ISO text as an aware instant."""
    return datetime.fromisoformat(text) if text else None


def plain(items: Iterable[JSON]) -> list[Record]:
    """Return one record per object; Kit tells no time of change."""
    return [Record(str(item["id"]), orjson.dumps(item)) for item in items]


def gone(identifiers: Iterable[str]) -> list[Record]:
    """Return tombstones: Kit shows these no more and does not say why."""
    return [Record(identifier, b"", deleted=True, reason="vanished") for identifier in identifiers]


def fields_of(items: Iterable[JSON]) -> set[str]:
    """Return the names of the items' fields; a subscriber's own fields are told as ``fields.x``."""
    names: set[str] = set()
    own: set[str] = set()
    for item in items:
        names.update(item)
        if isinstance(values := item.get("fields"), dict):
            own.update(values)
    return names | {f"fields.{name}" for name in own}

"""Turns HubSpot's JSON into records. It sends nothing."""

from collections.abc import Iterable
from datetime import datetime

import orjson

from integrations.hubspot.kinds import ASSOCIATIONS, LONG_HISTORY, Kind, association_stream
from integrations.hubspot.objects import Object, instant, payload_of
from integrations.source import JSON, DeleteReason, Record


def milliseconds(text: str | None) -> int:
    """Return milliseconds since the epoch of the vendor's ISO text; 0 for none."""
    return _milliseconds(instant(text))


def tombstone(object_id: str, reason: DeleteReason, modified: datetime | None = None, **more: str) -> Record:
    """Return the record of an object that is gone."""
    return Record(object_id, payload_of({"id": object_id, **more}), modified, True, reason)


def gone_among(items: Iterable[Object]) -> tuple[list[str], list[str], list[str]]:
    """Return the ids that these objects say are merged into them, and which of the objects are archived or erased."""
    merged = [old for item in items if item.properties.hs_merged_object_ids for old in item.merged]
    archived = [item.id for item in items if item.archived]
    return merged, archived, [item.id for item in items if item.properties.hs_gdpr_deleted and item.is_erased]


def object_records(kind: Kind, items: Iterable[Object]) -> list[Record]:
    """Return one record per object, and a tombstone for each record that was merged into it."""
    records: list[Record] = []
    for item in items:
        standing = item.properties
        if kind.is_custom or item.archived or standing.hs_merged_object_ids or standing.hs_gdpr_deleted:
            records += _unlike_most(kind, item)
        else:
            records.append(Record(item.id, item.payload, item.updatedAt))
    return records


def _unlike_most(kind: Kind, item: Object) -> list[Record]:
    """An object that is gone, or took the place of others, or is of a kind that shares its table with others."""
    identity, modified = kind.object_id(item.id), item.modified
    if item.is_erased:
        return [tombstone(identity, "erased", modified)]
    payload = item.payload
    if kind.is_custom:
        payload = payload[:-1] + f',"objectTypeId":"{kind.name}"}}'.encode()
    own = Record(identity, payload, modified, item.archived, "archived" if item.archived else None)
    return [own, *(tombstone(kind.object_id(old), "merged", modified, mergedInto=identity) for old in item.merged)]


def association_record(kind: str, origin: str, other: str, target: JSON) -> Record:
    """Return the record of one associated pair; its labels are in the payload, so that a new label is an update."""
    to = str(target["toObjectId"])
    payload = {
        "from_type": kind,
        "from_id": origin,
        "to_type": other,
        "to_id": to,
        "association_types": target.get("associationTypes", []),
    }
    is_shared = association_stream(kind, other) == ASSOCIATIONS
    return Record(f"{kind}/{origin}:{other}/{to}" if is_shared else f"{origin}:{to}", payload_of(payload))


def history_records(kind: Kind, item: Object) -> list[Record]:
    """Return one record per version of those tracked properties whose history has become long.

    A short history is whole in the object's own payload. A long one will be cut off there, and its versions stay here.
    """
    told = bytes(item.propertiesWithHistory)
    if told.count(b'"timestamp"') < LONG_HISTORY:
        return []
    records: dict[str, Record] = {}
    for name, versions in orjson.loads(told).items():
        for version in versions if len(versions) >= LONG_HISTORY else ():
            moment = instant(version.get("timestamp"))
            identity = f"{kind.name}/{item.id}:{name}@{_milliseconds(moment)}"
            payload = {"object_type": kind.name, "id": item.id, "property": name, **version}
            # The newest comes first: of two in the same millisecond it is the one that held.
            records.setdefault(identity, Record(identity, payload_of(payload), moment))
    return list(records.values())


def full_records(items: Iterable[JSON]) -> list[Record]:
    """Return one record per pipeline, owner or form."""
    return [
        Record(
            str(item["id"]),
            payload_of(item),
            instant(item.get("updatedAt")),
            bool(item.get("archived")),
            "archived" if item.get("archived") else None,
        )
        for item in items
    ]


def _milliseconds(moment: datetime | None) -> int:
    return round(moment.timestamp() * 1000) if moment else 0

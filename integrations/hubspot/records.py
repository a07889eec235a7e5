"""Turns HubSpot's JSON into records. It sends nothing."""

from collections.abc import Iterable
from datetime import datetime

import orjson

from integrations.hubspot.kinds import ASSOCIATIONS, LONG_HISTORY, Kind, association_stream
from integrations.source import JSON, DeleteReason, Record


def instant(text: str | None) -> datetime | None:
    """Return the vendor's ISO text as an aware instant."""
    return datetime.fromisoformat(text) if text else None


def milliseconds(text: str | None) -> int:
    """Return milliseconds since the epoch of the vendor's ISO text; 0 for none."""
    return _milliseconds(instant(text))


def payload_of(value: JSON) -> bytes:
    """Return the stored form: the same object reads the same, whichever endpoint told it and in whatever order."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def tombstone(object_id: str, reason: DeleteReason, modified: datetime | None = None, **more: str) -> Record:
    """Return the record of an object that is gone."""
    return Record(object_id, payload_of({"id": object_id, **more}), modified, True, reason)


def gone_among(items: Iterable[JSON]) -> tuple[list[str], list[str], list[str]]:
    """Return the ids that these objects say are merged into them, and which of the objects are archived or erased."""
    merged: list[str] = []
    archived, erased = [], []
    for item in items:
        merged += merged_ids(item)
        if item.get("archived"):
            archived.append(item["id"])
        if is_erased(item):
            erased.append(item["id"])
    return merged, archived, erased


def object_records(kind: Kind, items: Iterable[JSON]) -> list[Record]:
    """Return one record per object, and a tombstone for each record that was merged into it."""
    records = []
    for item in items:
        archived = bool(item.get("archived"))
        modified = instant(item.get("archivedAt") if archived else item.get("updatedAt"))
        identity = kind.object_id(item["id"])
        if is_erased(item):
            records.append(tombstone(identity, "erased", modified))
            continue
        payload = payload_of({**item, "objectTypeId": kind.name} if kind.is_custom else item)
        records.append(Record(identity, payload, modified, archived, "archived" if archived else None))
        for old in merged_ids(item):
            records.append(tombstone(kind.object_id(old), "merged", modified, mergedInto=identity))
    return records


def is_erased(item: JSON) -> bool:
    """Whether the vendor keeps nothing of the object but its id, after a deletion under data protection law."""
    told = (item.get("properties") or {}).get("hs_gdpr_deleted")
    return told is not None and str(told).lower() == "true"


def merged_ids(item: JSON) -> list[str]:
    """Return the ids of the records that were merged into this one."""
    text = (item.get("properties") or {}).get("hs_merged_object_ids")
    if not text:
        return []
    return [old for old in str(text).split(";") if old and old != item["id"]]


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


def history_records(kind: Kind, item: JSON) -> list[Record]:
    """Return one record per version of those tracked properties whose history has become long.

    A short history is whole in the object's own payload. A long one will be cut off there, and its versions stay here.
    """
    records: dict[str, Record] = {}
    for name, told in (item.get("propertiesWithHistory") or {}).items():
        for version in told if len(told) >= LONG_HISTORY else ():
            moment = instant(version.get("timestamp"))
            identity = f"{kind.name}/{item['id']}:{name}@{_milliseconds(moment)}"
            payload = {"object_type": kind.name, "id": item["id"], "property": name, **version}
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

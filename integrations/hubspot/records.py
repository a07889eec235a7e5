"""Turns HubSpot's JSON into records. It sends nothing."""

from datetime import datetime

import orjson

from integrations.source import JSON, Record

MODIFIED_PROPERTY = {
    "contacts": "lastmodifieddate",
    "companies": "hs_lastmodifieddate",
    "deals": "hs_lastmodifieddate",
}


def instant(text: str | None) -> datetime | None:
    """Return the vendor's ISO text as an aware instant."""
    return datetime.fromisoformat(text) if text else None


def milliseconds(moment: datetime) -> int:
    """Return milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)


def object_records(items: list[JSON]) -> list[Record]:
    """Return one record per object, and a tombstone for each record that was merged into it."""
    records = []
    for item in items:
        archived = bool(item.get("archived"))
        modified = instant(item.get("archivedAt") if archived else item.get("updatedAt"))
        records.append(Record(item["id"], orjson.dumps(item), modified, archived))
        for old in str(item.get("properties", {}).get("hs_merged_object_ids") or "").split(";"):
            if old and old != item["id"]:
                tombstone = orjson.dumps({"id": old, "mergedInto": item["id"]})
                records.append(Record(old, tombstone, modified, True))
    return records


def association_records(kind: str, other: str, results: list[JSON]) -> list[Record]:
    """Return one record per associated pair, ``object_id`` = ``from:to``."""
    records = []
    for result in results:
        origin = str(result["from"]["id"])
        for target in result["to"]:
            payload = {
                "from_type": kind,
                "from_id": origin,
                "to_type": other,
                "to_id": str(target["toObjectId"]),
                "association_types": target.get("associationTypes", []),
            }
            records.append(Record(f"{origin}:{payload['to_id']}", orjson.dumps(payload)))
    return records


def full_records(items: list[JSON]) -> list[Record]:
    """Return one record per pipeline or owner."""
    return [Record(str(item["id"]), orjson.dumps(item), instant(item.get("updatedAt"))) for item in items]

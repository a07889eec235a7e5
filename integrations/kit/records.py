"""Turns Kit's JSON into records. It sends nothing."""

from datetime import datetime

import orjson

from integrations.source import JSON, Record


def instant(text: str | None) -> datetime | None:
    """Return the vendor's ISO text as an aware instant."""
    return datetime.fromisoformat(text) if text else None


def plain(items: list[JSON]) -> list[Record]:
    """Return one record per subscriber, tag or broadcast; Kit tells no time of change."""
    return [Record(str(item["id"]), orjson.dumps(item)) for item in items]


def tag_subscribers(tag: int, items: list[JSON]) -> list[Record]:
    """Return one record per tag and subscriber, ``object_id`` = ``tag:subscriber``."""
    records = []
    for item in items:
        payload = {"tag_id": tag, "subscriber_id": item["id"], "tagged_at": item.get("tagged_at")}
        records.append(Record(f"{tag}:{item['id']}", orjson.dumps(payload), instant(item.get("tagged_at"))))
    return records

"""HubSpot's webhooks: signature v3, and which objects each event names. Reading those objects is the client's work.

A batch comes in any order and with repetitions, and an event's id alone is not promised to be unique.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from integrations.webhooks import (
    Arrival,
    Hint,
    WebhookEvent,
    WebhookFormat,
    WebhookRefused,
    WebhookUnreadable,
    check_age,
    distinct,
    instant,
    line,
    parse_json,
)

SIGNATURE_HEADER = "x-hubspot-signature-v3"
STAMP_HEADER = "x-hubspot-request-timestamp"

# HubSpot signs the address with these escapes decoded, and only these.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_ESCAPES = re.compile("|".join(_DECODED), re.IGNORECASE)
_STREAMS = {
    "contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets", "product": "products",
    "line_item": "line_items", "quote": "quotes", "call": "calls", "email": "emails", "meeting": "meetings",
    "meeting_event": "meetings", "note": "notes", "task": "tasks",
}  # fmt: skip
_TYPE_IDS = {
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-7": "products", "0-8": "line_items",
    "0-14": "quotes", "0-48": "calls", "0-49": "emails", "0-47": "meetings", "0-46": "notes", "0-27": "tasks",
}  # fmt: skip
_IDENTIFYING = (
    "portalId", "subscriptionId", "eventId", "objectId", "occurredAt", "propertyName", "subscriptionType",
    "associationType", "associationTypeId", "fromObjectId", "toObjectId",
)  # fmt: skip


def sign(secret: str, method: str, uri: str, body: bytes, stamp: str) -> str:
    """The signature v3 of a delivery; ``stamp`` is milliseconds since the epoch as text."""
    decoded = _ESCAPES.sub(lambda found: _DECODED[found.group().upper()], uri)
    message = method.encode() + decoded.encode() + body + stamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256)).decode()


def verify(arrival: Arrival, secrets: Sequence[str], now: float) -> None:
    """Accept a delivery that one of the app's client secrets signed within five minutes of ``now``.

    Raises:
        WebhookRefused: none did, or not then.
    """
    stamp = arrival.headers.get(STAMP_HEADER, "")
    if not re.fullmatch(r"[0-9]{1,15}", stamp):
        raise WebhookRefused("the delivery carries no time")
    given = arrival.headers.get(SIGNATURE_HEADER, "").encode()
    good = [
        secret
        for secret in secrets
        if hmac.compare_digest(sign(secret, arrival.method, arrival.uri, arrival.body, stamp).encode(), given)
    ]
    if not good:
        raise WebhookRefused("the delivery's signature is wrong")
    check_age(int(stamp) / 1000, now)


def read(body: bytes) -> list[WebhookEvent]:
    """The events of a batch.

    Raises:
        WebhookUnreadable: the body is no list of events.
    """
    batch = parse_json(body)
    batch = [batch] if isinstance(batch, dict) else batch
    if not isinstance(batch, list) or not all(isinstance(item, dict) for item in batch):
        raise WebhookUnreadable("the body is no list of HubSpot events")
    return [_event(item) for item in batch]


def _event(item: dict[str, Any]) -> WebhookEvent:
    kind = line(item.get("subscriptionType") or item.get("eventType") or "unknown")
    identity = orjson.dumps([item.get(name) for name in _IDENTIFYING])
    occurred = item.get("occurredAt")
    return WebhookEvent(
        dedupe_key=hashlib.sha256(identity).hexdigest(),
        event_type=kind,
        payload=orjson.dumps(item),
        hints=distinct(_hints(kind, item)),
        occurred_at=instant(occurred / 1000) if isinstance(occurred, int) else None,
        is_erasure=kind.endswith(".privacyDeletion"),
    )


def _hints(kind: str, item: dict[str, Any]) -> Iterator[Hint]:
    """The objects that an event names: its own, both ends of an association, all records of a merge."""
    name, _, what = kind.partition(".")
    if what == "associationChange":
        both = str(item.get("associationType") or "").lower().partition("_to_")
        ends = (("from", both[0]), ("to", both[2]))
        for end, word in ends:
            yield from _hint(word, item.get(f"{end}ObjectTypeId"), item.get(f"{end}ObjectId"))
        return
    type_id = item.get("objectTypeId")
    yield from _hint(name, type_id, item.get("objectId"))
    if what == "merge":
        told = item.get("mergedObjectIds")
        merged = told if isinstance(told, list) else []
        for each in (item.get("newObjectId"), item.get("primaryObjectId"), *merged):
            yield from _hint(name, type_id, each)


def _hint(name: str, type_id: object, number: object) -> Iterator[Hint]:
    if isinstance(number, bool) or not re.fullmatch(r"[0-9]{1,20}", str(number)):
        return
    if name in _STREAMS:
        yield Hint(_STREAMS[name], str(number))
    elif type_id in _TYPE_IDS:
        yield Hint(_TYPE_IDS[str(type_id)], str(number))
    elif re.fullmatch(r"2-[0-9]{1,20}", str(type_id)):
        yield Hint("custom_objects", f"{type_id}/{number}")


FORMAT = WebhookFormat(verify, read)

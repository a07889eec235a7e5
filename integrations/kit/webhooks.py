"""Kit's webhooks: which object a delivery names. Kit signs nothing, so its address is the only proof of the sender.

That is why nothing of the content is believed: whoever learns an address can at most have us read an object again.
A delivery bears no id and no time, so two equal ones may be two events (active, cancelled, active again).
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from integrations.webhooks import (
    Arrival,
    Hint,
    WebhookEvent,
    WebhookFormat,
    WebhookUnreadable,
    distinct,
    line,
    parse_json,
)

_STREAMS = {
    "subscriber": "subscribers",
    "purchase": "purchases",
    "custom_field": "custom_fields",
    "tag": "tags",
    "form": "forms",
    "sequence": "sequences",
}


def verify(arrival: Arrival, secrets: Sequence[str], now: float) -> None:
    """Accept any delivery: the unguessable address was the proof."""


def read(body: bytes) -> list[WebhookEvent]:
    """The one event of a delivery.

    Raises:
        WebhookUnreadable: the body is no JSON object.
    """
    told = parse_json(body)
    if not isinstance(told, dict):
        raise WebhookUnreadable("the body is no Kit event")
    event = told.get("event")
    named = event.get("name") if isinstance(event, dict) else event
    found = next((name for name in _STREAMS if isinstance(told.get(name), dict)), "unknown")
    return [
        WebhookEvent(
            dedupe_key=hashlib.sha256(body).hexdigest(),
            event_type=line(named or found),
            payload=orjson.dumps(told),
            hints=distinct(_hints(told)),
        )
    ]


def _hints(told: dict[str, Any]) -> Iterator[Hint]:
    for name, stream in _STREAMS.items():
        part = told.get(name)
        number = part.get("id") if isinstance(part, dict) else None
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            yield Hint(stream, str(number))


FORMAT = WebhookFormat(verify, read, has_event_ids=False)

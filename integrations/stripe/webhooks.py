"""Stripe's webhooks: the signature header, and which object each event names. Reading that object is the client's work.

The payload is in the API version of the webhook's endpoint and of the event's creation, so only ids are taken from it.
"""

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

SIGNATURE_HEADER = "stripe-signature"
_STREAMS = {
    "customer": "customers", "product": "products", "price": "prices", "plan": "plans",
    "subscription": "subscriptions", "subscription_schedule": "subscription_schedules", "invoice": "invoices",
    "credit_note": "credit_notes", "charge": "charges", "payment_intent": "payment_intents", "refund": "refunds",
    "dispute": "disputes", "payout": "payouts", "coupon": "coupons", "promotion_code": "promotion_codes",
    "checkout.session": "checkout_sessions",
}  # fmt: skip
# Objects that stand inside another, or change another; its id is in the field of this name.
_PARENTS = {
    "refund": (("charge", "charges"),),
    "dispute": (("charge", "charges"),),
    "credit_note": (("invoice", "invoices"),),
    "promotion_code": (("coupon", "coupons"),),
    "tax_id": (("customer", "customers"),),
    "discount": (("customer", "customers"), ("subscription", "subscriptions")),
    "invoiceitem": (("invoice", "invoices"),),
    "subscription_item": (("subscription", "subscriptions"),),
    "card": (("customer", "customers"),),
    "source": (("customer", "customers"),),
}
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,255}")


def sign(secret: str, body: bytes, stamp: int) -> str:
    """The ``v1`` signature of a delivery; ``stamp`` in seconds since the epoch."""
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def verify(arrival: Arrival, secrets: Sequence[str], now: float) -> None:
    """Accept a delivery that one of the endpoint's secrets signed within five minutes of ``now``.

    While a secret is rolled over, Stripe sends one ``v1`` signature for each, and we may know two as well.

    Raises:
        WebhookRefused: none did, or not then.
    """
    parts = [part.strip().partition("=") for part in arrival.headers.get(SIGNATURE_HEADER, "").split(",")[:50]]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not re.fullmatch(r"[0-9]{1,12}", stamps[0]):
        raise WebhookRefused("the delivery carries no time")
    stamp = int(stamps[0])
    wanted = [sign(secret, arrival.body, stamp).encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
        raise WebhookRefused("the delivery's signature is wrong")
    check_age(stamp, now)


def read(body: bytes) -> list[WebhookEvent]:
    """The one event of a delivery.

    Raises:
        WebhookUnreadable: the body is no Stripe event.
    """
    event = parse_json(body)
    if not isinstance(event, dict) or not _IDENTIFIER.fullmatch(str(event.get("id") or "")):
        raise WebhookUnreadable("the body is no Stripe event")
    data = event.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    return [
        WebhookEvent(
            dedupe_key=str(event["id"]),
            event_type=line(event.get("type") or "unknown"),
            payload=orjson.dumps(event),
            hints=distinct(_hints(subject)) if isinstance(subject, dict) else (),
            occurred_at=instant(event.get("created")),
        )
    ]


def _hints(subject: dict[str, Any]) -> Iterator[Hint]:
    kind = str(subject.get("object") or "")
    # a discount has an id, but is told with the customer or subscription that it stands in
    if kind in _STREAMS:
        yield from _hint(_STREAMS[kind], subject.get("id"))
    for name, stream in _PARENTS.get(kind, ()):
        parent = subject.get(name)
        yield from _hint(stream, parent.get("id") if isinstance(parent, dict) else parent)


def _hint(stream: str, identifier: object) -> Iterator[Hint]:
    if isinstance(identifier, str) and _IDENTIFIER.fullmatch(identifier):
        yield Hint(stream, identifier)


FORMAT = WebhookFormat(verify, read)

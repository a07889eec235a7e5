"""Turns Stripe's JSON into records, and says how each stream is asked for. It sends nothing; events are in `feed`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from integrations.source import JSON, Record, Side

_DAY = 86_400


@dataclass(frozen=True)
class Kind:
    """How one stream is asked for.

    ``look_back`` is for streams whose changes the events do not tell: what was created up to so many seconds before the
    last read is listed again. ``has_events`` says whether events tell of it at all.
    """

    path: str
    expand: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    look_back: int | None = None
    has_events: bool = True


KINDS = {
    "events": Kind("/v1/events"),
    "products": Kind("/v1/products"),
    "prices": Kind("/v1/prices", ("tiers",)),
    "plans": Kind("/v1/plans", ("tiers",)),
    "coupons": Kind("/v1/coupons", ("applies_to",)),
    "promotion_codes": Kind("/v1/promotion_codes"),
    "customers": Kind("/v1/customers", ("tax_ids",)),
    # the list hides canceled subscriptions unless asked
    "subscriptions": Kind("/v1/subscriptions", ("discounts", "items.data.discounts"), {"status": "all"}),
    "subscription_schedules": Kind("/v1/subscription_schedules"),
    "invoices": Kind("/v1/invoices"),
    "credit_notes": Kind("/v1/credit_notes"),
    "payment_intents": Kind("/v1/payment_intents"),
    "charges": Kind("/v1/charges"),
    "refunds": Kind("/v1/refunds"),
    "disputes": Kind("/v1/disputes"),
    "payouts": Kind("/v1/payouts"),
    # a pending transaction becomes available, at most seven days after it was made, and no event says so
    "balance_transactions": Kind("/v1/balance_transactions", look_back=8 * _DAY, has_events=False),
    # no event tells of a session's creation
    "checkout_sessions": Kind("/v1/checkout/sessions", look_back=0),
}
SIDES: Mapping[str, tuple[str, ...]] = {
    "customers": ("discounts", "tax_ids"),
    "subscriptions": ("subscription_items", "discounts"),
}

_MOMENTS = ("created", "updated", "canceled_at", "ended_at", "voided_at", "completed_at", "released_at")


def seconds(moment: int | None) -> datetime | None:
    """Return the vendor's seconds as an aware instant."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def last_moment(item: JSON) -> int | None:
    """Return the latest change that an object tells of itself; few objects have an ``updated``."""
    told = [item.get(name) for name in _MOMENTS]
    told += (item.get("status_transitions") or {}).values()
    return max((moment for moment in told if isinstance(moment, int)), default=None)


def record_of(item: JSON, moment: int | None) -> Record:
    """Return an object's record; what Stripe calls deleted is a tombstone."""
    if item.get("deleted"):
        return Record(item["id"], orjson.dumps(item), seconds(moment), True, "deleted")
    return Record(item["id"], orjson.dumps(item), seconds(moment))


def tombstone(identifier: str, moment: int | None) -> Record:
    """Return the record of an object that Stripe no longer has."""
    payload = orjson.dumps({"id": identifier, "deleted": True})
    return Record(identifier, payload, seconds(moment), True, "deleted")


def sides_of(stream: str, items: list[JSON]) -> tuple[Side, ...]:
    """Return what the objects of a page tell about nested ones: all children of each of them."""
    return tuple(
        Side(side, _children(side, items), tuple(item["id"] for item in items)) for side in SIDES.get(stream, ())
    )


def _children(side: str, items: Iterable[JSON]) -> list[Record]:
    return [
        Record(f"{item['id']}:{child['id']}", orjson.dumps(child), seconds(last_moment(child)))
        for item in items
        if not item.get("deleted")
        for child in _nested(side, item)
    ]


def _nested(side: str, item: JSON) -> list[JSON]:
    if side == "subscription_items":
        found = (item.get("items") or {}).get("data") or []
    elif side == "tax_ids":
        found = (item.get("tax_ids") or {}).get("data") or []
    else:
        single = item.get("discount")
        found = item.get("discounts") or ([single] if single else [])
    # a discount that was not expanded is its bare id
    return [child if isinstance(child, dict) else {"id": child, "object": "discount"} for child in found]

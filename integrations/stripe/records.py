"""Turns Stripe's JSON into records and says which events mean a change of which stream. It sends nothing."""

from datetime import UTC, datetime

import orjson

from integrations.source import JSON, Record

# At most 20 types a request.
EVENT_TYPES = {
    "customers": ("customer.created", "customer.updated", "customer.deleted"),
    "products": ("product.created", "product.updated", "product.deleted"),
    "prices": ("price.created", "price.updated", "price.deleted"),
    "subscriptions": (
        "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
        "customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired", "customer.subscription.trial_will_end",
    ),
    "invoices": (
        "invoice.created", "invoice.updated", "invoice.deleted", "invoice.finalized", "invoice.finalization_failed",
        "invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed", "invoice.payment_action_required",
        "invoice.marked_uncollectible", "invoice.voided", "invoice.sent", "invoice.overdue", "invoice.will_be_due",
        "invoice.overpaid",
    ),
    "charges": (
        "charge.succeeded", "charge.failed", "charge.pending", "charge.captured", "charge.expired", "charge.updated",
        "charge.refunded", "charge.dispute.created", "charge.dispute.closed",
    ),
    "refunds": ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"),
}  # fmt: skip


def seconds(moment: int | None) -> datetime | None:
    """Return the vendor's seconds as an aware instant."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def listed(items: list[JSON]) -> list[Record]:
    """Return one record per listed object."""
    return [
        Record(item["id"], orjson.dumps(item), seconds(item.get("updated") or item.get("created"))) for item in items
    ]


def refetched(item: JSON, moment: int) -> Record:
    """Return an object that was read again because of an event at ``moment``."""
    return Record(item["id"], orjson.dumps(item), seconds(moment), bool(item.get("deleted")))


def vanished(identifier: str, moment: int) -> Record:
    """Return the tombstone of an object that the vendor no longer has."""
    return Record(identifier, orjson.dumps({"id": identifier, "deleted": True}), seconds(moment), True)


def subject_of(event: JSON) -> str:
    """Return the id of the object that an event changed; a dispute's event points at its charge."""
    subject = event["data"]["object"]
    return str(subject["charge"] if subject.get("object") == "dispute" else subject["id"])

"""Stripe's JSON by kind of object, as one mode of one account shows it, and events in their older version."""

from collections.abc import Callable, Iterable

from integrations.sandbox import stripe_objects as objects
from integrations.sandbox import stripe_payments as payments
from integrations.sandbox import stripe_sales as sales
from integrations.sandbox.exchange import JSON
from integrations.sandbox.stripe_shelf import Fields
from integrations.sandbox.stripe_store import StripeStore

EVENT_VERSION = "2023-08-16"
_NEWER = ("parent", "marketing_features", "total_taxes", "balance_type", "promotion")

_RENDER: dict[str, Callable[[Fields], JSON]] = {
    "customers": objects.customer,
    "products": objects.product,
    "prices": objects.price,
    "plans": objects.plan,
    "coupons": objects.coupon,
    "promotion_codes": objects.promotion_code,
    "subscriptions": objects.subscription,
    "subscription_schedules": objects.subscription_schedule,
    "invoices": payments.invoice,
    "credit_notes": sales.credit_note,
    "payment_intents": payments.payment_intent,
    "charges": payments.charge,
    "refunds": payments.refund,
    "disputes": payments.dispute,
    "payouts": payments.payout,
    "checkout/sessions": sales.checkout_session,
    # these are told inside others, and by events
    "discounts": objects.discount,
    "tax_ids": objects.tax_id,
    "invoiceitems": lambda row: {"object": "invoiceitem", **row},
    "unknown": lambda row: {"object": "future_thing", **row},
}


def shown(store: StripeStore, kind: str, row: Fields, expand: Iterable[str] = ()) -> JSON:
    """Return an object as the API shows it; ``expand`` names what is to be told in full."""
    is_entry = kind == "balance_transactions"
    body = payments.balance_transaction(row, store.now()) if is_entry else _RENDER[kind](row)
    for name in expand:
        _expand(body, kind, row, name)
    return _in_mode(body, True) if store.is_live else body


def deleted(kind: str, row: Fields) -> JSON:
    """Return what is left of a deleted object."""
    return {"id": row["id"], "object": _RENDER[kind](row)["object"], "deleted": True}


def event(store: StripeStore, row: Fields) -> JSON:
    """Return an event; its payload is the object as of an older API version, so no client should load it as it is."""
    body = {name: value for name, value in _RENDER[row["kind"]](row["row"]).items() if name not in _NEWER}
    told = {
        "id": row["id"],
        "object": "event",
        "api_version": EVENT_VERSION,
        "created": row["created"],
        "data": {"object": body},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": row["type"],
    }
    return _in_mode(told, True) if store.is_live else told


def in_other_mode(store: StripeStore, body: JSON) -> JSON:
    """Return an object that claims the mode that the account is not in."""
    return _in_mode(body, not store.is_live)


def _expand(body: JSON, kind: str, row: Fields, name: str) -> None:
    if (kind, name) == ("customers", "tax_ids"):
        body["tax_ids"] = objects.nested(objects.tax_ids(row), f"/v1/customers/{row['id']}/tax_ids")
    elif (kind, name) == ("subscriptions", "discounts"):
        body["discounts"] = [objects.discount(one) for one in row.get("discounts") or ()]
    elif (kind, name) == ("checkout/sessions", "line_items"):
        url = f"/v1/checkout/sessions/{row['id']}/line_items"
        body["line_items"] = objects.nested(sales.session_lines(row), url)


def _in_mode(body: JSON, is_live: bool) -> JSON:
    if isinstance(body, dict):
        return {name: is_live if name == "livemode" else _in_mode(one, is_live) for name, one in body.items()}
    return [_in_mode(one, is_live) for one in body] if isinstance(body, list) else body

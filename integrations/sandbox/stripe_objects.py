"""Stripe's JSON for customers, the catalogue and subscriptions: today's fields, and those of the published contract.

Money's objects are in `stripe_payments`, the table of all kinds and events in `stripe_render`.
"""

from integrations.sandbox.exchange import JSON
from integrations.sandbox.stripe_shelf import Fields

NESTED = 10
"""A list inside an object shows so many; the rest is to be asked for."""
NO_ADDRESS = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def nested(data: list[JSON], url: str) -> JSON:
    """Return a list inside an object: its beginning."""
    return {"object": "list", "data": data[:NESTED], "has_more": len(data) > NESTED, "url": url}


def customer(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "customer",
        "address": {**NO_ADDRESS, "country": row.get("country")},
        "balance": 0,
        "created": row["created"],
        "currency": row.get("currency"),
        "default_source": None,
        "delinquent": False,
        "description": row.get("description"),
        "discount": discount(row["discount"]) if row.get("discount") else None,
        "email": row.get("email"),
        "invoice_prefix": row["id"][-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {"tekup_lead_id": row["tekup_lead_id"]} if row.get("tekup_lead_id") else {},
        "name": row.get("name"),
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def tax_ids(row: Fields) -> list[JSON]:
    """Return all tax ids of a customer, newest first."""
    return [tax_id({**one, "customer": row["id"]}) for one in reversed(row.get("tax_ids") or ())]


def tax_id(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "tax_id",
        "country": "DK",
        "created": row["created"],
        "customer": row["customer"],
        "livemode": False,
        "owner": {"type": "customer", "customer": row["customer"]},
        "type": row["type"],
        "value": row["value"],
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }


def discount(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "discount",
        "checkout_session": None,
        "coupon": coupon(row["coupon"]),
        "customer": row["customer"],
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"type": "coupon", "coupon": row["coupon"]["id"]},
        "start": row["start"],
        "subscription": row["subscription"],
        "subscription_item": None,
    }


def coupon(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "coupon",
        "amount_off": row["amount_off"],
        "created": row["created"],
        "currency": row["currency"],
        "duration": row["duration"],
        "duration_in_months": row["months"],
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": row["name"],
        "percent_off": row["percent_off"],
        "redeem_by": None,
        "times_redeemed": row["times_redeemed"],
        "valid": True,
    }


def promotion_code(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "promotion_code",
        "active": row["active"],
        "code": row["code"],
        "created": row["created"],
        "customer": None,
        "expires_at": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "promotion": {"type": "coupon", "coupon": row["coupon"]},
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        },
        "times_redeemed": row["times_redeemed"],
    }


def product(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "product",
        "active": row["active"],
        "created": row["created"],
        "default_price": None,
        "description": None,
        "features": [],
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": row["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "unit_label": None,
        "updated": row["updated"],
        "url": None,
        "type": "service",
    }


def price(row: Fields) -> JSON:
    recurring = None
    if row["interval"]:
        recurring = {
            "interval": row["interval"],
            "interval_count": 1,
            "usage_type": "licensed",
            "trial_period_days": None,
            "aggregate_usage": None,
        }
    return {
        "id": row["id"],
        "object": "price",
        "active": row["active"],
        "billing_scheme": "per_unit",
        "created": row["created"],
        "currency": row["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": row["product"],
        "recurring": recurring,
        "tax_behavior": "exclusive",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": row["unit_amount"],
        "unit_amount_decimal": _decimal(row),
    }


def _decimal(row: Fields) -> str:
    """The price as text: fractions of the smallest unit are no whole number."""
    return str(row.get("unit_amount_decimal") or row["unit_amount"])


def plan(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "plan",
        "active": row["active"],
        "amount": row["unit_amount"],
        "amount_decimal": _decimal(row),
        "billing_scheme": "per_unit",
        "created": row["created"],
        "currency": row["currency"],
        "interval": row["interval"],
        "interval_count": 1,
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": row["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def subscription_items(row: Fields) -> list[JSON]:
    """Return all items of a subscription."""
    return [
        {
            "id": item["id"],
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": item["created"],
            "current_period_end": row["current_period_end"],
            "current_period_start": row["current_period_start"],
            "discounts": [],
            "metadata": {},
            "price": price(item["price"]),
            "quantity": item["quantity"],
            "subscription": row["id"],
            "tax_rates": [],
        }
        for item in row["items"]
    ]


def subscription(row: Fields) -> JSON:
    start, end = row["current_period_start"], row["current_period_end"]
    return {
        "id": row["id"],
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": row["created"],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": row["canceled_at"],
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": row["created"],
        "currency": row["currency"],
        "current_period_end": end,
        "current_period_start": start,
        "customer": row["customer"],
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [one["id"] for one in row.get("discounts") or ()],
        "ended_at": row["canceled_at"],
        "items": nested(subscription_items(row), f"/v1/subscription_items?subscription={row['id']}"),
        "latest_invoice": row.get("latest_invoice"),
        "livemode": False,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": row.get("schedule"),
        "start_date": row["created"],
        "status": row["status"],
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_start": None,
    }


def subscription_schedule(row: Fields) -> JSON:
    is_active = row["status"] == "active"
    phase = {"start_date": row["start"], "end_date": row["end"]}
    return {
        "id": row["id"],
        "object": "subscription_schedule",
        "application": None,
        "canceled_at": None,
        "completed_at": None,
        "created": row["created"],
        "current_phase": phase if is_active else None,
        "customer": row["customer"],
        "default_settings": {
            "application_fee_percent": None,
            "billing_cycle_anchor": "automatic",
            "collection_method": "charge_automatically",
            "default_payment_method": None,
            "description": None,
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "phases": [
            {
                **phase,
                "add_invoice_items": [],
                "currency": row["currency"],
                "discounts": [],
                "items": [{"discounts": [], "metadata": {}, "price": row["price"], "quantity": 1, "tax_rates": []}],
                "metadata": {},
                "proration_behavior": "create_prorations",
                "trial_end": None,
            }
        ],
        "released_at": None if is_active else row["updated"],
        "released_subscription": row.get("released_subscription"),
        "status": row["status"],
        "subscription": row["subscription"],
        "test_clock": None,
    }

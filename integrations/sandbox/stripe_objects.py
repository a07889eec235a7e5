"""Stripe's JSON for each kind of object: today's fields, and the older ones that the published contract asks for."""

from integrations.sandbox.exchange import JSON
from integrations.sandbox.stripe_store import Fields

API_VERSION = "2026-10-28.endive"
EVENT_VERSION = "2023-08-16"
_NO_ADDRESS = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}
_NO_TAX = {"enabled": False, "status": None}


def _list(data: list[JSON], url: str) -> JSON:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def customer(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "customer",
        "address": {**_NO_ADDRESS, "country": row.get("country")},
        "balance": 0,
        "created": row["created"],
        "currency": row.get("currency"),
        "default_source": None,
        "delinquent": False,
        "description": row.get("description"),
        "discount": None,
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


def deleted_customer(row: Fields) -> JSON:
    return {"id": row["id"], "object": "customer", "deleted": True}


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
        "unit_amount_decimal": str(row["unit_amount"]),
    }


def subscription(row: Fields) -> JSON:
    rate = price({**row, "id": row["price"], "active": True})
    start, end = row["current_period_start"], row["current_period_end"]
    item = {
        "id": row["item_id"],
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": row["created"],
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "price": rate,
        "quantity": row["quantity"],
        "subscription": row["id"],
        "tax_rates": [],
    }
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
        "discounts": [],
        "ended_at": row["canceled_at"],
        "items": _list([item], f"/v1/subscription_items?subscription={row['id']}"),
        "latest_invoice": row.get("latest_invoice"),
        "livemode": False,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": row["created"],
        "status": row["status"],
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_start": None,
    }


def line_item(row: Fields) -> JSON:
    recurring = row["subscription"] is not None
    details = {"subscription": row["subscription"], "proration": False} if recurring else None
    kind = "subscription_item_details" if recurring else "invoice_item_details"
    return {
        "id": row["line_id"],
        "object": "line_item",
        "amount": row["amount_due"],
        "currency": row["currency"],
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": row["id"],
        "livemode": False,
        "metadata": {},
        "parent": {"type": kind, "invoice_item_details": None, "subscription_item_details": details},
        "period": {"start": row["period_start"], "end": row["period_end"]},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": row["price"], "product": row["product"]},
        },
        "proration": False,
        "quantity": 1,
        "subscription": row["subscription"],
        "type": "subscription" if recurring else "invoiceitem",
    }


def invoice(row: Fields) -> JSON:
    due, paid = row["amount_due"], row["amount_paid"]
    recurring = row["subscription"]
    parent = (
        {"type": "subscription_details", "subscription_details": {"subscription": recurring}} if recurring else None
    )
    return {
        "id": row["id"],
        "object": "invoice",
        "account_country": "DK",
        "account_name": None,
        "amount_due": due,
        "amount_paid": paid,
        "amount_remaining": due - paid,
        "amount_shipping": 0,
        "attempt_count": 1 if row["status"] == "paid" else 0,
        "attempted": row["status"] == "paid",
        "auto_advance": False,
        "automatic_tax": _NO_TAX,
        "billing_reason": "subscription_cycle" if recurring else "manual",
        "charge": row.get("charge"),
        "collection_method": "charge_automatically",
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "customer_email": row.get("email"),
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "ending_balance": 0,
        "lines": _list([line_item(row)], f"/v1/invoices/{row['id']}/lines"),
        "livemode": False,
        "metadata": {},
        "number": row["number"],
        "paid": row["status"] == "paid",
        "paid_out_of_band": False,
        "parent": parent,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": row["period_end"],
        "period_start": row["period_start"],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": row["status"],
        "status_transitions": {
            "finalized_at": row["created"],
            "marked_uncollectible_at": None,
            "paid_at": row["paid_at"],
            "voided_at": row["updated"] if row["status"] == "void" else None,
        },
        "subscription": recurring,
        "subtotal": due,
        "total": due,
        "total_tax_amounts": [],
        "total_taxes": [],
    }


def charge(row: Fields) -> JSON:
    succeeded = row["status"] == "succeeded"
    return {
        "id": row["id"],
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": row["amount"] if succeeded else 0,
        "amount_refunded": row["amount_refunded"],
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": row["balance_transaction"] if succeeded else None,
        "billing_details": {"address": _NO_ADDRESS, "email": None, "name": None, "phone": None},
        "calculated_statement_descriptor": None,
        "captured": succeeded,
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": None,
        "disputed": False,
        "failure_code": None if succeeded else "card_declined",
        "failure_message": None if succeeded else "Your card was declined.",
        "fraud_details": {},
        "invoice": row.get("invoice"),
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": succeeded,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": succeeded and row["amount_refunded"] >= row["amount"],
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": row["status"],
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": None,
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "metadata": {},
        "payment_intent": None,
        "reason": row["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": row["status"],
        "transfer_reversal": None,
    }


def balance_transaction(row: Fields) -> JSON:
    fee = row["amount"] * 14 // 1000 + 180
    return {
        "id": row["balance_transaction"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["created"] + 2 * 86_400,
        "created": row["created"],
        "currency": row["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": row["amount"] - fee,
        "reporting_category": "charge",
        "source": row["id"],
        "status": "available",
        "type": "charge",
    }


RENDER = {
    "customers": customer,
    "products": product,
    "prices": price,
    "subscriptions": subscription,
    "invoices": invoice,
    "charges": charge,
    "refunds": refund,
}


def event(row: Fields, subject: Fields) -> JSON:
    """Return an event; its payload is the object as of an older API version, so no client should load it as it is."""
    body = RENDER[row["kind"]](subject)
    for newer in ("parent", "marketing_features", "total_taxes"):
        body.pop(newer, None)
    return {
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

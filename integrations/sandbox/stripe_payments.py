"""Stripe's JSON for what is billed and paid: today's fields, and those of the published contract. No state."""

from integrations.sandbox.exchange import JSON
from integrations.sandbox.stripe_objects import NO_ADDRESS, nested
from integrations.sandbox.stripe_shelf import Fields

_NO_TAX = {"enabled": False, "status": None}


def line_items(row: Fields) -> list[JSON]:
    """Return all lines of an invoice; they add up to what is due."""
    count = row.get("line_count", 1)
    part = row["amount_due"] // count
    return [
        _line_item(row, number, part if number else row["amount_due"] - part * (count - 1)) for number in range(count)
    ]


def _line_item(row: Fields, number: int, amount: int) -> JSON:
    recurring = row["subscription"] is not None
    details = {"subscription": row["subscription"], "proration": False} if recurring else None
    kind = "subscription_item_details" if recurring else "invoice_item_details"
    return {
        "id": f"{row['line_id']}{number or ''}",
        "object": "line_item",
        "amount": amount,
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
        "attempt_count": row.get("attempts", 0) + (row["status"] == "paid"),
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
        "lines": nested(line_items(row), f"/v1/invoices/{row['id']}/lines"),
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
        "post_payment_credit_notes_amount": row.get("credited", 0),
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": row["status"],
        "status_transitions": {
            "finalized_at": None if row["status"] == "draft" else row["created"],
            "marked_uncollectible_at": row["updated"] if row["status"] == "uncollectible" else None,
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
        "billing_details": {"address": NO_ADDRESS, "email": None, "name": None, "phone": None},
        "calculated_statement_descriptor": None,
        "captured": succeeded,
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": row.get("description"),
        "disputed": bool(row.get("disputed")),
        "failure_code": None if succeeded else "card_declined",
        "failure_message": None if succeeded else "Your card was declined.",
        "fraud_details": {},
        "invoice": row.get("invoice"),
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": succeeded,
        "payment_intent": row.get("payment_intent"),
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
        "balance_transaction": row.get("balance_transaction"),
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "metadata": {},
        "payment_intent": row.get("payment_intent"),
        "reason": row["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": row["status"],
        "transfer_reversal": None,
    }


def balance_transaction(row: Fields, now: int) -> JSON:
    """Return an entry of the ledger; what is not available yet is pending."""
    category = {"adjustment": "dispute", "payout_failure": "payout_reversal"}.get(row["type"], row["type"])
    return {
        "id": row["id"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["available_on"],
        "balance_type": "payments",
        "created": row["created"],
        "currency": row["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": row["fee"],
        "fee_details": [],
        "net": row["amount"] - row["fee"],
        "reporting_category": category,
        "source": row["source"],
        "status": "available" if row["available_on"] <= now else "pending",
        "type": row["type"],
    }


def payment_intent(row: Fields) -> JSON:
    succeeded = row["status"] == "succeeded"
    return {
        "id": row["id"],
        "object": "payment_intent",
        "amount": row["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": row["amount"] if succeeded else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"enabled": True},
        "canceled_at": row["updated"] if row["status"] == "canceled" else None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": None,
        "last_payment_error": None,
        "latest_charge": row["charge"],
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": row["status"],
        "transfer_data": None,
        "transfer_group": None,
    }


_EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def dispute(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "dispute",
        "amount": row["amount"],
        "balance_transactions": [],
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "evidence": dict.fromkeys(_EVIDENCE),
        "evidence_details": {
            "due_by": row["created"] + 14 * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": row["payment_intent"],
        "reason": row["reason"],
        "status": row["status"],
    }


def payout(row: Fields) -> JSON:
    return {
        "id": row["id"],
        "object": "payout",
        "amount": row["amount"],
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": row["created"] + 2 * 86_400,
        "automatic": True,
        "balance_transaction": row["balance_transaction"],
        "created": row["created"],
        "currency": row["currency"],
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": row.get("failure"),
        "failure_code": "account_closed" if row["status"] == "failed" else None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed" if row["status"] == "paid" else "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": row["status"],
        "type": "bank_account",
    }

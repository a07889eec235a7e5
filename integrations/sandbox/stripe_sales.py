"""Stripe's JSON for checkout sessions and credit notes: today's fields, and the published contract's. No state."""

from integrations.sandbox.exchange import JSON
from integrations.sandbox.stripe_objects import nested
from integrations.sandbox.stripe_shelf import Fields


def credit_note_lines(row: Fields) -> list[JSON]:
    """Return the one line of a credit note."""
    return [
        {
            "id": f"cnli_{row['id'][3:]}",
            "object": "credit_note_line_item",
            "amount": row["amount"],
            "description": "Rettelse",
            "discount_amount": 0,
            "discount_amounts": [],
            "livemode": False,
            "quantity": 1,
            "tax_rates": [],
            "type": "custom_line_item",
            "unit_amount": row["amount"],
            "unit_amount_decimal": str(row["amount"]),
        }
    ]


def credit_note(row: Fields) -> JSON:
    amount = row["amount"]
    return {
        "id": row["id"],
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": row["created"],
        "invoice": row["invoice"],
        "lines": nested(credit_note_lines(row), f"/v1/credit_notes/{row['id']}/lines"),
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": row["number"],
        "out_of_band_amount": None,
        "pdf": f"https://files.example/credit_notes/{row['id']}.pdf",
        "post_payment_amount": amount,
        "pre_payment_amount": 0,
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": row["status"],
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": "post_payment",
        "voided_at": row["voided_at"],
    }


def checkout_session(row: Fields) -> JSON:
    is_complete = row["status"] == "complete"
    return {
        "id": row["id"],
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": row["amount"],
        "amount_total": row["amount"],
        "automatic_tax": {"enabled": False, "status": None},
        "billing_address_collection": None,
        "cancel_url": "https://shop.example/cancel",
        "client_reference_id": None,
        "consent": None,
        "consent_collection": None,
        "created": row["created"],
        "currency": row["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"shipping_address": None, "submit": None, "terms_of_service_acceptance": None},
        "customer": row["customer"],
        "customer_creation": None,
        "customer_details": None,
        "customer_email": None,
        "expires_at": row["created"] + 86_400,
        "invoice": row["invoice"],
        "invoice_creation": None,
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "paid" if is_complete else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": row["status"],
        "submit_type": None,
        "subscription": None,
        "success_url": "https://shop.example/success",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": None,
    }


def session_lines(row: Fields) -> list[JSON]:
    """Return what a checkout sold: twelve small things."""
    part = row["amount"] // 12
    return [
        {
            "id": f"li_{row['id'][-20:]}{number}",
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": row["currency"],
            "description": f"Vare {number + 1}",
            "price": None,
            "quantity": 1,
        }
        for number in range(12)
        for amount in [part if number else row["amount"] - 11 * part]
    ]

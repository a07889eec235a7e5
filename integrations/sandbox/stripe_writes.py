"""The few changes that a client may make to a simulated Stripe account, once per idempotency key."""

from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox import stripe_render as render
from integrations.sandbox.exchange import Answer, Call, Refusal
from integrations.sandbox.stripe_account import Handler, StripeAccount, error, missing, whole
from integrations.sandbox.stripe_life import life_of
from integrations.sandbox.stripe_shelf import Fields


def _form(call: Call) -> dict[str, Any]:
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


def _living(account: StripeAccount, kind: str, identifier: str) -> Fields:
    row = account.store.get(kind, identifier)
    if row is None or row.get("deleted"):
        raise missing(kind, identifier)
    return row


def create_customer(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/customers``."""
    form = _form(call)
    row = {
        "email": form.get("email"),
        "name": form.get("name"),
        "description": form.get("description"),
        "country": form.get("address[country]"),
        "currency": None,
        "deleted": False,
        "tekup_lead_id": form.get("metadata[tekup_lead_id]"),
    }
    made = account.store.add("customers", row, "customer.created")
    return Answer(render.shown(account.store, "customers", made))


def update_customer(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/customers/{id}``."""
    row = _living(account, "customers", call.parts["id"])
    changes = {k: v for k, v in _form(call).items() if k in ("email", "name", "description")}
    changed = account.store.change("customers", row["id"], changes, "customer.updated")
    return Answer(render.shown(account.store, "customers", changed))


def delete_customer(account: StripeAccount, call: Call) -> Answer:
    """``DELETE /v1/customers/{id}``; its subscriptions end."""
    row = _living(account, "customers", call.parts["id"])
    life_of(account.store).leave(row)
    return Answer(render.deleted("customers", row))


def cancel_subscription(account: StripeAccount, call: Call) -> Answer:
    """``DELETE /v1/subscriptions/{id}``."""
    row = _living(account, "subscriptions", call.parts["id"])
    changes = {"status": "canceled", "canceled_at": account.store.now()}
    changed = account.store.change("subscriptions", row["id"], changes, "customer.subscription.deleted")
    return Answer(render.shown(account.store, "subscriptions", changed))


def create_coupon(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/coupons``: a share of the price, once."""
    form = _form(call)
    row = {
        "name": form.get("name"),
        "percent_off": float(form.get("percent_off", "10")),
        "amount_off": None,
        "currency": None,
        "duration": "once",
        "months": None,
        "times_redeemed": 0,
    }
    return Answer(render.shown(account.store, "coupons", account.store.add("coupons", row, "coupon.created")))


def delete_coupon(account: StripeAccount, call: Call) -> Answer:
    """``DELETE /v1/coupons/{id}``."""
    row = _living(account, "coupons", call.parts["id"])
    account.store.change("coupons", row["id"], {"deleted": True}, "coupon.deleted")
    return Answer(render.deleted("coupons", row))


def create_refund(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/refunds``."""
    form = _form(call)
    paid = _living(account, "charges", form.get("charge", ""))
    left = paid["amount"] - paid["amount_refunded"]
    amount = whole(form.get("amount"), "amount", left)
    if amount > left or amount <= 0:
        raise Refusal(
            error(400, "invalid_request_error", "Refund amount is greater than charge amount", param="amount")
        )
    made = life_of(account.store).give_back(paid, amount, form.get("reason"))
    return Answer(render.shown(account.store, "refunds", made))


def with_idempotency(handler: Handler, account: StripeAccount, call: Call, key: str | None) -> Answer:
    """Run a change once per idempotency key: a replay gets the saved answer, other parameters are refused."""
    if key is None:
        return handler(account, call)
    print_of_call = sha256(call.path.encode() + b"\0" + call.body).digest()
    saved = account.store.replays.get(key)
    if saved is not None:
        if saved[0] != print_of_call:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            raise Refusal(error(400, "idempotency_error", message))
        return Answer(saved[2], saved[1], {"Idempotent-Replayed": "true"})
    answer = handler(account, call)
    account.store.replays[key] = (print_of_call, answer.status, answer.payload)
    return answer


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/customers", create_customer),
    ("POST", "/v1/customers/{id}", update_customer),
    ("DELETE", "/v1/customers/{id}", delete_customer),
    ("DELETE", "/v1/subscriptions/{id}", cancel_subscription),
    ("POST", "/v1/coupons", create_coupon),
    ("DELETE", "/v1/coupons/{id}", delete_coupon),
    ("POST", "/v1/refunds", create_refund),
)

"""Stripe's HTTP surface over one account: lists, objects, events, a few changes. Faults and keys are handled before."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox import stripe_objects as objects
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal
from integrations.sandbox.stripe_store import EVENT_WINDOW, KINDS, Fields, Shelf, StripeStore
from integrations.sandbox.tenants import TenantSpec

_FILTERS = {
    "prices": ("product", "active", "type", "currency"),
    "products": ("active",),
    "customers": ("email",),
    "subscriptions": ("customer", "price"),
    "invoices": ("customer", "subscription", "status"),
    "charges": ("customer",),
    "refunds": ("charge",),
}


class StripeAccount:
    """One tenant's account."""

    def __init__(self, tenant: TenantSpec, store: StripeStore) -> None:
        self.tenant = tenant
        self.store = store


Handler = Callable[[StripeAccount, Call], Answer]


def error(status: int, kind: str, message: str, **extra: JSON) -> Answer:
    """Return an error in Stripe's own shape."""
    return Answer({"error": {"type": kind, "message": message, **extra}}, status)


def unauthorized(key: str = "") -> Answer:
    """Return what Stripe says to a wrong key."""
    shown = f"{key[:7]}{'*' * 8}{key[-4:]}" if len(key) > 11 else "****"
    return error(401, "invalid_request_error", f"Invalid API Key provided: {shown}")


def expired() -> Answer:
    """Return what Stripe says to an expired key."""
    return error(401, "invalid_request_error", "Expired API Key provided", code="api_key_expired")


def throttled() -> Answer:
    """Return what Stripe says when its limit is reached."""
    return error(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit")


def _missing(kind: str, identifier: str) -> Refusal:
    message = f"No such {kind.removesuffix('s')}: '{identifier}'"
    return Refusal(error(404, "invalid_request_error", message, code="resource_missing", param="id"))


def _whole(text: str | None, name: str, default: int) -> int:
    if text is None:
        return default
    if not text.lstrip("-").isdigit():
        raise Refusal(error(400, "invalid_request_error", f"Invalid integer: {text}", param=name))
    return int(text)


def _window(call: Call) -> tuple[int | None, int | None]:
    low = high = None
    for key, value in call.query:
        if key.startswith("created"):
            moment = _whole(value, key, 0)
            match key:
                case "created[gte]":
                    low = moment
                case "created[gt]":
                    low = moment + 1
                case "created[lt]":
                    high = moment
                case "created[lte]":
                    high = moment + 1
                case "created":
                    low, high = moment, moment + 1
    return low, high


def _page(
    shelf: Shelf, call: Call, low: int | None, high: int | None, keep: Callable[[Fields], bool]
) -> tuple[list[Fields], bool]:
    limit = _whole(call.first("limit"), "limit", 10)
    if not 1 <= limit <= 100:
        raise Refusal(error(400, "invalid_request_error", "Invalid limit: must be between 1 and 100", param="limit"))
    start, end = call.first("starting_after"), call.first("ending_before")
    for cursor in (start, end):
        if cursor is not None and cursor not in shelf.position:
            raise _missing("object", cursor)
    before = shelf.position[start] if start else len(shelf.rows)
    after = shelf.position[end] if end else -1
    found: list[Fields] = []
    rows: Iterator[Fields] = shelf.newest_first(low, high, before, after)
    if end:
        rows = reversed(list(rows))
    for row in rows:
        if keep(row):
            if len(found) == limit:
                return (found[::-1] if end else found), True
            found.append(row)
    return (found[::-1] if end else found), False


def _answer(data: list[JSON], has_more: bool, url: str) -> Answer:
    return Answer({"object": "list", "data": data, "has_more": has_more, "url": url})


def _status_of(call: Call) -> Callable[[Fields], bool]:
    status = call.first("status")
    if status == "all":
        return lambda row: True
    if status in (None, ""):
        return lambda row: bool(row["status"] != "canceled")
    return lambda row: bool(row["status"] == status)


def list_objects(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/{kind}``: newest first; canceled subscriptions only when asked for, deleted customers never."""
    kind = call.parts["kind"]
    if kind not in KINDS:
        raise Refusal(error(404, "invalid_request_error", f"Unrecognized request URL (GET: {call.path})."))
    wanted = [(name, value) for name in _FILTERS[kind] if (value := call.first(name)) is not None]
    visible = _status_of(call) if kind == "subscriptions" else lambda row: not row.get("deleted")

    def keep(row: Fields) -> bool:
        return visible(row) and all(str(row.get(name)).lower() == value.lower() for name, value in wanted)

    rows, more = _page(account.store.shelves[kind], call, *_window(call), keep)
    render = objects.RENDER[kind]
    return _answer([render(row) for row in rows], more, f"/v1/{kind}")


def read_object(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/{kind}/{id}``; a deleted customer answers with its tombstone."""
    kind, identifier = call.parts["kind"], call.parts["id"]
    row = account.store.get(kind, identifier) if kind in KINDS else None
    if row is None:
        raise _missing(kind, identifier)
    return Answer(objects.deleted_customer(row) if row.get("deleted") else objects.RENDER[kind](row))


def list_lines(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/invoices/{id}/lines``."""
    row = account.store.get("invoices", call.parts["id"])
    if row is None:
        raise _missing("invoices", call.parts["id"])
    return _answer([objects.line_item(row)], False, call.path)


def list_events(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/events``: the last 30 days, newest first, at most 20 types."""
    types = {value for key, value in call.query if key.startswith("types[")} | set(call.every("type"))
    if len(types) > 20:
        raise Refusal(error(400, "invalid_request_error", "You may pass up to 20 types", param="types"))
    low, high = _window(call)
    floor = account.store.now() - EVENT_WINDOW

    def keep(row: Fields) -> bool:
        return not types or any(row["type"] == t or (t.endswith("*") and row["type"].startswith(t[:-1])) for t in types)

    rows, more = _page(account.store.events, call, max(low or 0, floor), high, keep)
    return _answer([_event(account, row) for row in rows], more, "/v1/events")


def _event(account: StripeAccount, row: Fields) -> JSON:
    subject = account.store.get(row["kind"], row["object_id"])
    return objects.event(row, subject or {})


def list_balance_transactions(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/balance_transactions``: one per succeeded charge."""
    shelf = account.store.shelves["charges"]
    start = call.first("starting_after")
    by_transaction = {row["balance_transaction"]: row["id"] for row in shelf.rows} if start else {}
    query = [(k, by_transaction.get(v, v) if k == "starting_after" else v) for k, v in call.query]
    asked = Call(call.method, call.path, call.parts, query, call.body)
    rows, more = _page(shelf, asked, *_window(call), lambda row: bool(row["status"] == "succeeded"))
    return _answer([objects.balance_transaction(row) for row in rows], more, "/v1/balance_transactions")


def read_account(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/account``."""
    return Answer(
        {
            "id": account.store.account,
            "object": "account",
            "business_profile": {"name": account.tenant.name, "url": f"https://{account.tenant.domain}"},
            "charges_enabled": True,
            "country": "DK",
            "default_currency": "dkk",
            "details_submitted": True,
            "email": f"kontakt@{account.tenant.domain}",
            "metadata": {},
            "payouts_enabled": True,
            "type": "standard",
        }
    )


def _form(call: Call) -> dict[str, Any]:
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


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
    return Answer(objects.customer(account.store.add("customers", row, "customer.created")))


def update_customer(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/customers/{id}``."""
    row = account.store.get("customers", call.parts["id"])
    if row is None or row["deleted"]:
        raise _missing("customers", call.parts["id"])
    changes = {k: v for k, v in _form(call).items() if k in ("email", "name", "description")}
    account.store.change("customers", row, changes, "customer.updated")
    return Answer(objects.customer(row))


def delete_customer(account: StripeAccount, call: Call) -> Answer:
    """``DELETE /v1/customers/{id}``."""
    row = account.store.get("customers", call.parts["id"])
    if row is None or row["deleted"]:
        raise _missing("customers", call.parts["id"])
    account.store.change("customers", row, {"deleted": True}, "customer.deleted")
    return Answer(objects.deleted_customer(row))


def cancel_subscription(account: StripeAccount, call: Call) -> Answer:
    """``DELETE /v1/subscriptions/{id}``."""
    row = account.store.get("subscriptions", call.parts["id"])
    if row is None:
        raise _missing("subscriptions", call.parts["id"])
    changes = {"status": "canceled", "canceled_at": account.store.now()}
    account.store.change("subscriptions", row, changes, "customer.subscription.deleted")
    return Answer(objects.subscription(row))


def create_refund(account: StripeAccount, call: Call) -> Answer:
    """``POST /v1/refunds``."""
    form = _form(call)
    paid = account.store.get("charges", form.get("charge", ""))
    if paid is None:
        raise _missing("charges", form.get("charge", ""))
    left = paid["amount"] - paid["amount_refunded"]
    amount = int(form.get("amount") or left)
    if amount > left or amount <= 0:
        raise Refusal(
            error(400, "invalid_request_error", "Refund amount is greater than charge amount", param="amount")
        )
    row = {
        "charge": paid["id"],
        "amount": amount,
        "currency": paid["currency"],
        "reason": form.get("reason"),
        "status": "succeeded",
    }
    made = account.store.add("refunds", row, "refund.created")
    changes = {"amount_refunded": paid["amount_refunded"] + amount}
    account.store.change("charges", paid, changes, "charge.refunded")
    return Answer(objects.refund(made))


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
    ("GET", "/v1/account", read_account),
    ("GET", "/v1/events", list_events),
    ("GET", "/v1/balance_transactions", list_balance_transactions),
    ("GET", "/v1/invoices/{id}/lines", list_lines),
    ("POST", "/v1/customers", create_customer),
    ("POST", "/v1/customers/{id}", update_customer),
    ("DELETE", "/v1/customers/{id}", delete_customer),
    ("DELETE", "/v1/subscriptions/{id}", cancel_subscription),
    ("POST", "/v1/refunds", create_refund),
    ("GET", "/v1/{kind}", list_objects),
    ("GET", "/v1/{kind}/{id}", read_object),
)

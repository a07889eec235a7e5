"""Stripe's HTTP surface over one account: lists, objects, events, balance. Changes are in `stripe_writes`."""

from collections.abc import Callable, Iterable, Iterator

from integrations.sandbox import stripe_objects as objects
from integrations.sandbox import stripe_payments as payments
from integrations.sandbox import stripe_render as render
from integrations.sandbox import stripe_sales as sales
from integrations.sandbox import stripe_writes as writes
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal
from integrations.sandbox.stripe_account import Handler, StripeAccount, error, missing, whole
from integrations.sandbox.stripe_keys import account_id, parse_key, with_account
from integrations.sandbox.stripe_shelf import EVENT_WINDOW, KINDS, Fields, Shelf

__all__ = [
    "ROUTES", "StripeAccount", "admit", "error", "expired", "throttled", "unauthorized", "with_account",
    "with_idempotency",
]  # fmt: skip

with_idempotency = writes.with_idempotency

_FILTERS = {
    "prices": ("product", "active", "type", "currency"),
    "products": ("active",),
    "customers": ("email",),
    "subscriptions": ("customer", "price"),
    "subscription_schedules": ("customer",),
    "invoices": ("customer", "subscription", "status"),
    "credit_notes": ("customer", "invoice"),
    "charges": ("customer", "payment_intent"),
    "payment_intents": ("customer",),
    "refunds": ("charge", "payment_intent"),
    "disputes": ("charge", "payment_intent"),
    "balance_transactions": ("currency", "source", "type"),
    "payouts": ("status",),
    "promotion_codes": ("code", "active", "coupon"),
    "checkout/sessions": ("customer", "status"),
}


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


def admit(account: StripeAccount, credential: str, call: Call) -> StripeAccount:
    """Return the account in the mode that the key opens.

    Raises:
        Refusal: the key may not act for the connected account, or not read this resource (403).
    """
    access = parse_key(credential)
    assert access is not None, "the server looked the tenant up by it"
    own = account_id(access.slug)
    if access.account not in (None, own):
        message = (
            f"The provided key does not have access to account '{access.account}' (or that account does not exist). "
            "Application access may have been revoked."
        )
        raise Refusal(error(403, "invalid_request_error", message, code="account_invalid"))
    if access.denied is not None and access.denied in call.path.split("/"):
        message = (
            f"The provided key does not have the required permissions for this endpoint on account '{own}'. Having "
            f"the 'rak_{access.denied.removesuffix('s')}_read' permission would allow this request to continue."
        )
        raise Refusal(error(403, "invalid_request_error", message))
    return account.live() if access.is_live else account


def _window(call: Call) -> tuple[int | None, int | None]:
    low = high = None
    for key, value in call.query:
        if key.startswith("created"):
            moment = whole(value, key, 0)
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


def _limits(call: Call) -> tuple[int, str | None, str | None]:
    limit = whole(call.first("limit"), "limit", 10)
    if not 1 <= limit <= 100:
        raise Refusal(error(400, "invalid_request_error", "Invalid limit: must be between 1 and 100", param="limit"))
    return limit, call.first("starting_after"), call.first("ending_before")


def _no_cursor(identifier: str, name: str) -> Refusal:
    message = f"No such object: '{identifier}'"
    return Refusal(error(400, "invalid_request_error", message, code="resource_missing", param=name))


def _page(
    shelf: Shelf, call: Call, low: int | None, high: int | None, keep: Callable[[Fields], bool]
) -> tuple[list[Fields], bool]:
    limit, start, end = _limits(call)
    for name, cursor in (("starting_after", start), ("ending_before", end)):
        row = shelf.get(cursor) if cursor is not None else None
        # a customer leaves a stub, of anything else that was deleted nothing is known
        if cursor is not None and (row is None or (row.get("deleted") and "email" not in row)):
            raise _no_cursor(cursor, name)
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


def _expand(call: Call, prefix: str = "") -> list[str]:
    return [value.removeprefix(prefix) for key, value in call.query if key.startswith("expand")]


def _kind(call: Call) -> str:
    """The kind that a path names; sessions lie one folder deeper."""
    kind = "checkout/sessions" if call.path.startswith("/v1/checkout/sessions") else call.parts["kind"]
    if kind not in KINDS:
        raise Refusal(error(404, "invalid_request_error", f"Unrecognized request URL (GET: {call.path})."))
    return kind


def list_objects(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/{kind}``: newest first; canceled subscriptions only when asked for, deleted objects never."""
    kind = _kind(call)
    wanted = [(name, value) for name in _FILTERS.get(kind, ()) if (value := call.first(name)) is not None]
    visible = _status_of(call) if kind == "subscriptions" else lambda row: not row.get("deleted")

    def keep(row: Fields) -> bool:
        return visible(row) and all(str(row.get(name)).lower() == value.lower() for name, value in wanted)

    store = account.store
    rows, more = _page(store.shelves[kind], call, *_window(call), keep)
    expand = _expand(call, "data.")
    data = [render.shown(store, kind, row, expand) for row in rows]
    if store.shows_other_mode and data:
        data[0] = render.in_other_mode(store, data[0])
    return _answer(data, more, f"/v1/{kind}")


def read_object(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/{kind}/{id}``; a deleted customer answers with its stub, anything else that was deleted is gone."""
    kind, identifier = _kind(call), call.parts["id"]
    row = account.store.get(kind, identifier)
    if row is None or (row.get("deleted") and kind != "customers"):
        raise missing(kind, identifier)
    if row.get("deleted"):
        return Answer(render.deleted(kind, row))
    return Answer(render.shown(account.store, kind, row, _expand(call)))


def _nested(account: StripeAccount, call: Call, kind: str, parent: str, tell: Callable[[Fields], list[JSON]]) -> Answer:
    """Page through a list inside an object."""
    row = account.store.get(kind, parent)
    if row is None or row.get("deleted"):
        raise missing(kind, parent)
    children = tell(row)
    limit, start, _ = _limits(call)
    names = [child["id"] for child in children]
    if start is not None and start not in names:
        raise _no_cursor(start, "starting_after")
    first = names.index(start) + 1 if start is not None else 0
    part = children[first : first + limit]
    return _answer(part, first + limit < len(children), call.path)


def list_lines(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/invoices/{id}/lines``."""
    return _nested(account, call, "invoices", call.parts["id"], payments.line_items)


def list_credit_lines(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/credit_notes/{id}/lines``."""
    return _nested(account, call, "credit_notes", call.parts["id"], sales.credit_note_lines)


def list_session_lines(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/checkout/sessions/{id}/line_items``."""
    return _nested(account, call, "checkout/sessions", call.parts["id"], sales.session_lines)


def list_tax_ids(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/customers/{id}/tax_ids``."""
    return _nested(account, call, "customers", call.parts["id"], objects.tax_ids)


def list_items(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/subscription_items?subscription=``."""
    owner = call.first("subscription")
    if owner is None:
        raise Refusal(
            error(400, "invalid_request_error", "Missing required param: subscription.", param="subscription")
        )
    return _nested(account, call, "subscriptions", owner, objects.subscription_items)


def list_events(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/events``: the last 30 days, newest first, at most 20 types."""
    types = {value for key, value in call.query if key.startswith("types[")} | set(call.every("type"))
    if len(types) > 20:
        raise Refusal(error(400, "invalid_request_error", "You may pass up to 20 types", param="types"))
    low, high = _window(call)
    store = account.store
    rows, more = _page(store.events, call, max(low or 0, store.now() - EVENT_WINDOW), high, _is_one_of(types))
    return _answer([render.event(store, row) for row in rows], more, "/v1/events")


def _is_one_of(types: Iterable[str]) -> Callable[[Fields], bool]:
    names = tuple(types)
    return lambda row: (
        not names or any(row["type"] == t or (t.endswith("*") and row["type"].startswith(t[:-1])) for t in names)
    )


def read_event(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/events/{id}``."""
    row = account.store.events.get(call.parts["id"])
    if row is None or row["created"] < account.store.now() - EVENT_WINDOW:
        raise missing("events", call.parts["id"])
    return Answer(render.event(account.store, row))


def read_balance(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/balance``."""
    held = sorted(account.store.balance().items())
    return Answer(
        {
            "object": "balance",
            "available": [_amount(currency, free) for currency, (free, _) in held],
            "livemode": account.store.is_live,
            "pending": [_amount(currency, bound) for currency, (_, bound) in held],
        }
    )


def _amount(currency: str, amount: int) -> JSON:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def read_account(account: StripeAccount, call: Call) -> Answer:
    """``GET /v1/account``."""
    products = account.store.shelves["products"].created
    return Answer(
        {
            "id": account.store.account,
            "object": "account",
            "business_profile": {"name": account.tenant.name, "url": f"https://{account.tenant.domain}"},
            "charges_enabled": True,
            "country": "DK",
            "created": products[0] if products else account.store.now(),
            "default_currency": "dkk",
            "details_submitted": True,
            "email": f"kontakt@{account.tenant.domain}",
            "metadata": {},
            "payouts_enabled": True,
            "type": "standard",
        }
    )


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/account", read_account),
    ("GET", "/v1/balance", read_balance),
    ("GET", "/v1/events", list_events),
    ("GET", "/v1/events/{id}", read_event),
    ("GET", "/v1/subscription_items", list_items),
    ("GET", "/v1/checkout/sessions", list_objects),
    ("GET", "/v1/checkout/sessions/{id}", read_object),
    ("GET", "/v1/checkout/sessions/{id}/line_items", list_session_lines),
    ("GET", "/v1/invoices/{id}/lines", list_lines),
    ("GET", "/v1/credit_notes/{id}/lines", list_credit_lines),
    ("GET", "/v1/customers/{id}/tax_ids", list_tax_ids),
    *writes.ROUTES,
    ("GET", "/v1/{kind}", list_objects),
    ("GET", "/v1/{kind}/{id}", read_object),
)

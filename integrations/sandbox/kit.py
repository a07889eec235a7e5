"""Kit v4 over one account: lists, members, figures, and the writes that a test needs. Keys and faults come before."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from integrations.sandbox import kit_render as render
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal, decode_cursor, encode_cursor
from integrations.sandbox.kit_account import RELATIONS, KitAccount
from integrations.sandbox.kit_account import build_account as build_account

Handler = Callable[[KitAccount, Call], Answer]

_KEPT_FORMS = {"active": (False,), "archived": (True,), "trashed": (), "all": (False, True)}


def unauthorized() -> Answer:
    """Return what Kit says to a wrong key."""
    return Answer({"errors": ["The access token is invalid"]}, 401)


def throttled() -> Answer:
    """Return what Kit says when its limit is reached; it names no time to wait."""
    return Answer({"errors": ["Rate limit exceeded"]}, 429)


def _not_found() -> Refusal:
    return Refusal(Answer({"errors": ["Not Found"]}, 404))


def _unprocessable(message: str) -> Refusal:
    return Refusal(Answer({"errors": [message]}, 422))


def _page(call: Call, name: str, ids: Sequence[int], shown_as: Callable[[int], JSON]) -> Answer:
    """Return one page, newest first; there is a cursor on the last page, too."""
    text = call.first("per_page", "500") or "500"
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise _unprocessable("Per page must be between 1 and 1000")
    size = int(text)
    kept = sorted(ids, reverse=True)
    total = len(kept)
    after, before = call.first("after"), call.first("before")
    for cursor in (after, before):
        if cursor and decode_cursor(cursor) is None:
            raise _unprocessable("Cursor is invalid")
    if after:
        limit = decode_cursor(after) or 0
        kept = [number for number in kept if number < limit]
    if before:
        floor = decode_cursor(before) or 0
        kept = [number for number in kept if number > floor][-size:]
    shown = kept[:size]
    pagination: dict[str, JSON] = {
        "has_previous_page": bool(after),
        "has_next_page": len(kept) > size,
        "start_cursor": encode_cursor(shown[0]) if shown else None,
        "end_cursor": encode_cursor(shown[-1]) if shown else None,
        "per_page": size,
    }
    if (call.first("include_total_count") or "").lower() == "true":
        pagination["total_count"] = total
    return Answer({name: [shown_as(number) for number in shown], "pagination": pagination})


def _day(text: str) -> int:
    """Return the start of the day that a parameter names: the vendor compares whole days, whatever the time in it."""
    try:
        return int(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise _unprocessable("Date is invalid") from None


def _filter(account: KitAccount, call: Call) -> Callable[[int], bool]:
    status = call.first("status", "active")
    email = (call.first("email_address") or "").lower()
    bounds = {
        name: _day(text)
        for name in ("created_after", "created_before", "updated_after", "updated_before")
        if (text := call.first(name))
    }

    def keep(number: int) -> bool:
        row = account.subscribers[number]
        if status != "all" and row["state"] != status:
            return False
        if email and row["email_address"].lower() != email:
            return False
        return all(
            (row[f"{name.split('_')[0]}_at"] >= bound) == name.endswith("after") for name, bound in bounds.items()
        )

    return keep


def _number(account: KitAccount, kind: str, call: Call, name: str = "id") -> int:
    text = call.parts[name]
    number = int(text) if text.isdigit() else -1
    if number not in account.tables[kind]:
        raise _not_found()
    return number


def read_account(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/account``."""
    return Answer(render.account(account))


def list_subscribers(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/subscribers``: active ones unless ``status`` says otherwise; ``updated_after`` counts whole days."""
    included = frozenset(call.every("include"))
    kept = list(filter(_filter(account, call), account.subscribers))
    return _page(call, "subscribers", kept, lambda number: render.subscriber(account, number, included))


def read_subscriber(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/subscribers/{id}``: without what ``include`` adds in the list."""
    return Answer({"subscriber": render.subscriber(account, _number(account, "subscribers", call))})


def list_worn_tags(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/subscribers/{id}/tags``."""
    worn = account.parents_of("tags", _number(account, "subscribers", call))
    return _page(
        call,
        "tags",
        list(worn),
        lambda tag: {**render.plain(account, "tags", tag), "tagged_at": render.iso(worn[tag])},
    )


def _lister(kind: str) -> Handler:
    def list_objects(account: KitAccount, call: Call) -> Answer:
        ids = list(account.tables[kind])
        if kind == "forms":
            wanted = _KEPT_FORMS.get(call.first("status", "active") or "", (False,))
            ids = [number for number in ids if account.tables[kind][number]["archived"] in wanted]
        return _page(call, kind, ids, lambda number: render.plain(account, kind, number))

    return list_objects


def _members_lister(kind: str) -> Handler:
    stamp = RELATIONS[kind][2]

    def list_members(account: KitAccount, call: Call) -> Answer:
        members = account.members[kind].get(_number(account, kind, call), {})
        matches = _filter(account, call)
        since, until = call.first(stamp.replace("_at", "_after")), call.first(stamp.replace("_at", "_before"))
        floor = _day(since) if since else 0
        ceiling = _day(until) if until else 1 << 40
        kept = [who for who, moment in members.items() if floor <= moment < ceiling and matches(who)]
        return _page(
            call,
            "subscribers",
            kept,
            lambda who: {**render.subscriber(account, who), stamp: render.iso(members[who])},
        )

    return list_members


def read_stats(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/broadcasts/{id}/stats``."""
    number = _number(account, "broadcasts", call)
    return Answer({"broadcast": {"id": number, "stats": render.stats(account.tables["broadcasts"][number])}})


def create_subscriber(account: KitAccount, call: Call) -> Answer:
    """``POST /v4/subscribers``."""
    body = call.json()
    if not body.get("email_address"):
        raise _unprocessable("Email address can't be blank")
    number = account.subscribe(str(body["email_address"]), body.get("first_name"))
    return Answer({"subscriber": render.subscriber(account, number)}, 201)


def unsubscribe(account: KitAccount, call: Call) -> Answer:
    """``POST /v4/subscribers/{id}/unsubscribe``."""
    account.change(_number(account, "subscribers", call), state="cancelled")
    return Answer(None, 204)


def _joiner(kind: str) -> Handler:
    def join(account: KitAccount, call: Call) -> Answer:
        parent, number = _number(account, kind, call), _number(account, "subscribers", call, "subscriber_id")
        account.join(kind, parent, number)
        since = {RELATIONS[kind][2]: render.iso(account.members[kind][parent][number])}
        return Answer({"subscriber": {**render.subscriber(account, number), **since}}, 201)

    return join


def untag(account: KitAccount, call: Call) -> Answer:
    """``DELETE /v4/tags/{id}/subscribers/{subscriber_id}``."""
    if not account.leave(
        "tags", _number(account, "tags", call), _number(account, "subscribers", call, "subscriber_id")
    ):
        raise _not_found()
    return Answer(None, 204)


def create_custom_field(account: KitAccount, call: Call) -> Answer:
    """``POST /v4/custom_fields``: every subscriber has it from now on, empty."""
    label = call.json().get("label")
    if not label:
        raise _unprocessable("Label can't be blank")
    number = account.new_id()
    account.tables["custom_fields"][number] = {
        "id": number,
        "key": str(label).lower().replace(" ", "_"),
        "label": label,
    }
    return Answer({"custom_field": render.plain(account, "custom_fields", number)}, 201)


def remove(account: KitAccount, call: Call) -> Answer:
    """Remove an object as a person does on Kit's own pages; its API has no call for most of them."""
    kind = call.parts["kind"]
    if kind not in account.tables or not call.parts["id"].isdigit() or not account.remove(kind, int(call.parts["id"])):
        raise _not_found()
    return Answer(None, 204)


_KINDS = ("custom_fields", "tags", "forms", "sequences", "broadcasts", "segments", "purchases")

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v4/account", read_account),
    ("GET", "/v4/subscribers", list_subscribers),
    ("POST", "/v4/subscribers", create_subscriber),
    ("GET", "/v4/subscribers/{id}", read_subscriber),
    ("POST", "/v4/subscribers/{id}/unsubscribe", unsubscribe),
    ("GET", "/v4/subscribers/{id}/tags", list_worn_tags),
    *(("GET", f"/v4/{kind}", _lister(kind)) for kind in _KINDS),
    *(("GET", f"/v4/{kind}/{{id}}/subscribers", _members_lister(kind)) for kind in RELATIONS),
    *(("POST", f"/v4/{kind}/{{id}}/subscribers/{{subscriber_id}}", _joiner(kind)) for kind in RELATIONS),
    ("DELETE", "/v4/tags/{id}/subscribers/{subscriber_id}", untag),
    ("GET", "/v4/broadcasts/{id}/stats", read_stats),
    ("POST", "/v4/custom_fields", create_custom_field),
    ("DELETE", "/_pages/{kind}/{id}", remove),
)

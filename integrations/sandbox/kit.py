"""Kit v4 over one account: subscribers, tags, broadcasts, forms. Faults and keys are handled before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import polars as pl

from integrations.sandbox.exchange import JSON, Answer, Call, Clock, Refusal, decode_cursor, encode_cursor
from integrations.sandbox.tenants import TenantSpec

Fields: TypeAlias = dict[str, Any]


@dataclass
class KitAccount:
    """One tenant's account; ids are integers, times seconds."""

    tenant: TenantSpec
    clock: Clock
    subscribers: dict[int, Fields]
    tags: dict[int, Fields]
    tagged: dict[int, dict[int, int]]
    broadcasts: dict[int, Fields]

    def now(self) -> int:
        return int(self.clock())


Handler = Callable[[KitAccount, Call], Answer]


def build_account(tenant: TenantSpec, frames: dict[str, pl.DataFrame], clock: Clock) -> KitAccount:
    """Return the account as the world's frames describe it."""
    tagged: dict[int, dict[int, int]] = {}
    frame = frames.get("kit_tag_subscribers")
    if frame is not None:
        columns = frame.select("tag_id", "subscriber_id", pl.col("tagged_at").dt.epoch("s"))
        for tag, subscriber, moment in columns.iter_rows():
            tagged.setdefault(tag, {})[subscriber] = moment
    return KitAccount(
        tenant=tenant,
        clock=clock,
        subscribers=_table(frames.get("kit_subscribers")),
        tags=_table(frames.get("kit_tags")),
        tagged=tagged,
        broadcasts=_table(frames.get("kit_broadcasts")),
    )


def _table(frame: pl.DataFrame | None) -> dict[int, Fields]:
    if frame is None:
        return {}
    stamps = [name for name in ("created_at", "updated_at", "send_at") if name in frame.columns]
    rows = frame.drop("tenant_id").with_columns(pl.col(stamps).dt.epoch("s")).iter_rows(named=True)
    return {row["id"]: row for row in rows}


def unauthorized() -> Answer:
    """Return what Kit says to a wrong key."""
    return Answer({"errors": ["The API key is invalid"]}, 401)


def throttled() -> Answer:
    """Return what Kit says when its limit is reached."""
    return Answer({"errors": ["Rate limit exceeded"]}, 429)


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _page(
    call: Call,
    name: str,
    ids: Sequence[int],
    render: Callable[[int], JSON],
    keep: Callable[[int], bool] | None = None,
) -> Answer:
    text = call.first("per_page", "500") or "500"
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise Refusal(Answer({"errors": ["Per page must be between 1 and 1000"]}, 422))
    size = int(text)
    kept = sorted((number for number in ids if keep is None or keep(number)), reverse=True)
    total = len(kept)
    after, before = call.first("after"), call.first("before")
    for cursor in (after, before):
        if cursor and decode_cursor(cursor) is None:
            raise Refusal(Answer({"errors": ["Cursor is invalid"]}, 422))
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
    return Answer({name: [render(number) for number in shown], "pagination": pagination})


def _subscriber(account: KitAccount, number: int) -> Fields:
    row = account.subscribers[number]
    return {
        "id": number,
        "first_name": row["first_name"],
        "email_address": row["email_address"],
        "state": row["state"],
        "created_at": _iso(row["created_at"]),
        "fields": {"language": row["language"]},
    }


def _filter(account: KitAccount, call: Call) -> Callable[[int], bool]:
    status = call.first("status", "active")
    email = (call.first("email_address") or "").lower()
    # The vendor compares whole days, whatever the time in the parameter.
    bounds = {
        name: int(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC).timestamp())
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


def read_account(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/account``."""
    tenant = account.tenant
    return Answer(
        {
            "user": {"email": f"kontakt@{tenant.domain}", "id": tenant.number},
            "account": {
                "id": tenant.number,
                "name": tenant.name,
                "plan_type": "creator",
                "primary_email_address": f"kontakt@{tenant.domain}",
                "created_at": _iso(1_600_000_000),
                "timezone": {
                    "name": "Europe/Copenhagen",
                    "friendly_name": "Copenhagen",
                    "utc_offset": "+01:00",
                },
            },
        }
    )


def list_subscribers(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/subscribers``: active ones unless ``status`` says otherwise; ``updated_after`` counts whole days."""
    ids = list(account.subscribers)
    return _page(call, "subscribers", ids, lambda number: _subscriber(account, number), _filter(account, call))


def read_subscriber(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/subscribers/{id}``."""
    number = int(call.parts["id"]) if call.parts["id"].isdigit() else -1
    if number not in account.subscribers:
        raise Refusal(Answer({"errors": ["Not Found"]}, 404))
    return Answer({"subscriber": _subscriber(account, number)})


def list_tags(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/tags``."""

    def render(number: int) -> JSON:
        tag = account.tags[number]
        return {"id": number, "name": tag["name"], "created_at": _iso(tag["created_at"])}

    return _page(call, "tags", list(account.tags), render)


def list_tag_subscribers(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/tags/{id}/subscribers``."""
    number = int(call.parts["id"]) if call.parts["id"].isdigit() else -1
    if number not in account.tags:
        raise Refusal(Answer({"errors": ["Not Found"]}, 404))
    tagged = account.tagged.get(number, {})

    def render(subscriber: int) -> JSON:
        return {**_subscriber(account, subscriber), "tagged_at": _iso(tagged[subscriber])}

    matches = _filter(account, call)
    since = call.first("tagged_after")
    floor = int(datetime.fromisoformat(since[:10]).replace(tzinfo=UTC).timestamp()) if since else 0
    return _page(call, "subscribers", list(tagged), render, lambda who: tagged[who] >= floor and matches(who))


def list_broadcasts(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/broadcasts``."""

    def render(number: int) -> JSON:
        row = account.broadcasts[number]
        return {
            "id": number,
            "publication_id": number,
            "created_at": _iso(row["created_at"]),
            "subject": row["subject"],
            "preview_text": None,
            "description": None,
            "content": None,
            "public": False,
            "published_at": None,
            "send_at": _iso(row["send_at"]),
            "thumbnail_alt": None,
            "thumbnail_url": None,
            "email_address": f"nyt@{account.tenant.domain}",
            "email_template": {"id": 1, "name": "Text only"},
            "subscriber_filter": [],
        }

    return _page(call, "broadcasts", list(account.broadcasts), render)


def read_stats(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/broadcasts/{id}/stats``."""
    number = int(call.parts["id"]) if call.parts["id"].isdigit() else -1
    row = account.broadcasts.get(number)
    if row is None:
        raise Refusal(Answer({"errors": ["Not Found"]}, 404))
    recipients = row["recipients"]

    def rate(count: int) -> float:
        return round(100 * count / recipients, 2) if recipients else 0.0

    stats = {
        "recipients": recipients,
        "open_rate": rate(row["emails_opened"]),
        "emails_opened": row["emails_opened"],
        "click_rate": rate(row["total_clicks"]),
        "unsubscribe_rate": rate(row["unsubscribes"]),
        "unsubscribes": row["unsubscribes"],
        "total_clicks": row["total_clicks"],
        "show_total_clicks": True,
        "status": "completed",
        "progress": 1.0,
        "open_tracking_disabled": False,
        "click_tracking_disabled": False,
    }
    return Answer({"broadcast": {"id": number, "stats": stats}})


def list_forms(account: KitAccount, call: Call) -> Answer:
    """``GET /v4/forms``: every account has one."""

    def render(number: int) -> JSON:
        host = f"https://{account.tenant.domain}"
        return {
            "id": number,
            "name": "Nyhedsbrev",
            "created_at": _iso(1_600_000_000),
            "type": "embed",
            "format": None,
            "embed_js": f"{host}/form.js",
            "embed_url": f"{host}/form",
            "archived": False,
            "uid": f"form{number}",
        }

    return _page(call, "forms", [account.tenant.number], render)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v4/account", read_account),
    ("GET", "/v4/subscribers", list_subscribers),
    ("GET", "/v4/subscribers/{id}", read_subscriber),
    ("GET", "/v4/tags", list_tags),
    ("GET", "/v4/tags/{id}/subscribers", list_tag_subscribers),
    ("GET", "/v4/broadcasts", list_broadcasts),
    ("GET", "/v4/broadcasts/{id}/stats", read_stats),
    ("GET", "/v4/forms", list_forms),
)

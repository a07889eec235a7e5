"""Kit's objects as JSON, in the vendor's field names. Which of them are shown is decided in `kit`."""

from datetime import UTC, datetime

from integrations.sandbox.exchange import JSON
from integrations.sandbox.kit_account import Fields, KitAccount

_BEGIN = 1_600_000_000


def iso(seconds: int) -> str:
    """Return an instant as Kit writes it, in whole seconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def account(account: KitAccount) -> JSON:
    """The answer of ``/v4/account``."""
    tenant = account.tenant
    address = f"kontakt@{tenant.domain}"
    zone = {"name": "Europe/Copenhagen", "friendly_name": "Copenhagen", "utc_offset": "+01:00"}
    return {
        "user": {"email": address, "id": tenant.number},
        "account": {
            "id": tenant.number,
            "name": tenant.name,
            "plan_type": "creator",
            "primary_email_address": address,
            "created_at": iso(_BEGIN),
            "timezone": zone,
        },
    }


def subscriber(account: KitAccount, number: int, included: frozenset[str] = frozenset()) -> Fields:
    """A subscriber with every custom field of the account, and what ``include`` asked for."""
    row = account.subscribers[number]
    keys = [definition["key"] for definition in account.tables["custom_fields"].values()]
    shown: Fields = {
        "id": number,
        "first_name": row["first_name"],
        "email_address": row["email_address"],
        "state": row["state"],
        "created_at": iso(row["created_at"]),
        "fields": {key: row.get(key) for key in keys},
    }
    if "attribution" in included:
        shown["attribution"] = {"utm_source": row.get("utm_source"), "utm_medium": None, "utm_campaign": None}
    if "location" in included:
        shown["location"] = {"country": "DK" if row["language"] == "da" else None, "city": None}
    if "canceled_at" in included:
        shown["canceled_at"] = iso(row["updated_at"]) if row["state"] == "cancelled" else None
    if "tags" in included:
        worn = sorted(account.parents_of("tags", number))
        shown["tags"] = [{"id": tag, "name": account.tables["tags"][tag]["name"]} for tag in worn]
    return shown


def plain(account: KitAccount, kind: str, number: int) -> JSON:
    """An object of any kind but subscribers."""
    row = account.tables[kind][number]
    if kind == "custom_fields":
        return {"id": number, "name": f"ck_field_{number}_{row['key']}", "key": row["key"], "label": row["label"]}
    if kind == "purchases":
        return _purchase(row)
    shown = {"id": number, "created_at": iso(row["created_at"])}
    if kind == "broadcasts":
        return shown | _broadcast(account, row)
    shown["name"] = row["name"]
    if kind == "forms":
        host = f"https://{account.tenant.domain}/forms/{number}"
        shown |= {"type": row["type"], "format": "inline" if row["type"] == "embed" else None}
        shown |= {"embed_js": f"{host}.js", "embed_url": host, "archived": row["archived"], "uid": f"form{number}"}
    if kind == "sequences":
        shown |= {"hold": False, "repeat": row["repeats"]}
    return shown


def _purchase(row: Fields) -> JSON:
    subtotal = round(row["total"] / 1.25, 2)
    product = {"quantity": 1, "lid": str(row["id"]), "unit_price": subtotal, "sku": None, "name": row["product"]}
    return {
        "id": row["id"],
        "transaction_id": row["transaction_id"],
        "status": row["status"],
        "email_address": row["email_address"],
        "currency": row["currency"],
        "transaction_time": iso(row["transaction_time"]),
        "subtotal": subtotal,
        "discount": 0,
        "tax": round(row["total"] - subtotal, 2),
        "total": row["total"],
        "products": [{**product, "pid": "1"}],
    }


def _broadcast(account: KitAccount, row: Fields) -> JSON:
    return {
        "publication_id": row["id"],
        "subject": row["subject"],
        "preview_text": None,
        "description": None,
        "content": None,
        "public": False,
        "published_at": None,
        "send_at": iso(row["send_at"]),
        "thumbnail_alt": None,
        "thumbnail_url": None,
        "email_address": f"nyt@{account.tenant.domain}",
        "email_template": {"id": 1, "name": "Text only"},
        "subscriber_filter": [],
    }


def stats(row: Fields) -> JSON:
    """A broadcast's figures; rates are percentages."""
    recipients = row["recipients"]

    def rate(count: int) -> float:
        return round(100 * count / recipients, 2) if recipients else 0.0

    return {
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

"""What happened at a simulated vendor, in the words of its webhooks, and the signed request. Nothing is sent here.

It sees accounts only through the handlers that serve clients too, so it does not care how a vendor's store is built.
"""

import itertools
from typing import Any

import orjson

from integrations.sandbox import kit, stripe
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal
from integrations.sandbox.identifiers import key_of

_MODULES = {"stripe": stripe, "kit": kit}
_NUMBERS = itertools.count(1)
_SINGULAR = {
    "contacts": "contact", "companies": "company", "deals": "deal", "tickets": "ticket", "products": "product",
    "line_items": "line_item", "quotes": "quote", "calls": "call", "emails": "email", "meetings": "meeting",
    "notes": "note", "tasks": "task",
}  # fmt: skip
_HAPPENED = {"created": "creation", "archived": "deletion", "erased": "privacyDeletion", "restored": "restore"}


def ask(vendor: str, account: Any, path: str, query: dict[str, str] | None = None) -> JSON:
    """What the vendor's own GET route answers, or None where it refuses."""
    for method, pattern, handler in _MODULES[vendor].ROUTES:
        parts = _match(pattern, path) if method == "GET" else None
        if parts is not None:
            try:
                return handler(account, Call("GET", path, parts, list((query or {}).items()), b"")).payload
            except Refusal:
                return None
    return None


def _match(pattern: str, path: str) -> dict[str, str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    parts = {}
    for one, other in zip(wanted, given, strict=True):
        if one.startswith("{"):
            parts[one[1:-1].partition(":")[0]] = other
        elif one != other:
            return None
    return parts


def events_of_advance(vendor: str, done: dict[str, list[str]], account: Any) -> list[JSON]:
    """The events of what `advance` told: ids such as ``contacts/12`` by what happened to them."""
    if vendor == "hubspot":
        split = [(what, *reference.partition("/")) for what, references in done.items() for reference in references]
        return [_hubspot(account, kind, one, _HAPPENED.get(what, "propertyChange")) for what, kind, _, one in split]
    named = {"created": "subscriber.subscriber_activate", "archived": "subscriber.subscriber_unsubscribe"}
    found = []
    for what, references in done.items():
        for reference in references:
            kind, _, number = reference.partition("/")
            if kind == "subscribers" and what in named:
                found.append(_kit_subscriber(account, number))
    return [event for event in found if event is not None]


def events_of_call(vendor: str, call: Call, answer: Answer, account: Any) -> list[JSON]:
    """The events of what a client's own request changed."""
    return _hubspot_call(account, call, answer) if vendor == "hubspot" else _kit_call(account, call, answer)


def _hubspot(account: Any, kind: str, identifier: str, what: str, **more: JSON) -> JSON:
    number = next(_NUMBERS)
    name = _SINGULAR.get(kind, "object")
    event: dict[str, JSON] = {
        "eventId": number % 1000,  # not unique, as at the vendor
        "subscriptionId": key_of("subscription", kind, what) % 1_000_000,
        "portalId": key_of(account.tenant.slug, "portal") % 90_000_000,
        "appId": 1_160_452,
        "occurredAt": int(account.store.now()),
        "subscriptionType": f"{name}.{what}",
        "attemptNumber": 0,
        "changeSource": "CRM",
    }
    if name == "object":
        event["objectTypeId"], _, identifier = identifier.partition("/")
    if identifier:
        event["objectId"] = int(identifier) if identifier.isdigit() else identifier
    if what == "propertyChange":
        event |= {"propertyName": "lifecyclestage", "propertyValue": ""}
    return event | more


def _hubspot_call(account: Any, call: Call, answer: Answer) -> list[JSON]:
    parts, body = call.parts, call.json()
    kind = parts.get("kind") or ("contacts" if "/contacts/" in call.path else "")
    told = answer.payload if isinstance(answer.payload, dict) else {}
    if call.path.endswith("/gdpr-delete"):
        return [_hubspot(account, "contacts", str(body.get("objectId", "")), "privacyDeletion")]
    if call.path.endswith("/merge"):
        primary, gone = str(body.get("primaryObjectId", "")), str(body.get("objectIdToMerge", ""))
        new = str(told.get("id", ""))
        merge = {"primaryObjectId": int(primary), "mergedObjectIds": [int(gone)], "newObjectId": int(new)}
        return [_hubspot(account, kind, primary, "merge", **merge)]
    if "/associations/" in call.path and call.path.endswith(("/create", "/archive")):
        return list(_hubspot_links(account, kind, parts.get("other", ""), body, call.path.endswith("/archive")))
    if not call.path.startswith("/crm/v3/objects/") or call.path.endswith(("/search", "/read")):
        return []
    if call.method == "DELETE":
        return [_hubspot(account, kind, parts["id"], "deletion")]
    if call.method == "PATCH":
        changed = body.get("properties") or {}
        return [
            _hubspot(account, kind, str(told.get("id")), "propertyChange", propertyName=name, propertyValue=str(value))
            for name, value in changed.items()
        ]
    return [_hubspot(account, kind, str(told["id"]), "creation")] if told.get("id") else []


def _hubspot_links(account: Any, kind: str, other: str, body: JSON, is_removed: bool) -> list[JSON]:
    words = f"{_SINGULAR.get(kind, kind)}_TO_{_SINGULAR.get(other, other)}".upper()
    found = []
    for item in body.get("inputs") or []:
        to = item.get("to", [])
        for target in to if isinstance(to, list) else [to]:
            ends = {"fromObjectId": int(item["from"]["id"]), "toObjectId": int(target["id"])}
            more = {"associationType": words, "associationRemoved": is_removed, "isPrimaryAssociation": False}
            found.append(_hubspot(account, kind, "", "associationChange", **ends, **more))
    return found


def _kit_subscriber(account: Any, number: str) -> JSON:
    told = ask("kit", account, f"/v4/subscribers/{number}")
    return {"subscriber": told["subscriber"]} if told else None


def _kit_call(account: Any, call: Call, answer: Answer) -> list[JSON]:
    told = answer.payload if isinstance(answer.payload, dict) else {}
    event: JSON = None
    if "subscriber" in told:
        event = {"subscriber": told["subscriber"]}
    elif "purchase" in told:
        event = {"purchase": told["purchase"]}
    elif "/subscribers/" in call.path and call.parts:
        event = _kit_subscriber(account, call.path.split("/subscribers/")[1].split("/")[0])
    return [event] if event else []


def newest_stripe_event(account: Any) -> str | None:
    """The id of the newest event of the feed."""
    told = ask("stripe", account, "/v1/events", {"limit": "1"})
    return told["data"][0]["id"] if told and told["data"] else None


def stripe_events_after(account: Any, last: str | None) -> tuple[list[JSON], str | None]:
    """The events after one of them, the oldest first, and the newest's id."""
    found: list[JSON] = []
    while True:
        query = {"limit": "100"} | ({"ending_before": last} if last else {})
        told = ask("stripe", account, "/v1/events", query)
        data = told["data"] if told else []
        found += reversed(data)
        last = data[0]["id"] if data else last
        if not data or not told["has_more"]:
            return found, last


def pack(
    vendor: str, url: str, group: list[JSON], secrets: tuple[str, ...], stamp: float
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one request, signed by the vendor's own SDK with each of the secrets."""
    headers = {"content-type": "application/json"}
    if vendor == "hubspot":
        from hubspot.utils.signature import Signature

        body = orjson.dumps(group)
        moment = str(int(stamp * 1000))
        secret = secrets[0] if secrets else ""
        signature = Signature.get_signature(secret, body.decode(), "v3", url, "POST", moment)
        return body, headers | {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": moment}
    body = orjson.dumps(group[0])
    if vendor == "stripe":
        from stripe import WebhookSignature

        signed = [WebhookSignature.generate_signature_header(body.decode(), s, int(stamp)) for s in secrets]
        values = [header.partition(",")[2] for header in signed]
        headers["Stripe-Signature"] = ",".join([f"t={int(stamp)}", *values])
    return body, headers

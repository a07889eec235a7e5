"""HubSpot's associations v4 over HTTP: who belongs to whom, under which labels. Objects are served elsewhere."""

from integrations.sandbox.exchange import JSON, Answer, Call
from integrations.sandbox.hubspot_account import Handler, HubspotAccount
from integrations.sandbox.hubspot_answers import batch, invalid, missing, number_of
from integrations.sandbox.identifiers import key_of

MOST_INPUTS = 1_000
# The vendor's own numbers for the commonest pairs.
_TYPES = {
    ("contacts", "companies"): 279, ("companies", "contacts"): 280, ("deals", "contacts"): 3, ("contacts", "deals"): 4,
    ("deals", "companies"): 341, ("companies", "deals"): 342, ("tickets", "contacts"): 16, ("contacts", "tickets"): 15,
    ("tickets", "companies"): 339, ("companies", "tickets"): 340, ("tickets", "deals"): 28, ("deals", "tickets"): 27,
    ("deals", "line_items"): 19, ("line_items", "deals"): 20, ("deals", "quotes"): 63, ("quotes", "deals"): 64,
    ("quotes", "line_items"): 67, ("quotes", "contacts"): 69, ("quotes", "companies"): 71,
}  # fmt: skip
_OWN_LABELS = {("deals", "contacts"): {36: "Beslutningstager", 38: "Teknisk kontakt"}}


def _pair(account: HubspotAccount, call: Call) -> tuple[str, str]:
    return account.kind(call.parts["kind"]), account.kind(call.parts["other"])


def _plain_type(kind: str, other: str) -> JSON:
    number = _TYPES.get((kind, other)) or 500 + key_of(kind, other) % 400
    return {"category": "HUBSPOT_DEFINED", "typeId": number}


def _types(account: HubspotAccount, kind: str, number: int, other: str, target: int) -> list[JSON]:
    names = _OWN_LABELS.get((kind, other), {})
    own = sorted(account.store.labels.get((kind, other, number, target), ()))
    labels = [{"category": "USER_DEFINED", "typeId": label, "label": names.get(label, "?")} for label in own]
    return [_plain_type(kind, other), *labels]


def read_associations(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v4/associations/{from}/{to}/batch/read``: paged per object; those without any are left out."""
    kind, other = _pair(account, call)
    inputs = call.json().get("inputs") or []
    if len(inputs) > MOST_INPUTS:
        raise invalid(f"at most {MOST_INPUTS} inputs")
    size = account.association_page
    results, none = [], []
    linked = account.store.links.get((kind, other), {})
    for item in inputs:
        number = number_of(str(item.get("id", "")))
        targets = sorted(account.store.linked(kind, number, other)) if number in linked else []
        if after := item.get("after"):
            targets = [target for target in targets if target > number_of(str(after))]
        if not targets:
            none.append(str(item.get("id", "")))
            continue
        to = [
            {"toObjectId": str(target), "associationTypes": _types(account, kind, number, other, target)}
            for target in targets[:size]
        ]
        result: dict[str, JSON] = {"from": {"id": str(number)}, "to": to}
        if len(targets) > size:
            result["paging"] = {"next": {"after": str(targets[size - 1])}}
        results.append(result)
    return batch(results, [missing(none, f"No {other} is associated.")] if none else None)


def change_associations(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v4/associations/{from}/{to}/batch/create|archive``; both ends count as changed."""
    kind, other = _pair(account, call)
    store, archives = account.store, call.path.endswith("/archive")
    for item in call.json().get("inputs") or []:
        number = number_of(str(item.get("from", {}).get("id", "")))
        to = item.get("to", [])
        for target in (number_of(str(t.get("id", ""))) for t in (to if isinstance(to, list) else [to])):
            if archives:
                store.unlink(kind, number, other, target)
            else:
                store.link(kind, number, other, target)
                own = {int(t["associationTypeId"]) for t in item.get("types") or [] if _is_own(t)}
                if own:
                    store.labels.setdefault((kind, other, number, target), set()).update(own)
            for name, changed in ((kind, number), (other, target)):
                if (row := store.get(name, changed)) is not None:
                    store.touch(name, row)
    return Answer(None, 204) if archives else batch([])


def _is_own(told: JSON) -> bool:
    return bool(told.get("associationCategory") == "USER_DEFINED")


def list_labels(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v4/associations/{from}/{to}/labels``."""
    kind, other = _pair(account, call)
    names = _OWN_LABELS.get((kind, other), {})
    own = [{"category": "USER_DEFINED", "typeId": number, "label": label} for number, label in names.items()]
    return Answer({"results": [_plain_type(kind, other), *own]})


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/read", read_associations),
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/create", change_associations),
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/archive", change_associations),
    ("GET", "/crm/v4/associations/{kind}/{other}/labels", list_labels),
)

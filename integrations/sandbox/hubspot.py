"""HubSpot CRM v3 and v4 over one account: which request gets which answer. Faults and tokens are handled before."""

import uuid
from collections.abc import Callable

from integrations.sandbox.crm import PIPELINE_ID, STAGE_IDS
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal, iso
from integrations.sandbox.hubspot_search import BadFilter, find
from integrations.sandbox.hubspot_store import (
    DEFAULTS,
    MODIFIED,
    NUMBERS,
    TYPES,
    HubspotStore,
    Row,
    property_of,
)
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import STAGES
from integrations.sandbox.tenants import TenantSpec

SEARCH_CAP = 10_000
_SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal"}
_LABELS = ("Ny", "Kvalificeret", "Møde", "Tilbud", "Vundet", "Tabt")


class HubspotAccount:
    """One tenant's portal."""

    def __init__(self, tenant: TenantSpec, store: HubspotStore) -> None:
        self.tenant = tenant
        self.store = store


Handler = Callable[[HubspotAccount, Call], Answer]


def error(status: int, category: str, message: str, **extra: JSON) -> Answer:
    """Return an error in HubSpot's own shape."""
    body = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "category": category,
        **extra,
    }
    return Answer(body, status)


def unauthorized() -> Answer:
    """Return what HubSpot says to a wrong or revoked token."""
    return error(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def expired() -> Answer:
    """Return what HubSpot says to a token whose time is over."""
    return error(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")


def throttled(policy: str) -> Answer:
    """Return what HubSpot says when its limit is reached."""
    return error(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT",
        policyName=policy,
    )


def _kind(call: Call) -> str:
    kind = {"0-1": "contacts", "0-2": "companies", "0-3": "deals"}.get(call.parts["kind"], call.parts["kind"])
    if kind not in TYPES:
        raise Refusal(error(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}"))
    return kind


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _row(account: HubspotAccount, kind: str, text: str) -> Row:
    row = account.store.get(kind, _number(text))
    if row is None:
        raise Refusal(error(404, "OBJECT_NOT_FOUND", f"No object found with the id {text}"))
    return row


def _render(kind: str, row: Row, names: list[str]) -> dict[str, JSON]:
    wanted = dict.fromkeys((*(names or DEFAULTS[kind]), "hs_object_id", "createdate", MODIFIED[kind]))
    values = {name: value for name in wanted if (value := property_of(kind, row, name)) is not None}
    out: dict[str, JSON] = {
        "id": str(row.id),
        "properties": values,
        "createdAt": iso(row.created),
        "updatedAt": iso(row.modified),
        "archived": row.archived_at is not None,
    }
    if row.archived_at is not None:
        out["archivedAt"] = iso(row.archived_at)
    return out


def _associations(account: HubspotAccount, kind: str, row: Row, others: list[str]) -> dict[str, JSON]:
    out = {}
    for other in others:
        ids = account.store.linked(kind, row.id, other) if other in TYPES else []
        if ids:
            label = f"{_SINGULAR[kind]}_to_{_SINGULAR[other]}"
            out[other] = {"results": [{"id": str(number), "type": label} for number in ids]}
    return out


def list_objects(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/objects/{kind}``."""
    kind = _kind(call)
    limit = _number(call.first("limit", "10") or "10")
    most = 50 if call.every("propertiesWithHistory") else 100
    if not 1 <= limit <= most:
        raise Refusal(error(400, "VALIDATION_ERROR", f"limit must be between 1 and {most}"))
    after = _number(call.first("after", "0") or "0")
    is_archived = (call.first("archived", "false") or "").lower() == "true"
    rows, more = account.store.page(kind, after, limit, is_archived)
    names, others = call.every("properties"), call.every("associations")
    results = []
    for row in rows:
        item = _render(kind, row, names)
        if others and (found := _associations(account, kind, row, others)):
            item["associations"] = found
        results.append(item)
    body: dict[str, JSON] = {"results": results}
    if more:
        body["paging"] = {"next": {"after": str(rows[-1].id), "link": f"{call.path}?after={rows[-1].id}"}}
    return Answer(body)


def create_object(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}``."""
    kind = _kind(call)
    body = call.json()
    row = account.store.create(kind, body.get("properties") or {})
    for association in body.get("associations") or []:
        target = _number(str(association.get("to", {}).get("id", "")))
        for other in TYPES:
            if target in account.store.rows[other]:
                account.store.link(kind, row.id, other, target)
    return Answer(_render(kind, row, list(row.properties)), 201)


def read_object(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/objects/{kind}/{id}``; the id of a merged record answers with the record that took its place."""
    kind = _kind(call)
    row = _row(account, kind, call.parts["id"])
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    if (row.archived_at is not None) != wants_archived:
        raise Refusal(error(404, "OBJECT_NOT_FOUND", f"No object found with the id {call.parts['id']}"))
    item = _render(kind, row, call.every("properties"))
    if found := _associations(account, kind, row, call.every("associations")):
        item["associations"] = found
    return Answer(item)


def update_object(account: HubspotAccount, call: Call) -> Answer:
    """``PATCH /crm/v3/objects/{kind}/{id}``."""
    kind = _kind(call)
    row = _row(account, kind, call.parts["id"])
    account.store.update(kind, row, call.json().get("properties") or {})
    return Answer(_render(kind, row, list(row.properties)))


def archive_object(account: HubspotAccount, call: Call) -> Answer:
    """``DELETE /crm/v3/objects/{kind}/{id}``."""
    kind = _kind(call)
    account.store.archive(kind, _row(account, kind, call.parts["id"]))
    return Answer(None, 204)


def merge_objects(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/merge``."""
    kind, body = _kind(call), call.json()
    keep = _row(account, kind, str(body.get("primaryObjectId", "")))
    gone = _row(account, kind, str(body.get("objectIdToMerge", "")))
    merged = account.store.merge(kind, keep, gone)
    return Answer(_render(kind, merged, [*merged.properties]))


def gdpr_delete(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/contacts/gdpr-delete``."""
    account.store.forget("contacts", _row(account, "contacts", str(call.json().get("objectId", ""))))
    return Answer(None, 204)


def search_objects(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/search``: at most 200 a page and 10,000 a query, archived objects never."""
    kind, body = _kind(call), call.json()
    limit, after = int(body.get("limit") or 10), _number(str(body.get("after") or "0"))
    groups = body.get("filterGroups") or []
    if not 1 <= limit <= 200 or len(groups) > 5 or after < 0:
        raise Refusal(error(400, "VALIDATION_ERROR", "limit must be 1 to 200, filterGroups at most 5"))
    if after + limit > SEARCH_CAP:
        raise Refusal(error(400, "VALIDATION_ERROR", f"The maximum number of results is {SEARCH_CAP}"))
    try:
        rows = find(account.store, kind, groups, body.get("sorts") or [], body.get("query"))
    except BadFilter as fault:
        raise Refusal(error(400, "VALIDATION_ERROR", f"There was a problem with the request: {fault}")) from fault
    names = body.get("properties") or []
    answer: dict[str, JSON] = {
        "total": len(rows),
        "results": [_render(kind, row, names) for row in rows[after : after + limit]],
    }
    if after + limit < len(rows):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(answer)


def _batch(results: list[JSON], errors: list[JSON] | None = None) -> Answer:
    moment = iso(0)
    body = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
    if errors:
        return Answer({**body, "numErrors": len(errors), "errors": errors}, 207)
    return Answer(body)


def batch_read(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/read``: at most 100 ids; unknown ones make it a 207."""
    kind, body = _kind(call), call.json()
    inputs = body.get("inputs") or []
    if len(inputs) > 100:
        raise Refusal(error(400, "VALIDATION_ERROR", "at most 100 inputs"))
    results, missing = [], []
    for item in inputs:
        row = account.store.get(kind, _number(str(item.get("id", ""))))
        if row is None or row.archived_at is not None:
            missing.append(str(item.get("id", "")))
        else:
            results.append(_render(kind, row, body.get("properties") or []))
    return _batch(results, [_missing(missing)] if missing else None)


def _missing(ids: list[str]) -> JSON:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects, they may be deleted or not exist.",
        "context": {"ids": ids},
        "errors": [],
        "links": {},
    }


def read_associations(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v4/associations/{from}/{to}/batch/read``; objects without associations are left out."""
    kind, other = call.parts["kind"], call.parts["other"]
    if kind not in TYPES or other not in TYPES:
        raise Refusal(error(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}, {other}"))
    inputs = call.json().get("inputs") or []
    if len(inputs) > 1000:
        raise Refusal(error(400, "VALIDATION_ERROR", "at most 1000 inputs"))
    type_id = key_of(kind, other) % 400 + 1
    results, none = [], []
    for item in inputs:
        number = _number(str(item.get("id", "")))
        targets = account.store.linked(kind, number, other)
        if not targets:
            none.append(str(item.get("id", "")))
            continue
        kinds = [{"category": "HUBSPOT_DEFINED", "typeId": type_id}]
        results.append(
            {
                "from": {"id": str(number)},
                "to": [{"toObjectId": str(t), "associationTypes": kinds} for t in targets],
            }
        )
    return _batch(results, [_missing(none)] if none else None)


def change_associations(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v4/associations/{from}/{to}/batch/create|archive``; both ends count as changed."""
    kind, other = call.parts["kind"], call.parts["other"]
    archives = call.path.endswith("/archive")
    for item in call.json().get("inputs") or []:
        number = _number(str(item.get("from", {}).get("id", "")))
        to = item.get("to", [])
        for target in (_number(str(t.get("id", ""))) for t in (to if isinstance(to, list) else [to])):
            (account.store.unlink if archives else account.store.link)(kind, number, other, target)
            for name, changed in ((kind, number), (other, target)):
                if (row := account.store.get(name, changed)) is not None:
                    account.store.touch(name, row)
    return Answer(None, 204) if archives else _batch([])


def list_pipelines(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/pipelines/deals``."""
    moment = iso(1_600_000_000_000)
    stages = [
        {
            "id": STAGE_IDS[position],
            "label": label,
            "displayOrder": position,
            "metadata": {"probability": str(probability), "isClosed": str(won or lost).lower()},
            "createdAt": moment,
            "updatedAt": moment,
            "archived": False,
        }
        for position, (label, (_, probability, won, lost)) in enumerate(zip(_LABELS, STAGES, strict=True))
    ]
    pipeline = {
        "id": PIPELINE_ID,
        "label": "Salg",
        "displayOrder": 0,
        "stages": stages,
        "createdAt": moment,
        "updatedAt": moment,
        "archived": False,
    }
    return Answer({"results": [pipeline] if call.parts["kind"] == "deals" else []})


def list_owners(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/owners/``."""
    moment = iso(1_600_000_000_000)
    people = (("Mette", "Lund"), ("Jonas", "Friis"), ("Aisha", "Khan"))
    base = key_of(account.tenant.natural_key, "owners") % 100_000_000
    return Answer(
        {
            "results": [
                {
                    "id": str(base + position),
                    "email": f"{first.lower()}@{account.tenant.domain}",
                    "type": "PERSON",
                    "firstName": first,
                    "lastName": last,
                    "userId": base + position,
                    "createdAt": moment,
                    "updatedAt": moment,
                    "archived": False,
                }
                for position, (first, last) in enumerate(people)
            ]
        }
    )


def list_properties(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/properties/{kind}``."""
    kind = _kind(call)
    names = dict.fromkeys((*DEFAULTS[kind], *(n for row in account.store.rows[kind].values() for n in row.properties)))
    return Answer(
        {
            "results": [
                {
                    "name": name,
                    "label": name.replace("_", " ").title(),
                    "type": "number" if name in NUMBERS else "string",
                    "fieldType": "number" if name in NUMBERS else "text",
                    "description": "",
                    "groupName": f"{kind}information",
                    "options": [],
                    "hidden": False,
                    "archived": False,
                    "hubspotDefined": name != "tekup_id",
                }
                for name in names
            ]
        }
    )


def read_account(account: HubspotAccount, call: Call) -> Answer:
    """``GET /account-info/v3/details``."""
    return Answer(
        {
            "portalId": key_of(account.tenant.slug, "portal") % 90_000_000,
            "accountType": "STANDARD",
            "timeZone": "Europe/Copenhagen",
            "companyCurrency": "DKK",
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "eu1",
        }
    )


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/account-info/v3/details", read_account),
    ("POST", "/crm/v3/objects/contacts/gdpr-delete", gdpr_delete),
    ("POST", "/crm/v3/objects/{kind}/search", search_objects),
    ("POST", "/crm/v3/objects/{kind}/batch/read", batch_read),
    ("POST", "/crm/v3/objects/{kind}/merge", merge_objects),
    ("GET", "/crm/v3/objects/{kind}", list_objects),
    ("POST", "/crm/v3/objects/{kind}", create_object),
    ("GET", "/crm/v3/objects/{kind}/{id}", read_object),
    ("PATCH", "/crm/v3/objects/{kind}/{id}", update_object),
    ("DELETE", "/crm/v3/objects/{kind}/{id}", archive_object),
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/read", read_associations),
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/create", change_associations),
    ("POST", "/crm/v4/associations/{kind}/{other}/batch/archive", change_associations),
    ("GET", "/crm/v3/pipelines/{kind}", list_pipelines),
    ("GET", "/crm/v3/owners/", list_owners),
    ("GET", "/crm/v3/owners", list_owners),
    ("GET", "/crm/v3/properties/{kind}", list_properties),
)

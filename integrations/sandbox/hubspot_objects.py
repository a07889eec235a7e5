"""HubSpot's objects over HTTP: lists, single ones, searches, batches, merges. Associations are served elsewhere."""

from collections.abc import Sequence

from integrations.sandbox.exchange import JSON, Answer, Call, iso
from integrations.sandbox.hubspot_account import Handler, HubspotAccount
from integrations.sandbox.hubspot_answers import batch, invalid, missing, not_found, number_of, page_limit
from integrations.sandbox.hubspot_search import BadFilter, find
from integrations.sandbox.hubspot_store import DEFAULTS, TYPE_IDS, HubspotStore, history_of, modified_of
from integrations.sandbox.hubspot_table import Row

SEARCH_CAP = 10_000


def told_names(store: HubspotStore, kind: str, names: Sequence[str]) -> list[str]:
    """Return the properties that an answer tells of a kind where ``names`` are asked for; removed ones never."""
    always = ("hs_object_id", "createdate", modified_of(kind))
    asked = dict.fromkeys((*(names or DEFAULTS.get(kind, ())), *always))
    removed = store.removed(kind)
    return [name for name in asked if name not in removed]


def render(kind: str, row: Row, told: Sequence[str], history: Sequence[str] = ()) -> dict[str, JSON]:
    """Return an object as the vendor tells it, with the properties ``told``; those without a value are left out."""
    created, modified = iso(row.created), iso(row.modified)
    own = {"hs_object_id": str(row.id), "createdate": created, modified_of(kind): modified}
    have = {**row.properties, **own}
    out: dict[str, JSON] = {
        "id": own["hs_object_id"],
        "properties": {name: have[name] for name in told if name in have},
        "createdAt": created,
        "updatedAt": modified,
        "archived": row.archived_at is not None,
    }
    if row.archived_at is not None:
        out["archivedAt"] = iso(row.archived_at)
    if history:
        versions = history_of(row)
        versions_told = {name: _versions(versions[name]) for name in history if name in versions}
        if versions_told:
            out["propertiesWithHistory"] = versions_told
    return out


def _versions(versions: list[tuple[int, str]]) -> list[JSON]:
    return [
        {"value": value, "timestamp": iso(moment), "sourceType": "CRM_UI", "sourceId": "userId:1"}
        for moment, value in reversed(versions)
    ]


def _row(account: HubspotAccount, kind: str, text: str) -> Row:
    row = account.store.get(kind, number_of(text))
    if row is None:
        raise not_found(text)
    return row


def _associations(account: HubspotAccount, kind: str, row: Row, others: list[str]) -> dict[str, JSON]:
    out = {}
    for other in others:
        ids = account.store.linked(kind, row.id, other) if other in account.store.rows else []
        if ids:
            out[other] = {"results": [{"id": str(number), "type": f"{kind}_to_{other}"} for number in ids]}
    return out


def list_objects(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/objects/{kind}``."""
    kind = account.kind(call.parts["kind"])
    history = call.every("propertiesWithHistory")
    limit = page_limit(call.first("limit"), 10, 50 if history else 100)
    after = number_of(call.first("after", "0"))
    is_archived = (call.first("archived", "false") or "").lower() == "true"
    names, others = call.every("properties"), call.every("associations")
    state = (account.store.table(kind).revision, account.store.removed(kind))
    asked = (after, limit, is_archived, *names, None, *history)
    kept = None if others else account.shelf.find(kind, state, asked)
    if kept is not None:
        return Answer(None, body=kept)
    rows, more = account.store.page(kind, after, limit, is_archived)
    told = told_names(account.store, kind, names)
    results = []
    for row in rows:
        item = render(kind, row, told, history)
        if others and (found := _associations(account, kind, row, others)):
            item["associations"] = found
        results.append(item)
    body: dict[str, JSON] = {"results": results}
    if more:
        body["paging"] = {"next": {"after": str(rows[-1].id), "link": f"{call.path}?after={rows[-1].id}"}}
    answer = Answer(body)
    if not others:
        account.shelf.keep(kind, state, asked, answer.encode())
    return answer


def create_object(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}``."""
    kind = account.kind(call.parts["kind"])
    body, store = call.json(), account.store
    row = store.create(kind, body.get("properties") or {})
    for association in body.get("associations") or []:
        target = number_of(str(association.get("to", {}).get("id", "")))
        for other in store.kinds:
            if target in store.table(other):
                store.link(kind, row.id, other, target)
    return Answer(render(kind, row, told_names(store, kind, list(row.properties))), 201)


def read_object(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/objects/{kind}/{id}``; the id of a merged record answers with the record that took its place."""
    kind = account.kind(call.parts["kind"])
    row = _row(account, kind, call.parts["id"])
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    if (row.archived_at is not None) != wants_archived:
        raise not_found(call.parts["id"])
    told = told_names(account.store, kind, call.every("properties"))
    item = render(kind, row, told, call.every("propertiesWithHistory"))
    if found := _associations(account, kind, row, call.every("associations")):
        item["associations"] = found
    return Answer(item)


def update_object(account: HubspotAccount, call: Call) -> Answer:
    """``PATCH /crm/v3/objects/{kind}/{id}``."""
    kind = account.kind(call.parts["kind"])
    row = _row(account, kind, call.parts["id"])
    account.store.update(kind, row, call.json().get("properties") or {})
    return Answer(render(kind, row, told_names(account.store, kind, list(row.properties))))


def archive_object(account: HubspotAccount, call: Call) -> Answer:
    """``DELETE /crm/v3/objects/{kind}/{id}``."""
    kind = account.kind(call.parts["kind"])
    account.store.archive(kind, _row(account, kind, call.parts["id"]))
    return Answer(None, 204)


def merge_objects(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/merge``."""
    kind, body = account.kind(call.parts["kind"]), call.json()
    keep = _row(account, kind, str(body.get("primaryObjectId", "")))
    gone = _row(account, kind, str(body.get("objectIdToMerge", "")))
    if keep.id == gone.id:
        raise invalid("An object can't be merged into itself")
    merged = account.store.merge(kind, keep, gone)
    return Answer(render(kind, merged, told_names(account.store, kind, list(merged.properties))))


def gdpr_delete(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/contacts/gdpr-delete``."""
    account.store.forget("contacts", _row(account, "contacts", str(call.json().get("objectId", ""))))
    return Answer(None, 204)


def search_objects(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/search``: at most 200 a page and 10,000 a query, archived objects never."""
    kind, body = account.kind(call.parts["kind"]), call.json()
    limit, after = int(body.get("limit") or 10), number_of(str(body.get("after") or "0"))
    groups = body.get("filterGroups") or []
    if not 1 <= limit <= 200 or len(groups) > 5 or after < 0:
        raise invalid("limit must be 1 to 200, filterGroups at most 5")
    if after + limit > SEARCH_CAP:
        raise invalid(f"The maximum number of results is {SEARCH_CAP}")
    store = account.store
    try:
        found = find(store, kind, groups, body.get("sorts") or [], body.get("query"))
    except BadFilter as fault:
        raise invalid(f"There was a problem with the request: {fault}") from fault
    told, table = told_names(store, kind, body.get("properties") or []), store.table(kind)
    answer: dict[str, JSON] = {
        "total": len(found),
        "results": [render(kind, table[int(number)], told) for number in found[after : after + limit]],
    }
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(answer)


def batch_read(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/read``: 100 ids, 50 with histories; unknown ones make it a 207."""
    kind, body = account.kind(call.parts["kind"]), call.json()
    inputs, history = body.get("inputs") or [], body.get("propertiesWithHistory") or []
    most = 50 if history else 100
    if len(inputs) > most:
        raise invalid(f"at most {most} inputs")
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    told = told_names(account.store, kind, body.get("properties") or [])
    results: dict[int, JSON] = {}
    unknown = []
    for item in inputs:
        row = account.store.get(kind, number_of(str(item.get("id", ""))))
        if row is None or (row.archived_at is not None) != wants_archived:
            unknown.append(str(item.get("id", "")))
        else:
            results[row.id] = render(kind, row, told, history)
    return batch(list(results.values()), [missing(unknown)] if unknown else None)


def read_truth(account: HubspotAccount, call: Call) -> Answer:
    """``GET /_sandbox/truth``: all there is, for tests that compare; the vendor has no such thing."""
    store = account.store
    objects = {}
    for kind in store.kinds:
        table, told = store.table(kind), told_names(store, kind, list(store.definitions[kind]))
        objects[kind] = {
            "live": {str(number): render(kind, table[number], told) for number in table.live},
            "archived": [str(number) for number in table.archived],
            "erased": [str(number) for number in store.erased.get(kind, ())],
            "merged": {str(old): str(new) for (name, old), new in store.merged.items() if name == kind},
        }
    pairs = {
        f"{kind}/{other}": [
            [str(one), str(two)]
            for one in sorted(table)
            if store.table(kind).holds_live(one)
            for two in store.linked(kind, one, other)
        ]
        for (kind, other), table in store.links.items()
        if kind in store.rows and other in store.rows
    }
    return Answer({"objects": objects, "associations": pairs, "type_ids": TYPE_IDS})


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_sandbox/truth", read_truth),
    ("POST", "/crm/v3/objects/contacts/gdpr-delete", gdpr_delete),
    ("POST", "/crm/v3/objects/{kind}/search", search_objects),
    ("POST", "/crm/v3/objects/{kind}/batch/read", batch_read),
    ("POST", "/crm/v3/objects/{kind}/merge", merge_objects),
    ("GET", "/crm/v3/objects/{kind}", list_objects),
    ("POST", "/crm/v3/objects/{kind}", create_object),
    ("GET", "/crm/v3/objects/{kind}/{id}", read_object),
    ("PATCH", "/crm/v3/objects/{kind}/{id}", update_object),
    ("DELETE", "/crm/v3/objects/{kind}/{id}", archive_object),
)

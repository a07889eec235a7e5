"""HubSpot's lists, forms and form submissions over HTTP. The CRM's objects are served elsewhere."""

import uuid

from integrations.sandbox.exchange import JSON, Answer, Call, iso
from integrations.sandbox.hubspot_account import ContactList, Form, Handler, HubspotAccount, body_texts
from integrations.sandbox.hubspot_answers import not_found, number_of, page_limit
from integrations.sandbox.hubspot_store import TYPE_IDS


def _list(found: ContactList) -> JSON:
    more = {"hs_list_size": str(len(found.members)), "hs_list_reference_count": "0"}
    for name, moment in (("hs_last_record_added_at", found.added_at), ("hs_last_record_removed_at", found.removed_at)):
        if moment:
            more[name] = str(moment)
    return {
        "listId": str(found.id),
        "listVersion": 1,
        "name": found.name,
        "objectTypeId": TYPE_IDS["contacts"],
        "processingType": "DYNAMIC" if found.is_dynamic else "MANUAL",
        "processingStatus": "COMPLETE",
        "createdAt": iso(1_600_000_000_000),
        "updatedAt": iso(found.updated),
        "additionalProperties": more,
    }


def search_lists(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/lists/search``: 500 a call at most, by offset."""
    account.require("lists")
    body = call.json()
    offset, count = int(body.get("offset") or 0), min(int(body.get("count") or 20), 500)
    every = [account.lists[number] for number in sorted(account.lists)]
    until = min(offset + count, len(every))
    return Answer(
        {
            "total": len(every),
            "offset": until,
            "hasMore": until < len(every),
            "lists": [_list(found) for found in every[offset:until]],
        }
    )


def _of(account: HubspotAccount, call: Call) -> ContactList:
    account.require("lists")
    found = account.lists.get(number_of(call.parts["list"]))
    if found is None:
        raise not_found(call.parts["list"])
    return found


def list_members(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/lists/{list}/memberships``: 250 a page at most, by record id."""
    found = _of(account, call)
    limit, after = page_limit(call.first("limit"), 100, 250), number_of(call.first("after", "0"))
    table = account.store.table("contacts")
    members = [number for number in sorted(found.members) if number > after and table.holds_live(number)]
    results = [
        {"recordId": str(number), "membershipTimestamp": iso(found.members[number])} for number in members[:limit]
    ]
    body: dict[str, JSON] = {"total": len(found.members), "results": results}
    if len(members) > limit:
        body["paging"] = {"next": {"after": str(members[limit - 1])}}
    return Answer(body)


def change_members(account: HubspotAccount, call: Call) -> Answer:
    """``PUT /crm/v3/lists/{list}/memberships/add-and-remove``."""
    found, body, moment = _of(account, call), call.json(), account.store.now()
    joins = [number_of(str(one)) for one in body.get("recordIdsToAdd") or []]
    leaves = [number_of(str(one)) for one in body.get("recordIdsToRemove") or []]
    for number in joins:
        found.members.setdefault(number, moment)
    for number in leaves:
        found.members.pop(number, None)
    found.added_at = moment if joins else found.added_at
    found.removed_at = moment if leaves else found.removed_at
    told = {"recordsIdsAdded": [str(one) for one in joins], "recordIdsRemoved": [str(one) for one in leaves]}
    return Answer({**told, "recordIdsMissing": []})


def create_list(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/lists/``."""
    account.require("lists")
    number = max(account.lists, default=0) + 1
    account.lists[number] = ContactList(number, str(call.json().get("name")), False, {}, account.store.now())
    return Answer({"list": _list(account.lists[number])})


def delete_list(account: HubspotAccount, call: Call) -> Answer:
    """``DELETE /crm/v3/lists/{list}``."""
    del account.lists[_of(account, call).id]
    return Answer(None, 204)


def _form(found: Form) -> JSON:
    return {
        "id": found.id,
        "name": found.name,
        "formType": "hubspot",
        "createdAt": iso(found.created),
        "updatedAt": iso(found.created),
        "archived": False,
        "fieldGroups": [],
        "configuration": {"language": "da"},
        "displayOptions": {"theme": "default_style"},
        "legalConsentOptions": {"type": "none"},
    }


def list_forms(account: HubspotAccount, call: Call) -> Answer:
    """``GET /marketing/v3/forms/``."""
    account.require("forms")
    limit, after = page_limit(call.first("limit"), 20, 100), call.first("after") or ""
    is_archived = (call.first("archived", "false") or "").lower() == "true"
    every = [] if is_archived else [account.forms[name] for name in sorted(account.forms) if name > after]
    body: dict[str, JSON] = {"results": [_form(found) for found in every[:limit]]}
    if len(every) > limit:
        body["paging"] = {"next": {"after": every[limit - 1].id}}
    return Answer(body)


def _form_of(account: HubspotAccount, call: Call) -> Form:
    account.require("forms")
    found = account.forms.get(call.parts["form"])
    if found is None:
        raise not_found(call.parts["form"])
    return found


def list_submissions(account: HubspotAccount, call: Call) -> Answer:
    """``GET /form-integrations/v1/submissions/forms/{form}``: newest first, 50 a page at most, by offset."""
    found = _form_of(account, call)
    limit, after = page_limit(call.first("limit"), 20, 50), number_of(call.first("after", "0"))
    newest = found.submissions[::-1]
    results = [
        {
            "conversionId": number,
            "submittedAt": moment,
            "values": [{"name": name, "value": value, "objectTypeId": "0-1"} for name, value in values.items()],
            "pageUrl": f"https://{account.tenant.domain}/kontakt",
        }
        for moment, number, values in newest[after : after + limit]
    ]
    body: dict[str, JSON] = {"results": results}
    if after + limit < len(newest):
        body["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(body)


def submit_form(account: HubspotAccount, call: Call) -> Answer:
    """``POST /_sandbox/forms/{form}/submissions``: somebody fills the form in."""
    found, moment = _form_of(account, call), account.store.now()
    number = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{found.id}/{len(found.submissions)}"))
    found.submissions.append((moment, number, body_texts(call.json())))
    return Answer({"conversionId": number})


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/crm/v3/lists/search", search_lists),
    ("POST", "/crm/v3/lists/", create_list),
    ("DELETE", "/crm/v3/lists/{list}", delete_list),
    ("GET", "/crm/v3/lists/{list}/memberships", list_members),
    ("PUT", "/crm/v3/lists/{list}/memberships/add-and-remove", change_members),
    ("GET", "/marketing/v3/forms/", list_forms),
    ("GET", "/form-integrations/v1/submissions/forms/{form}", list_submissions),
    ("POST", "/_sandbox/forms/{form}/submissions", submit_form),
)

"""HubSpot's batch writes: create, update, upsert, archive, and what the vendor refuses. Single writes are elsewhere."""

import re

from integrations.sandbox.crm import PIPELINE_ID, STAGE_IDS
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal, iso
from integrations.sandbox.hubspot_account import Handler, HubspotAccount
from integrations.sandbox.hubspot_answers import error, invalid, number_of
from integrations.sandbox.hubspot_definitions import owner_ids
from integrations.sandbox.hubspot_objects import render, told_names
from integrations.sandbox.hubspot_store import NUMBERS, modified_of
from integrations.sandbox.hubspot_table import Row
from integrations.sandbox.hubspot_unique import UNIQUE, find_unique

MOST_INPUTS = 100
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")


def batch_create(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/create``: all of them or none."""
    kind, inputs = _inputs(account, call)
    for item in inputs:
        _check(account, kind, item["properties"], None)
    _check_unique(kind, inputs)
    return _answer(account, kind, [_create(account, kind, item) for item in inputs], 201)


def batch_update(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/update``: one bad value refuses all; unknown ids make it a 207."""
    kind, inputs = _inputs(account, call)
    rows: dict[int, JSON] = {}
    unknown = []
    for item in inputs:
        row = _find(account, kind, str(item.get("id", "")), item.get("idProperty"))
        if row is None:
            unknown.append(str(item.get("id", "")))
            continue
        if row.id in rows:
            raise invalid("Duplicate IDs found in batch input")
        rows[row.id] = item["properties"]
    for number, properties in rows.items():
        _check(account, kind, properties, number)
    _check_unique(kind, inputs)
    store = account.store
    for number, properties in rows.items():
        store.update(kind, store.table(kind)[number], properties)
    return _answer(account, kind, [store.table(kind)[number] for number in rows], 200, unknown)


def batch_upsert(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/upsert``: by a unique property; what is not there is made."""
    kind, inputs = _inputs(account, call)
    chosen: list[tuple[Row | None, JSON]] = []
    seen: set[tuple[str, str]] = set()
    for item in inputs:
        name, value = str(item.get("idProperty") or ""), str(item.get("id") or "")
        if name not in UNIQUE.get(kind, ()) or not value:
            raise invalid(f"{name or 'hs_object_id'} is not a unique property of {kind}")
        if (name, value.lower()) in seen:
            raise invalid("Duplicate IDs found in batch input")
        seen.add((name, value.lower()))
        item["properties"].setdefault(name, value)
        row = _find(account, kind, value, name)
        _check(account, kind, item["properties"], None if row is None else row.id)
        chosen.append((row, item))
    _check_unique(kind, inputs)
    rows, made = [], set()
    for row, item in chosen:
        if row is None:
            row = _create(account, kind, item)
            made.add(row.id)
        else:
            account.store.update(kind, row, item["properties"])
        rows.append(row)
    return _answer(account, kind, rows, 200, made=made)


def batch_archive(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/objects/{kind}/batch/archive``: what is gone already is no fault."""
    kind, inputs = _inputs(account, call)
    for item in inputs:
        row = account.store.get(kind, number_of(str(item.get("id", ""))))
        if row is not None and row.archived_at is None:
            account.store.archive(kind, row)
    return Answer(None, 204)


def _inputs(account: HubspotAccount, call: Call) -> tuple[str, list[JSON]]:
    kind = account.kind(call.parts["kind"])
    account.require(f"{kind}.write")
    inputs = call.json().get("inputs") or []
    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise invalid(f"a batch takes 1 to {MOST_INPUTS} inputs")
    for item in inputs:
        item.setdefault("properties", {})
    return kind, inputs


def _find(account: HubspotAccount, kind: str, text: str, name: str | None) -> Row | None:
    if name:
        return find_unique(account, kind, name, text)
    row = account.store.get(kind, number_of(text))
    return None if row is None or row.archived_at is not None else row


def _create(account: HubspotAccount, kind: str, item: JSON) -> Row:
    return account.store.create(kind, {name: text for name, text in item["properties"].items() if text != ""})


def _check(account: HubspotAccount, kind: str, properties: JSON, own: int | None) -> None:
    """Refuse what the vendor would: unknown and read-only properties, and values of the wrong kind."""
    known = account.store.definitions[kind]
    for name, value in properties.items():
        text = "" if value is None else str(value)
        if name not in known or known[name].archived_at is not None:
            raise _property_fault(name, f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST")
        if name in ("hs_object_id", "createdate", modified_of(kind)):
            raise _property_fault(name, f"{name} is a read only property; its value cannot be set.", "READ_ONLY_VALUE")
        if not text:
            continue
        if len(text) > 65_536:
            raise _property_fault(name, "the value is longer than 65536 characters", "INVALID_LENGTH")
        if name in NUMBERS and not re.fullmatch(r"-?\d+(\.\d+)?", text):
            raise _property_fault(name, f"{text} was not a valid number.", "INVALID_INTEGER")
        if name == "email" and not _EMAIL.match(text):
            raise _property_fault(name, f"Email address {text} is invalid", "INVALID_EMAIL")
        if name == "dealstage" and text not in STAGE_IDS:
            raise _property_fault(name, f"{text} was not one of the allowed options", "INVALID_OPTION")
        if name == "pipeline" and text != PIPELINE_ID:
            raise _property_fault(name, f"{text} was not one of the allowed options", "INVALID_OPTION")
        if name == "hubspot_owner_id" and text not in owner_ids(account):
            raise _property_fault(name, f"{text} is not a valid owner", "INVALID_OWNER_ID")
        if name in UNIQUE.get(kind, ()):
            other = find_unique(account, kind, name, text)
            if other is not None and other.id != own:
                said = f"Contact already exists. Existing ID: {other.id}"
                if name == "email":
                    raise Refusal(error(409, "CONFLICT", said))
                raise _property_fault(name, f"{text} is the {name} of {other.id} already", "CONFLICTING_UNIQUE_VALUE")


def _check_unique(kind: str, inputs: list[JSON]) -> None:
    for name in UNIQUE.get(kind, ()):
        values = [str(item["properties"][name]).lower() for item in inputs if item["properties"].get(name)]
        if len(values) != len(set(values)):
            raise Refusal(error(409, "CONFLICT", f"Two inputs of the batch have the same {name}"))


def _property_fault(name: str, message: str, code: str) -> Refusal:
    told = {"isValid": False, "message": message, "error": code, "name": name}
    details: JSON = [{"message": message, "code": code, "context": {"propertyName": [name]}}]
    return Refusal(error(400, "VALIDATION_ERROR", f"Property values were not valid: [{told}]", errors=details))


def _answer(
    account: HubspotAccount,
    kind: str,
    rows: list[Row],
    status: int,
    unknown: list[str] | None = None,
    made: set[int] | None = None,
) -> Answer:
    results = []
    for row in rows:
        item = render(kind, row, told_names(account.store, kind, list(row.properties)))
        results.append(item if made is None else {**item, "new": row.id in made})
    moment = iso(account.store.now())
    body: dict[str, JSON] = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
    if unknown:
        fault = {
            "status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not find some objects",
            "context": {"ids": unknown}, "errors": [], "links": {},
        }  # fmt: skip
        return Answer({**body, "numErrors": 1, "errors": [fault]}, 207)
    return Answer(body, status)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/crm/v3/objects/{kind}/batch/create", batch_create),
    ("POST", "/crm/v3/objects/{kind}/batch/update", batch_update),
    ("POST", "/crm/v3/objects/{kind}/batch/upsert", batch_upsert),
    ("POST", "/crm/v3/objects/{kind}/batch/archive", batch_archive),
)

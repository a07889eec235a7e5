"""What a HubSpot portal is made of, over HTTP: properties, own kinds, pipelines, owners, the account. No objects."""

from integrations.sandbox.crm import PIPELINE_ID, STAGE_IDS, TICKET_STAGES
from integrations.sandbox.exchange import JSON, Answer, Call, Refusal, iso
from integrations.sandbox.hubspot_account import Handler, HubspotAccount, Schema, body_texts
from integrations.sandbox.hubspot_answers import error, invalid, not_found
from integrations.sandbox.hubspot_store import NUMBERS, TYPE_IDS, Definition
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import STAGES

_MOMENT = iso(1_600_000_000_000)
_LABELS = ("Ny", "Kvalificeret", "Møde", "Tilbud", "Vundet", "Tabt")
_OWNERS = (("Mette", "Lund"), ("Jonas", "Friis"), ("Aisha", "Khan"), ("Bo", "Hansen"))


def list_pipelines(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/pipelines/{kind}``."""
    kind = account.kind(call.parts["kind"])
    if kind == "deals":
        stages = [
            (STAGE_IDS[position], label, {"probability": str(probability), "isClosed": str(won or lost).lower()})
            for position, (label, (_, probability, won, lost)) in enumerate(zip(_LABELS, STAGES, strict=True))
        ]
        return Answer({"results": [_pipeline(PIPELINE_ID, "Salg", stages)]})
    if kind == "tickets":
        stages = [
            (number, label, {"ticketState": "CLOSED" if label == "Lukket" else "OPEN"})
            for number, label in TICKET_STAGES.items()
        ]
        return Answer({"results": [_pipeline("0", "Support", stages)]})
    return Answer({"results": []})


def _pipeline(number: str, label: str, stages: list[tuple[str, str, dict[str, str]]]) -> JSON:
    stamps = {"createdAt": _MOMENT, "updatedAt": _MOMENT, "archived": False}
    told = [
        {"id": name, "label": text, "displayOrder": position, "metadata": metadata, **stamps}
        for position, (name, text, metadata) in enumerate(stages)
    ]
    return {"id": number, "label": label, "displayOrder": 0, "stages": told, **stamps}


def list_owners(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/owners/``; those who left only with ``archived=true``."""
    account.require("owners")
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    base = key_of(account.tenant.natural_key, "owners") % 100_000_000
    stay = len(_OWNERS) - account.removed_owners
    people = [(base + position, *names) for position, names in enumerate(_OWNERS)]
    return Answer(
        {
            "results": [
                {
                    "id": str(number),
                    "email": f"{first.lower()}@{account.tenant.domain}",
                    "type": "PERSON",
                    "firstName": first,
                    "lastName": last,
                    "userId": number,
                    "createdAt": _MOMENT,
                    "updatedAt": _MOMENT,
                    "archived": wants_archived,
                }
                for number, first, last in (people[stay:] if wants_archived else people[:stay])
            ]
        }
    )


def _definition(kind: str, found: Definition) -> JSON:
    is_number = found.name in NUMBERS
    told: dict[str, JSON] = {
        "name": found.name,
        "label": found.label,
        "type": "number" if is_number else "string",
        "fieldType": "number" if is_number else "text",
        "description": "",
        "groupName": f"{kind}information",
        "options": [],
        "hidden": False,
        "archived": found.archived_at is not None,
        "hubspotDefined": found.name != "tekup_id",
        "updatedAt": iso(found.updated),
    }
    return told if found.archived_at is None else {**told, "archivedAt": iso(found.archived_at)}


def list_properties(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm/v3/properties/{kind}``; removed ones only with ``archived=true``."""
    kind = account.kind(call.parts["kind"])
    account.require("properties")
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    found = account.store.definitions[kind].values()
    return Answer(
        {"results": [_definition(kind, one) for one in found if (one.archived_at is not None) == wants_archived]}
    )


def create_property(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm/v3/properties/{kind}``."""
    kind, body = account.kind(call.parts["kind"]), call.json()
    name = str(body.get("name") or "")
    if not name:
        raise invalid("a property needs a name")
    known = account.store.definitions[kind]
    if name in known and known[name].archived_at is None:
        raise Refusal(error(409, "OBJECT_ALREADY_EXISTS", f"A property named {name} already exists."))
    known[name] = Definition(name, str(body.get("label") or name), account.store.now())
    return Answer(_definition(kind, known[name]), 201)


def _known(account: HubspotAccount, call: Call) -> tuple[str, Definition]:
    kind = account.kind(call.parts["kind"])
    found = account.store.definitions[kind].get(call.parts["name"])
    if found is None or found.archived_at is not None:
        raise not_found(call.parts["name"])
    return kind, found


def update_property(account: HubspotAccount, call: Call) -> Answer:
    """``PATCH /crm/v3/properties/{kind}/{name}``: the label; the name stays for ever."""
    kind, found = _known(account, call)
    found.label = str(call.json().get("label") or found.label)
    found.updated = account.store.now()
    return Answer(_definition(kind, found))


def archive_property(account: HubspotAccount, call: Call) -> Answer:
    """``DELETE /crm/v3/properties/{kind}/{name}``: its values are told no more."""
    _, found = _known(account, call)
    found.archived_at = account.store.now()
    return Answer(None, 204)


def _schema(account: HubspotAccount, schema: Schema) -> JSON:
    found = account.store.definitions[schema.type_id].values()
    properties = [_definition(schema.name, one) for one in found if one.archived_at is None]
    ends = [(schema.type_id, TYPE_IDS[other]) for other in schema.others]
    ends += [(two, one) for one, two in ends]
    return {
        "id": schema.type_id.removeprefix("2-"),
        "objectTypeId": schema.type_id,
        "name": schema.name,
        "fullyQualifiedName": f"p{account.portal_id}_{schema.name}",
        "labels": schema.labels,
        "primaryDisplayProperty": next((one.name for one in found if not one.name.startswith("hs_")), "hs_object_id"),
        "requiredProperties": [],
        "searchableProperties": [],
        "secondaryDisplayProperties": [],
        "properties": properties,
        "associations": [
            {"id": str(position + 1), "fromObjectTypeId": one, "toObjectTypeId": two, "name": f"{schema.name}_{two}"}
            for position, (one, two) in enumerate(ends)
        ],
        "archived": False,
        "createdAt": iso(schema.created),
        "updatedAt": iso(schema.created),
    }


def list_schemas(account: HubspotAccount, call: Call) -> Answer:
    """``GET /crm-object-schemas/v3/schemas``."""
    account.require("schemas")
    wants_archived = (call.first("archived", "false") or "").lower() == "true"
    found = [] if wants_archived else [_schema(account, schema) for schema in account.schemas.values()]
    return Answer({"results": found})


def create_schema(account: HubspotAccount, call: Call) -> Answer:
    """``POST /crm-object-schemas/v3/schemas``."""
    body = call.json()
    names = {number: kind for kind, number in TYPE_IDS.items()}
    others = tuple(names.get(str(other), str(other).lower()) for other in body.get("associatedObjects") or [])
    properties = [str(one.get("name")) for one in body.get("properties") or []]
    schema = account.add_schema(str(body.get("name")), body_texts(body.get("labels")), others, *properties)
    return Answer(_schema(account, schema), 201)


def archive_schema(account: HubspotAccount, call: Call) -> Answer:
    """``DELETE /crm-object-schemas/v3/schemas/{kind}``."""
    account.drop_schema(account.kind(call.parts["kind"]))
    return Answer(None, 204)


def read_account(account: HubspotAccount, call: Call) -> Answer:
    """``GET /account-info/v3/details``."""
    return Answer(
        {
            "portalId": account.portal_id,
            "accountType": "STANDARD",
            "timeZone": "Europe/Copenhagen",
            "companyCurrency": "DKK",
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "eu1",
        }
    )


def change_portal(account: HubspotAccount, call: Call) -> Answer:
    """``POST /_sandbox/portal``: what a test may change: ``denied``, ``association_page``, ``removed_owners``."""
    body = call.json()
    account.denied = set(body.get("denied", account.denied))
    account.association_page = int(body.get("association_page", account.association_page))
    account.removed_owners = int(body.get("removed_owners", account.removed_owners))
    return Answer(body)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/_sandbox/portal", change_portal),
    ("GET", "/account-info/v3/details", read_account),
    ("GET", "/crm/v3/pipelines/{kind}", list_pipelines),
    ("GET", "/crm/v3/owners/", list_owners),
    ("GET", "/crm/v3/owners", list_owners),
    ("GET", "/crm/v3/properties/{kind}", list_properties),
    ("POST", "/crm/v3/properties/{kind}", create_property),
    ("PATCH", "/crm/v3/properties/{kind}/{name}", update_property),
    ("DELETE", "/crm/v3/properties/{kind}/{name}", archive_property),
    ("GET", "/crm-object-schemas/v3/schemas", list_schemas),
    ("POST", "/crm-object-schemas/v3/schemas", create_schema),
    ("DELETE", "/crm-object-schemas/v3/schemas/{kind}", archive_schema),
)

"""One tenant's portal: its objects, lists, forms and own kinds, and what a test has changed about it. No HTTP."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.sandbox.exchange import JSON, Answer, Call
from integrations.sandbox.hubspot_answers import forbidden, invalid
from integrations.sandbox.hubspot_shelf import Shelf
from integrations.sandbox.hubspot_store import TYPE_IDS, HubspotStore
from integrations.sandbox.hubspot_table import Table
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.tenants import TenantSpec

_EPOCH = 1_600_000_000_000
_CUSTOM_TENANT = "nordlys"


@dataclass
class ContactList:
    """A list of contacts; ``members`` maps each to when it was added."""

    id: int
    name: str
    is_dynamic: bool
    members: dict[int, int]
    updated: int
    added_at: int = 0
    removed_at: int = 0


@dataclass
class Form:
    """A form and what was sent through it: (time, id, values), the oldest first."""

    id: str
    name: str
    created: int
    submissions: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)


@dataclass
class Schema:
    """One of the portal's own kinds."""

    type_id: str
    name: str
    labels: dict[str, str]
    others: tuple[str, ...]
    created: int


class HubspotAccount:
    """One tenant's portal. ``denied`` are kinds and features that its credentials may not read."""

    def __init__(self, tenant: TenantSpec, store: HubspotStore) -> None:
        self.tenant = tenant
        self.store = store
        self.portal_id = key_of(tenant.slug, "portal") % 90_000_000
        self.denied: set[str] = set()
        self.association_page = 500
        self.shelf = Shelf()
        self.schemas: dict[str, Schema] = {}
        self.lists: dict[int, ContactList] = {}
        self.forms: dict[str, Form] = {}
        self.removed_owners = 1
        if tenant.natural_key == _CUSTOM_TENANT:
            self._fill_own_kind()
        self._fill_marketing()

    def require(self, *scopes: str) -> None:
        """Refuse what the credentials may not read."""
        for scope in scopes:
            if scope in self.denied:
                raise forbidden(scope)

    def kind(self, text: str) -> str:
        """Return the kind that a path names, if the credentials may read it."""
        names = {type_id: kind for kind, type_id in TYPE_IDS.items()}
        for schema in self.schemas.values():
            names |= dict.fromkeys((schema.name, f"p{self.portal_id}_{schema.name}"), schema.type_id)
        kind = names.get(text, text)
        if kind not in self.store.rows:
            raise invalid(f"Unable to infer object type from: {text}")
        self.require(kind)
        return kind

    def add_schema(self, name: str, labels: dict[str, str], others: tuple[str, ...], *properties: str) -> Schema:
        """Make a kind of the portal's own."""
        number = 2_000_000 + key_of(self.tenant.natural_key, "schema", name) % 90_000_000
        schema = Schema(f"2-{number}", name, labels, others, self.store.now())
        self.schemas[schema.type_id] = schema
        self.store.rows[schema.type_id] = Table.of({}, 1_000_000 + number % 1000)
        self.store.define(schema.type_id, "hs_object_id", "hs_createdate", "hs_lastmodifieddate", *properties)
        return schema

    def drop_schema(self, type_id: str) -> None:
        """Remove a kind with all its objects."""
        del self.schemas[type_id], self.store.rows[type_id]

    def _fill_own_kind(self) -> None:
        labels = {"singular": "Solcelleanlæg", "plural": "Solcelleanlæg"}
        schema = self.add_schema("solar_installation", labels, ("contacts", "deals"), "address", "panel_count")
        schema.created = _EPOCH
        contacts, table = self.store.table("contacts").live, self.store.table(schema.type_id)
        for position, contact in enumerate(contacts[:3]):
            row = self.store.create(
                schema.type_id, {"address": f"Solvej {position + 1}", "panel_count": str(8 + 4 * position)}
            )
            row.created = row.modified = self.store.table("contacts")[contact].created
            table.put(row)
            self.store.link(schema.type_id, row.id, "contacts", contact)

    def _fill_marketing(self) -> None:
        """Two lists of contacts and two forms through which some of them came; nothing is drawn at random."""
        table = self.store.table("contacts")
        rows = [table[number] for number in table.live[:5_000]]
        base = 1 + key_of(self.tenant.natural_key, "lists") % 900
        customers = {row.id: row.modified for row in rows if row.properties.get("lifecyclestage") == "customer"}
        fair = {row.id: row.created for row in rows[::7]}
        for offset, (name, is_dynamic, members) in enumerate((("Kunder", True, customers), ("Messe", False, fair))):
            added = max(members.values(), default=0)
            self.lists[base + offset] = ContactList(base + offset, name, is_dynamic, members, _EPOCH, added)
        for name in ("Kontakt os", "Book en demo"):
            number = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.tenant.natural_key}/{name}"))
            self.forms[number] = Form(number, name, _EPOCH)
        forms = list(self.forms.values())
        for position, row in enumerate(sorted(rows[::5], key=lambda row: (row.created, row.id))):
            values = {name: row.properties[name] for name in ("email", "firstname") if name in row.properties}
            number = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.tenant.slug}/{row.id}"))
            forms[position % 2].submissions.append((row.created, number, values))


Handler: TypeAlias = Callable[[HubspotAccount, Call], Answer]


def body_texts(value: JSON) -> dict[str, str]:
    """Return a JSON object's texts."""
    return {str(name): str(text) for name, text in (value or {}).items()}

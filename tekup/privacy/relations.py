"""Tables in which a person's rows are found by the names of their columns, read from the catalogue of the database.

So a table that is made tomorrow is found too, if it calls things by the names that all others do (docs/naming.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tekup.privacy.persons import Kind, Person

KEYS: Mapping[str, tuple[Kind, ...]] = {
    "email": ("email",),
    "email_address": ("email",),
    "contact_email": ("email",),
    "customer_email": ("email",),
    "anonymous_id": ("cookie",),
    "lead_id": ("lead",),
    "contact_id": ("contact", "hubspot"),
    "person_id": ("person",),
    "hubspot_contact_id": ("hubspot",),
    "kit_subscriber_id": ("kit",),
    "subscriber_id": ("kit",),
    "stripe_customer_id": ("stripe",),
}
"""Columns that name a person, and by what. A uuid column holds ids of the operational database alone."""
DOCUMENT_KEYS: Mapping[str, tuple[Kind, ...]] = {"customer_id": ("stripe",)}
"""Columns by which documents that must be kept, such as invoices, are exported; an erasure leaves them alone."""
REFERRING = ("deals", "fct_deal")
"""Tables whose rows merely refer to a person: the reference goes, the row stays. Those of all others are his own."""
OWN_ID: Mapping[str, Kind] = {"contacts": "contact", "leads": "lead"}
"""Tables whose own `id` is a person's."""
SYSTEMS: tuple[Kind, ...] = ("contact", "lead", "hubspot", "stripe", "kit", "cookie")
"""What `source_system` says beside a `source_id`, but in tables of companies."""
OBJECTS: tuple[tuple[str, str, Kind], ...] = (
    ("hubspot", "contacts", "hubspot"),
    ("stripe", "customers", "stripe"),
    ("kit", "subscribers", "kit"),
    ("operational", "contacts", "contact"),
    ("operational", "leads", "lead"),
)
"""What a vendor (or `source_system`), a `stream` and an `object_id` say."""

_RELATIONS = """
select n.nspname, c.relname, a.attname, format_type(a.atttypid, null), a.attnotnull,
    a.attgenerated <> '' or a.attidentity <> ''
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = any(%s) and a.attnum > 0 and not a.attisdropped
and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
order by n.nspname, c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue has it."""

    name: str
    kind: str
    is_required: bool
    is_generated: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of tenants' rows."""

    schema: str
    name: str
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """The name for a statement."""
        return sql.Identifier(self.schema, self.name)

    def person_columns(self) -> dict[Column, tuple[Kind, ...]]:
        """The columns that name persons."""
        found = {column: KEYS[column.name] for column in self.columns if column.name in KEYS}
        if self.name in OWN_ID and self.schema in ("app", "raw_operational"):
            found |= {column: (OWN_ID[self.name],) for column in self.columns if column.name == "id"}
        return found

    @property
    def has_source_pair(self) -> bool:
        """Whether rows name a source system and its id of a person."""
        names = {column.name for column in self.columns}
        return {"source_system", "source_id"} <= names and "company" not in self.name

    @property
    def object_columns(self) -> tuple[str, str, str] | None:
        """The columns that name a vendor, a stream and an object, None where rows do not."""
        names = {column.name for column in self.columns}
        found = [one for one in ("vendor", "source_system") if {one, "stream", "object_id"} <= names]
        return (found[0], "stream", "object_id") if found else None

    @property
    def names_persons(self) -> bool:
        """Whether rows of a person can be found in it."""
        return bool(self.person_columns()) or self.has_source_pair or self.object_columns is not None


def read_relations(connection: psycopg.Connection, schemas: Sequence[str]) -> list[Relation]:
    """The tenant tables of some schemas, from the catalogue."""
    found: dict[tuple[str, str], list[Column]] = {}
    for schema, name, *column in connection.execute(_RELATIONS, (list(schemas),)):
        found.setdefault((schema, name), []).append(Column(*column))
    return [Relation(schema, name, tuple(columns)) for (schema, name), columns in found.items()]


def condition(
    relation: Relation, person: Person, tenant_id: UUID, *, with_documents: bool = False
) -> sql.Composed | None:
    """The condition that a row is about the person; None where the table can't name him."""
    keys = relation.person_columns()
    if with_documents:
        keys |= {column: DOCUMENT_KEYS[column.name] for column in relation.columns if column.name in DOCUMENT_KEYS}
    parts = [part for column, kinds in keys.items() if (part := _is_one_of(column, kinds, person))]
    if relation.has_source_pair:
        parts += [
            sql.SQL("(source_system = {} and source_id = any({}))").format(system, sorted(person.of(system)))
            for system in SYSTEMS
            if person.of(system)
        ]
    if relation.object_columns is not None:
        names = [sql.Identifier(name) for name in relation.object_columns]
        parts += [
            sql.SQL("({} = {} and {} = {} and {} = any({}))").format(
                names[0], vendor, names[1], stream, names[2], sorted(person.of(kind))
            )
            for vendor, stream, kind in OBJECTS
            if person.of(kind)
        ]
    if not parts:
        return None
    return sql.SQL("tenant_id = {} and ({})").format(tenant_id, sql.SQL(" or ").join(parts))


def select_rows(
    connection: psycopg.Connection, relation: Relation, person: Person, tenant_id: UUID
) -> Iterator[dict[str, Any]]:
    """The rows about the person, documents made out to him included."""
    which = condition(relation, person, tenant_id, with_documents=True)
    if which is not None:
        query = sql.SQL("select * from {} where {}").format(relation.identifier, which)
        yield from connection.cursor(row_factory=dict_row).execute(query)


def purge(
    connection: psycopg.Connection, relation: Relation, person: Person, tenant_id: UUID, *, log: Relation | None = None
) -> int:
    """Delete the rows about the person; in those of `REFERRING` only the reference goes.

    ``log`` is the table's change log, by which what is built after it learns of the difference.
    """
    which = condition(relation, person, tenant_id)
    if which is None:
        return 0
    if relation.name not in REFERRING:
        if log is not None:
            _note(connection, relation, log, which, -1)
        return connection.execute(sql.SQL("delete from {} where {}").format(relation.identifier, which)).rowcount
    return _forget_references(connection, relation, person, tenant_id, log)


def _forget_references(
    connection: psycopg.Connection, relation: Relation, person: Person, tenant_id: UUID, log: Relation | None
) -> int:
    matches = {
        column.name: match
        for column, kinds in relation.person_columns().items()
        if (match := _is_one_of(column, kinds, person)) is not None
    }
    which = sql.SQL("tenant_id = {} and ({})").format(tenant_id, sql.SQL(" or ").join(matches.values()))
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = case when not ({1}) then {0} end").format(sql.Identifier(name), match)
        for name, match in matches.items()
    )
    if log is not None:
        _note(connection, relation, log, which, -1)
    update = sql.SQL("update {} set {} where {} returning *").format(relation.identifier, changes, which)
    if log is None:
        return connection.execute(
            sql.SQL("update {} set {} where {}").format(relation.identifier, changes, which)
        ).rowcount
    noted = sql.SQL("with changed as ({}) insert into {} ({}) select {}, 1, now() from changed").format(
        update, log.identifier, _names(log), _logged(log)
    )
    return connection.execute(noted).rowcount


def _note(connection: psycopg.Connection, relation: Relation, log: Relation, which: sql.Composed, change: int) -> None:
    connection.execute(
        sql.SQL("insert into {} ({}) select {}, {}, now() from {} where {}").format(
            log.identifier, _names(log), _logged(log), change, relation.identifier, which
        )
    )


def _names(log: Relation) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in log.columns)


def _logged(log: Relation) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(column.name) for column in log.columns if column.name not in ("change", "logged_at")
    )


def _is_one_of(column: Column, kinds: Sequence[Kind], person: Person) -> sql.Composed | None:
    values = sorted({value for kind in kinds for value in person.of(kind)})
    name = sql.Identifier(column.name)
    if column.kind == "uuid":
        ids = [one for value in values if (one := _uuid(value)) is not None]
        return sql.SQL("coalesce({} = any({}), false)").format(name, ids) if ids else None
    if not values:
        return None
    text = sql.SQL("lower(btrim({}::text))").format(name) if kinds == ("email",) else sql.SQL("{}::text").format(name)
    return sql.SQL("coalesce({} = any({}), false)").format(text, values)


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None

"""Persons in the operational database: contacts, leads, what hangs on them, accounts, events and the trail of audit."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tekup.db import Database, Role
from tekup.errors import BadInput
from tekup.privacy.holders import Row, Scope
from tekup.privacy.mentions import needles_of, sweep_relation
from tekup.privacy.persons import Kind, Person
from tekup.privacy.relations import Relation, purge, read_relations, select_rows

SCHEMA = "app"
KEPT = {
    "app.audit_log": "the trail of who did what is kept for accountability (article 17(3)(b)); it names ids, no texts",
    "app.audit_removal": "how much of the trail was removed for its age, signed",
    "app.audit_seal": "hashes of the trail",
    "ops.audit_log": "the same trail, of what was read in the warehouse",
    "ops.audit_removal": "how much of that trail was removed for its age, signed",
    "ops.audit_seal": "hashes of that trail",
    "app.data_keys": "keys; that of a person is destroyed when his erasure is settled",
    "app.erased_identifier": "the ledger itself: keyed pseudonyms alone",
    "app.privacy_request": "the requests themselves: whom they are about stands sealed until they are settled",
    "app.tombstones": "ids of rows that are gone, by which copies of them go as well",
}
"""Tables that an erasure leaves alone, and why."""
VENDOR_STREAMS: Mapping[Kind, str] = {"hubspot": "contacts", "stripe": "customers", "kit": "subscribers"}
"""The stream of each vendor whose objects are persons."""
_LAST = ("app.leads", "app.contacts")
_SECRETS = ("hash", "sealed", "secret", "wrapped", "changed_xid")

# The first identification of a cookie wins, as in the marts (int_person_link): a cookie that two share is the first's.
_COOKIES = """
with claims as (
    select anonymous_id, lead_id, contact_id, first_seen_at as claimed_at, 1 as priority, id
    from app.identities where tenant_id = %(tenant)s and anonymous_id is not null
    union all
    select anonymous_id, id, contact_id, created_at, 2, id
    from app.leads where tenant_id = %(tenant)s and anonymous_id is not null
)
select anonymous_id, lead_id, contact_id from (
    select distinct on (anonymous_id) anonymous_id, lead_id, contact_id
    from claims order by anonymous_id, priority, claimed_at, id
) as first
where lead_id = any(%(leads)s) or contact_id = any(%(contacts)s) or anonymous_id = any(%(cookies)s)
"""
_CONTACTS = """
select id, email, phone, first_name || ' ' || last_name from app.contacts
where tenant_id = %(tenant)s and (
    id = any(%(contacts)s) or lower(btrim(email)) = any(%(emails)s)
    or right(regexp_replace(phone, '\\D', '', 'g'), 8) = any(%(sought_phones)s)
)
"""
_LEADS = """
select id, contact_id, email, full_name from app.leads
where tenant_id = %(tenant)s
and (id = any(%(leads)s) or contact_id = any(%(contacts)s) or lower(btrim(email)) = any(%(emails)s))
"""
_IDENTITIES = """
select kind, value, lead_id, contact_id from app.identities
where tenant_id = %(tenant)s and (
    lead_id = any(%(leads)s) or contact_id = any(%(contacts)s)
    or kind = 'email' and lower(btrim(value)) = any(%(emails)s)
)
"""
_SHARED = """
select first_name || ' ' || last_name, right(regexp_replace(phone, '\\D', '', 'g'), 8) from app.contacts
where tenant_id = %(tenant)s and not id = any(%(contacts)s)
and (first_name || ' ' || last_name = any(%(names)s)
    or right(regexp_replace(phone, '\\D', '', 'g'), 8) = any(%(phones)s))
union
select full_name, null from app.leads
where tenant_id = %(tenant)s and not id = any(%(leads)s) and full_name = any(%(names)s)
"""


class Operational:
    """Every table of the operational schema; those made later are found by the names of their columns."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """Contacts, leads and cookies that refer to each other, and their addresses, numbers and names."""
        values = _values(scope, person)
        with _open(scope) as connection:
            for contact_id, email, phone, name in connection.execute(_CONTACTS.encode(), values).fetchall():
                yield from (("contact", str(contact_id)), ("email", email), ("phone", phone), ("name", name))
            for lead_id, contact_id, email, name in connection.execute(_LEADS.encode(), values).fetchall():
                yield from (("lead", str(lead_id)), ("contact", _text(contact_id)), ("email", email), ("name", name))
            for kind, value, lead_id, contact_id in connection.execute(_IDENTITIES.encode(), values).fetchall():
                yield from (("lead", _text(lead_id)), ("contact", _text(contact_id)))
                if kind in ("email", "phone"):
                    yield kind, value
            for cookie, lead_id, contact_id in connection.execute(_COOKIES.encode(), values).fetchall():
                yield from (("cookie", cookie), ("lead", _text(lead_id)), ("contact", _text(contact_id)))

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """All rows that name the person, the events about him and the audit of what was done with his rows."""
        ids = _ids(person)
        with _open(scope) as connection:
            for relation in read_relations(connection, [SCHEMA]):
                if relation.full_name not in KEPT:
                    for row in select_rows(connection, relation, person, scope.tenant_id):
                        yield relation.full_name, _without_secrets(row)
            for table, column in (("events", "aggregate_id"), ("audit_log", "entity_id")):
                query = sql.SQL("select * from app.{} where tenant_id = %s and {}::text = any(%s)").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
                cursor = connection.cursor(row_factory=dict_row).execute(query, (scope.tenant_id, ids))
                for row in cursor:
                    yield f"app.{table}", _without_secrets(row)
            for row in _deliveries(connection, scope.tenant_id, person):
                yield "app.webhook_delivery", _without_secrets(row)

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Delete what is the person's, in one transaction; of events only that there was one stays."""
        refuse_active_account(scope, person)
        done: dict[str, int] = {}
        with _open(scope) as connection:
            relations = [one for one in read_relations(connection, [SCHEMA]) if one.full_name not in KEPT]
            for relation in sorted(relations, key=lambda one: one.full_name in _LAST):
                _count(done, relation.full_name, purge(connection, relation, person, scope.tenant_id))
            _count(done, "app.events", _empty_events(connection, scope.tenant_id, person))
            ids = [row["id"] for row in _deliveries(connection, scope.tenant_id, person)]
            _count(done, "app.webhook_delivery", _delete_deliveries(connection, scope.tenant_id, ids))
        return done

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Mentions in any text of the operational database, such as the name of a deal."""
        needles = needles_of(person, shared=shared_words(scope, person))
        done: dict[str, int] = {}
        if needles is None:
            return done
        with _open(scope) as connection:
            for relation in read_relations(connection, [SCHEMA]):
                if relation.full_name not in KEPT:
                    found = sweep_relation(connection, relation, needles, scope.tenant_id, mends=mends)
                    _count(done, relation.full_name, found)
        return done


def shared_words(scope: Scope, person: Person) -> set[str]:
    """Names and numbers of the person that others of the tenant bear as well."""
    values = _values(scope, person) | {"names": sorted(person.of("name")), "phones": sorted(person.of("phone"))}
    with _open(scope) as connection:
        rows = connection.execute(_SHARED.encode(), values).fetchall()
    return {word for row in rows for word in row if word}


def refuse_active_account(scope: Scope, person: Person) -> None:
    """An account that signs in is not erased with a customer who happens to have its address.

    Raises:
        BadInput: one of the person's addresses is that of a user who is not disabled.
    """
    with _open(scope) as connection:
        row = connection.execute(
            "select count(*) from app.users where tenant_id = %s and email = any(%s) and status <> 'disabled'",
            (scope.tenant_id, sorted(person.of("email"))),
        ).fetchone()
    if row is not None and row[0]:
        raise BadInput(
            "the person is a user of this tenant who may sign in", hint="disable the user first, then erase the person"
        )


def _open(scope: Scope) -> Any:
    return scope.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, scope.tenant_id)


def _values(scope: Scope, person: Person) -> dict[str, Any]:
    """The person's identifiers as parameters. A number finds somebody only where nothing else is known."""
    return {
        "tenant": scope.tenant_id,
        "contacts": [UUID(one) for one in person.of("contact")],
        "leads": [UUID(one) for one in person.of("lead")],
        "emails": sorted(person.of("email")),
        "cookies": sorted(person.of("cookie")),
        "sought_phones": sorted(person.of("phone")) if set(person.ids) == {"phone"} else [],
    }


def _ids(person: Person) -> list[str]:
    return sorted(person.of("lead") | person.of("contact"))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _without_secrets(row: Row) -> Row:
    return {name: value for name, value in row.items() if not any(word in name for word in _SECRETS)}


def _count(done: dict[str, int], place: str, rows: int) -> None:
    if rows:
        done[place] = done.get(place, 0) + rows


def _deliveries(connection: psycopg.Connection, tenant_id: UUID, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for vendor, stream in VENDOR_STREAMS.items():
        pairs = [Jsonb([[stream, one]]) for one in sorted(person.of(vendor))]
        if pairs:
            found += (
                connection.cursor(row_factory=dict_row)
                .execute(
                    "select * from app.webhook_delivery where tenant_id = %s and vendor = %s and hints @> any(%s)",
                    (tenant_id, vendor, pairs),
                )
                .fetchall()
            )
    return found


def _delete_deliveries(connection: psycopg.Connection, tenant_id: UUID, ids: list[UUID]) -> int:
    return connection.execute(
        "delete from app.webhook_delivery where tenant_id = %s and id = any(%s)", (tenant_id, ids)
    ).rowcount


def _empty_events(connection: psycopg.Connection, tenant_id: UUID, person: Person) -> int:
    return connection.execute(
        "update app.events set payload = '{}' where tenant_id = %s and aggregate_id = any(%s::uuid[]) "
        "and payload <> '{}'",
        (tenant_id, _ids(person)),
    ).rowcount


def declared_relations(connection: psycopg.Connection) -> dict[str, Relation]:
    """The operational tables whose rows are found by their columns."""
    return {one.full_name: one for one in read_relations(connection, [SCHEMA]) if one.names_persons}

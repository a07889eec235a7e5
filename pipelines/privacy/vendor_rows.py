"""Persons in the raw copies of vendors' objects. What a shape means is told in `pipelines.sync.vendor_persons`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pipelines.sync.journal import hold_source
from pipelines.sync.vendor_persons import (
    CONTENT_STREAMS,
    DOCUMENT_VENDORS,
    ENGAGEMENTS,
    NAMED_PARTS,
    PERSON_PARTS,
    PERSON_STREAMS,
    without_person,
)
from tekup.db import Database, Role
from tekup.privacy.holders import Row, Scope
from tekup.privacy.ledger import remember_erased
from tekup.privacy.persons import Kind, Person
from tekup.privacy.relations import Relation, read_relations

VENDORS = ("hubspot", "stripe", "kit")
PATIENCE_SECONDS = 60
"""For how long a pull that is under way is waited for."""
_LINKS = {
    "hubspot": (
        "select object_id, payload -> 'properties' ->> 'email', payload -> 'properties' ->> 'phone', "
        "concat_ws(' ', payload -> 'properties' ->> 'firstname', payload -> 'properties' ->> 'lastname'), "
        "payload -> 'properties' ->> 'tekup_id', payload -> 'properties' ->> 'hs_merged_object_ids' "
        "from raw_hubspot.contacts where tenant_id = %(tenant)s and (object_id = any(%(ids)s) "
        "or lower(btrim(payload -> 'properties' ->> 'email')) = any(%(emails)s) "
        "or payload -> 'properties' ->> 'tekup_id' = any(%(contacts)s))"
    ),
    "stripe": (
        "select object_id, payload ->> 'email', payload ->> 'phone', payload ->> 'name', "
        "payload -> 'metadata' ->> 'tekup_lead_id', null from raw_stripe.customers where tenant_id = %(tenant)s "
        "and (object_id = any(%(ids)s) or lower(btrim(payload ->> 'email')) = any(%(emails)s) "
        "or payload -> 'metadata' ->> 'tekup_lead_id' = any(%(leads)s))"
    ),
    "kit": (
        "select object_id, payload ->> 'email_address', null, payload ->> 'first_name', null, null "
        "from raw_kit.subscribers where tenant_id = %(tenant)s and (object_id = any(%(ids)s) "
        "or lower(btrim(payload ->> 'email_address')) = any(%(emails)s))"
    ),
}
_OWN_ID: Mapping[str, Kind] = {"hubspot": "contact", "stripe": "lead"}
"""Of what the vendor's object carries an id of ours."""
_BURY = """
update {} set payload = '{{}}', payload_hash = '', deleted_at = coalesce(deleted_at, clock_timestamp()),
    delete_reason = 'erased', synced_at = clock_timestamp()
where tenant_id = {} and ({}) and delete_reason is distinct from 'erased' returning object_id
"""


class VendorRows:
    """The tables of `raw_hubspot`, `raw_stripe` and `raw_kit`."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """Objects with the person's address or id, and what they tell; merged contacts are the same person."""
        with scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id) as connection:
            for vendor, query in _LINKS.items():
                kind: Kind = vendor  # type: ignore[assignment]  # each vendor is a kind
                values = {
                    "tenant": scope.tenant_id,
                    "ids": sorted(person.of(kind)),
                    "emails": sorted(person.of("email")),
                    "contacts": sorted(person.of("contact")),
                    "leads": sorted(person.of("lead")),
                }
                for number, email, phone, name, own, merged in connection.execute(query.encode(), values).fetchall():
                    yield from ((kind, number), ("email", email), ("phone", phone), ("name", name))
                    if vendor in _OWN_ID:
                        yield _OWN_ID[vendor], own
                    yield from ((kind, old) for old in (merged or "").split(";") if old)

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """Each object that is the person's, belongs to him, or was made out to him."""
        with scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id) as connection:
            for relation in _relations(connection):
                which = _any([_own(connection, scope, relation, person), _made_out(relation, person)])
                if which is None:
                    continue
                rows = connection.execute(
                    sql.SQL(
                        "select object_id, payload, source_modified_at, first_seen_at, deleted_at, delete_reason "
                        "from {} where tenant_id = {} and {}"
                    ).format(relation.identifier, scope.tenant_id, which)
                )
                names = [column.name for column in rows.description or ()]
                for row in rows:
                    yield relation.full_name, dict(zip(names, row, strict=True))

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Leave of the person's objects that they are gone, of documents what must be kept; no pull runs meanwhile."""
        done: dict[str, int] = {}
        gone: list[tuple[str, str]] = []
        with ExitStack() as stack:
            for vendor in VENDORS:
                stack.enter_context(
                    hold_source(scope.doors, scope.tenant_id, vendor, patience_ms=1000 * PATIENCE_SECONDS)
                )
            connection = stack.enter_context(
                scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id)
            )
            # pairs tell which engagements are the person's, so they go after those
            for relation in sorted(_relations(connection), key=lambda one: one.name == "associations"):
                buried = _bury(connection, scope, relation, person)
                if _vendor_of(relation) == "hubspot" and relation.name in ENGAGEMENTS:
                    gone += [(f"hubspot/{relation.name}", one) for one in buried]
                count = len(buried) + _redact(connection, scope, relation, person)
                if count:
                    done[relation.full_name] = count
                    _move(connection, scope, relation)
            remember_erased(scope.doors, scope.tenant_id, scope.request_id, gone)
        return done

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Swept with the rest of the warehouse."""
        return {}


def _relations(connection: psycopg.Connection) -> list[Relation]:
    schemas = [f"raw_{vendor}" for vendor in VENDORS]
    return read_relations(connection, schemas)


def _vendor_of(relation: Relation) -> str:
    return relation.schema.removeprefix("raw_")


def _own(connection: psycopg.Connection, scope: Scope, relation: Relation, person: Person) -> sql.Composable | None:
    """The condition that an object is the person or belongs to him."""
    vendor, stream = _vendor_of(relation), relation.name
    if kind := PERSON_STREAMS.get((vendor, stream)):
        return _in(sql.SQL("object_id"), person.of(kind))
    if part := PERSON_PARTS.get((vendor, stream)):
        return _in(sql.SQL("split_part(object_id, ':', {})").format(part[1] + 1), person.of(part[0]))
    names = [f"contacts/{number}" for number in person.of("hubspot")]
    if (vendor, stream) in NAMED_PARTS:
        return _any([_in(sql.SQL("split_part(object_id, ':', {})").format(n), names) for n in (1, 2)])
    if vendor == "hubspot" and stream in ENGAGEMENTS:
        return _in(sql.SQL("object_id"), _engagements(connection, scope, stream, names))
    if (vendor, stream) in CONTENT_STREAMS and person.of("email"):
        pattern = "|".join(f'"{re.escape(email)}"' for email in sorted(person.of("email")))
        return sql.SQL("payload::text ~* {}").format(pattern)
    return None


def _engagements(connection: psycopg.Connection, scope: Scope, stream: str, names: list[str]) -> list[str]:
    rows = connection.execute(
        "select split_part(split_part(object_id, ':', 1), '/', 2) from raw_hubspot.associations "
        "where tenant_id = %s and split_part(object_id, ':', 2) = any(%s) and parent_id like %s",
        (scope.tenant_id, names, f"{stream}/%"),
    ).fetchall()
    return [row[0] for row in rows]


def _made_out(relation: Relation, person: Person) -> sql.Composable | None:
    """The condition that a document of another stream was made out to the person: by his address or customer number."""
    vendor = _vendor_of(relation)
    if (vendor, relation.name) in PERSON_STREAMS or (vendor, relation.name) in PERSON_PARTS:
        return None
    words = [f'"{re.escape(email)}"' for email in sorted(person.of("email"))]
    words += [f'"{re.escape(one)}"' for one in sorted(person.of("stripe"))] if vendor == "stripe" else []
    return sql.SQL("payload::text ~* {}").format("|".join(words)) if words else None


def _bury(connection: psycopg.Connection, scope: Scope, relation: Relation, person: Person) -> list[str]:
    which = _own(connection, scope, relation, person)
    if which is None:
        return []
    statement = sql.SQL(_BURY).format(relation.identifier, scope.tenant_id, which)
    return [row[0] for row in connection.execute(statement).fetchall()]


def _redact(connection: psycopg.Connection, scope: Scope, relation: Relation, person: Person) -> int:
    which = _made_out(relation, person)
    if which is None or _vendor_of(relation) not in DOCUMENT_VENDORS:
        return 0
    rows = connection.execute(
        sql.SQL("select object_id, payload from {} where tenant_id = {} and {} for update").format(
            relation.identifier, scope.tenant_id, which
        )
    ).fetchall()
    changed = [(number, told) for number, payload in rows if (told := without_person(payload)) != payload]
    # the hash stays that of what the vendor said: reading the same again is then no change
    for number, payload in changed:
        connection.execute(
            sql.SQL(
                "update {} set payload = %s, synced_at = clock_timestamp() where tenant_id = %s and object_id = %s"
            ).format(relation.identifier),
            (Jsonb(payload), scope.tenant_id, number),
        )
    return len(changed)


def _move(connection: psycopg.Connection, scope: Scope, relation: Relation) -> None:
    """Let what is built from the stream know that it changed."""
    connection.execute(
        "update ops.sync_cursor set revision = revision + 1 where tenant_id = %s and vendor = %s and stream = %s",
        (scope.tenant_id, _vendor_of(relation), relation.name),
    )


def _in(what: sql.Composable, values: Iterable[str]) -> sql.Composable | None:
    told: list[Any] = sorted(values)
    return sql.SQL("{} = any({})").format(what, told) if told else None


def _any(conditions: Iterable[sql.Composable | None]) -> sql.Composable | None:
    found = [one for one in conditions if one is not None]
    return sql.SQL("({})").format(sql.SQL(" or ").join(found)) if found else None

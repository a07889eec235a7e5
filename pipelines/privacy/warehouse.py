"""Persons in the rest of the warehouse: operational copies, what models keep, what checks found, what dbt built."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import psycopg
from psycopg import sql

from pipelines.models.score_evidence import erase_leads, erase_subscriptions
from pipelines.privacy.vendor_rows import PATIENCE_SECONDS
from pipelines.sync.journal import hold_source
from tekup.db import Database, Role
from tekup.privacy.holders import Row, Scope
from tekup.privacy.mentions import needles_of, sweep_relation
from tekup.privacy.operational import KEPT, shared_words
from tekup.privacy.persons import Kind, Person
from tekup.privacy.relations import REFERRING, SYSTEMS, Relation, condition, purge, read_relations, select_rows

BUILT = ("staging", "intermediate", "marts")
STORED = ("raw_operational", "ml", "ops")
RAW = ("raw_hubspot", "raw_stripe", "raw_kit")
CHANGE_LOG = "__change"
"""How the names of dbt's change logs end. They hold keys alone and are emptied by themselves after days."""
_KEPT_COLUMNS = {"kind", "channel", "status", "verdict"}
_REASON = "erasure or export of one person in built tables"
_ORPHANS = """
delete from ml.lead_enrichment as answer where tenant_id = %(tenant)s and not exists (
    select from ml.lead_enrichment_lead as link where link.tenant_id = answer.tenant_id
    and (link.cache_key = answer.cache_key or link.answered_key = answer.cache_key))
"""


class Warehouse:
    """All tables but the vendors' raw ones, and the search for mentions in those as well."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """What the marts hold to be one person."""
        with scope.doors.all_tenants_transaction(Database.WAREHOUSE, reason=_REASON) as connection:
            found = [one for one in read_relations(connection, ["marts"]) if one.name == "dim_person_identity"]
            for relation in found:
                which = condition(relation, person, scope.tenant_id)
                if which is None:
                    continue
                query = sql.SQL("select source_system, source_id, person_id from {} where {}")
                for system, number, person_id in connection.execute(query.format(relation.identifier, which)):
                    yield "person", person_id
                    if system in SYSTEMS:
                        yield system, number

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """Rows by the columns that name the person."""
        with scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id) as connection:
            for relation in _not_kept(connection, STORED):
                for row in select_rows(connection, relation, person, scope.tenant_id):
                    yield relation.full_name, row
        with scope.doors.all_tenants_transaction(Database.WAREHOUSE, reason=_REASON) as connection:
            for relation in read_relations(connection, BUILT):
                if not relation.name.endswith(CHANGE_LOG):
                    for row in select_rows(connection, relation, person, scope.tenant_id):
                        yield relation.full_name, row

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Copies become marks of what is gone, by which the next build removes what hangs on them; the rest goes."""
        done = self._erase_stored(scope, person)
        with scope.doors.all_tenants_transaction(Database.WAREHOUSE, reason=_REASON) as connection:
            built = {one.full_name: one for one in read_relations(connection, BUILT)}
            for relation in built.values():
                if not relation.name.endswith(CHANGE_LOG):
                    log = built.get(f"intermediate.{relation.name}{CHANGE_LOG}")
                    _count(done, relation, purge(connection, relation, person, scope.tenant_id, log=log))
        return done

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Mentions in any text of the warehouse."""
        done: dict[str, int] = {}
        needles = needles_of(person, shared=shared_words(scope, person))
        if needles is None:
            return done
        with scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id) as connection:
            for relation in _not_kept(connection, [*STORED, *RAW]):
                _count(done, relation, sweep_relation(connection, relation, needles, scope.tenant_id, mends=mends))
        with scope.doors.all_tenants_transaction(Database.WAREHOUSE, reason=_REASON) as connection:
            for relation in read_relations(connection, BUILT):
                _count(done, relation, sweep_relation(connection, relation, needles, scope.tenant_id, mends=mends))
        return done

    def _erase_stored(self, scope: Scope, person: Person) -> dict[str, int]:
        leads = [UUID(one) for one in person.of("lead")]
        done: dict[str, int] = {}
        with (
            hold_source(scope.doors, scope.tenant_id, "operational", patience_ms=1000 * PATIENCE_SECONDS),
            scope.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, scope.tenant_id) as connection,
        ):
            subscriptions = _subscriptions(connection, scope, person)
            deleted = erase_leads(connection, leads) | erase_subscriptions(connection, subscriptions)
            done |= {place: rows for place, rows in deleted.items() if rows}
            for relation in _not_kept(connection, STORED):
                if relation.schema == "raw_operational":
                    _count(done, relation, _bury(connection, relation, person, scope.tenant_id))
                else:
                    _count(done, relation, purge(connection, relation, person, scope.tenant_id))
            connection.execute(_ORPHANS.encode(), {"tenant": scope.tenant_id})
            _forget_failures(connection, scope, person)
            if leads:
                connection.execute(
                    "update ml.model_teaching set erased_at = now() where tenant_id = %s and erased_at is null",
                    (scope.tenant_id,),
                )
            if done:
                connection.execute(
                    "update ops.sync_cursor set revision = revision + 1 "
                    "where tenant_id = %s and vendor = 'operational' and stream = any(%s)",
                    (scope.tenant_id, sorted({place.rpartition(".")[2] for place in done})),
                )
        return done


def _not_kept(connection: psycopg.Connection, schemas: Sequence[str]) -> list[Relation]:
    """Tables that an erasure may change."""
    return [one for one in read_relations(connection, schemas) if one.full_name not in KEPT]


def _bury(connection: psycopg.Connection, relation: Relation, person: Person, tenant_id: UUID) -> int:
    """Empty a copy and mark it as gone; a deal or another row that merely refers to the person loses the reference."""
    which = condition(relation, person, tenant_id)
    if which is None:
        return 0
    if relation.name in REFERRING:
        return _cut_references(connection, relation, person, tenant_id, which)
    emptied = [
        column.name
        for column in relation.columns
        if not column.is_required and column.name not in _KEPT_COLUMNS and "timestamp" not in column.kind
    ]
    changes = sql.SQL(", ").join(sql.SQL("{} = null").format(sql.Identifier(name)) for name in emptied)
    return connection.execute(
        sql.SQL(
            "update {} set {}, deleted_at = coalesce(deleted_at, now()), synced_at = clock_timestamp() where {} "
            "and not (deleted_at is not null and {})"
        ).format(
            relation.identifier,
            changes,
            which,
            sql.SQL(" and ").join(sql.SQL("{} is null").format(sql.Identifier(name)) for name in emptied),
        )
    ).rowcount


def _cut_references(
    connection: psycopg.Connection, relation: Relation, person: Person, tenant_id: UUID, which: sql.Composed
) -> int:
    connection.execute(
        sql.SQL("update {} set synced_at = clock_timestamp() where {}").format(relation.identifier, which)
    )
    return purge(connection, relation, person, tenant_id)


def _subscriptions(connection: psycopg.Connection, scope: Scope, person: Person) -> list[str]:
    rows = connection.execute(
        "select object_id from raw_stripe.subscriptions where tenant_id = %s and payload ->> 'customer' = any(%s)",
        (scope.tenant_id, sorted(person.of("stripe"))),
    ).fetchall()
    return [row[0] for row in rows]


def _forget_failures(connection: psycopg.Connection, scope: Scope, person: Person) -> None:
    """Rows that a check kept for a person to look at: the next judging keeps those that still fail."""
    words = [f'"{re.escape(value)}"' for _, value in person]
    if words:
        connection.execute(
            "delete from ops.check_failure where tenant_id = %s and failed_row::text ~* %s",
            (scope.tenant_id, "|".join(words)),
        )
        connection.execute(
            "update ops.mart_hold set failed_rows = '[]' where tenant_id = %s and failed_rows::text ~* %s",
            (scope.tenant_id, "|".join(words)),
        )


def _count(done: dict[str, int], relation: Relation, rows: int) -> None:
    if rows:
        done[relation.full_name] = done.get(relation.full_name, 0) + rows

"""Rows of two tenants in every table that there is, made from the catalogue, so that a new table is attacked too."""

import json
import re
from dataclasses import dataclass
from uuid import UUID, uuid5

import psycopg
from psycopg import sql

_TABLES = """
select c.oid::int8, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and not c.relispartition and n.nspname !~ '^(pg_|information_schema$|migration$)'
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
order by 2, 3
"""
_COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef or a.attidentity <> '',
    a.attgenerated <> '' from pg_attribute a where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
_CHECKS = "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s and contype = 'c'"
HINTS: dict[str, object] = {
    "app.users.role": "sales",
    "currency": "DKK",
    "cache_key": "0" * 64,
    "email": "somebody@example.dk",
}
"""Values for columns whose checks can't be read from a list of words, or for which another word says more."""


@dataclass(frozen=True, slots=True)
class Made:
    """A table that got rows, to be emptied again."""

    schema: str
    table: str


def fill(admin: psycopg.Connection, tenants: tuple[UUID, ...]) -> list[Made]:
    """Give each of the tenants a row in every table where it has none; foreign keys and triggers rest meanwhile."""
    made = []
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        for oid, schema, table in admin.execute(_TABLES).fetchall():
            name = sql.Identifier(schema, table)
            held = {row[0] for row in admin.execute(sql.SQL("select distinct tenant_id from {}").format(name))}
            for tenant in tenants:
                if tenant not in held:
                    _insert(admin, oid, schema, table, tenant)
                    made.append(Made(schema, table))
    return made


def empty(admin: psycopg.Connection, made: list[Made], tenants: tuple[UUID, ...]) -> None:
    """Take away what `fill` made."""
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        for one in made:
            statement = sql.SQL("delete from {} where tenant_id = any(%s)").format(
                sql.Identifier(one.schema, one.table)
            )
            admin.execute(statement, (list(tenants),))


def _insert(admin: psycopg.Connection, oid: int, schema: str, table: str, tenant: UUID) -> None:
    """A row with what it must have; where a check wants more, with every text and id besides."""
    try:
        with admin.transaction():
            _insert_row(admin, oid, schema, table, tenant, whole=False)
    except psycopg.errors.CheckViolation:
        _insert_row(admin, oid, schema, table, tenant, whole=True)


def _insert_row(admin: psycopg.Connection, oid: int, schema: str, table: str, tenant: UUID, *, whole: bool) -> None:
    checks = [row[0] for row in admin.execute(_CHECKS, (oid,)).fetchall()]
    values: dict[str, object] = {}
    for column, kind, needed, has_default, generated in admin.execute(_COLUMNS, (oid,)).fetchall():
        if generated or (has_default and column not in ("id", "tenant_id")):
            continue
        if needed or (whole and kind in ("text", "uuid")):
            values[column] = _value(tenant, schema, table, column, kind, checks)
    # the tenant's own row has no column to write the tenant into
    values |= {"id": tenant} if (schema, table) == ("app", "tenants") else {"tenant_id": tenant}
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(schema, table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    admin.execute(statement, list(values.values()))


def _value(tenant: UUID, schema: str, table: str, column: str, kind: str, checks: list[str]) -> object:
    if f"{schema}.{table}.{column}" in HINTS:
        return HINTS[f"{schema}.{table}.{column}"]
    for check in checks:
        words = re.search(rf"\b{column} = ANY \(ARRAY\[(.*?)\]", check)
        if words:
            return words.group(1).split(",")[0].strip().removesuffix("::text").strip("'")
    if column in HINTS:
        return HINTS[column]
    if kind == "uuid":
        # the same id in both tenants: a lost tenant key shows
        return uuid5(UUID(int=0), f"{schema}.{table}.{column}")
    for prefix, value in _BY_KIND.items():
        if kind.startswith(prefix):
            return value
    return f"canary_{tenant.hex[:8]}"


_BY_KIND: dict[str, object] = {
    "json": json.dumps({}), "timestamp": "2026-01-01T00:00:00Z", "date": "2026-01-01", "boolean": False,
    "bytea[]": [], "bytea": b"x",
    "double": 0.5, "numeric": 1, "smallint": 1, "integer": 1, "bigint": 1, "xid8": "1", "text[]": ["a"],
    "uuid[]": [], "interval": "1 day", "inet": "127.0.0.1", "pg_snapshot": "1:1:",
}  # fmt: skip

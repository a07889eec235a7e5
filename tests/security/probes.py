"""Looks at one relation as a tenant's caller, in every way a statement can, and says what it should not have seen.

The same looks are what attacks are proven by and what a mutated policy has to turn red.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql

from tekup.tenancy import TenantContext

_RELATIONS = """
select n.nspname, c.relname, c.relkind::text,
    array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and has_column_privilege('tekup_app', c.oid, a.attnum, 'insert') order by a.attnum)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v') and n.nspname !~ '^(pg_|information_schema$|migration$)'
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
order by 1, 2
"""
LOGINS = ("tekup_owner", "tekup_pipeline", "tekup_app", "tekup_reader")


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that has a tenant, with the columns that the API may insert."""

    schema: str
    name: str
    kind: str
    insertable: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """Quoted, for a statement."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.schema}.{self.name}"


def relations_of(connection: psycopg.Connection) -> list[Relation]:
    """Every relation with a tenant."""
    return [Relation(row[0], row[1], row[2], tuple(row[3])) for row in connection.execute(_RELATIONS).fetchall()]


def become(admin: psycopg.Connection, login: str, context: TenantContext) -> None:
    """Give the superuser's open transaction a caller's role and context, as `begin_statement` gives them."""
    admin.execute(sql.SQL("set local role {}").format(sql.Identifier(login)))
    values = (context.tenant_id, context.user_id or "", context.role, " ".join(sorted(context.permissions)))
    for name, value in zip(("tenant_id", "user_id", "role", "permissions"), values, strict=True):
        admin.execute(f"set local app.{name} = '{value}'")


def held(admin: psycopg.Connection, relation: Relation) -> dict[UUID, int]:
    """How many rows each tenant has, as the superuser sees it."""
    statement = sql.SQL("select tenant_id, count(*) from {} group by 1").format(relation.identifier)
    return dict(admin.execute(statement).fetchall())


def outcome(admin: psycopg.Connection, statement: sql.Composed, values: tuple[object, ...] = ()) -> object:
    """What a statement gives: its rows, how many it changed, or the error's name; nothing of it stays."""
    try:
        with admin.transaction(force_rollback=True):
            done = admin.execute(statement, values)
            return done.fetchall() if done.description else done.rowcount
    except psycopg.Error as error:
        return type(error).__name__


def may(admin: psycopg.Connection, login: str, relation: Relation, right: str) -> bool:
    """Whether a role has a right on the relation or one of its columns."""
    row = admin.execute(
        "select has_schema_privilege(%(role)s, %(schema)s, 'usage') and (has_table_privilege(%(role)s, %(name)s, "
        "%(right)s) or %(right)s <> 'delete' and has_any_column_privilege(%(role)s, %(name)s, "
        "case %(right)s when 'delete' then 'select' else %(right)s end))",
        {"role": login, "schema": relation.schema, "name": f'"{relation.schema}"."{relation.name}"', "right": right},
    ).fetchone()
    return row == (True,)


def wrong_reads(admin: psycopg.Connection, relation: Relation, login: str, own: UUID, other: UUID) -> list[str]:
    """What a caller with every permission sees too much or too little of a relation; run in an open transaction."""
    if not may(admin, login, relation, "select"):
        return []
    expected = held(admin, relation)
    with admin.transaction(force_rollback=True):
        become(admin, login, TenantContext.system(own))
        seen = outcome(admin, sql.SQL("select tenant_id, count(*) from {} group by 1").format(relation.identifier))
        foreign = outcome(
            admin, sql.SQL("select count(*) from {} where tenant_id = %s").format(relation.identifier), (other,)
        )
    faults = []
    if seen != ([(own, expected[own])] if own in expected else []):
        faults.append(f"{login} sees {seen} of {relation}")
    if foreign != [(0,)]:
        faults.append(f"{login} counts {foreign} rows of the other tenant in {relation}")
    return faults


def wrong_writes(admin: psycopg.Connection, relation: Relation, login: str, own: UUID, other: UUID) -> list[str]:
    """Which of another tenant's rows a caller with every permission can change, make or move rows into."""
    if relation.kind == "v":
        return []
    attempts = {
        "update": sql.SQL("update {r} set {c} = {c} where tenant_id = %(other)s"),
        "delete": sql.SQL("delete from {r} where tenant_id = %(other)s"),
        "insert": sql.SQL("insert into {r} ({columns}) select {columns} from pg_temp.taken"),
    }
    faults = []
    for right, attempt in attempts.items():
        if not may(admin, login, relation, right):
            continue
        with admin.transaction(force_rollback=True):
            column = _updatable(admin, relation, login) or "tenant_id"
            columns = _insertable(admin, relation, login)
            if right == "insert":
                admin.execute("set local session_replication_role = replica")
                admin.execute(
                    sql.SQL("create temporary table taken as select * from {r} where tenant_id = %s limit 1").format(
                        r=relation.identifier
                    ),
                    (other,),
                )
                admin.execute(sql.SQL("delete from {r} where tenant_id = %s").format(r=relation.identifier), (other,))
                admin.execute("grant select on pg_temp.taken to public")
            become(admin, login, TenantContext.system(own))
            done = outcome(
                admin,
                attempt.format(
                    r=relation.identifier,
                    c=sql.Identifier(column),
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                ),
                {"other": other},  # type: ignore[arg-type]
            )
            if done not in (0, "InsufficientPrivilege"):
                faults.append(f"{login} could {right} another tenant's row in {relation}: {done}")
            if right == "insert" and done == 0:
                faults.append(f"nothing was inserted into {relation}: the attempt proves nothing")
    return faults


def _updatable(admin: psycopg.Connection, relation: Relation, login: str) -> str | None:
    row = admin.execute(
        "select a.attname from pg_attribute a where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped "
        "and a.attgenerated = '' and has_column_privilege(%s, a.attrelid, a.attnum, 'update') "
        "order by a.attnum limit 1",
        (f'"{relation.schema}"."{relation.name}"', login),
    ).fetchone()
    return None if row is None else str(row[0])


def _insertable(admin: psycopg.Connection, relation: Relation, login: str) -> list[str]:
    rows = admin.execute(
        "select a.attname from pg_attribute a where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped "
        "and a.attgenerated = '' and a.attidentity = '' and has_column_privilege(%s, a.attrelid, a.attnum, 'insert') "
        "order by a.attnum",
        (f'"{relation.schema}"."{relation.name}"', login),
    ).fetchall()
    return [row[0] for row in rows]


def refused(
    admin: psycopg.Connection, relation: Relation, login: str, own: UUID, permissions: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Which commands on own rows a caller with these permissions alone is kept from, though his login has the right."""
    if relation.kind == "v":
        return frozenset()
    closed = set()
    for right in ("select", "insert", "update", "delete"):
        if may(admin, login, relation, right):
            results = []
            for context in (TenantContext.system(own), TenantContext(own, "nobody", permissions)):
                with admin.transaction(force_rollback=True):
                    admin.execute("set local session_replication_role = replica")
                    results.append(_own(admin, relation, login, right, own, context))
            if results[0] != results[1]:
                closed.add(right)
    return frozenset(closed)


def _own(
    admin: psycopg.Connection, relation: Relation, login: str, right: str, own: UUID, context: TenantContext
) -> object:
    columns = sql.SQL(", ").join(map(sql.Identifier, _insertable(admin, relation, login)))
    column = sql.Identifier(_updatable(admin, relation, login) or "tenant_id")
    if right == "insert":
        admin.execute(
            sql.SQL("create temporary table taken as select * from {} where tenant_id = %s limit 1").format(
                relation.identifier
            ),
            (own,),
        )
        admin.execute(sql.SQL("delete from {} where tenant_id = %s").format(relation.identifier), (own,))
        admin.execute("grant select on pg_temp.taken to public")
    statement = {
        "select": sql.SQL("select count(*) from {r}"),
        "insert": sql.SQL("insert into {r} ({columns}) select {columns} from pg_temp.taken"),
        # it reads no column, so that no policy on reading stands before the one on changing
        "update": sql.SQL("update {r} set {c} = default"),
        "delete": sql.SQL("delete from {r}"),
    }[right]
    become(admin, login, context)
    return outcome(admin, statement.format(r=relation.identifier, columns=columns, c=column))

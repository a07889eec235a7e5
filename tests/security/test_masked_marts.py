"""Who people are, in every relation that readers may read: shown with `persons:read`, gone or a pseudonym without."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from tekup.db import Database, Role
from tekup.tenancy import TenantContext
from tests.security.conftest import System
from tests.tekup.privacy.test_persons import PERSONAL

_READABLE = """
select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum),
    array_agg(a.attname::text order by a.attnum) filter (where ops.privacy_of(c.oid::regclass, a.attname) = 'gone'),
    array_agg(a.attname::text order by a.attnum) filter (where ops.privacy_of(c.oid::regclass, a.attname) = 'cookie'),
    array_agg(a.attname::text order by a.attnum) filter (where format_type(a.atttypid, null) in ('text', 'jsonb')),
    to_regclass('masked.' || quote_ident(c.relname)) is not null
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind = 'r' and n.nspname in ('marts', 'ops', 'ml')
  and has_schema_privilege('tekup_reader', n.oid, 'usage') and has_table_privilege('tekup_reader', c.oid, 'select')
group by 1, 2, c.oid order by 1, 2
"""
# what a lead is: an id of ours, which says nothing of a person without `persons:read`
_OUR_IDS = re.compile(r"(lead_id|contact_id|person_id|subject_id)$")
_HARMLESS = {
    ("marts", "fct_broadcast", "subject"): "of a mail to everybody",
    ("ml", "lead_score_input", "features"): "the model's inputs, which are built without people",
}


@dataclass(frozen=True)
class Readable:
    """A relation that readers may read, with its columns by what they say of people."""

    schema: str
    name: str
    columns: list[str]
    gone: list[str]
    cookies: list[str]
    texts: list[str]
    has_view: bool

    @property
    def base(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def view(self) -> sql.Identifier:
        return sql.Identifier("masked", self.name)


@pytest.fixture(scope="module")
def readable(system: System) -> Iterator[list[Readable]]:
    with system.admin(Database.WAREHOUSE) as admin:
        yield [Readable(*row[:2], *(part or [] for part in row[2:6]), row[6]) for row in admin.execute(_READABLE)]


def asked(connection: psycopg.Connection, statement: str, *names: sql.Composable) -> list[tuple[object, ...]]:
    return connection.execute(sql.SQL(statement).format(*names)).fetchall()  # type: ignore[arg-type]


def test_every_personal_column_of_every_relation_is_known(readable: list[Readable]) -> None:
    assert len([one for one in readable if one.schema == "marts"]) > 50
    forgotten = [
        f"{one.schema}.{one.name}.{column}"
        for one in readable
        for column in one.texts
        if PERSONAL.search(column)
        and not _OUR_IDS.search(column)
        and column not in (*one.gone, *one.cookies)
        and (one.schema, one.name, column) not in _HARMLESS
    ]
    assert forgotten == [], "name them in ops.privacy_of (pipelines/migrations)"
    assert {one.name for one in readable if one.gone and not one.has_view} == set()
    assert {"fct_lead", "dim_contact", "fct_touchpoint", "check_failure"} <= {o.name for o in readable if o.has_view}


def test_without_the_right_there_are_figures_and_no_people(system: System, readable: list[Readable]) -> None:
    nobody = TenantContext(system.a, "analyst", frozenset({"leads:read", "kpis:read"}))
    somebody = TenantContext(system.a, "sales", frozenset({"leads:read", "persons:read"}))
    looked = 0
    for one in (one for one in readable if one.has_view):
        counting, everything = "select count(*) from {}", "select * from {}"
        for role in (Role.READER, Role.APP):
            with system.doors.tenant_transaction(Database.WAREHOUSE, role, somebody, read_only=True) as connection:
                rows = asked(connection, counting, one.base)
                people = {
                    str(value)
                    for column in (*one.gone, *one.cookies)
                    for (value,) in asked(
                        connection, "select {0} from {1} where {0} is not null", sql.Identifier(column), one.base
                    )
                }
            with system.doors.tenant_transaction(Database.WAREHOUSE, role, nobody, read_only=True) as connection:
                assert asked(connection, counting, one.base) == [(0,)], f"{role} sees people in {one.name}"
                assert asked(connection, counting, one.view) == rows, one.name
                shown = [dict(zip(one.columns, row, strict=True)) for row in asked(connection, everything, one.view)]
            for row in shown:
                assert {row["tenant_id"]} == {system.a}
                assert [column for column in one.gone if row[column] is not None] == [], one.name
                assert not {str(row[column]) for column in one.cookies} & people, one.name
            looked += len(shown)
    assert looked > 50


def test_a_pseudonym_counts_and_joins_as_the_cookie_does(system: System) -> None:
    counts = "select count(distinct anonymous_id), count(distinct person_id), count(anonymous_id) from {}"
    for tenant in (system.a, system.b):
        seen = []
        for permissions, schema in ((frozenset({"persons:read"}), "marts"), (frozenset[str](), "masked")):
            context = TenantContext(tenant, "reader", permissions)
            with system.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, context) as connection:
                seen.append(asked(connection, counts, sql.Identifier(schema, "fct_touchpoint")))
        assert seen[0] == seen[1] != [(0, 0, 0)]


def test_the_views_owner_has_no_right_on_what_they_leave_out(system: System, readable: list[Readable]) -> None:
    with system.admin(Database.WAREHOUSE) as admin:
        for one in readable:
            for column in one.gone:
                held = admin.execute(
                    "select has_column_privilege('tekup_masked', %s::regclass, %s, 'select')",
                    (f"{one.schema}.{one.name}", column),
                ).fetchone()
                assert held == (False,), f"{one.name}.{column}"


def test_a_mart_that_is_built_anew_keeps_its_shield(system: System) -> None:
    with system.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: other columns") as connection:
        connection.execute("alter table marts.fct_email_engagement add column stray text")
        before = asked(connection, "select 'marts.fct_email_engagement'::regclass::oid::int8")
    system.warehouse.build("run", "--full-refresh", "--select", "fct_email_engagement")
    nobody = TenantContext(system.a, "analyst")
    assert system.warehouse.rows("select 'marts.fct_email_engagement'::regclass::oid::int8") != before
    with system.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, nobody) as connection:
        assert asked(connection, "select count(*) from marts.fct_email_engagement") == [(0,)]
        assert asked(connection, "select count(*) > 0 from masked.fct_email_engagement") == [(True,)]

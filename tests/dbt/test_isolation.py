"""What a reader may see of the built relations."""

import psycopg
import pytest

from tekup.db import Database, Role
from tests.dbt.conftest import Warehouse

BUILT = "n.nspname in ('staging', 'intermediate', 'marts')"


def marts(warehouse: Warehouse) -> list[str]:
    return [
        str(row[0])
        for row in warehouse.rows(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = 'marts' and c.relkind in ('r', 'v') order by 1"
        )
    ]


def test_every_mart_shows_a_reader_its_own_tenants_rows_and_no_other(warehouse: Warehouse) -> None:
    names = marts(warehouse)
    assert len(names) >= 21
    for name in names:
        held: dict[object, int] = dict(
            warehouse.rows(f"select tenant_id, count(*) from marts.{name} group by 1")  # type: ignore[arg-type]
        )
        assert held, f"{name} holds nothing"
        for tenant in (warehouse.a, warehouse.b):
            with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant) as connection:
                seen = connection.execute(f"select tenant_id from marts.{name}".encode()).fetchall()
            assert [row[0] for row in seen] == [tenant] * held.get(tenant, 0), name


def test_without_a_tenant_a_query_fails_and_returns_nothing(warehouse: Warehouse) -> None:
    for name in marts(warehouse):
        with (
            warehouse.doors.connect(Database.WAREHOUSE, Role.READER) as connection,
            pytest.raises(psycopg.Error, match="no tenant context"),
        ):
            connection.execute(f"select * from marts.{name}".encode())


def test_a_reader_may_not_touch_staging_or_write_marts(warehouse: Warehouse) -> None:
    for statement in ("select * from staging.stg_operational__leads", "delete from marts.fct_lead"):
        with (
            warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.a) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())


def test_every_built_table_is_under_forced_row_level_security(warehouse: Warehouse) -> None:
    bare = warehouse.rows(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where {BUILT} and c.relkind in ('r', 'p', 'm') and not (c.relrowsecurity and c.relforcerowsecurity)"
    )
    assert bare == []


def test_every_built_view_reads_with_its_readers_rights(warehouse: Warehouse) -> None:
    views = warehouse.rows(
        "select c.relname, coalesce(c.reloptions, '{}') from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where {BUILT} and c.relkind = 'v'"
    )
    assert len(views) > 30
    assert [name for name, options in views if "security_invoker=true" not in options] == []  # type: ignore[operator]

"""Each test of a sync leaves the raw tables and the record of syncs empty."""

from collections.abc import Iterator

import pytest

from tekup.db import Database, Doors


@pytest.fixture(autouse=True)
def empty_warehouse(doors: Doors) -> Iterator[None]:
    yield
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="tests clean up") as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('raw_hubspot', 'raw_stripe', 'raw_kit') "
            "or schemaname = 'ops' and tablename not in ('stage_state', 'check_result')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"delete from {table}")

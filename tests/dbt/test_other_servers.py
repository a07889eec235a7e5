"""The marts on a server of an operator's own, of the version that is installed, by a user that is no superuser.

Such a server has no event trigger, so that nothing but the materialization guards what dbt makes there.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tekup.settings import Settings
from tests.dbt.build import allow_temporary_tables, dbt_environment
from tests.dbt.conftest import A, B, Warehouse
from tests.dbt.readers import reading_all_the_while
from tests.dbt.rows import LATER_LEAD, load_tenant
from tests.fixtures.own_server import (
    ADMINISTRATOR,
    ADMINISTRATORS_PASSWORD,
    address_of,
    make_administrator,
    own_server,
)

pytestmark = pytest.mark.slow

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
_BARE = (
    "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname in ('staging', 'intermediate', 'marts') and (c.relkind = 'm' "
    "or c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity) "
    "or c.relkind = 'v' and not coalesce('security_invoker=true' = any(c.reloptions), false))"
)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Warehouse]:
    """A warehouse with two tenants' raw rows, made by a user that may create roles and databases and nothing else."""
    with own_server() as server, tempfile.TemporaryDirectory(prefix="tekup-dbt-", ignore_cleanup_errors=True) as folder:
        make_administrator(server)
        doors = Doors(
            Settings(
                home=Path(folder) / "home",
                master_key=KEY,  # type: ignore[arg-type]  # pydantic makes a secret of it
                database_url=address_of(server, ADMINISTRATOR, ADMINISTRATORS_PASSWORD, "tekup_ops"),
                warehouse_url=address_of(server, ADMINISTRATOR, ADMINISTRATORS_PASSWORD, "tekup_dwh"),
            )
        )
        doors.prepare()
        allow_temporary_tables(doors)
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
            load_tenant(connection, A, "alfa", 1)
            load_tenant(connection, B, "beta", 2)
        yield Warehouse(doors, dbt_environment(doors), Path(folder) / "target")


def test_a_build_is_guarded_and_its_readers_apart_without_an_event_trigger(elsewhere: Warehouse) -> None:
    triggers = elsewhere.rows("select current_setting('server_version_num')::int, count(*) from pg_event_trigger")
    assert triggers[0][1] == 0
    with reading_all_the_while(elsewhere.doors, A) as seen:
        elsewhere.build("build", "--exclude-resource-type", "unit_test", "test")
    assert seen.foreign == Counter()
    assert seen.answered_without_tenant == Counter()
    assert seen.looks > 20
    # a relation is bare for as long as the transaction that makes it is open, which nobody else sees
    assert [name for name in seen.bare if str(name).startswith("marts.")] == []
    assert elsewhere.rows(_BARE) == []
    sums = elsewhere.rows("select sum(new_lead_count), max(mrr_cents) from marts.kpi_tenant_daily group by tenant_id "
                          "order by tenant_id")  # fmt: skip
    assert sums == [(2, 300), (2, 600)]
    for tenant in (A, B):
        with elsewhere.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant) as connection:
            assert connection.execute("select distinct tenant_id from marts.fct_lead").fetchall() == [(tenant,)]
    with (
        elsewhere.doors.connect(Database.WAREHOUSE, Role.READER) as connection,
        pytest.raises(psycopg.Error, match="app.tenant_id|no tenant context"),
    ):
        connection.execute("select * from marts.fct_lead")


def test_a_delta_a_held_tenant_and_other_columns_work_there_too(elsewhere: Warehouse) -> None:
    with elsewhere.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute("update raw_operational.leads set job_title = 'Ny', synced_at = clock_timestamp()")
        connection.execute("update raw_operational.leads set created_at = null where tenant_id = %s and id = %s",
                           (A, LATER_LEAD))  # fmt: skip
        connection.execute("alter table marts.fct_charge add column left_over text")
    elsewhere.build("run", "--select", "fct_lead")
    elsewhere.build("run", "--full-refresh", "--select", "fct_charge")
    assert elsewhere.rows("select tenant_id, model from ops.mart_hold") == [(A, "fct_lead")]
    assert elsewhere.rows("select tenant_id, job_title from marts.fct_lead where job_title = 'Ny' group by 1, 2") == [
        (B, "Ny")
    ]
    assert elsewhere.rows(_BARE) == []

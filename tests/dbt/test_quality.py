"""What the checks find on a built warehouse, and that they find it for the tenant concerned alone."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from pipelines.automation import GATE
from pipelines.defs.lake.assets import extract as lake_extracts
from pipelines.defs.quality.checks import gate
from pipelines.quality import gates
from pipelines.quality.dbt_tests import record_results
from pipelines.quality.verdicts import KEPT_ROWS, held_tenants, store
from pipelines.resources.platform import Platform
from tekup.db import Database, Role
from tekup.directory.tenants import create_tenant
from tests.dbt.conftest import Warehouse
from tests.fixtures.expectations import import_great_expectations


@pytest.fixture(scope="module", autouse=True)
def great_expectations() -> None:
    import_great_expectations()


@pytest.fixture
def platform(warehouse: Warehouse) -> Platform:
    return Platform(warehouse.doors.settings)


@pytest.fixture
def manifest(warehouse: Warehouse) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((warehouse.target / "manifest.json").read_text())
    return read


@pytest.fixture
def forgotten(warehouse: Warehouse) -> Iterator[None]:
    """Afterwards the checks have found nothing."""
    yield
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: forget checks") as connection:
        for table in ("check_result", "check_failure", "volume_daily"):
            connection.execute(f"delete from ops.{table}".encode())
        connection.execute("delete from ops.quality_daily where quality_date > '2026-02-11'")


def check_all(platform: Platform, manifest: dict[str, Any]) -> dict[str, dict[str, bool]]:
    suites = gates.before_models(manifest)
    found = gates.check(platform, suites, {rule.name for rule in gates.rules_of(suites)})
    return {name: {v.tenant_id: v.is_passed for v in verdicts} for name, verdicts in found.items()}


@pytest.mark.usefixtures("forgotten")
def test_every_data_test_tells_whose_rows_fail(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    warehouse.build("test", "--exclude-resource-type", "unit_test")
    results = json.loads((warehouse.target / "run_results.json").read_text())["results"]
    record_results(platform, manifest, results)
    judged = {str(row[0]) for row in warehouse.rows("select distinct check_name from ops.check_result")}
    shared = {node["unique_id"] for node in manifest["nodes"].values() if "tenant_id" not in node.get("columns", {})}
    everyones = {node["name"] for node in manifest["nodes"].values() if node.get("attached_node") in shared}
    tested = {manifest["nodes"][result["unique_id"]]["name"] for result in results}
    assert len(judged) > 60
    assert tested - judged == everyones


@pytest.mark.usefixtures("forgotten")
def test_a_tenants_bad_rows_hold_that_tenant_alone(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: break a mart") as connection:
        connection.execute("update marts.ftr_lead set created_hour = 99 where tenant_id = %s", (warehouse.a,))
        connection.execute(
            "insert into raw_kit.subscribers (tenant_id, object_id, payload, payload_hash, run_id) "
            "select %s, 'bad ' || n, '{\"email_address\": \"nobody\"}', 'x', %s from generate_series(1, 30) as n",
            (warehouse.b, warehouse.b),
        )
    try:
        found = check_all(platform, manifest)
        assert found["ftr_lead_has_an_hour_of_the_day"] == {str(warehouse.a): False, str(warehouse.b): True}
        assert found["kit_subscribers_has_an_address"] == {str(warehouse.a): True, str(warehouse.b): False}
        assert held_tenants(platform) == {warehouse.a: ["ftr_lead_has_an_hour_of_the_day"]}
        kept, all_of_them = read_failures(warehouse, warehouse.b, "kit_subscribers_has_an_address")
        assert (len(kept), all_of_them) == (KEPT_ROWS, 30)
        assert read_failures(warehouse, warehouse.a, "kit_subscribers_has_an_address") == ([], 0)
        (row,), _ = read_failures(warehouse, warehouse.a, "ftr_lead_has_an_hour_of_the_day", limit=1)
        assert row["row"]["created_hour"] == 99
        assert "tenant_id" not in row
    finally:
        with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: mend") as connection:
            connection.execute("update marts.ftr_lead set created_hour = 10 where tenant_id = %s", (warehouse.a,))
            connection.execute("delete from raw_kit.subscribers where object_id like 'bad %'")
    healed = check_all(platform, manifest)
    assert healed["ftr_lead_has_an_hour_of_the_day"][str(warehouse.a)]
    assert held_tenants(platform) == {}
    assert read_failures(warehouse, warehouse.b, "kit_subscribers_has_an_address") == ([], 0)


def read_failures(warehouse: Warehouse, tenant: UUID, check: str, limit: int = 100) -> tuple[list[Any], int]:
    """What that tenant's own reader sees of a check's failing rows, and how many the check counted."""
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant) as connection:
        rows = connection.execute(
            "select failed_row from ops.check_failure where check_name = %s order by row_number limit %s",
            (check, limit),
        ).fetchall()
        count = connection.execute(
            "select failed_row_count from ops.check_result where check_name = %s", (check,)
        ).fetchone()
    return [row[0] for row in rows], count[0] if count else 0


@pytest.mark.usefixtures("forgotten")
def test_a_failing_test_of_dbt_becomes_a_verdict_of_its_tenants(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    test = next(
        node
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "holds" and node["attached_node"].endswith(".ftr_lead")
    )
    broken = {
        "unique_id": test["unique_id"],
        "status": "warn",
        "compiled_code": f"select * from marts.ftr_lead where tenant_id = '{warehouse.b}'",
    }
    record_results(platform, manifest, [broken])
    stored: dict[object, object] = dict(
        warehouse.rows(f"select tenant_id, is_passed from ops.check_result where check_name = '{test['name']}'")  # type: ignore[arg-type]
    )
    assert stored == {warehouse.a: True, warehouse.b: False}
    assert list(held_tenants(platform)) == [warehouse.b]
    record_results(platform, manifest, [{**broken, "status": "pass"}])
    assert held_tenants(platform) == {}


@pytest.mark.usefixtures("forgotten")
def test_a_test_of_what_models_produced_holds_nobody(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    late = next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("attached_node") or "").endswith(".fct_lead_score")
    )
    everything = "select tenant_id from marts.dim_tenant"
    record_results(
        platform, manifest, [{"unique_id": late["unique_id"], "status": "fail", "compiled_code": everything}]
    )
    failed = warehouse.rows("select count(*) from ops.check_result where not is_passed")
    assert failed == [(2,)]
    assert held_tenants(platform) == {}


@pytest.mark.usefixtures("forgotten")
def test_the_quality_of_a_day_is_the_weighted_share_of_passing_checks(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    check_all(platform, manifest)
    weighted = "sum(case severity when 'error' then 3 else 1 end)"
    expected = warehouse.rows(
        f"select tenant_id, round({weighted} filter (where is_passed)::numeric / {weighted}, 4)::double precision "
        "from ops.check_result group by tenant_id order by 1"
    )
    today = "select tenant_id, quality_rate from marts.fct_quality_daily where quality_date > '2026-02-11' order by 1"
    assert warehouse.rows(today) == expected
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.a) as connection:
        seen = connection.execute(today.encode()).fetchall()
    assert seen == [row for row in expected if row[0] == warehouse.a]


@pytest.mark.usefixtures("forgotten")
def test_a_day_unlike_the_tenants_own_is_told_and_a_new_tenants_is_not(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: volumes") as connection:
        add_volumes(connection, warehouse.a, "contacts", days=60, usual=200, yesterday=0)
        add_volumes(connection, warehouse.a, "deals", days=60, usual=200, yesterday=230)
        add_volumes(connection, warehouse.a, "tickets", days=60, usual=3, yesterday=0)
        add_volumes(connection, warehouse.b, "contacts", days=10, usual=200, yesterday=0)
    assert check_all(platform, manifest)["volumes_are_usual"] == {str(warehouse.a): False}
    (row,), count = read_failures(warehouse, warehouse.a, "volumes_are_usual")
    assert count == 1
    assert (row["stream"], row["changed_count"], row["usual_from"]) == ("contacts", 0, 50.5)


def add_volumes(
    connection: psycopg.Connection, tenant: UUID, stream: str, *, days: int, usual: int, yesterday: int
) -> None:
    """A first day with everything there was, then days about as usual, and yesterday."""
    connection.execute(
        "insert into ops.volume_daily (tenant_id, vendor, stream, volume_date, changed_count) "
        "select %s, 'hubspot', %s, current_date - n, case n when 1 then %s when %s then 1000000 else %s + n %% 5 end "
        "from generate_series(1, %s) as n",
        (tenant, stream, yesterday, days, usual, days),
    )


@pytest.mark.usefixtures("forgotten")
def test_a_check_that_judges_a_tenant_no_more_is_forgotten(warehouse: Warehouse, platform: Platform) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: a verdict") as connection:
        connection.execute(
            "insert into ops.check_result (tenant_id, check_name, is_passed, severity) values (%s, 'old', false, 'warn')",
            (warehouse.a,),
        )
        store(connection, ["old"], [])
    assert warehouse.rows("select count(*) from ops.check_result") == [(0,)]


@pytest.mark.usefixtures("forgotten")
def test_a_check_that_no_longer_exists_is_forgotten(
    warehouse: Warehouse, platform: Platform, manifest: dict[str, Any]
) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: a verdict") as connection:
        connection.execute(
            "insert into ops.check_result (tenant_id, check_name, is_passed, severity, is_blocking) "
            "values (%s, 'renamed_since', false, 'error', true)",
            (warehouse.a,),
        )
    check_all(platform, manifest)
    assert held_tenants(platform) == {}


@pytest.mark.usefixtures("forgotten")
def test_a_held_tenant_keeps_the_extract_it_has(warehouse: Warehouse, platform: Platform) -> None:
    for tenant_id, name in ((warehouse.a, "alfa"), (warehouse.b, "beta")):
        create_tenant(warehouse.doors, name, f"{name}.example", tenant_id=tenant_id)

    def extract() -> dict[UUID, int]:
        done = dg.materialize(
            [lake_extracts], selection=[dg.AssetKey(["lake", "lead_features"])], resources={"platform": platform}
        )
        assert done.success
        return {tenant: platform.lake.query("lead_features", [tenant]).height for tenant in (warehouse.a, warehouse.b)}

    before = extract()
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: hold one") as connection:
        connection.execute(
            "insert into ops.check_result (tenant_id, check_name, is_passed, severity, is_blocking) "
            "values (%s, 'broken', false, 'error', true)",
            (warehouse.a,),
        )
        assert connection.execute("delete from marts.ftr_lead").rowcount > 0
    try:
        assert extract() == {warehouse.a: before[warehouse.a], warehouse.b: 0}
    finally:
        warehouse.build("run", "--full-refresh", "--select", "ftr_lead")


@pytest.mark.usefixtures("forgotten")
def test_one_run_judges_what_was_built_and_extracts_what_is_in_order(warehouse: Warehouse, platform: Platform) -> None:
    known = {tenant.id for tenant in platform.tenants()}
    for tenant_id, name in ((warehouse.a, "alfa"), (warehouse.b, "beta")):
        if tenant_id not in known:
            create_tenant(warehouse.doors, name, f"{name}.example", tenant_id=tenant_id)

    def run() -> tuple[dg.ExecuteInProcessResult, dict[UUID, int]]:
        done = dg.materialize(
            [gate, lake_extracts],
            selection=[GATE, dg.AssetKey(["lake", "lead_features"])],
            resources={"platform": platform},
        )
        hours = platform.lake.query("lead_features", [warehouse.a, warehouse.b])
        return done, {
            UUID(str(tenant)): count
            for tenant, count in hours.filter(hours["created_hour"] == 99)["tenant_id"].value_counts().iter_rows()
        }

    assert run()[1] == {}
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: break a mart") as connection:
        connection.execute("update marts.ftr_lead set created_hour = 99 where tenant_id = %s", (warehouse.a,))
    try:
        done, extracted = run()
        assert done.success
        assert extracted == {}
        told = {e.check_name: e for e in done.get_asset_check_evaluations()}
        assert not told["ftr_lead_has_an_hour_of_the_day"].passed
        assert told["fct_lead_has_a_person"].passed
        (made,) = done.get_asset_materialization_events()[:1]
        assert made.materialization.metadata["held"].value == {"alfa.example": "ftr_lead_has_an_hour_of_the_day"}
    finally:
        warehouse.build("run", "--full-refresh", "--select", "ftr_lead")

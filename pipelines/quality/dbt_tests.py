"""What dbt's tests found, as verdicts of tenants. dbt tells of a test that it failed; here it is asked whose rows did.

dbt runs its tests as warnings (`pipelines.resources.dbt_project`), since an error would stop the models behind it for
every tenant. A failing test holds the tenants whose rows it names, and no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from pipelines.quality.rules import Dimension, Verdict
from pipelines.quality.verdicts import store
from pipelines.resources.platform import Platform
from tekup.db import Database

AFTER_MODELS = "after_models"
_DIMENSIONS: dict[str, Dimension] = {
    "tenant_key": "uniqueness",
    "tenant_reference": "completeness",
    "holds": "validity",
    "accepted_values": "validity",
}


def record_results(platform: Platform, manifest: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> None:
    """Store what the tests of one dbt run found for each tenant; ``results`` are those of run_results.json."""
    tests = [
        (manifest["nodes"][result["unique_id"]], result)
        for result in results
        if result["unique_id"].startswith("test.") and result["status"] in ("pass", "warn", "fail")
    ]
    if not tests:
        return
    reason = "results of dbt's tests"
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason=reason) as connection:
        tenants = [
            str(row[0])
            for row in connection.execute("select tenant_id from raw_operational.tenants where deleted_at is null")
        ]
        verdicts = [v for node, result in tests for v in _verdicts(connection, manifest, node, result, tenants)]
        store(connection, [node["name"] for node, _ in tests], verdicts)


def _verdicts(
    connection: psycopg.Connection,
    manifest: Mapping[str, Any],
    node: Mapping[str, Any],
    result: Mapping[str, Any],
    tenants: Sequence[str],
) -> Iterator[Verdict]:
    rows = str(result["compiled_code"]).strip()
    if not _names_tenants(connection, rows):
        return
    if result["status"] == "pass":
        rows = ""
    counts = _failing(connection, rows) if rows else {}
    for tenant_id in tenants:
        failed = counts.get(tenant_id, 0)
        yield Verdict(
            tenant_id=tenant_id,
            check_name=node["name"],
            is_passed=not failed,
            observed=f"{failed} rows",
            expected="0 rows",
            severity="error",
            boundary="marts",
            dimension=_DIMENSIONS.get((node.get("test_metadata") or {}).get("name", ""), "consistency"),
            asset=_asset(node),
            is_blocking=_is_blocking(manifest, node),
            rows=rows or None,
        )


def _names_tenants(connection: psycopg.Connection, rows: str) -> bool:
    """Whether the failing rows tell whose they are; those of exchange rates, which all share, don't."""
    described = connection.execute(f"select * from ({rows}) as f limit 0".encode()).description  # noqa: S608
    return any(column.name == "tenant_id" for column in described or [])


def _failing(connection: psycopg.Connection, rows: str) -> dict[str, int]:
    found = connection.execute(f"select tenant_id, count(*) from ({rows}) as f group by tenant_id".encode())  # noqa: S608
    return {str(tenant_id): int(count) for tenant_id, count in found.fetchall()}


def _asset(node: Mapping[str, Any]) -> str:
    tested = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), "")
    return str(tested).rsplit(".", 1)[-1]


def _is_blocking(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """A test of what models produced holds nobody; any other does, unless its meta says `blocking: false`."""
    if not node["config"].get("meta", {}).get("blocking", True):
        return False
    return not any(
        AFTER_MODELS in manifest["nodes"][parent]["config"].get("tags", [])
        for parent in node["depends_on"]["nodes"]
        if parent in manifest["nodes"]
    )

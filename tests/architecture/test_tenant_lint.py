"""A repository of the API builds a select only through the tenant-scoped base, and the one bypass is loud."""

import ast
from pathlib import Path

import pytest

from tests.paths import ROOT

BASE = ROOT / "serving" / "kit" / "repository.py"
BYPASS = "all_tenants_transaction"
# who may look across tenants, and for what; a new place is a decision, not an oversight
MAY_BYPASS = {
    "pipelines/commands/metrics.py",
    "pipelines/commands/status.py",
    "pipelines/models/model_records.py",
    "pipelines/privacy/warehouse.py",
    "pipelines/quality/dbt_tests.py",
    "pipelines/quality/gates.py",
    "pipelines/quality/tenant_checks.py",
    "pipelines/quality/verdicts.py",
    "pipelines/run/stages.py",
    "pipelines/run/summary.py",
    "pipelines/sync/exchange_rates.py",
    "pipelines/sync/webhooks.py",
    "tekup/db/doors.py",
    "tekup/directory/tenant_life.py",
    "tekup/directory/tenants.py",
}


def imported_names(path: Path) -> set[tuple[str, str]]:
    return {
        (node.module or "", alias.name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("path", sorted((ROOT / "serving").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_base_builds_selects(path: Path) -> None:
    builds = ("sqlalchemy", "select") in imported_names(path) or "sqlalchemy.select(" in path.read_text()
    assert builds == (path == BASE)


def test_every_bypass_is_known_and_gives_its_reason() -> None:
    found: dict[str, list[ast.Call]] = {}
    for package in ("tekup", "integrations", "pipelines", "serving", "dashboards", "scoring", "attribution"):
        for path in (ROOT / package).rglob("*.py"):
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == BYPASS
            ]
            if calls:
                found[str(path.relative_to(ROOT))] = calls
    assert set(found) <= MAY_BYPASS
    assert all("reason" in {word.arg for word in call.keywords} for calls in found.values() for call in calls)


def test_apis_and_pages_never_bypass() -> None:
    assert not [name for name in MAY_BYPASS if name.startswith(("serving/", "dashboards/"))]


def test_the_all_tenants_role_is_named_only_where_it_is_made_switched_to_or_excused() -> None:
    naming = {
        str(path.relative_to(ROOT))
        for package in ("tekup", "pipelines", "serving", "dashboards", "integrations")
        for path in (ROOT / package).rglob("*.py")
        if "ALL_TENANTS_ROLE" in path.read_text() or "tekup_all_tenants" in path.read_text()
    }
    assert naming == {"tekup/db/bootstrap.py", "tekup/db/doors.py", "tekup/db/lint.py"}

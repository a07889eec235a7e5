"""pgrls, a linter and prover by others, over the same databases: isolation is proven, and no error but known ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tekup.db import Database
from tests.security.conftest import System

PGRLS = Path(sys.executable).with_name("pgrls")
SCHEMAS = {
    Database.OPERATIONAL: ("app",),
    Database.WAREHOUSE: (
        "raw_hubspot", "raw_stripe", "raw_kit", "raw_operational", "ops", "ml", "staging", "intermediate", "marts",
    ),
}  # fmt: skip
NO_LOGIN = "all_tenants_"
_WITHOUT_TENANT = ("ml.model_", "ops.mart_", "ops.stage_", "app.rate_bucket")
"""How policies begin that open every tenant's rows to a role that can't log in; pgrls does not look at logins."""


def pgrls(system: System, database: Database, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [PGRLS, *arguments, "--database-url", system.doors.admin_url(database), "--format", "json",
         "--schemas", ",".join(SCHEMAS[database])],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("database", list(Database))
def test_no_error_is_left_but_what_roles_without_login_are_for(system: System, database: Database) -> None:
    found = pgrls(system, database, "lint")["violations"]
    errors = [v for v in found if v["severity"] == "error"]
    loose = [
        v["message"]
        for v in errors
        if not (v["rule_id"] == "SEC038" and f"'{NO_LOGIN}" in v["message"])
        and not (v["rule_id"] == "SEC038" and "'sign_in_lookup'" in v["message"])
        and not (v["rule_id"] == "VIEW001" and "_without_people" in v["message"])
        # raw_ecb and seeds have no tenant; what may have none is listed in tekup/db/lint.py
        and not (v["rule_id"] == "SEC001" and any(n in v["message"] for n in _WITHOUT_TENANT))
    ]
    assert loose == []


@pytest.mark.parametrize("database", list(Database))
@pytest.mark.parametrize("mode", ["anon", "cross-tenant", "write"])
def test_isolation_is_proven(system: System, database: Database, mode: str) -> None:
    tables: list[dict[str, Any]] = pgrls(system, database, "verify", "--mode", mode)["tables"]
    verdicts = [
        (table["table"], policy["verdict"])
        for table in tables
        for policy in table["policies"]
        if policy["policy"].startswith("tenant_isolation")
    ]
    assert [name for name, verdict in verdicts if verdict != "isolated"] == []
    assert [table["table"] for table in tables if table["verdict"] == "leak"] == []
    assert len(verdicts) >= 25

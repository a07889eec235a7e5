"""Runs dbt as a subprocess that finds the warehouse by its environment. Rows are made elsewhere."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from tekup.db import Database, Doors, Role
from tests.paths import ROOT

DBT = Path(sys.executable).with_name("dbt")


def dbt_environment(doors: Doors) -> dict[str, str]:
    """The variables that dbt/profiles.yml reads, from the pipeline role's address."""
    parts = urlsplit(doors.url(Database.WAREHOUSE, Role.PIPELINE))
    query = parse_qs(parts.query)
    return {
        **os.environ,
        "DO_NOT_TRACK": "1",
        "TEKUP_DBT_HOST": parts.hostname or query["host"][0],
        "TEKUP_DBT_PORT": str(parts.port or query.get("port", ["5432"])[0]),
        "TEKUP_DBT_USER": parts.username or "",
        "TEKUP_DBT_PASSWORD": unquote(parts.password or ""),
        "TEKUP_DBT_NAME": parts.path.lstrip("/"),
    }


def allow_temporary_tables(doors: Doors) -> None:
    """Incremental models and dbt's unit tests build through temporary tables."""
    address = doors.admin_url(Database.WAREHOUSE)
    name = urlsplit(address).path.lstrip("/")
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f'grant temporary on database "{name}" to tekup_all_tenants')


def dbt_command(target: Path, *arguments: str) -> list[str]:
    """dbt's arguments with the project's folders and a target of the tests' own."""
    return [
        *arguments, "--project-dir", str(ROOT / "dbt"), "--profiles-dir", str(ROOT / "dbt"),
        "--target-path", str(target), "--log-path", str(target / "logs"),
    ]  # fmt: skip


def run_dbt(environment: dict[str, str], target: Path, *arguments: str) -> str:
    """dbt's output; fails the test with it where dbt fails."""
    result = subprocess.run(
        [str(DBT), *dbt_command(target, *arguments)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    return result.stdout

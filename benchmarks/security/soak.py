"""A million random reads as one tenant while dbt builds and is killed: not one row of another tenant may be seen.

Run from the repository: python -m benchmarks.security.soak [--reads 1000000] [--seconds 540] [--seed 1]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.security.storm import storm
from benchmarks.warehouse import rows
from pipelines.resources.dbt_project import DBT_FOLDER, profile_environment
from tekup.db import Database, Doors
from tekup.db.embedded import start_embedded
from tekup.settings import read_settings


def main() -> None:
    """Fill a warehouse, build it once, then read and build until enough was read."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--reads", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-soak-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        doors = Doors(read_settings(home=folder / "home", database_url=None, warehouse_url=None))
        doors.prepare()
        try:
            _soak(doors, folder, options)
        finally:
            start_embedded(folder / "home").stop()


def _soak(doors: Doors, folder: Path, options: argparse.Namespace) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="soak rows") as connection:
        rows.load(connection, 0.005)
        tenant = connection.execute(
            "select tenant_id from raw_operational.leads group by 1 order by count(*) desc limit 1"
        ).fetchone()
    assert tenant is not None

    def build(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("dbt")), *(arguments or ("run",)), "--exclude", "tag:after_models",
             "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
             "--target-path", str(folder / "target"), "--log-path", str(folder / "logs")],
            env={**os.environ, **profile_environment(doors)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    whole = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    for first in (("seed",), whole):
        if build(*first).wait() != 0:
            sys.exit(f"dbt {first[0]} failed")
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        admin.execute("analyze")
    began = time.monotonic()
    seen = storm(doors, tenant[0], options.reads, build, seed=options.seed, seconds=options.seconds)
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}: {seen}")
    if seen.foreign:
        sys.exit("a row of another tenant was seen")


if __name__ == "__main__":
    main()

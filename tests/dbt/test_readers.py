"""No reader sees a foreign row while dbt builds anew, in part, in snapshots, or dies at any moment and is run again."""

import os
import random
import subprocess
import time
from collections import Counter

import pytest

from tekup.db import Database
from tests.dbt.build import DBT
from tests.dbt.conftest import Warehouse
from tests.dbt.readers import reading_all_the_while
from tests.paths import ROOT

SECONDS = 20
MARTS = ("int_person_record", "int_person_link", "dim_person_identity", "dim_contact", "fct_touchpoint", "fct_lead",
         "fct_invoice", "kpi_tenant_daily", "fct_quality_daily")  # fmt: skip


def start(warehouse: Warehouse, *arguments: str) -> subprocess.Popen[bytes]:
    """A dbt process of its own, so that it can be killed."""
    folders = ["--project-dir", ROOT / "dbt", "--profiles-dir", ROOT / "dbt", "--target-path", warehouse.target,
               "--log-path", warehouse.target / "logs"]  # fmt: skip
    return subprocess.Popen(
        [DBT, *arguments, *folders], env=warehouse.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def wait_until_it_works(warehouse: Warehouse, process: subprocess.Popen[bytes]) -> None:
    """Return once dbt has sent statements, so that a kill falls between its first and its last commit."""
    working = "select count(*) from pg_stat_activity where application_name = 'dbt' and state <> 'idle'"
    while process.poll() is None and warehouse.rows(working) == [(0,)]:
        time.sleep(0.02)


def change_rows(warehouse: Warehouse, turn: int) -> None:
    """Something for a delta to find, in both tenants."""
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute(
            "update raw_operational.touchpoints set device = %s, synced_at = clock_timestamp()", (f"turn {turn}",)
        )
        connection.execute(
            "update raw_operational.contacts set job_title = %s, synced_at = clock_timestamp()", (f"turn {turn}",)
        )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_reader_sees_its_own_rows_alone_whatever_happens_to_the_build(warehouse: Warehouse) -> None:
    seed = int(os.environ.get("TEKUP_TEST_SEED", "4"))
    choose = random.Random(seed)
    commands = (("run",), ("run", "--full-refresh"), ("build",), ("run",), ("snapshot",))
    ended: Counter[str] = Counter()
    deadline = time.monotonic() + SECONDS
    with reading_all_the_while(warehouse.doors, warehouse.a) as seen:
        for turn in range(100):
            if time.monotonic() > deadline:
                break
            change_rows(warehouse, turn)
            command = commands[turn % len(commands)]
            selected = () if command[0] == "snapshot" else ("--select", *MARTS)
            # data tests that also read a mart which is not built here would say nothing of readers
            tested = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
            process = start(warehouse, *command, *selected, *(tested if command[0] == "build" else ()))
            if turn % 2:
                wait_until_it_works(warehouse, process)
                time.sleep(choose.uniform(0, 3))
                process.kill()
            output = process.communicate()[0].decode()
            how = {0: "", -9: " killed"}.get(process.returncode, " failed")
            if how == " failed":
                print(output)
            ended[" ".join(command) + how] += 1
    print(f"seed {seed}: {seen.reads} reads of {seen.rows} rows, {seen.looks} looks at the catalogue, {dict(ended)}, "
          f"errors {dict(seen.errors)}")  # fmt: skip
    assert seen.foreign == Counter()
    assert seen.answered_without_tenant == Counter()
    assert seen.bare == Counter()
    assert seen.errors["UndefinedTable"] == 0
    assert seen.reads > 200
    assert seen.looks > 200
    assert not [how for how in ended if how.endswith("failed")]
    # what the killed builds left behind does not stand in the way of the next
    warehouse.build("run")
    assert warehouse.rows("select count(*) from marts.fct_touchpoint where device like 'turn %'") != [(0,)]

"""Random reads as one tenant while dbt builds and is killed, at a size for every day; the million is a benchmark."""

import subprocess

import pytest

from benchmarks.security.storm import storm
from tests.dbt.build import DBT, dbt_command
from tests.security.conftest import System


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_read_sees_another_tenants_row_whatever_happens_to_builds_and_sessions(system: System) -> None:
    def build() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [DBT, *dbt_command(system.warehouse.target, "run", "--exclude", "tag:after_models")],
            env=system.warehouse.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    seen = storm(system.doors, system.a, 20_000, build, seed=3, seconds=45)
    print(seen)
    assert seen.foreign == 0
    assert seen.reads > 1000
    assert seen.rows > 1000
    assert seen.builds.total() > 0
    # what was killed does not stand in the way of the next build
    system.warehouse.build("run", "--exclude", "tag:after_models")

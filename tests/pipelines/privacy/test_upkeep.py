"""What the clock does for privacy: open requests are worked off, and rows past their time go."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.defs.privacy import upkeep
from pipelines.privacy.retention import apply_retention
from pipelines.resources.platform import Platform
from tekup.db import Database, Doors, Role
from tekup.ids import uuid7
from tekup.privacy.requests import Requests
from tests.fixtures.database import TwoTenants

EMAIL = "old.friend@sikker.example"


@pytest.fixture(autouse=True)
def rows(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    old = datetime.now(UTC) - timedelta(days=400)
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            for moment in (old, datetime.now(UTC)):
                connection.execute(
                    "insert into app.touchpoints (tenant_id, id, anonymous_id, kind, channel, occurred_at) "
                    "values (%s, %s, 'c', 'visit', 'direct', %s)",
                    (tenant.id, uuid7(), moment),
                )
            connection.execute(
                "insert into app.leads (tenant_id, id, email) values (%s, %s, %s)", (tenant.id, uuid7(), EMAIL)
            )
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            connection.execute(
                "insert into ops.check_failure (tenant_id, check_name, row_number, failed_row, found_at) "
                "values (%s, 'c', 1, '{}', %s)",
                (tenant.id, old),
            )
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            for table in ("touchpoints", "leads", "privacy_request", "erased_identifier"):
                connection.execute(f"delete from app.{table} where tenant_id = %s", (tenant.id,))
            connection.execute("update app.tenants set settings = settings - 'retention_days'")
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            connection.execute("delete from ops.check_failure where tenant_id = %s", (tenant.id,))


def touchpoints(doors: Doors, two_tenants: TwoTenants) -> list[int]:
    found = []
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            found += connection.execute("select count(*) from app.touchpoints").fetchone() or ()
    return found


def test_rows_go_by_the_tenants_own_bounds_and_by_the_rules(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, two_tenants.a.id) as connection:
        told = json.dumps({"touchpoints": 365, "activities": "soon", "score_history": -1})
        connection.execute(
            "update app.tenants set settings = settings || jsonb_build_object('retention_days', %s::jsonb)", (told,)
        )
    done = apply_retention(doors, two_tenants.a.id)
    assert (done["app.touchpoints"], done["ops.check_failure"]) == (1, 1)
    assert touchpoints(doors, two_tenants) == [1, 2]
    assert apply_retention(doors, two_tenants.a.id) == {}


def test_the_job_works_open_requests_off(doors: Doors, two_tenants: TwoTenants) -> None:
    requests = Requests(doors, two_tenants.a.id)
    asked = [requests.ask(kind, EMAIL, "test") for kind in ("export", "erase")]
    resources = {"platform": Platform(doors.settings)}
    assert upkeep.privacy_requests.execute_in_process(resources=resources).success
    assert {requests.find(one.id).status for one in asked} == {"done"}
    assert upkeep.retention.execute_in_process(resources=resources).success

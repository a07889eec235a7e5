"""Extracts of two tenants with the same ids, and what attribution leaves in the warehouse. Nothing is asserted here."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from pipelines.resources.platform import Platform
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant
from tekup.ids import derived_uuid
from tests.fixtures.database import TwoTenants

START = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = (
    "attribution_credit", "attribution_channel", "attribution_path", "attribution_transition",
    "attribution_distribution", "attribution_overlap",
)  # fmt: skip
_CHANNELS = ("email", "paid_search", "referral", "direct")


@dataclass
class Bench:
    """Two tenants' extracts and the means to look at what became of them."""

    platform: Platform
    a: Tenant
    b: Tenant
    touches: dict[UUID, pl.DataFrame] = field(default_factory=dict)
    conversions: dict[UUID, pl.DataFrame] = field(default_factory=dict)

    def write(self, tenant: Tenant, touches: pl.DataFrame, conversions: pl.DataFrame) -> None:
        self.touches[tenant.id], self.conversions[tenant.id] = touches, conversions
        self.platform.lake.write(tenant.id, "touchpoints", touches)
        self.platform.lake.write(tenant.id, "conversions", conversions)

    def choose(self, tenant: Tenant, told: object) -> None:
        with self.platform.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute(
                "update app.tenants set settings = %s where id = %s",
                (json.dumps({} if told is None else {"attribution": told}), tenant.id),
            )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            return connection.execute(query.encode(), values).fetchall()

    def dump(self, tenant: Tenant) -> dict[str, list[Any]]:
        """Every row of the tenant's tables but for when it was computed."""
        return {
            table: [
                row
                for (row,) in self.rows(
                    f"select to_jsonb(t) - 'computed_at' from ml.{table} as t where tenant_id = %s order by 1",
                    tenant.id,
                )
            ]
            for table in TABLES
        }


def make_touches(seed: int, people: int = 60, days: int = 60) -> pl.DataFrame:
    """Touches whose ids and people are alike for every seed."""
    dice = random.Random(seed)
    rows = []
    for number in range(people * 4):
        channel = dice.choice(_CHANNELS)
        rows.append(
            {
                "tenant_id": "", "touchpoint_id": str(derived_uuid("touch", number)),
                "person_id": f"person:{number % people}",
                "occurred_at": START + timedelta(minutes=dice.randrange(days * 1440)), "channel": channel,
                "kind": "visit",
                "campaign_id": None if channel == "direct" else str(derived_uuid(channel, number % 2)),
            }
        )  # fmt: skip
    return pl.DataFrame(rows).sort("person_id", "occurred_at", "touchpoint_id")


def make_conversions(seed: int, count: int = 30, people: int = 80, days: int = 60) -> pl.DataFrame:
    """Won leads; some people have no touch."""
    dice = random.Random(seed * 7 + 1)
    rows = [
        {
            "tenant_id": "", "lead_id": str(derived_uuid("lead", number)),
            "person_id": f"person:{dice.randrange(people)}",
            "converted_at": START + timedelta(minutes=dice.randrange(days * 1440)),
            "value_cents": dice.randrange(0, 1_000_001), "currency": "DKK",
        }
        for number in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows).sort("person_id", "converted_at", "lead_id")


@pytest.fixture
def bench(doors: Doors, two_tenants: TwoTenants) -> Iterator[Bench]:
    made = Bench(Platform(doors.settings), two_tenants.a, two_tenants.b)
    for seed, tenant in ((1, made.a), (2, made.b)):
        made.write(tenant, make_touches(seed), make_conversions(seed))
    yield made
    for tenant in (made.a, made.b):
        made.choose(tenant, None)
        made.platform.lake.forget(tenant.id)
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
        for table in (*TABLES, "attribution_run", "attribution_snapshot"):
            connection.execute(f"delete from ml.{table}".encode())
        connection.execute("delete from ops.check_result where check_name = 'attribution_settings'")

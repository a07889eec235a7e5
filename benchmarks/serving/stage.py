"""What the servers under load stand on: a home with one tenant, its leads, their features and a live model.

Which requests are sent and what is measured is not known here.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

import scoring
from benchmarks.scoring.speed import make
from scoring.model import LeadModel
from scoring.registry import Registry
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import create_tenant
from tekup.directory.tokens import create_token
from tekup.ids import derived_uuid
from tekup.settings import read_settings

FEATURES = 40
LEADS = 2_000


@dataclass(frozen=True, slots=True)
class Stage:
    """The home, a token that may do everything, the model, the leads' ids and their features in the same order."""

    home: Path
    doors: Doors
    token: str
    model: LeadModel
    lead_ids: list[UUID]
    rows: list[dict[str, Any]]

    @property
    def trees(self) -> Path:
        """The model's trees as LightGBM's own file, for other servers."""
        return self.home / "trees.txt"

    def encoded(self, position: int) -> list[float | None]:
        """A lead as the trees take it: categories as numbers, None where unknown."""
        row = self.model.schema.encode_one(self.rows[position], missing="null")
        return [None if value != value else float(value) for value in row]


def prepare(home: Path, rows: int) -> Stage:
    """The stage in ``home``, which is filled where it is empty.

    The model learns from ``rows`` leads of 40 features, half of them the tenant's.
    """
    doors = Doors(read_settings(home=home, database_url=None, warehouse_url=None))
    doors.prepare()
    kept = home / "stage.json"
    if kept.exists():
        told = json.loads(kept.read_text())
        registry = Registry(doors.settings.models_of("lead_score"))
        model = registry.load(registry.live_version() or "")
        return Stage(home, doors, told["token"], model, [UUID(one) for one in told["lead_ids"]], told["rows"])
    tenant = create_tenant(doors, "Alfa ApS", "alfa.example")
    frame = make(rows, FEATURES)
    owners = pl.Series("tenant", [str(tenant.id), "another"]).gather(pl.int_range(rows, eager=True) % 2)
    model = scoring.train(frame.with_columns(owners), label="won", tenant="tenant", budget=1, threads=1)
    registry = Registry(doors.settings.models_of("lead_score"))
    registry.promote(registry.publish(model), by="benchmark")
    leads = frame.drop("won").head(LEADS).fill_nan(None)
    ids = [derived_uuid("benchmark lead", number) for number in range(LEADS)]
    _store(doors, tenant.id, ids, leads)
    stage = Stage(home, doors, create_token(doors, tenant.id, "benchmark"), model, ids, leads.to_dicts())
    stage.trees.write_text(model.booster_text)
    told = {"token": stage.token, "lead_ids": [str(one) for one in ids], "rows": stage.rows}
    kept.write_text(json.dumps(told))
    return stage


def _store(doors: Doors, tenant_id: UUID, ids: list[UUID], leads: pl.DataFrame) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.cursor().executemany(
            "insert into app.leads (tenant_id, id, email, source, status) values (%s, %s, %s, 'referral', 'new')",
            [(tenant_id, one, f"lead{number}@alfa.example") for number, one in enumerate(ids)],
        )
    columns = ", ".join(
        f"{name} {'text' if dtype == pl.String else 'double precision'}" for name, dtype in leads.schema.items()
    )
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="benchmark's features") as connection:
        connection.execute(
            f"create table marts.ftr_lead (tenant_id uuid not null, lead_id uuid not null, {columns}, "
            "primary key (tenant_id, lead_id))"  # type: ignore[arg-type]  # of the benchmark's own names
        )
        connection.execute("select ops.secure_relation('marts.ftr_lead')")
        connection.execute("grant select on marts.ftr_lead to tekup_app")
        places = ", ".join(["%s"] * (leads.width + 2))
        connection.cursor().executemany(
            f"insert into marts.ftr_lead values ({places})",  # type: ignore[arg-type]  # of the benchmark's own names
            [(tenant_id, one, *row) for one, row in zip(ids, leads.rows(), strict=True)],
        )
        connection.execute("analyze marts.ftr_lead")

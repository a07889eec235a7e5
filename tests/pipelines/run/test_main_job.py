"""The whole main job as a user runs it, at a small scale: from an empty folder to scores, credit and the summary."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from integrations.sandbox.world import load_world
from pipelines.run.demonstration import read_demonstration
from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, open_credential, store_connection
from tekup.directory.tenants import find_tenant, list_tenants
from tekup.settings import Settings
from tests.fixtures.folders import short_lived_home
from tests.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STAGES = ("build", "gate", "extract", "train", "score", "attribute", "publish", "check")
Done = subprocess.CompletedProcess[str]


def tekup(home: Path, *arguments: str) -> Done:
    environment = os.environ | {"TEKUP_HOME": str(home), "TEKUP_SANDBOX_PORT": "1", "COLUMNS": "200"}
    return subprocess.run(
        [str(Path(sys.executable).parent / "tekup"), *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_lived_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def first(home: Path) -> Done:
    return tekup(home, "run", "--scale", "0.02")


@pytest.fixture(scope="module")
def filled(home: Path, first: Done) -> Iterator[Doors]:
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    doors = Doors(Settings(home=home))
    doors.prepare()
    yield doors
    from tekup.db.embedded import start_embedded

    start_embedded(home).stop()


def test_it_ends_well_and_names_every_tenant(first: Done, filled: Doors) -> None:
    for tenant in list_tenants(filled):
        assert tenant.name in first.stdout
    assert "failed" not in first.stdout
    for stage in STAGES:
        assert f"\n{stage}: " in first.stdout


def test_a_second_run_finds_everything_up_to_date(home: Path, filled: Doors) -> None:
    second = tekup(home, "run")
    assert second.returncode == 0, second.stdout[-3000:]
    for stage in STAGES:
        assert f"\n{stage}: up to date" in second.stdout


def test_another_scale_for_the_same_home_is_refused(home: Path, filled: Doors) -> None:
    done = tekup(home, "run", "--scale", "0.5")
    assert done.returncode == 1
    assert "scale 0.02" in done.stderr


def test_a_tenants_reader_finds_no_row_of_another_in_any_schema(filled: Doors) -> None:
    tenants = list_tenants(filled)
    seen = 0
    for database in Database:
        for tenant in tenants:
            with filled.tenant_transaction(database, Role.READER, tenant.id, read_only=True) as connection:
                tables = connection.execute(
                    "select format('%I.%I', n.nspname, c.relname) from pg_class c "
                    "join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid "
                    "where a.attname = 'tenant_id' and c.relkind in ('r', 'p', 'v', 'm') "
                    "and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')"
                ).fetchall()
                for (table,) in tables:
                    foreign, own = connection.execute(
                        f"select count(*) filter (where tenant_id <> %s), count(*) from {table}", (tenant.id,)
                    ).fetchone()  # type: ignore[misc]
                    assert foreign == 0, table
                    seen += own
    assert seen > 1000


def test_every_lead_has_a_score_with_reasons_and_credit_sums_to_the_won_leads(filled: Doors) -> None:
    for tenant in list_tenants(filled):
        with filled.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant.id) as connection:
            leads, scored = connection.execute(
                "select count(*), count(s.lead_id) from marts.fct_lead l "
                "left join ml.lead_score s using (tenant_id, lead_id)"
            ).fetchone()  # type: ignore[misc]
            assert leads == scored > 0
            won = connection.execute("select count(*) from marts.fct_conversion").fetchone()[0]  # type: ignore[index]
            credits = connection.execute(
                "select sum(conversions), count(distinct model) from marts.fct_attribution_credit group by model"
            ).fetchall()
            assert all(abs(total - won) < 1e-6 for total, _ in credits)
            assert len(credits) == (8 if won else 0)


def test_recurring_revenue_is_what_the_simulated_customers_subscribed_to(home: Path, filled: Doors) -> None:
    chosen = read_demonstration(home)
    assert chosen is not None
    world = load_world(home / "sandbox", chosen.seed, chosen.scale, chosen.moment, with_truth=False)
    sold = world.vendors["stripe_subscriptions"].with_columns(
        mrr=(pl.col("unit_amount") / pl.when(pl.col("interval") == "year").then(12).otherwise(1) + 0.5).floor()
    )
    for moment in (chosen.moment, chosen.moment - timedelta(days=60), chosen.moment - timedelta(days=300)):
        running = sold.filter(
            (pl.col("created_at") <= moment) & (pl.col("canceled_at").is_null() | (pl.col("canceled_at") > moment))
        )
        keys = ["tenant_id", pl.col("currency").str.to_uppercase()]
        expected = running.group_by(keys).agg(pl.col("mrr").sum().cast(pl.Int64), pl.len().cast(pl.Int64)).rows()
        with filled.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            built = connection.execute(
                "select tenant_id::text, currency, sum(list_mrr_cents)::bigint, count(*) "
                "from marts.fct_subscription_interval where is_counted and valid_from_at <= %(moment)s "
                "and coalesce(valid_to_at, 'infinity') > %(moment)s group by 1, 2",
                {"moment": moment},
            ).fetchall()
        assert sorted(built) == sorted(expected)
    assert expected


def test_the_ledger_invoices_and_recurring_revenue_agree(filled: Doors) -> None:
    with filled.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
        unlike = connection.execute(
            "select count(*) from (select tenant_id, currency, created_date, sum(amount_cents) from marts.fct_charge "
            "where is_succeeded group by 1, 2, 3 except select tenant_id, currency, created_date, sum(amount_cents) "
            "from marts.fct_balance_transaction where entry_type = 'charge' group by 1, 2, 3) as day"
        ).fetchone()
        levels = connection.execute(
            "select k.tenant_id from marts.kpi_tenant_daily as k join (select tenant_id, mrr_date, "
            "sum(reporting_mrr_cents) as mrr_cents from marts.fct_mrr_daily group by 1, 2) as d "
            "on d.tenant_id = k.tenant_id and d.mrr_date = k.kpi_date where d.mrr_cents <> k.mrr_cents"
        ).fetchall()
        unconverted = connection.execute("select sum(unconverted_count) from marts.kpi_tenant_daily").fetchone()
    assert unlike == (0,)
    assert levels == []
    assert unconverted == (0,)


def test_status_tells_freshness_and_the_live_model(home: Path, filled: Doors) -> None:
    told: dict[str, Any] = json.loads(tekup(home, "status", "--json").stdout)
    assert {source["status"] for source in told["sources"]} == {"succeeded"}
    assert {"hubspot", "stripe", "kit", "operational"} == {source["source"] for source in told["sources"]}
    assert told["live_model"]["version"]
    assert told["failing_checks"] == []


def test_a_vendor_that_refuses_one_tenant_costs_no_other_tenant_anything(home: Path, filled: Doors) -> None:
    tenant = find_tenant(filled, "fjord-software.example")
    connection = next(c for c in list_connections(filled, tenant.id) if c.vendor == "stripe")
    good = open_credential(filled, connection)
    store_connection(filled, tenant.id, "stripe", "sk_test_revoked", is_sandbox=True)
    try:
        done = tekup(home, "run")
        assert done.returncode == 1
        assert "stripe of Fjord Software" in done.stdout
        told = json.loads(tekup(home, "status", "--json").stdout)
        bad = [source for source in told["sources"] if source["status"] != "succeeded"]
        assert [(source["tenant"], source["source"]) for source in bad] == [(tenant.domain, "stripe")]
        assert bad[0]["hint"]
        state = {c.vendor: c.status for c in list_connections(filled, tenant.id)}
        assert state["stripe"] == "refused"
        assert state["hubspot"] == "working"
    finally:
        store_connection(filled, tenant.id, "stripe", good, is_sandbox=True)
    healed = tekup(home, "pull", "fjord-software.example", "stripe")
    assert healed.returncode == 0, healed.stderr
    assert "invoices" in healed.stdout


def test_files_are_scored_and_attributed_from_the_command_line(home: Path, filled: Doors, tmp_path: Path) -> None:
    paths = tmp_path / "paths.csv"
    paths.write_text("path,conversions,nulls\nemail > direct,2,1\ndirect,1,3\n")
    credit = tekup(home, "attribute", str(paths), "--model", "last")
    assert credit.returncode == 0, credit.stderr
    assert "direct" in credit.stdout
    tenant = find_tenant(filled, "fjord-software.example")
    features = home / "lake" / str(tenant.id) / "lead_features.parquet"
    out = tmp_path / "scores.csv"
    scored = tekup(home, "score", tenant.domain, str(features), "--out", str(out))
    assert scored.returncode == 0, scored.stderr
    assert out.read_text().count("\n") > 100

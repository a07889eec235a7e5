"""Deal value, time to conversion and churn for two tenants with the same ids: taught, promoted, predicted, erased."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.commands import model as model_command
from pipelines.models import prediction_batch, prediction_training
from pipelines.models.lead_features import LEAD, TENANT, TIME
from pipelines.models.predictions import (
    CONVERSION_TIME,
    DEAL_VALUE,
    DEFINITIONS,
    SUBSCRIPTION_CHURN,
    Definition,
    TooFewRows,
    read_waits,
)
from pipelines.models.score_evidence import erase_leads, erase_subscriptions
from pipelines.resources.platform import Platform
from scoring.kinds import KINDS
from tekup.db import Database, Doors
from tekup.directory.tenants import Tenant
from tests.fixtures.database import TwoTenants
from tests.pipelines.models import lead_world, subscription_world

DAYS = 100
WORTH = {1: 20_000, 2: 600_000}
"""What a deal of the first and the second tenant is worth at size 20."""


@dataclass
class Predicting:
    """Two tenants' extracts, and the means to look at what was predicted."""

    platform: Platform
    a: Tenant
    b: Tenant

    def rows(self, tenant: Tenant, query: str) -> list[tuple[Any, ...]]:
        with self.platform.warehouse(tenant.id, read_only=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def versions(self, kind: str) -> list[tuple[Any, ...]]:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            return connection.execute(
                "select is_live, decision ->> 'outcome' from ml.model_version where kind = %s order by trained_at",
                (kind,),
            ).fetchall()


def write(platform: Platform, tenant: Tenant, seed: int) -> None:
    leads = lead_world.make(str(tenant.id), seed, DAYS, known_until=400)
    won = leads.filter(is_won_90d=1)
    worth = (pl.col("employee_count") / 20 * WORTH[seed]).round() + 1
    luck = pl.int_range(pl.len()) * 7 % 31
    waited = pl.duration(days=pl.when(pl.col("source") == "referral").then(luck + 1).otherwise(2 * luck + 10))
    conversions = won.select(
        TENANT, LEAD, (pl.col(TIME) + waited).alias("converted_at"), worth.cast(pl.Int64).alias("value_cents")
    )
    platform.lake.write(tenant.id, "lead_features", leads)
    platform.lake.write(tenant.id, "conversions", conversions)
    platform.lake.write(tenant.id, "subscription_features", subscription_world.make(str(tenant.id), seed))


@pytest.fixture(scope="module")
def predicting(doors: Doors, two_tenants: TwoTenants, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predicting]:
    folder = tmp_path_factory.mktemp("predictions")
    settings = doors.settings.model_copy(
        update={"models_url": str(folder / "models"), "lake_url": str(folder / "lake")}
    )
    made = Predicting(Platform(settings), two_tenants.a, two_tenants.b)
    made.platform.tenants = lambda: [two_tenants.a, two_tenants.b]  # type: ignore[method-assign]  # others' tenants stay out
    forget(made)
    for seed, tenant in ((1, made.a), (2, made.b)):
        write(made.platform, tenant, seed)
    yield made
    forget(made)


def forget(predicting: Predicting) -> None:
    tables = [definition.told.table for definition in DEFINITIONS]
    with predicting.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
        for table in (*tables, "model_teaching", "model_quality", "model_version"):
            connection.execute(f"delete from ml.{table}".encode())


@pytest.fixture(scope="module")
def taught(predicting: Predicting) -> dict[str, prediction_training.Trained]:
    """The first model of each kind, and its first night."""
    found = {}
    for definition in DEFINITIONS:
        found[definition.kind.name] = prediction_training.train(predicting.platform, definition)
        prediction_batch.predict_all(predicting.platform, definition)
    return found


def test_the_first_model_of_each_kind_goes_live_with_its_figures_by_tenant(
    predicting: Predicting, taught: dict[str, prediction_training.Trained]
) -> None:
    for definition in DEFINITIONS:
        kind = definition.kind.name
        assert taught[kind].decision.why == "there is no champion yet"
        assert predicting.versions(kind) == [(True, "promote")]
        version = predicting.platform.registry_of(definition.kind).live_version()
        assert version == taught[kind].version
        for tenant in (predicting.a, predicting.b):
            told = predicting.rows(tenant, f"select count(*) from ml.model_quality where model_version = '{version}'")
            assert told[0][0] > 3
    assert taught["deal_value"].metrics["mean_absolute_error"] < (
        0.5 * taught["deal_value"].metrics["mean_absolute_error_of_the_mean"]
    )
    assert taught["subscription_churn"].metrics["roc_auc"] > 0.65
    assert taught["conversion_time"].metrics["roc_auc"] > 0.7


def test_each_tenants_deals_are_worth_what_its_own_were(
    predicting: Predicting, taught: dict[str, prediction_training.Trained]
) -> None:
    query = "select count(*), avg(value_cents), bool_and(value_cents between value_cents_low and value_cents_high)"
    (of_a,), (of_b,) = (predicting.rows(t, f"{query} from ml.lead_value") for t in (predicting.a, predicting.b))
    assert of_a[0] == of_b[0] == DAYS * lead_world.PER_DAY
    assert of_b[1] > 10 * of_a[1]
    assert of_a[2]
    assert of_b[2]


def test_quick_leads_are_expected_soon_and_curves_rise(
    predicting: Predicting, taught: dict[str, prediction_training.Trained]
) -> None:
    leads = lead_world.make(str(predicting.a.id), 1, DAYS, known_until=400)
    rows = predicting.rows(predicting.a, "select lead_id::text, by_7d, by_14d, by_30d, by_60d from ml.lead_conversion")
    told = pl.DataFrame(rows, schema=[LEAD, "by_7d", "by_14d", "by_30d", "by_60d"], orient="row").join(leads, on=LEAD)
    quick, slow = (told.filter((pl.col("source") == "referral") == is_quick) for is_quick in (True, False))
    assert quick["by_7d"].mean() > 3 * slow["by_7d"].mean()  # type: ignore[operator]
    assert slow["by_60d"].mean() > 1.5 * slow["by_30d"].mean()  # type: ignore[operator]
    assert told.select((pl.col("by_7d") <= pl.col("by_14d")).all()).item()


def test_only_what_changed_is_predicted_again_and_what_ended_goes(
    predicting: Predicting, taught: dict[str, prediction_training.Trained]
) -> None:
    platform, tenant = predicting.platform, predicting.a
    for definition in DEFINITIONS:
        assert {one.changed for one in prediction_batch.predict_all(platform, definition).values()} == {0}
    before = subscription_world.make(str(tenant.id), 1)
    now = pl.col("is_current")
    failing = now & (pl.col("subscription_id") == "sub_1")
    changed = before.with_columns(
        pl.when(failing).then(5).otherwise(pl.col("failed_charge_count_35d")).alias("failed_charge_count_35d"),
        (now & (pl.col("subscription_id") != "sub_2")).alias("is_current"),
    )
    risk = "select probability from ml.subscription_churn where subscription_id = 'sub_1'"
    calm = predicting.rows(tenant, risk)
    platform.lake.write(tenant.id, "subscription_features", changed)
    done = prediction_batch.predict_all(platform, SUBSCRIPTION_CHURN)[tenant.domain]
    platform.lake.write(tenant.id, "subscription_features", before)
    assert (done.rows, done.changed, done.removed) == (subscription_world.SUBSCRIPTIONS - 1, 1, 1)
    assert predicting.rows(tenant, risk) > calm
    assert predicting.rows(predicting.b, "select count(*) from ml.subscription_churn") == [
        (subscription_world.SUBSCRIPTIONS,)
    ]


@pytest.mark.parametrize("definition", [DEAL_VALUE, SUBSCRIPTION_CHURN], ids=lambda d: d.kind.name)
def test_a_model_that_is_only_as_good_waits_until_the_champion_is_old(
    predicting: Predicting,
    taught: dict[str, prediction_training.Trained],
    monkeypatch: pytest.MonkeyPatch,
    definition: Definition[Any],
) -> None:
    champion = taught[definition.kind.name].version
    again = prediction_training.train(predicting.platform, definition)
    registry = predicting.platform.registry_of(definition.kind)
    assert (again.decision.outcome, registry.live_version()) == ("challenge", champion)
    monkeypatch.setattr(prediction_training, "RENEWED_AFTER", timedelta(0))
    newer = prediction_training.train(predicting.platform, definition, seed=0)
    assert (newer.decision.outcome, registry.live_version()) == ("promote", newer.version)
    assert "as good as a champion" in newer.decision.why
    registry.rollback(by="test")


def test_the_command_line_switches_versions_of_a_kind_and_predicts_anew(
    predicting: Predicting, taught: dict[str, prediction_training.Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_command, "_platform", lambda: predicting.platform)

    def tekup_model(*words: str) -> str:
        done = CliRunner().invoke(model_command.model, [*words, "--kind", "deal_value"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    champion = taught["deal_value"].version
    other = next(row["version"] for row in json.loads(tekup_model("list", "--json")) if row["version"] != champion)
    leads = DAYS * lead_world.PER_DAY * 2
    assert f"predicted {leads:,} rows of 2 tenants" in tekup_model("promote", other, "--by", "eva", "--why", "trial")
    assert "by eva: trial" in tekup_model("show")
    assert predicting.rows(predicting.a, "select distinct model_version from ml.lead_value") == [(other,)]
    assert f"live: {champion}" in tekup_model("rollback", "--no-score")
    assert predicting.rows(predicting.a, "select distinct model_version from ml.lead_value") == [(other,)]
    prediction_batch.predict_all(predicting.platform, DEAL_VALUE)
    assert predicting.rows(
        predicting.a,
        "select action, done_by from ml.model_promotion where kind = 'deal_value' order by entry desc limit 2",
    )[1] == ("promote", "eva")


def test_the_command_knows_the_kinds_that_there_are() -> None:
    assert model_command.KINDS == KINDS


def test_a_lead_waits_as_long_as_its_tenants_data_reach(predicting: Predicting) -> None:
    waits = read_waits(predicting.platform).filter(pl.col(TENANT) == str(predicting.a.id))
    won, waiting = waits.filter("has_converted"), waits.filter(~pl.col("has_converted"))
    assert (won["days_watched"].min(), won["days_watched"].max()) == (1.0, 70.0)
    reach = (won[TIME] + pl.Series([timedelta(days=d) for d in won["days_watched"]])).max()
    longest = (reach - waiting[TIME].min()).total_seconds() / 86_400  # type: ignore[operator]
    assert waiting["days_watched"].max() == pytest.approx(longest)


def test_without_subscriptions_nothing_is_taught_and_nothing_predicted(
    doors: Doors, two_tenants: TwoTenants, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    settings = doors.settings.model_copy(update={"models_url": str(folder), "lake_url": str(folder)})
    platform = Platform(settings)
    platform.tenants = lambda: [two_tenants.a]  # type: ignore[method-assign]
    with pytest.raises(TooFewRows, match="no subscriptions"):
        prediction_training.train(platform, SUBSCRIPTION_CHURN)
    assert prediction_batch.predict_all(platform, SUBSCRIPTION_CHURN) == {}


def test_predictions_go_with_the_person(predicting: Predicting, taught: dict[str, prediction_training.Trained]) -> None:
    lead = UUID(lead_world.lead_id(3))
    with predicting.platform.warehouse(predicting.a.id) as connection:
        erased = erase_leads(connection, [lead]) | erase_subscriptions(connection, ["sub_7"])
    assert (erased["ml.lead_value"], erased["ml.lead_conversion"], erased["ml.subscription_churn"]) == (1, 1, 1)
    for table, key in (("lead_value", f"lead_id = '{lead}'"), ("subscription_churn", "subscription_id = 'sub_7'")):
        count = f"select count(*) from ml.{table} where {key}"
        assert predicting.rows(predicting.a, count) == [(0,)]
        assert predicting.rows(predicting.b, count) == [(1,)]
    prediction_batch.predict_all(predicting.platform, CONVERSION_TIME)

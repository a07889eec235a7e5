"""Every query as two tenants with the same natural ids: own rows alone, and nothing at all without a tenant."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import polars as pl
import psycopg
import pytest

from dashboards.queries import (
    attribution_distribution,
    check_failure,
    check_result,
    dim_campaign,
    dim_experiment,
    fct_attribution_campaign,
    fct_attribution_credit,
    fct_campaign_spend_daily,
    fct_customer_cohort_monthly,
    fct_deal,
    fct_deal_forecast,
    fct_deal_outcome_monthly,
    fct_experiment_result_daily,
    fct_lead,
    fct_lead_funnel,
    fct_lead_prediction,
    fct_lead_score_history,
    fct_model_drift,
    fct_model_quality,
    fct_mrr_daily,
    fct_pipeline_stage,
    fct_quality_daily,
    fct_refund,
    fct_revenue_retention_monthly,
    fct_subscription_churn,
    fct_touchpoint,
    ftr_lead,
    kpi_tenant_daily,
    model_curve,
    model_slice,
    model_version,
    reader,
    sync_run,
)
from dashboards.queries.fct_lead import LeadFilter
from dashboards.queries.reader import NotBuilt
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.errors import DatabaseUnavailable
from tekup.settings import current_settings
from tests.dashboards.marts import CHANNELS, DAYS, LEADS, MODELS, experiment_id, lead_id
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")

_LONG_AGO, _LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_LOOKBACK = timedelta(days=90)
QUERIES: dict[str, tuple[Callable[[UUID], pl.DataFrame], int]] = {
    "daily": (lambda t: kpi_tenant_daily.read_daily(t, _LONG_AGO.date(), _LATER.date()), DAYS),
    "monthly": (lambda t: fct_revenue_retention_monthly.read_complete(t, 12), 3),
    "ranked": (lambda t: fct_lead.read_ranked(t, LeadFilter()), LEADS),
    "lead": (lambda t: fct_lead.read_lead(t, lead_id(1)), 1),
    "timeline": (lambda t: fct_touchpoint.read_timeline(t, "person:1"), 4),
    "paths": (lambda t: fct_touchpoint.read_top_paths(t, _LONG_AGO, _LATER, _LOOKBACK), 2),
    "campaigns": (lambda t: fct_attribution_campaign.read_campaigns(t, "markov", "email"), 3),
    "distributions": (attribution_distribution.read_distributions, 6),
    "credit": (fct_attribution_credit.read_credit, len(MODELS) * len(CHANNELS)),
    "sources": (sync_run.read_sources, 2),
    "runs": (sync_run.read_recent, 3),
    "checks": (check_result.read_checks, 2),
    "failures": (check_failure.read_failures, 1),
    "funnel": (lambda t: fct_lead_funnel.read_funnel(t, _LONG_AGO.date()), 2),
    "stages": (fct_pipeline_stage.read_stages, 3),
    "forecast": (fct_deal_forecast.read_forecast, 1),
    "outcomes": (lambda t: fct_deal_outcome_monthly.read_outcomes(t, _LONG_AGO.date()), 1),
    "stuck": (lambda t: fct_deal.read_stuck(t, utc_now().date()), 2),
    "win rates": (lambda t: fct_deal.read_win_rates(t, "source", _LONG_AGO.date()), 4),
    "movements": (lambda t: fct_mrr_daily.read_movements(t, 24), 11),
    "cohorts": (lambda t: fct_customer_cohort_monthly.read_cohorts(t, 12), 5),
    "at risk": (lambda t: fct_subscription_churn.read_at_risk(t, "DKK"), 2),
    "risk summary": (fct_subscription_churn.read_risk_summary, 1),
    "predictors": (fct_subscription_churn.read_predictors, 1),
    "money back": (lambda t: fct_refund.read_money_back(t, 3), 1),
    "disputes": (fct_refund.read_disputes, 1),
    "campaign list": (lambda t: dim_campaign.read_campaigns(t, _LONG_AGO.date()), 3),
    "experiments": (dim_experiment.read_experiments, 4),
    "experiment lines": (lambda t: fct_experiment_result_daily.read_lines(t, experiment_id(0)), 18),
    "quality": (fct_quality_daily.read_quality, 2),
    "score history": (lambda t: fct_lead_score_history.read_score_history(t, lead_id(1)), 3),
    "prediction": (lambda t: fct_lead_prediction.read_prediction(t, lead_id(1)), 1),
    "similar": (lambda t: ftr_lead.read_similar_won(t, lead_id(1)), 5),
    "model quality": (lambda t: fct_model_quality.read_model_quality(t, "lead_score"), 4),
    "latest look": (lambda t: fct_model_drift.read_latest_look(t, "v1"), 3),
    "looks": (lambda t: fct_model_drift.read_looks(t, "v1"), 2),
    "curves": (lambda t: model_curve.read_curves(t, "v1"), 31),
    "slices": (lambda t: model_slice.read_slices(t, "v1"), 2),
}


@pytest.mark.parametrize("name", QUERIES)
def test_each_tenant_sees_its_own_rows_alone(name: str, two_tenants: TwoTenants) -> None:
    read, expected = QUERIES[name]
    ours, theirs = read(two_tenants.a.id), read(two_tenants.b.id)
    assert ours.height == theirs.height == expected
    assert "Bravo" not in str(ours.rows())
    assert "Alfa" not in str(theirs.rows())


def test_versions_are_everybodys(two_tenants: TwoTenants) -> None:
    for tenant in (two_tenants.a, two_tenants.b):
        assert model_version.read_versions(tenant.id)["model_version"].to_list() == ["v1", "v0"]
        assert model_version.read_promotions(tenant.id, "lead_score")["done_by"].to_list() == ["karen", "training"]
        assert model_version.read_promotions(tenant.id, "deal_value").is_empty()


@pytest.mark.parametrize("name", QUERIES)
def test_an_unknown_tenant_sees_nothing(name: str) -> None:
    assert QUERIES[name][0](uuid4()).is_empty()


def test_weekly_spend_is_a_tenants_own(two_tenants: TwoTenants) -> None:
    ours, theirs = (
        fct_campaign_spend_daily.read_weekly(tenant.id, _LONG_AGO.date())["spend_cents"].sum()
        for tenant in (two_tenants.a, two_tenants.b)
    )
    assert (ours, theirs) == (150_000, 450_000)


def test_figures_are_not_added_up_over_tenants(two_tenants: TwoTenants, today: date) -> None:
    ours = kpi_tenant_daily.read_daily(two_tenants.a.id, today, today)
    theirs = kpi_tenant_daily.read_daily(two_tenants.b.id, today, today)
    assert (ours["new_lead_count"].item(), theirs["new_lead_count"].item()) == (10, 30)


@pytest.mark.parametrize(
    "table", ["marts.kpi_tenant_daily", "marts.fct_lead", "marts.fct_lead_score", "marts.fct_touchpoint",
              "marts.fct_conversion", "marts.fct_attribution_credit", "marts.fct_attribution_campaign",
              "ml.attribution_distribution", "ops.sync_run", "ops.check_result",
              "ml.model_curve", "ml.model_slice", "ops.check_failure", "ops.quality_daily", "marts.fct_quality_daily",
              "marts.fct_lead_funnel", "marts.fct_pipeline_stage",
              "marts.fct_deal_forecast", "marts.fct_deal_outcome_monthly", "marts.fct_deal",
              "marts.fct_deal_stage_history", "marts.fct_mrr_daily", "marts.fct_customer_cohort_monthly",
              "marts.fct_subscription_churn", "marts.fct_refund", "marts.fct_dispute",
              "marts.dim_campaign", "marts.fct_campaign_spend_daily", "marts.dim_experiment",
              "marts.fct_experiment_result_daily"]
)  # fmt: skip
def test_no_tenant_context_raises(table: str, doors: Doors, two_tenants: TwoTenants) -> None:
    with (
        doors.connect(Database.WAREHOUSE, Role.READER) as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation, match="no tenant context"),
    ):
        connection.execute(f"select * from {table}")


def test_a_query_can_not_write(two_tenants: TwoTenants) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.read_frame(two_tenants.a.id, "create table marts.stolen (n int)", {"n": pl.Int64})


def test_a_missing_mart_says_what_to_do(two_tenants: TwoTenants) -> None:
    with pytest.raises(NotBuilt) as caught:
        reader.read_frame(two_tenants.a.id, "select 1 from marts.absent", {"n": pl.Int64})
    assert caught.value.hint == "run `make run`"


def test_an_unreachable_warehouse_is_a_clear_fault(two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEKUP_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/none")
    current_settings.cache_clear()
    with pytest.raises(DatabaseUnavailable):
        sync_run.read_sources(two_tenants.a.id)

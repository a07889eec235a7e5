"""Queries remembered for a moment, by tenant and by whether the reader may see who people are.

Streamlit's cache is shared by all users: what decides over a row has to be part of the key.
"""

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import streamlit as st

from dashboards import session
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
    sync_run,
)
from dashboards.queries.reader import reading_as, sees_people

TTL = timedelta(seconds=60)
MAX_ENTRIES = 200

P = ParamSpec("P")
R = TypeVar("R")


def per_tenant(function: Callable[P, R]) -> Callable[P, R]:
    """Remember ``function`` per tenant and arguments, bounded in time and number.

    Raises:
        TypeError: the first parameter is not the tenant, or Streamlit would leave a parameter out of the key.
    """
    parameters = inspect.signature(function).parameters
    if next(iter(parameters), None) != "tenant_id":
        raise TypeError(f"{function.__name__}: the first parameter of a cached query must be tenant_id")
    if hidden := [name for name in parameters if name.startswith("_")]:
        raise TypeError(f"{function.__name__}: {hidden[0]} would not be part of the key")

    def read_as(may_see_people: bool, *arguments: Any, **named: Any) -> R:
        with reading_as(may_see_people=may_see_people):
            return function(*arguments, **named)

    # Streamlit tells functions apart by their name and source, which all of these have in common
    read_as.__qualname__ = f"{function.__module__}.{function.__qualname__}"
    remembered: Any = st.cache_data(ttl=TTL, max_entries=MAX_ENTRIES, show_spinner=False)(read_as)

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        return cast(R, remembered(_may_see_people(), *arguments, **named))

    call.clear = remembered.clear  # type: ignore[attr-defined]  # as Streamlit's own functions have it
    return call


def as_this_reader(function: Callable[[], R]) -> Callable[[], R]:
    """``function`` for later, when Streamlit no longer says whose session it is: for whom it is asked now."""
    may_see_people = _may_see_people()

    def call() -> R:
        with reading_as(may_see_people=may_see_people):
            return function()

    return call


def _may_see_people() -> bool:
    said = sees_people.get()
    return session.sees_people() if said is None else said


last_day = per_tenant(kpi_tenant_daily.read_last_day)
daily_kpis = per_tenant(kpi_tenant_daily.read_daily)
monthly_kpis = per_tenant(fct_revenue_retention_monthly.read_complete)
ranked_leads = per_tenant(fct_lead.read_ranked)
lead_count = per_tenant(fct_lead.count_leads)
lead = per_tenant(fct_lead.read_lead)
lead_sources = per_tenant(fct_lead.read_sources)
timeline = per_tenant(fct_touchpoint.read_timeline)
top_paths = per_tenant(fct_touchpoint.read_top_paths)
credit = per_tenant(fct_attribution_credit.read_credit)
campaigns = per_tenant(fct_attribution_campaign.read_campaigns)
journey_distributions = per_tenant(attribution_distribution.read_distributions)
sources = per_tenant(sync_run.read_sources)
recent_runs = per_tenant(sync_run.read_recent)
checks = per_tenant(check_result.read_checks)
failures = per_tenant(check_failure.read_failures)
quality = per_tenant(fct_quality_daily.read_quality)
funnel = per_tenant(fct_lead_funnel.read_funnel)
stages = per_tenant(fct_pipeline_stage.read_stages)
deal_forecast = per_tenant(fct_deal_forecast.read_forecast)
deal_outcomes = per_tenant(fct_deal_outcome_monthly.read_outcomes)
stuck_deals = per_tenant(fct_deal.read_stuck)
campaign_list = per_tenant(dim_campaign.read_campaigns)
weekly_spend = per_tenant(fct_campaign_spend_daily.read_weekly)
experiments = per_tenant(dim_experiment.read_experiments)
experiment_lines = per_tenant(fct_experiment_result_daily.read_lines)
win_rates = per_tenant(fct_deal.read_win_rates)
score_history = per_tenant(fct_lead_score_history.read_score_history)
prediction = per_tenant(fct_lead_prediction.read_prediction)
similar_won = per_tenant(ftr_lead.read_similar_won)
model_versions = per_tenant(model_version.read_versions)
model_promotions = per_tenant(model_version.read_promotions)
model_curves = per_tenant(model_curve.read_curves)
model_slices = per_tenant(model_slice.read_slices)
model_quality = per_tenant(fct_model_quality.read_model_quality)
latest_look = per_tenant(fct_model_drift.read_latest_look)
drift_looks = per_tenant(fct_model_drift.read_looks)
mrr_movements = per_tenant(fct_mrr_daily.read_movements)
cohorts = per_tenant(fct_customer_cohort_monthly.read_cohorts)
churn_summary = per_tenant(fct_subscription_churn.read_risk_summary)
at_risk = per_tenant(fct_subscription_churn.read_at_risk)
churn_predictors = per_tenant(fct_subscription_churn.read_predictors)
money_back = per_tenant(fct_refund.read_money_back)
disputes = per_tenant(fct_refund.read_disputes)

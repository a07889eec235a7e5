"""Queries remembered for a moment. Streamlit's cache is shared by all users, so the tenant is each call's first key."""

import inspect
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import ParamSpec, TypeVar, cast
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards.queries import (
    attribution_distribution,
    check_failure,
    check_result,
    fct_attribution_campaign,
    fct_attribution_credit,
    fct_lead,
    fct_quality_daily,
    fct_revenue_retention_monthly,
    fct_touchpoint,
    kpi_tenant_daily,
    sync_run,
)
from dashboards.queries.fct_lead import LeadFilter

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
    remember = st.cache_data(ttl=TTL, max_entries=MAX_ENTRIES, show_spinner=False)
    return cast(Callable[P, R], remember(function))


@per_tenant
def last_day(tenant_id: UUID) -> date | None:
    """See `kpi_tenant_daily.read_last_day`."""
    return kpi_tenant_daily.read_last_day(tenant_id)


@per_tenant
def daily_kpis(tenant_id: UUID, first: date, last: date) -> pl.DataFrame:
    """See `kpi_tenant_daily.read_daily`."""
    return kpi_tenant_daily.read_daily(tenant_id, first, last)


@per_tenant
def monthly_kpis(tenant_id: UUID, months: int) -> pl.DataFrame:
    """See `fct_revenue_retention_monthly.read_complete`."""
    return fct_revenue_retention_monthly.read_complete(tenant_id, months)


@per_tenant
def ranked_leads(tenant_id: UUID, wanted: LeadFilter, limit: int = fct_lead.LIST_LIMIT) -> pl.DataFrame:
    """See `fct_lead.read_ranked`."""
    return fct_lead.read_ranked(tenant_id, wanted, limit)


@per_tenant
def lead_count(tenant_id: UUID, wanted: LeadFilter) -> int:
    """See `fct_lead.count_leads`."""
    return fct_lead.count_leads(tenant_id, wanted)


@per_tenant
def lead(tenant_id: UUID, lead_id: UUID) -> pl.DataFrame:
    """See `fct_lead.read_lead`."""
    return fct_lead.read_lead(tenant_id, lead_id)


@per_tenant
def lead_sources(tenant_id: UUID) -> list[str]:
    """See `fct_lead.read_sources`."""
    return fct_lead.read_sources(tenant_id)


@per_tenant
def timeline(tenant_id: UUID, person_id: str) -> pl.DataFrame:
    """See `fct_touchpoint.read_timeline`."""
    return fct_touchpoint.read_timeline(tenant_id, person_id)


@per_tenant
def top_paths(tenant_id: UUID, first: datetime, last: datetime, lookback: timedelta) -> pl.DataFrame:
    """See `fct_touchpoint.read_top_paths`."""
    return fct_touchpoint.read_top_paths(tenant_id, first, last, lookback)


@per_tenant
def credit(tenant_id: UUID) -> pl.DataFrame:
    """See `fct_attribution_credit.read_credit`."""
    return fct_attribution_credit.read_credit(tenant_id)


@per_tenant
def campaigns(tenant_id: UUID, model: str, channel: str) -> pl.DataFrame:
    """See `fct_attribution_campaign.read_campaigns`."""
    return fct_attribution_campaign.read_campaigns(tenant_id, model, channel)


@per_tenant
def journey_distributions(tenant_id: UUID) -> pl.DataFrame:
    """See `attribution_distribution.read_distributions`."""
    return attribution_distribution.read_distributions(tenant_id)


@per_tenant
def sources(tenant_id: UUID) -> pl.DataFrame:
    """See `sync_run.read_sources`."""
    return sync_run.read_sources(tenant_id)


@per_tenant
def recent_runs(tenant_id: UUID) -> pl.DataFrame:
    """See `sync_run.read_recent`."""
    return sync_run.read_recent(tenant_id)


@per_tenant
def checks(tenant_id: UUID) -> pl.DataFrame:
    """See `check_result.read_checks`."""
    return check_result.read_checks(tenant_id)


@per_tenant
def failures(tenant_id: UUID) -> pl.DataFrame:
    """See `check_failure.read_failures`."""
    return check_failure.read_failures(tenant_id)


@per_tenant
def quality(tenant_id: UUID) -> pl.DataFrame:
    """See `fct_quality_daily.read_quality`."""
    return fct_quality_daily.read_quality(tenant_id)

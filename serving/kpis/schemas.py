"""Shapes of figures by day and by month in requests and answers."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tekup.metrics import METRICS, MONTHLY_METRICS

MOST_DAYS = 1_100
MOST_MONTHS = 240


class KpiQuery(BaseModel):
    """Which days to show."""

    model_config = ConfigDict(extra="forbid")

    since: date | None = Field(default=None, description="First day. Absent: 89 days before the last.")
    until: date | None = Field(default=None, description="Last day, included. Absent: the last day that was built.")

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.since and self.until:
            if self.since > self.until:
                raise ValueError("since must not be after until")
            if (self.until - self.since).days >= MOST_DAYS:
                raise ValueError(f"at most {MOST_DAYS} days at once")
        return self


def _figure(name: str) -> Any:
    """A field with the words of the one definition that all surfaces share."""
    metric = METRICS.get(name) or MONTHLY_METRICS[name]
    return Field(title=metric.label, description=metric.description)


class KpiDay(BaseModel):
    """One day in the tenant's timezone; amounts in minor units of `currency`."""

    kpi_date: date = Field(description="The day.")
    currency: str = Field(description="The tenant's reporting currency, ISO 4217.")
    new_lead_count: int = _figure("new_lead_count")
    qualified_lead_count: int = _figure("qualified_lead_count")
    won_lead_count: int = _figure("won_lead_count")
    lost_lead_count: int = _figure("lost_lead_count")
    touchpoint_count: int = _figure("touchpoint_count")
    new_subscriber_count: int = _figure("new_subscriber_count")
    won_value_cents: int = _figure("won_value_cents")
    spend_cents: int = _figure("spend_cents")
    invoiced_cents: int = _figure("invoiced_cents")
    paid_cents: int = _figure("paid_cents")
    refunded_cents: int = _figure("refunded_cents")
    active_subscription_count: int = _figure("active_subscription_count")
    mrr_cents: int = _figure("mrr_cents")


class Kpis(BaseModel):
    """Days, oldest first."""

    days: list[KpiDay]


class KpiMonthQuery(BaseModel):
    """Which months to show."""

    model_config = ConfigDict(extra="forbid")

    since: date | None = Field(default=None, description="A day; months that begin before it are left out.")
    until: date | None = Field(default=None, description="A day; months that begin after it are left out.")

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since must not be after until")
        return self


class KpiMonth(BaseModel):
    """One month in the tenant's timezone; amounts in minor units of `currency`."""

    month_date: date = Field(description="The month's first day.")
    currency: str = Field(description="The tenant's reporting currency, ISO 4217.")
    is_complete: bool = Field(
        description="Whether the month has ended; the figures of one that has not tell of a part."
    )
    nrr_rate: float | None = _figure("nrr_rate")
    grr_rate: float | None = _figure("grr_rate")
    logo_churn_rate: float | None = _figure("logo_churn_rate")
    arpa_cents: int | None = _figure("arpa_cents")
    ltv_cents: int | None = _figure("ltv_cents")


class KpiMonths(BaseModel):
    """Months, oldest first."""

    months: list[KpiMonth]

"""Shapes of daily figures in requests and answers."""

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_DAYS = 1_100


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


class KpiDay(BaseModel):
    """One day in the tenant's timezone; amounts in minor units of `currency`."""

    kpi_date: date
    currency: str
    new_lead_count: int
    qualified_lead_count: int
    won_lead_count: int
    lost_lead_count: int
    touchpoint_count: int
    new_subscriber_count: int
    won_value_cents: int
    spend_cents: int
    invoiced_cents: int
    paid_cents: int
    refunded_cents: int
    active_subscription_count: int
    mrr_cents: int


class Kpis(BaseModel):
    """Days, oldest first."""

    days: list[KpiDay]

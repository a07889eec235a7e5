"""Shapes of daily figures in requests and answers."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tekup.metrics import METRICS

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


def _figure(name: str) -> Any:
    """A field with the words of the one definition that all surfaces share."""
    return Field(title=METRICS[name].label, description=METRICS[name].description)


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

"""Leads, deals and subscriptions of a tenant as the lake has them on some day. Nothing is asserted here.

What is true of a row does not depend on the day that one looks; what is known of it does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from pipelines.resources.platform import Platform
from tekup.directory.tenants import Tenant
from tekup.ids import derived_uuid

START = datetime(2024, 9, 1, tzinfo=UTC)
LEADS_A_DAY, SUBSCRIPTIONS_A_DAY = 8, 3
LAST_DAY, WINDOW, MONTH = 490, 90, 30
MONTHS = LAST_DAY // MONTH
_LEADS = ("tenant_id", "lead_id", "as_of_at", "source", "employee_count", "touch_count_30d", "is_won_90d")
_SUBSCRIPTIONS = (
    "tenant_id", "subscription_id", "as_of_at", "is_current", "billing_interval", "age_months",
    "failed_charge_count_35d", "has_churned_90d",
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """From day ``since`` on: deals of ``worth`` times the value, waits ``wait`` times as long, ends likelier."""

    since: int = LAST_DAY
    worth: float = 1.0
    wait: float = 1.0
    churn: float = 0.0


def write(platform: Platform, tenant: Tenant, seed: int, day: int, turn: Turn | None = None) -> None:
    """The tenant's extracts as they are on ``day``."""
    turned = turn or Turn()
    come = _lead_truth(seed, turned).filter(pl.col("day") <= day).with_columns(tenant_id=pl.lit(str(tenant.id)))
    is_known_won = pl.col("is_won") & (pl.col("day") + pl.col("wait") <= day)
    is_lost = pl.col("day") + WINDOW <= day
    label = pl.when(is_known_won).then(1).when(is_lost).then(0).cast(pl.Int32)
    platform.lake.write(tenant.id, "lead_features", come.with_columns(is_won_90d=label).select(_LEADS))
    deals = come.filter(is_known_won).select("tenant_id", "lead_id", "converted_at", "value_cents")
    platform.lake.write(tenant.id, "conversions", deals)
    subscriptions = _know_subscriptions(_subscription_truth(seed, turned), day)
    shown = subscriptions.with_columns(tenant_id=pl.lit(str(tenant.id))).select(_SUBSCRIPTIONS)
    platform.lake.write(tenant.id, "subscription_features", shown)


@cache
def _lead_truth(seed: int, turn: Turn) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    rows = LAST_DAY * LEADS_A_DAY
    day = np.arange(rows) // LEADS_A_DAY
    late = day >= turn.since
    is_referral = random.random(rows) < 0.5
    size = random.lognormal(3, 1, rows)
    is_won = random.random(rows) < 0.5
    wait = np.where(is_referral, 3.0, 15.0) * random.gamma(2, 0.5, rows) * np.where(late, turn.wait, 1.0)
    worth = 5_000 * seed * size * random.lognormal(0, 0.4, rows) * np.where(late, turn.worth, 1.0)
    came = pl.lit(START) + pl.duration(days=pl.col("day"), minutes=pl.col("minute"))
    return pl.DataFrame(
        {
            "lead_id": [str(derived_uuid("watched lead", number)) for number in range(rows)],
            "day": day,
            "minute": np.arange(rows) % LEADS_A_DAY,
            "source": np.where(is_referral, "referral", "paid_search"),
            "employee_count": size.round().astype(int) + 1,
            "touch_count_30d": random.poisson(3, rows),
            "is_won": is_won & (wait < WINDOW),
            "wait": wait,
            "value_cents": worth.round().astype(int) + 1,
        }
    ).with_columns(
        came.cast(pl.Datetime("us", "UTC")).alias("as_of_at"),
        (came + pl.col("wait") * timedelta(days=1)).cast(pl.Datetime("us", "UTC")).alias("converted_at"),
    )


@cache
def _subscription_truth(seed: int, turn: Turn) -> pl.DataFrame:
    """Each subscription once a month of its life; whoever fails to pay in a month may end half a month later."""
    random = np.random.default_rng(seed + 100)
    count = LAST_DAY * SUBSCRIPTIONS_A_DAY
    started = np.arange(count) // SUBSCRIPTIONS_A_DAY
    failed = random.poisson(0.5, (count, MONTHS))
    at = started[:, None] + MONTH * np.arange(MONTHS)
    odds = 4.0 - 1.5 * failed - np.where(at >= turn.since, turn.churn, 0.0)
    ends = np.where(
        (random.random(at.shape) < 1 / (1 + np.exp(odds))) & (np.arange(MONTHS) > 0), at + 15, 10 * LAST_DAY
    )
    number = np.repeat(np.arange(count), MONTHS)
    return pl.DataFrame(
        {
            "subscription_id": np.char.add("sub_", number.astype(str)),
            "day": at.ravel(),
            "minute": number % 1440,
            "age_months": np.tile(np.arange(MONTHS), count),
            "failed_charge_count_35d": failed.ravel(),
            "ended": np.repeat(ends.min(axis=1), MONTHS),
            "billing_interval": np.where(number % 3 == 0, "year", "month"),
        }
    )


def _know_subscriptions(truth: pl.DataFrame, today: int) -> pl.DataFrame:
    alive = truth.filter(pl.col("day") < pl.min_horizontal("ended", pl.lit(today)))
    end = pl.min_horizontal(pl.col("day") + WINDOW, pl.lit(today))
    churned = pl.when(pl.col("ended") <= end).then(1).when(pl.col("day") + WINDOW <= today).then(0)
    months = alive.filter(pl.col("age_months") > 0).with_columns(
        is_current=pl.lit(value=False), has_churned_90d=churned
    )
    running = alive.filter(pl.col("ended") > today).unique("subscription_id", keep="last", maintain_order=True)
    now = running.with_columns(
        day=pl.lit(today, dtype=pl.Int64), is_current=pl.lit(value=True), has_churned_90d=pl.lit(None, dtype=pl.Int32)
    )
    came = pl.lit(START) + pl.duration(days=pl.col("day"), minutes=pl.col("minute"))
    return pl.concat([months, now], how="vertical_relaxed").with_columns(
        came.cast(pl.Datetime("us", "UTC")).alias("as_of_at"), pl.col("has_churned_90d").cast(pl.Int32)
    )

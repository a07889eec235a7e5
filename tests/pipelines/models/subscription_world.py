"""Subscription rows of a tenant as the lake has them: whose charges fail tends to leave. Nothing is asserted here."""

from datetime import timedelta

import numpy as np
import polars as pl

from tests.pipelines.models.lead_world import START

SUBSCRIPTIONS, MONTHS = 100, 6


def make(tenant_id: str, seed: int) -> pl.DataFrame:
    """Each subscription once a month with its outcome, and once now, without."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(SUBSCRIPTIONS):
        price = float(random.choice([10_000, 30_000, 90_000]))
        for month in range(MONTHS + 1):
            failed = int(random.poisson(0.5))
            is_current = month == MONTHS
            churned = int(random.random() < 1 / (1 + np.exp(3 - 1.6 * failed)))
            rows.append(
                {
                    "tenant_id": tenant_id,
                    "subscription_id": f"sub_{number}",
                    "as_of_at": START + timedelta(days=30 * month, minutes=number),
                    "is_current": is_current,
                    "billing_interval": "month" if number % 3 else "year",
                    "age_months": month + number % 7,
                    "mrr_cents": price,
                    "failed_charge_count_35d": failed,
                    "has_churned_90d": None if is_current else churned,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"has_churned_90d": pl.Int32, "as_of_at": pl.Datetime("us", "UTC")})

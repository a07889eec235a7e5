"""Simulated leads whose true probability is known. Real datasets are read by `benchmarks.scoring.datasets`."""

from datetime import date, timedelta

import numpy as np
import polars as pl

SOURCES = ["ads", "newsletter", "referral", "fair"]
PULL = np.array([-0.6, 0.0, 0.9, 0.3])


def make(rows: int = 800, *, seed: int = 0, tenant: str | None = None, intercept: float = -0.8) -> pl.DataFrame:
    """One row per lead: visits, size (sometimes null), is_customer, source, day, won; ``truth`` is the probability."""
    random = np.random.default_rng(seed)
    visits, size = random.poisson(3, rows), random.lognormal(3, 1, rows)
    customer, source = random.random(rows) < 0.3, random.integers(0, len(SOURCES), rows)
    logit = intercept + 0.35 * (visits - 3) + 0.4 * (np.log(size) - 3) + 0.8 * customer + PULL[source]
    truth = 1 / (1 + np.exp(-logit))
    unknown = random.random(rows) < 0.1
    frame = pl.DataFrame(
        {
            "visits": visits,
            "size": np.where(unknown, np.nan, size),
            "is_customer": customer,
            "source": [SOURCES[i] for i in source],
            "day": [date(2025, 1, 1) + timedelta(days=int(d)) for d in np.sort(random.integers(0, 400, rows))],
            "won": (random.random(rows) < truth).astype(int),
            "truth": truth,
        }
    ).with_columns(pl.col("size").fill_nan(None))
    return frame if tenant is None else frame.with_columns(pl.lit(tenant).alias("tenant_id"))


def features(frame: pl.DataFrame) -> pl.DataFrame:
    """What a model may see."""
    return frame.drop("truth", "day", "won")


def pooled(sizes: dict[str, tuple[int, float]], *, seed: int = 0) -> pl.DataFrame:
    """Leads of several tenants: name to (rows, intercept)."""
    parts = [
        make(rows, seed=seed * 100 + i, tenant=name, intercept=intercept)
        for i, (name, (rows, intercept)) in enumerate(sizes.items())
    ]
    return pl.concat(parts)

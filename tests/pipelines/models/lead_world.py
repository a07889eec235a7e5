"""Feature rows of two tenants with the same lead ids, as the lake has them. Nothing is asserted here."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from tekup.ids import derived_uuid

START = datetime(2025, 9, 1, tzinfo=UTC)
WINDOW = 90
PER_DAY = 6
MOST_DAYS = 420


def lead_id(number: int) -> str:
    return str(derived_uuid("lead of the model tests", number))


def make(
    tenant_id: str, seed: int, days: int, *, known_until: int, pull: float = 1.4, shift: float = 0.0, since: int = 0
) -> pl.DataFrame:
    """``PER_DAY`` leads a day for ``days`` days; outcomes as they are known on day ``known_until``.

    From day ``since`` on, log sizes are shifted and the pull of referrals is ``pull``; before, it is 1.4.
    """
    random = np.random.default_rng(seed)
    rows = MOST_DAYS * PER_DAY  # the dice fall alike however many days are asked for
    day = np.arange(rows) // PER_DAY
    late = day >= since
    source = random.integers(0, 3, rows)
    size = random.lognormal(3, 1, rows) * np.exp(np.where(late, shift, 0.0))
    visits = random.poisson(3, rows)
    strength = np.where(late, pull, 1.4)
    logit = -1.6 + strength * (source == 2) + 0.5 * (visits - 3) + 0.4 * (np.log(size) - 3)
    won = random.random(rows) < 1 / (1 + np.exp(-logit))
    ripe = day + WINDOW <= known_until
    soon = won & (day + 10 <= known_until)
    frame = pl.DataFrame(
        {
            "tenant_id": tenant_id,
            "lead_id": [lead_id(number) for number in range(rows)],
            "as_of_at": [START + timedelta(days=int(d), minutes=n % PER_DAY) for n, d in enumerate(day)],
            "source": [("paid_search", "organic_search", "referral")[i] for i in source],
            "language": np.where(random.random(rows) < 0.5, "da", "en"),
            "employee_count": size.round().astype(int),
            "touch_count_30d": visits,
            "has_email": random.random(rows) < 0.8,
            "lead_count_so_far": np.arange(rows),
            "is_won_90d": [1 if s or (r and w) else 0 if r else None for s, r, w in zip(soon, ripe, won, strict=True)],
        },
        schema_overrides={"is_won_90d": pl.Int32, "as_of_at": pl.Datetime("us", "UTC")},
    )
    return frame.head(days * PER_DAY)

"""A world of many tenants whose leads' true probabilities are known: sizes, effects and leads. No model lives here.

Tenants share a curved truth (steps, an interaction, categories) and differ by an intercept and by slopes of their own,
drawn from normal distributions; sizes are spread evenly over the orders of magnitude.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

SOURCES = ("ads", "newsletter", "referral", "fair", "search", "partner")
NUMBERS = 8
INTERCEPT, SPREAD, SLOPE = -2.2, 0.8, 0.4
BUCKETS = {"20-99": 100, "100-499": 500, "500-1,999": 2_000, "2,000-7,999": 8_000, "8,000-20,000": 20_001}


@dataclass(frozen=True)
class World:
    """Each tenant's size, intercept and slopes (tenants, numbers), and the pull of each source on each tenant."""

    sizes: np.ndarray
    intercepts: np.ndarray
    slopes: np.ndarray
    pulls: np.ndarray

    def leads(self, share: float, *, seed: int) -> pl.DataFrame:
        """Leads of all tenants, ``share`` of each one's size (at least 20): features, tenant, ``won`` and ``truth``."""
        random = np.random.default_rng(seed)
        counts = np.maximum(20, (self.sizes * share).astype(int))
        tenant = np.repeat(np.arange(len(counts)), counts)
        rows = len(tenant)
        x = random.normal(size=(rows, NUMBERS))
        source = random.integers(0, len(SOURCES), rows)
        curve = _curve(x)
        own = (x * self.slopes[tenant]).sum(axis=1) + self.pulls[tenant, source]
        truth = 1 / (1 + np.exp(-(self.intercepts[tenant] + curve + own)))
        columns = {f"x{i}": x[:, i] for i in range(NUMBERS)}
        return pl.DataFrame(
            {
                "tenant_id": np.char.add("t", tenant.astype(str)),
                "bucket": bucket_of(self.sizes)[tenant],
                **columns,
                "source": np.array(SOURCES)[source],
                "won": (random.random(rows) < truth).astype(np.int8),
                "truth": truth,
            }
        )


def make(tenants: int = 200, *, smallest: int = 20, largest: int = 20_000, seed: int = 0) -> World:
    """Draw the tenants of a world."""
    random = np.random.default_rng(seed)
    sizes = np.exp(random.uniform(np.log(smallest), np.log(largest), tenants)).astype(int)
    return World(
        sizes,
        random.normal(INTERCEPT, SPREAD, tenants),
        random.normal(0.0, SLOPE, (tenants, NUMBERS)),
        random.normal(0.0, SLOPE, (tenants, len(SOURCES))) + mean_pulls(),
    )


def bucket_of(sizes: np.ndarray) -> np.ndarray:
    """The name of each size's bucket."""
    edges = np.array(list(BUCKETS.values()))
    return np.array(list(BUCKETS))[np.searchsorted(edges, sizes, side="right").clip(max=len(edges) - 1)]


def mean_pulls() -> np.ndarray:
    """How each source pulls on average over the tenants."""
    return np.linspace(-0.6, 0.6, len(SOURCES))


def shared_curve(leads: pl.DataFrame) -> np.ndarray:
    """What of the leads' true log-odds is the same for every tenant, besides intercept and sources."""
    return _curve(leads.select([f"x{i}" for i in range(NUMBERS)]).to_numpy())


def _curve(x: np.ndarray) -> np.ndarray:
    curve = 0.8 * (x[:, 0] > 0.5) + 0.5 * np.abs(x[:, 1]) - 0.6 * x[:, 2] * (x[:, 3] > 0) + 0.5 * x[:, 4]
    return np.asarray(curve)

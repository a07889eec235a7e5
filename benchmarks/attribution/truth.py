"""Sets each model's credit beside the true incremental effects of simulated worlds. Time and memory: run.py.

Run from the repository: python benchmarks/attribution/truth.py [--worlds 100] [--leads 1000] [--large 20000]
Truth is how many leads each channel really added: what is lost with that channel alone switched off. Distance is
half the L1 distance between shares (0 same, 1 disjoint); coverage is how often a channel's 90 % interval holds its
true effect: as a share of the model's own total for models that share out everything, in leads for ``incremental``.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import attribution
from integrations.sandbox.frames import microseconds
from integrations.sandbox.journeys import simulate_journeys
from integrations.sandbox.tenants import TENANTS
from integrations.sandbox.vocabulary import CHANNELS

NOW = datetime(2026, 9, 1, tzinfo=UTC)
LOOKBACK = timedelta(days=90)
LEVEL = 0.9


@dataclass(frozen=True)
class World:
    """What a tenant can see of its people, what it can't (intent), and what each channel truly added."""

    touchpoints: pl.DataFrame
    conversions: pl.DataFrame
    intent: pl.DataFrame
    truth: np.ndarray

    def paths(self) -> attribution.Paths:
        """Journeys as a tenant would build them: people still on their way are set aside."""
        return attribution.build_paths(self.touchpoints, self.conversions, lookback=LOOKBACK, as_of=NOW)

    def paths_with_intent(self) -> pl.DataFrame:
        """One row a person with the intent that is hidden from everybody else."""
        rows = self.touchpoints.group_by("person_id", maintain_order=True).agg(path="channel")
        buyers = self.conversions.select("person_id", conversions=1.0)
        rows = rows.join(buyers, on="person_id", how="left").join(self.intent, on="person_id").fill_null(0.0)
        return rows.with_columns(nulls=1.0 - pl.col("conversions"))


def draw_world(seed: int, leads: int) -> World:
    """Draw one tenant of the sandbox with so many leads."""
    now = microseconds(NOW)
    drawn = simulate_journeys(np.random.default_rng([seed, 1]), TENANTS[0], leads, now)
    moment = pl.Datetime("us", "UTC")
    touchpoints = pl.DataFrame(
        {
            "person_id": drawn.person,
            "occurred_at": pl.Series(drawn.occurred).cast(moment),
            "channel": pl.Series(CHANNELS).gather(drawn.channel),
        }
    )
    sold = pl.DataFrame({"person_id": drawn.lead_person, "converted_at": pl.Series(drawn.lead_created).cast(moment)})
    intent = pl.DataFrame({"person_id": np.arange(len(drawn.intent)), "intent": drawn.intent})
    return World(touchpoints, sold, intent, drawn.truth.sort("channel")["incremental_leads"].to_numpy())


Estimate = Callable[[World, attribution.Paths, bool], pl.DataFrame]


def share_out(model: str, **parameters: object) -> Estimate:
    """Credit of a model that shares out all conversions: low, credit, high."""

    def run(world: World, paths: attribution.Paths, bounded: bool) -> pl.DataFrame:
        level = LEVEL if bounded else None
        found = attribution.credit(paths, model, intervals=level, replicates=200, **parameters)
        return found.rename(
            {"conversions": "credit", "conversions_low": "low", "conversions_high": "high"}, strict=False
        )

    return run


def remove(world: World, paths: attribution.Paths, bounded: bool) -> pl.DataFrame:
    level = LEVEL if bounded else None
    found = attribution.incremental_credit(paths, intervals=level, replicates=200).drop_nulls("removal")
    return found.rename({"removal": "credit", "removal_low": "low", "removal_high": "high"}, strict=False)


def remove_plainly(world: World, paths: attribution.Paths, bounded: bool) -> pl.DataFrame:
    found = attribution.incremental_credit(paths, latent=False, timing="end").drop_nulls("removal")
    return found.select("channel", credit="removal")


def remove_knowing(world: World, paths: attribution.Paths, bounded: bool) -> pl.DataFrame:
    found = attribution.incremental_credit(
        world.paths_with_intent(), covariates=["intent"], latent=False, timing="end"
    ).drop_nulls("removal")
    return found.select("channel", credit="removal")


def simulate_days(column: str, knowing: bool) -> Estimate:
    def run(world: World, paths: attribution.Paths, bounded: bool) -> pl.DataFrame:
        covariates = world.intent if knowing else None
        hazard = attribution.fit_hazard(
            world.touchpoints, world.conversions, horizon=timedelta(days=30), covariates=covariates, as_of=NOW
        )
        return hazard.credit(people=2000).drop_nulls("removal").select("channel", credit=column)

    return run


PATH_MODELS: dict[str, Estimate] = {
    "first": share_out("first"),
    "last": share_out("last"),
    "last_non_direct": share_out("last_non_direct"),
    "linear": share_out("linear"),
    "time_decay": share_out("time_decay"),
    "position": share_out("position"),
    "participation": share_out("participation"),
    "markov 1": share_out("markov"),
    "markov 2": share_out("markov", order=2),
    "markov 3": share_out("markov", order=3),
    "shapley counts": share_out("shapley"),
    "shapley rate": share_out("shapley", game="rate", shrinkage=50),
    "incremental": remove,
}
ONCE: dict[str, Estimate] = {
    **PATH_MODELS,
    "incremental, no latent intent": remove_plainly,
    "incremental, intent observed": remove_knowing,
    "hazard, product": simulate_days("product", knowing=False),
    "hazard, g-formula": simulate_days("removal", knowing=False),
    "hazard, product, intent observed": simulate_days("product", knowing=True),
    "hazard, g-formula, intent observed": simulate_days("removal", knowing=True),
}


def distance(credit: np.ndarray, truth: np.ndarray) -> float:
    """Half the L1 distance of the shares; credit below 0 counts as none."""
    kept = np.maximum(credit, 0.0)
    return float(np.abs(kept / kept.sum() - truth / truth.sum()).sum() / 2)


def rank(credit: np.ndarray, truth: np.ndarray) -> float:
    return float(spearmanr(credit, truth).statistic)


def covered(name: str, found: pl.DataFrame, truth: np.ndarray) -> np.ndarray:
    """Whether each channel's interval holds the truth, scaled to the model's total where it shares out everything."""
    scale = 1.0 if name.startswith("incremental") else found["credit"].sum() / truth.sum()
    inside = (found["low"].to_numpy() <= truth * scale) & (truth * scale <= found["high"].to_numpy())
    return np.asarray(inside)


def judge(worlds: int, leads: int, models: dict[str, Estimate], *, bounded: bool) -> pl.DataFrame:
    """One row per model: mean distance, its standard deviation, mean rank correlation, coverage of the interval."""
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in models}
    for seed in range(worlds):
        world = draw_world(1000 + seed, leads)
        paths = world.paths()
        for name, model in models.items():
            found = model(world, paths, bounded).filter(pl.col("channel").is_in(CHANNELS)).sort("channel")
            credit = found["credit"].to_numpy()
            inside = covered(name, found, world.truth).mean() if bounded else np.nan
            rows[name].append((distance(credit, world.truth), rank(credit, world.truth), float(inside)))
    table = {name: np.array(found) for name, found in rows.items()}
    return pl.DataFrame(
        {
            "model": list(table),
            "distance": [x[:, 0].mean() for x in table.values()],
            "spread": [x[:, 0].std() for x in table.values()],
            "rank": [x[:, 1].mean() for x in table.values()],
            "coverage": [x[:, 2].mean() for x in table.values()],
        }
    )


def show(title: str, table: pl.DataFrame) -> None:
    print(f"\n{title}\n{'model':38}{'distance':>9}{'+-':>7}{'rank':>7}{'coverage':>10}")
    for name, far, spread, order, inside in table.iter_rows():
        print(f"{name:38}{far:9.3f}{spread:7.3f}{order:7.2f}" + (f"{inside:10.3f}" if inside == inside else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100, help="small worlds, with intervals")
    parser.add_argument("--leads", type=int, default=1000, help="leads of a small world")
    parser.add_argument("--large", type=int, default=20_000, help="leads of the one large world")
    asked = parser.parse_args()
    show(f"one world of {asked.large:,} leads", judge(1, asked.large, ONCE, bounded=False))
    if asked.worlds:
        found = judge(asked.worlds, asked.leads, PATH_MODELS, bounded=True)
        show(f"{asked.worlds} worlds of {asked.leads:,} leads", found)


if __name__ == "__main__":
    main()

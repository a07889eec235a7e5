"""How near to the best possible score each way of serving many tenants comes, by tenant size, where the truth is known.

Usage: python -m benchmarks.scoring.tenants [--tenants 200] [--largest 20000]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import polars as pl

import scoring
from benchmarks.scoring import world
from scoring import adaptation
from scoring.errors import BadInput
from scoring.logit import sigmoid
from scoring.metrics import measure

LABEL, TENANT = "won", "tenant_id"
NOT_FEATURES = ("bucket", "truth")
Predictions = dict[str, np.ndarray]


def best_possible(known: pl.DataFrame, asked: pl.DataFrame) -> np.ndarray:
    """The world's own probability: nobody can do better."""
    return asked["truth"].to_numpy()


def best_learnable(known: pl.DataFrame, asked: pl.DataFrame) -> np.ndarray:
    """The shared truth and the spread of tenants are given; a tenant's own effects are left to its own leads."""
    names = [f"x{i}" for i in range(world.NUMBERS)]
    levels = pl.Enum(world.SOURCES)

    def design(frame: pl.DataFrame) -> np.ndarray:
        source = np.eye(len(world.SOURCES))[frame["source"].cast(levels).to_physical().to_numpy()]
        return np.column_stack([np.ones(frame.height), frame.select(names).to_numpy(), source])

    mean = np.concatenate([[world.INTERCEPT], np.zeros(len(names)), world.mean_pulls()])
    spread = np.array([world.SPREAD**2] + [world.SLOPE**2] * (len(mean) - 1))
    out = np.empty(asked.height)
    mine, theirs = known[TENANT].to_numpy(), asked[TENANT].to_numpy()
    teach, ask, label = design(known), design(asked), known[LABEL].to_numpy().astype(float)
    before, after = world.shared_curve(known), world.shared_curve(asked)
    for tenant in np.unique(theirs):
        rows, wanted = mine == tenant, theirs == tenant
        effect, _ = adaptation.posterior(teach[rows], before[rows], label[rows], mean, spread, mean, 25, 1.0)
        out[wanted] = sigmoid(after[wanted] + ask[wanted] @ effect)
    return out


def pooled_and_adapted(known: pl.DataFrame, asked: pl.DataFrame) -> Predictions:
    """`scoring.train` on all tenants: as it comes, and without the tenants' own effects."""
    model = scoring.train(known.drop(NOT_FEATURES), label=LABEL, tenant=TENANT, budget=2)
    plain = scoring.train(known.drop(*NOT_FEATURES, TENANT), label=LABEL, budget=2)
    return {
        "pooled and adapted": model.score(asked, reasons=0)["probability"].to_numpy(),
        "a tenant that the training never saw": model.score(asked.drop(TENANT), reasons=0, tenant="new")[
            "probability"
        ].to_numpy(),
        "pooled, no tenant": plain.score(asked, reasons=0)["probability"].to_numpy(),
    }


def per_tenant(known: pl.DataFrame, asked: pl.DataFrame) -> np.ndarray:
    """`scoring.train` on each tenant alone; the base rate where it refuses."""
    out = np.empty(asked.height)
    theirs = asked[TENANT].to_numpy()
    for (tenant,), rows in known.group_by(TENANT):
        wanted = np.flatnonzero(theirs == tenant)
        if not len(wanted):
            continue
        try:
            model = scoring.train(rows.drop(*NOT_FEATURES, TENANT), label=LABEL, allow_leakage=True, budget=1)
            out[wanted] = model.score(asked[wanted], reasons=0)["probability"].to_numpy()
        except BadInput:
            out[wanted] = known[LABEL].mean()  # type: ignore[call-overload]
    return out


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What the work returned, and its CPU seconds."""
    start = time.process_time()
    return work(), time.process_time() - start


def main() -> None:
    """Print a Markdown table: one row a method, ROC AUC / log loss by size of tenant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--largest", type=int, default=20_000)
    options = parser.parse_args()
    drawn = world.make(options.tenants, largest=options.largest)
    known, asked = drawn.leads(1.0, seed=1), drawn.leads(0.3, seed=2)
    predictions: dict[str, tuple[np.ndarray, float]] = {}
    for title, method in {
        "best possible": best_possible,
        "best learnable": best_learnable,
        "per tenant": per_tenant,
    }.items():
        answer, seconds = timed(lambda method=method: method(known, asked))  # type: ignore[misc]
        predictions[title] = (answer, seconds)  # type: ignore[assignment]
    answers, seconds = timed(lambda: pooled_and_adapted(known, asked))
    predictions |= {title: (answer, seconds) for title, answer in answers.items()}  # type: ignore[attr-defined]
    buckets, label = asked["bucket"].to_numpy(), asked[LABEL].to_numpy().astype(float)
    present = [bucket for bucket in world.BUCKETS if (buckets == bucket).any()]
    print(f"{known.height} leads teach, {asked.height} are asked\n\n| method | {' | '.join(present)} | CPU s |")
    print("|---|" + "---|" * (len(present) + 1))
    for title, (probability, seconds) in predictions.items():
        cells = []
        for bucket in present:
            of = buckets == bucket
            figures = measure(label[of], probability[of])
            cells.append(f"{figures['roc_auc']:.3f} / {figures['log_loss']:.3f}")
        print(f"| {title} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()

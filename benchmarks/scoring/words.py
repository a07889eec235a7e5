"""What salespeople's words are worth in training: a simulated sales force, with and without their weight.

A first model scores new leads. People look at some of them, know part of what no feature holds, and say "too high" or
"too low" where they think otherwise. A lead whose outcome bore the word out then weighs more in the second training.
Held-out leads with known true probabilities judge it.

Usage: python -m benchmarks.scoring.words [--seeds 5] [--leads 6000] [--weights 2 4]
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

import scoring
from scoring.logit import sigmoid
from scoring.metrics import measure

NUMBERS = 8
HIDDEN = 1.0
"""Standard deviation, in log-odds, of what decides a lead and is in no feature."""
TEST = 40_000


@dataclass(frozen=True)
class People:
    """How often people speak, and how well they see what is hidden: the correlation of their hunch with it."""

    share: float
    insight: float
    threshold: float = 0.5
    """Log-odds by which their opinion must differ from the score before they say so."""


PEOPLE = (People(0.1, 0.7), People(0.3, 0.7), People(0.3, 0.0))
"""Some who see half of what is hidden, many who do, and many who see nothing of it."""


def make(rows: int, random: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray]:
    """Leads with ``won``, and what is hidden of each."""
    x = random.normal(size=(rows, NUMBERS))
    hidden = random.normal(scale=HIDDEN, size=rows)
    logit = (
        -1.5 + 0.8 * (x[:, 0] > 0.5) + 0.5 * np.abs(x[:, 1]) - 0.6 * x[:, 2] * (x[:, 3] > 0) + 0.5 * x[:, 4] + hidden
    )
    won = (random.random(rows) < sigmoid(logit)).astype(np.int8)
    return pl.DataFrame({f"x{i}": x[:, i] for i in range(NUMBERS)} | {"won": won, "truth": sigmoid(logit)}), hidden


def speak(
    leads: pl.DataFrame, hidden: np.ndarray, shown: np.ndarray, people: People, random: np.random.Generator
) -> np.ndarray:
    """By lead: 1 where people said too low and it was won, -1 where too high and it was not, 0 otherwise."""
    noise = random.normal(scale=HIDDEN, size=leads.height)
    hunch = people.insight * hidden + np.sqrt(1 - people.insight**2) * noise
    truth = leads["truth"].to_numpy()
    opinion = np.log(truth / (1 - truth)) - hidden + hunch - np.log(shown / (1 - shown))
    looked = random.random(leads.height) < people.share
    won = leads["won"].to_numpy() == 1
    return np.where(
        looked & (opinion > people.threshold) & won, 1, np.where(looked & (opinion < -people.threshold) & ~won, -1, 0)
    )


def train(leads: pl.DataFrame, weight: np.ndarray | None = None) -> scoring.LeadModel:
    """`scoring.train` with default settings."""
    taught = leads.drop("truth")
    if weight is None:
        return scoring.train(taught, label="won")
    return scoring.train(taught.with_columns(pl.Series("weight", weight)), label="won", weight="weight")


def run(seed: int, rows: int, weights: Sequence[float]) -> Iterator[tuple[int, float, list[float]]]:
    """By place in `PEOPLE` and weight: share of words borne out; log loss, ROC AUC and ECE less those without words."""
    random = np.random.default_rng(seed)
    before, _ = make(rows // 2, random)
    leads, hidden = make(rows, random)
    test, _ = make(TEST, random)
    label = test["won"].to_numpy().astype(float)
    shown = train(before).score(leads, reasons=0)["probability"].to_numpy()
    everything = pl.concat([before, leads])
    without = measure(label, train(everything).score(test, reasons=0)["probability"].to_numpy())
    for place, people in enumerate(PEOPLE):
        words = speak(leads, hidden, shown, people, random)
        for weight in weights:
            counts = np.concatenate([np.ones(before.height), np.where(words == 0, 1.0, weight)])
            told = train(everything, counts).score(test, reasons=0)["probability"].to_numpy()
            found = measure(label, told)
            change = [found[name] - without[name] for name in ("log_loss", "roc_auc", "ece")]
            yield place, weight, [float((words != 0).mean()), *change]


def main() -> None:
    """Print the mean change by share of leads with a word, insight and weight, with its standard error over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--leads", type=int, default=6_000)
    parser.add_argument("--weights", type=float, nargs="+", default=[2.0, 4.0])
    options = parser.parse_args()
    started = time.process_time()
    found: dict[tuple[int, float], list[list[float]]] = {}
    for seed in range(options.seeds):
        for place, weight, change in run(seed, options.leads, options.weights):
            found.setdefault((place, weight), []).append(change)
    print("looked at  insight  weight  borne out  log loss            ROC AUC             ECE")
    for (place, weight), changes in found.items():
        people = PEOPLE[place]
        mean = np.mean(changes, axis=0)
        error = np.std(changes, axis=0, ddof=1) / np.sqrt(len(changes))
        told = "  ".join(f"{mean[i]:+.5f} ± {error[i]:.5f}" for i in (1, 2, 3))
        print(f"{people.share:9.0%}  {people.insight:7.1f}  {weight:6.1f}  {mean[0]:9.1%}  {told}")
    print(f"{options.seeds} seeds, {time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()

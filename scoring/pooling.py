"""Trees that all tenants share and effects of each, learned in turn. Neither trees nor effects are defined here.

Trees taught without the tenants learn what holds on average over them, which is flatter than what holds within each
(marginal against conditional effects). So once the effects are known, the trees are taught again on top of them, and
the effects anew on top of these trees: one step of backfitting, as in mixed-effects forests (Hajjem and others 2014).
A second step changed nothing (ADR 19).
"""

from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np

from scoring import adaptation, splits, tuning
from scoring.adaptation import Adaptation
from scoring.boosting import Rows, fit_bag, fit_rounds
from scoring.calibration import Calibrator
from scoring.schema import Schema
from scoring.tuning import Tuned


@dataclass(frozen=True)
class Pooled:
    """The shared trees, the map of their raw scores to log-odds, the tenants' effects, and how rows held out fared."""

    booster: lgb.Booster
    rows: Rows
    calibrator: Calibrator
    adaptation: Adaptation | None
    held_logit: np.ndarray
    losses: dict[str, float]


def learn(
    schema: Schema,
    rows: Rows,
    tenant: np.ndarray,
    tuned: Tuned,
    calibrator: Calibrator,
    *,
    known_raw: np.ndarray,
    seed: int,
    threads: int,
) -> Pooled:
    """Teach trees and effects; ``known_raw``: raw scores of trees that did not see the row, NaN where there are none.

    ``rows`` of the result carry the offset on top of which the trees were taught.
    """
    raw = known_raw if not np.isnan(known_raw).any() else _cross_fit(rows, tuned, seed, threads)
    gain = fit_rounds(rows, tuned.shape, tuned.rounds, seed=seed, threads=threads).feature_importance("gain")
    first = _adapt(schema, rows, tenant, calibrator.apply(raw), gain, calibrator, seed)
    chosen, taught = first, rows
    if first.effects is not None:
        names = [str(name) for name in tenant]
        rate = rows.label.mean()
        start = float(np.log(rate / (1 - rate)))
        own = first.effects.own(rows.matrix, calibrator.apply(raw), names)
        again = replace(rows, offset=start + own)
        onto = Calibrator("platt", 1.0, start)
        pooled = onto.apply(_cross_fit(again, tuned, seed, threads))
        second = _adapt(schema, again, tenant, pooled, gain, onto, seed)
        first.losses["trees taught again"] = min(second.losses.values())
        if second.effects is not None and min(second.losses.values()) < min(first.losses.values()) + 1e-12:
            chosen, taught = replace(second, losses=first.losses), again
    bags = tuning.bags_for(len(rows.label))
    booster = fit_bag(taught, tuned.shape, tuned.rounds, bags=bags, seed=seed, threads=threads)
    return Pooled(booster, taught, chosen.calibrator, chosen.effects, chosen.held_logit, chosen.losses)


@dataclass(frozen=True)
class _Adapted:
    calibrator: Calibrator
    effects: Adaptation | None
    held_logit: np.ndarray
    losses: dict[str, float]


def _adapt(
    schema: Schema,
    rows: Rows,
    tenant: np.ndarray,
    pooled: np.ndarray,
    gain: np.ndarray,
    calibrator: Calibrator,
    seed: int,
) -> _Adapted:
    base = adaptation.prepare(schema, rows.matrix, pooled, rows.label, gain)
    return _Adapted(
        calibrator, *adaptation.choose(base, rows.matrix, pooled, rows.label, tenant, seed=seed, weight=rows.weight)
    )


def _cross_fit(rows: Rows, tuned: Tuned, seed: int, threads: int) -> np.ndarray:
    folds = splits.stratified(rows.label, seed=seed, folds=2 if len(rows.label) > tuning.SAMPLED else splits.FOLDS)
    return tuning.cross_fit(rows, folds, tuned.shape, tuned.rounds, seed=seed, threads=threads)

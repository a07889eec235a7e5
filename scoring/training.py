"""From a frame of leads to a model: the order of the steps. Each step itself lives in its own module."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from scoring import (
    adaptation,
    calibration,
    grades,
    intake,
    leakage,
    novelty,
    pooling,
    preparation,
    schema,
    sensitive,
    splits,
    tuning,
    uncertainty,
)
from scoring.baseline import held_out
from scoring.boosting import Rows, Trainer, fit_bag, text_of
from scoring.calibration import Calibrator
from scoring.errors import LeakageError, MissingColumns
from scoring.intake import Leads
from scoring.logit import sigmoid
from scoring.metrics import measure
from scoring.model import LeadModel
from scoring.pooling import Pooled
from scoring.splits import Split
from scoring.tuning import Tuned


def train(
    frame: pl.DataFrame,
    *,
    label: str,
    time: str | None = None,
    tenant: str | None = None,
    apart: Collection[str] = (),
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
    drop: Sequence[str] = (),
    seed: int = 0,
    lead_id: str | None = None,
    weight: str | None = None,
    monotone: Mapping[str, int] | None = None,
    known_at: Mapping[str, str] | None = None,
    allow_leakage: bool | Collection[str] = False,
    allow_special_categories: Collection[str] = (),
    budget: int = 5,
    threads: int = 1,
    as_of: datetime | None = None,
    trainer: Trainer | None = None,
) -> LeadModel:
    """Train a calibrated lead model.

    ``frame``: one row per lead, features as known on the lead's moment: numbers, booleans and text (a category);
    nulls are allowed, NaN is null, infinities are refused. ``label``: 0/1, null where the outcome window has not
    passed (such rows are left out and counted).

    ``time``: date, datetime or number; with it, tuning and figures judge the latest leads by the earlier ones, and
    recency weights are tried; without it, stratified folds drawn by ``seed``. ``tenant``: pools all tenants in trees
    that do not know the tenant, plus shrunk effects per tenant. ``apart``: tenants that opted out of pooling; their
    rows teach nothing that is shared, and only their own effects learn from them.

    ``text``: columns of free text, each read as one number from hashed pieces of its words; other text is a category.
    ``categorical``: number columns that are categories. ``drop``: columns to ignore. ``lead_id``: a column that must
    be unique and is no feature; without it, repeated rows are kept (equal leads are common) and counted.
    ``weight``: a column of finite numbers above 0, how much each lead teaches trees and tenants' slopes; it is no
    feature. Calibration, tenants' intercepts, the choice of shapes and all figures count every lead once, so that
    weights move what is learned and not what a probability means. ``monotone``: feature to +1 or -1.

    ``known_at``: feature to the column that says when its value became known; a value known only after ``time`` is
    leakage. ``allow_leakage``: True, or the names that may know the outcome. ``allow_special_categories``: columns of
    special categories of personal data (GDPR Art. 9, told by their names) that may be features nevertheless.

    ``budget``: how many shapes of trees to try. ``threads``: more help only where cores are idle. ``as_of``: dates
    after it (default: now) are refused.

    ``trainer``: who grows the trees of all rows where these are very many, such as `scoring.distributed.DaskTrainer`;
    shapes are always chosen here, on a sample.

    Same frame, seed and versions give the same model bit for bit, whatever ``threads`` is. A trainer's models are
    equal in quality only: which worker holds which rows is not told beforehand.

    Raises `EmptyFrame`, `MissingColumns`, `UnusableColumn`, `NonFiniteValues`, `LabelError`, `OneClassLabel`,
    `TooLittleData`, `DuplicateLeads`, `WeightError`, `TimeError`, `TenantError`, `LeakageError` or
    `SpecialCategoryError`.
    """
    alone: pl.DataFrame | None = None
    if tenant is not None and apart:
        is_apart = pl.col(tenant).cast(pl.String).is_in(list(apart)).fill_null(False)
        frame, alone = frame.filter(~is_apart), frame.filter(is_apart)
    stamps = dict(known_at or {})
    if stamps and time is None:
        raise MissingColumns("known_at needs the lead's moment", hint="name it in time")
    ignored = [*drop, *(column for column in stamps.values() if column not in drop)]
    leads = intake.take(
        frame, label=label, time=time, tenant=tenant, lead_id=lead_id, weight=weight, drop=ignored, as_of=as_of
    )
    sensitive.refuse(leads.features, allow_special_categories)
    learned, unseen_text = preparation.fit_schema(leads, categorical, text, seed)
    rows = replace(preparation.to_rows(leads, learned, monotone or {}, unseen_text), trainer=trainer)
    found = leakage.learned_too_late(leads.frame, time, stamps) if time is not None else {}
    found = leakage.detect(learned, replace(rows, weight=None), seed=seed, threads=threads) | found
    allowed = _check_leakage(found, allow_leakage)

    sample = _sample(rows, leads, seed)
    judged = leads.time is not None and bool(splits.by_time(leads.time[sample], leads.label[sample]))
    part = rows.take(sample)
    folds = (
        splits.by_time(leads.time[sample], part.label)  # type: ignore[index]
        if judged
        else splits.stratified(part.label, seed=seed)
    )
    tuned = tuning.tune(part, folds, budget=budget, seed=seed, threads=threads)
    judge = _calibrate(part, tuned, folds, judged)
    if leads.tenant is None:
        bags = tuning.bags_for(len(rows.label))
        booster = fit_bag(rows, tuned.shape, tuned.rounds, bags=bags, seed=seed, threads=threads)
        pooled = Pooled(booster, rows, judge.calibrator, None, judge.held_logit, {})
        held = sample[judge.held]
    else:
        known = np.full(len(rows.label), np.nan)
        known[sample] = tuned.held_raw
        pooled = pooling.learn(
            learned, rows, leads.tenant, tuned, judge.calibrator, known_raw=known, seed=seed, threads=threads
        )
        held = np.arange(len(rows.label))
    held_logit = pooled.held_logit
    naive = held_out(learned, part.matrix, part.label, folds)[judge.held]
    metrics = {
        "data": _data(leads, learned, allowed),
        "split": "two windows in time" if judged else f"{len(folds)} stratified folds",
        "validation": measure(rows.label[held], sigmoid(held_logit)),
        "baseline": measure(part.label[judge.held], sigmoid(naive)),
        "shape": tuned.shape.to_json() | {"rounds": tuned.rounds},
        "tried": [shape.to_json() | {"log_loss": loss} for shape, loss in tuned.losses],
        "calibration_log_loss": judge.losses,
        "adaptation_log_loss": pooled.losses,
        "seed": seed,
    }
    edges = grades.find_edges(sigmoid(held_logit))
    unlike = novelty.fit(learned, part.matrix)
    doubt = _doubt(
        pooled.rows.take(sample[:: max(1, len(sample) // tuning.HALVED)]),
        tuned,
        pooled.calibrator,
        unlike,
        leads=len(rows.label),
        signal=float(held_logit.var()),
        seed=seed,
        threads=threads,
    )
    return LeadModel(
        booster_text=text_of(pooled.booster),
        schema=learned,
        calibrator=pooled.calibrator,
        edges=edges,
        novelty=unlike,
        uncertainty=doubt,
        adaptation=pooled.adaptation if alone is None else _receive(pooled, learned, alone, label, str(tenant), weight),
        tenant_column=tenant,
        metrics=metrics,
    )


@dataclass(frozen=True)
class _Judgement:
    """The chosen calibrator, its candidates' losses, and the rows that were held out with their log-odds."""

    calibrator: Calibrator
    losses: dict[str, float]
    held: np.ndarray
    held_logit: np.ndarray


def _calibrate(part: Rows, tuned: Tuned, folds: Sequence[Split], judged: bool) -> _Judgement:
    """In time, the first window teaches the calibrator that the last one judges; else folds of the held-out rows."""
    held = np.flatnonzero(~np.isnan(tuned.held_raw))
    raw, label = tuned.held_raw[held], part.label[held]
    if judged and len(folds) > 1:
        inner = [(np.searchsorted(held, folds[0][1]), np.searchsorted(held, folds[-1][1]))]
    else:
        inner = splits.stratified(label, seed=1)
    chosen, losses, logit = calibration.choose(label, raw, inner)
    return _Judgement(chosen, losses, held, logit)


def _receive(
    pooled: Pooled, learned: schema.Schema, alone: pl.DataFrame, label: str, tenant: str, weight: str | None
) -> adaptation.Adaptation | None:
    """The adaptation with the effects of tenants that stay apart, from their matured leads."""
    outcome = intake.check_label(alone[label]) if label in alone.columns else None
    if pooled.adaptation is None or outcome is None or outcome.null_count() == len(outcome):
        return pooled.adaptation
    matured = alone.filter(outcome.is_not_null())
    matrix = learned.encode(matured)
    logit = pooled.calibrator.apply(np.asarray(pooled.booster.predict(matrix, raw_score=True, num_threads=1)))
    names = matured[tenant].cast(pl.String).to_numpy().astype(str)
    counts = None if weight is None else intake.check_weight(matured[weight])
    return adaptation.receive(pooled.adaptation, matrix, logit, outcome.drop_nulls().to_numpy(), names, counts)


def _doubt(
    part: Rows,
    tuned: Tuned,
    calibrator: Calibrator,
    unlike: novelty.Novelty,
    *,
    leads: int,
    signal: float,
    seed: int,
    threads: int,
) -> uncertainty.Uncertainty:
    """What halves of the rows disagree about."""
    halves = tuning.disagree(part, tuned, seed=seed, threads=threads)
    scores = [[calibrator.apply(raw) for raw in pair] for pair in halves]
    differences = [one - other for one, other in scores]
    surprise, _ = unlike.measure(part.matrix)
    middle = np.mean(scores, axis=(0, 1))
    return uncertainty.fit(
        differences, middle, surprise, part.label, leads=leads, features=part.matrix.shape[1], signal=signal
    )


def _sample(rows: Rows, leads: Leads, seed: int) -> np.ndarray:
    """Rows to tune on, in order: all, or a random part of a large frame."""
    count = len(rows.label)
    if count <= tuning.SAMPLED:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, tuning.SAMPLED, replace=False))


def _check_leakage(found: Mapping[str, str], allow: bool | Collection[str]) -> list[str]:
    """The names of leaking features that were allowed; raises `LeakageError` for the others."""
    refused = {} if allow is True else {n: why for n, why in found.items() if allow is False or n not in allow}
    if refused:
        told = "; ".join(f"{name!r}: {why}" for name, why in refused.items())
        raise LeakageError(
            f"feature(s) that know the outcome: {told}",
            hint="drop what is learned only after the lead's moment, or name it in allow_leakage",
            features=refused,
        )
    return sorted(found)


def _data(leads: Leads, learned: schema.Schema, allowed: list[str]) -> dict[str, Any]:
    return {
        "leads": len(leads.label),
        "won": int(leads.label.sum()),
        "not_matured": leads.unlabelled,
        "repeated_rows": leads.repeated,
        "weighted": 0 if leads.weight is None else int((leads.weight != 1).sum()),
        "tenants": 0 if leads.tenant is None else len(np.unique(leads.tenant)),
        "features": len(learned.features),
        "without_information": list(learned.unused),
        "allowed_leakage": allowed,
    }

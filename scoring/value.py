"""What a won deal is worth: expected value given the lead's features, with an interval. Winning is `scoring.model`'s.

Trees of the gamma family with a logarithmic link, so that means are right for amounts whose spread grows with them; one
factor so that held-out totals agree; and for each tenant a factor shrunk as gamma conjugates are:
``(k m + sum of values) / (k m + sum of predictions)``, with ``k`` deals of the mean ``m`` as the prior.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl

from scoring import card, intake, preparation, sensitive, splits, storage, tuning
from scoring.adaptation import ADAPTATIONS, key_of
from scoring.boosting import Trainer, fit_bag, text_of
from scoring.errors import EmptyFrame, ModelDamaged
from scoring.fastpath import SingleRow
from scoring.schema import Missing, Schema

PRIOR_DEALS = 10.0
LEVEL = 0.9


@dataclass(frozen=True)
class ValueModel:
    """Trees of log value, factors of calibration and of tenants (by hash), and the ratios that the interval spans."""

    booster_text: str
    schema: Schema
    factor: float
    ratios: tuple[float, float]
    tenant_column: str | None = None
    tenants: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees."""
        return lgb.Booster(model_str=self.booster_text)

    @cached_property
    def _single(self) -> SingleRow:
        return SingleRow(self.booster)

    def predict(self, frame: pl.DataFrame, *, tenant: str | None = None, missing: Missing = "error") -> pl.DataFrame:
        """Of each row ``value``, the mean in the label's unit, and ``value_low`` to ``value_high`` for nine of ten."""
        raw = np.asarray(
            self.booster.predict(self.schema.encode(frame, missing=missing), raw_score=True, num_threads=1)
        )
        value = np.exp(raw) * self.factor * self._factors(frame, tenant)
        low, high = self.ratios
        return pl.DataFrame({"value": value, "value_low": value * low, "value_high": value * high})

    def predict_one(self, features: Mapping[str, object], *, tenant: str | None = None) -> float:
        """The expected value of one deal; equal to `predict` on a frame of one row."""
        raw = self._single.raw(self.schema.encode_one(features))
        own = self.tenants.get(key_of(tenant), 1.0) if tenant is not None else 1.0
        return float(np.exp(raw)) * self.factor * own

    def _factors(self, frame: pl.DataFrame, tenant: str | None) -> np.ndarray:
        if tenant is not None:
            return np.full(frame.height, self.tenants.get(key_of(tenant), 1.0))
        if self.tenant_column is None or self.tenant_column not in frame.columns:
            return np.ones(frame.height)
        names = frame[self.tenant_column].cast(pl.String).to_list()
        known = {name: 1.0 if name is None else self.tenants.get(key_of(name), 1.0) for name in set(names)}
        return np.array([known[name] for name in names])

    @property
    def features(self) -> list[str]:
        """Names of the columns that a deal must have."""
        return self.schema.names

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every file of the saved model; equal trainings give equal fingerprints."""
        return storage.fingerprint(self.files())

    def shared_files(self) -> dict[str, str]:
        """Name to text of every file that tenants share, as a lead model that grades by value keeps them."""
        told = {
            "schema": self.schema.to_json(),
            "factor": self.factor,
            "ratios": list(self.ratios),
            "tenant_column": self.tenant_column,
        }
        files = {"value_model.txt": self.booster_text, "value.json": json.dumps(told, indent=1) + "\n"}
        return files | {"value_metrics.json": json.dumps(self.metrics, indent=1) + "\n"}

    def files(self) -> dict[str, str]:
        """Name to text of every file of the saved model; each tenant's factor is a file of its own."""
        own = {
            f"{ADAPTATIONS}/{key}.json": json.dumps({"value_factor": factor}) + "\n"
            for key, factor in sorted(self.tenants.items())
        }
        return self.shared_files() | own | {"model_card.md": card.write_figures("Deal value model", self.metrics)}

    @classmethod
    def from_shared(cls, files: Mapping[str, str], tenants: Mapping[str, float]) -> "ValueModel":
        """The model in files that `shared_files` made, with the tenants' factors at hand, by hash."""
        told = json.loads(files["value.json"])
        low, high = told["ratios"]
        return cls(
            booster_text=files["value_model.txt"],
            schema=Schema.from_json(told["schema"]),
            factor=told["factor"],
            ratios=(low, high),
            tenant_column=told["tenant_column"],
            tenants=tenants,
            metrics=json.loads(files["value_metrics.json"]),
        )


def from_files(files: Mapping[str, str], where: str) -> ValueModel:
    """The model in files that were checked already; ``where`` names it in an error. Raises `ModelDamaged`."""
    try:
        own = storage.read_parts(files, ADAPTATIONS)
        return ValueModel.from_shared(files, {key: float(told["value_factor"]) for key, told in own.items()})
    except (KeyError, TypeError, ValueError) as fault:
        raise ModelDamaged(f"the model in {where} can't be read: {fault!r}", hint="publish it again") from fault


def train(
    frame: pl.DataFrame,
    *,
    label: str,
    time: str | None = None,
    tenant: str | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    seed: int = 0,
    budget: int = 3,
    threads: int = 1,
    as_of: datetime | None = None,
    trainer: Trainer | None = None,
) -> ValueModel:
    """Train a model of what a won deal is worth.

    ``frame``: one row per deal that was won; ``label``: its value, positive, null or zero where unknown (left out). The
    other arguments as in `scoring.train`. Figures in ``metrics`` are of rows held out: ``mean_absolute_error`` and that
    of the mean, ``total_ratio`` (predicted over realised sum) and ``gamma_deviance`` with the mean's.

    Raises what `scoring.train` raises of bad input, `TooLittleData` below 20 deals.
    """
    leads = intake.take_values(frame, label=label, time=time, tenant=tenant, drop=drop, as_of=as_of)
    sensitive.refuse(leads.features, ())
    learned, _ = preparation.fit_schema(leads, categorical, (), seed)
    rows = replace(preparation.to_rows(leads, learned, {}, {}), objective="gamma", trainer=trainer)
    is_large = (leads.label > np.median(leads.label)).astype(float)
    folds = splits.stratified(is_large, seed=seed)
    tuned = tuning.tune(rows, folds, budget=budget, seed=seed, threads=threads)
    held = np.exp(tuned.held_raw)
    factor = float(leads.label.sum() / held.sum())
    own = _tenant_factors(leads.tenant, leads.label, held * factor)
    fitted = held * factor * ([own[key_of(t)] for t in leads.tenant] if leads.tenant is not None else 1.0)
    low, high = np.quantile(leads.label / fitted, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    booster = fit_bag(
        rows, tuned.shape, tuned.rounds, bags=tuning.bags_for(len(rows.label)), seed=seed, threads=threads
    )
    metrics = _figures(leads.label, held * factor) | {"shape": tuned.shape.to_json() | {"rounds": tuned.rounds}}
    return ValueModel(text_of(booster), learned, factor, (float(low), float(high)), tenant, own, metrics)


def losses(model: ValueModel, frame: pl.DataFrame, *, label: str) -> np.ndarray:
    """The gamma family's loss of each deal of a known value: ``log m + y / m`` for the mean ``m`` that is predicted."""
    known, mean = _predicted(model, frame, label)
    return np.asarray(np.log(mean) + known / mean)


def evaluate(model: ValueModel, frame: pl.DataFrame, *, label: str) -> dict[str, float]:
    """The figures of `ValueModel.metrics` on other deals, and ``coverage``, the share that the interval holds."""
    known, mean = _predicted(model, frame, label)
    low, high = model.ratios
    return _figures(known, mean) | {"coverage": float(((known >= mean * low) & (known <= mean * high)).mean())}


def _predicted(model: ValueModel, frame: pl.DataFrame, label: str) -> tuple[np.ndarray, np.ndarray]:
    values = intake.check_value(frame[label])
    known = frame.filter(values.is_not_null())
    if known.is_empty():
        raise EmptyFrame("no deal has a known value", hint="there is nothing to measure")
    return values.drop_nulls().to_numpy(), model.predict(known)["value"].to_numpy()


def _tenant_factors(tenant: np.ndarray | None, value: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    if tenant is None:
        return {}
    prior = PRIOR_DEALS * float(value.mean())
    return {
        key_of(str(name)): float((prior + value[tenant == name].sum()) / (prior + predicted[tenant == name].sum()))
        for name in np.unique(tenant)
    }


def _figures(value: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    mean = np.full_like(value, value.mean())

    def deviance(of: np.ndarray) -> float:
        return float(2 * (value / of - 1 - np.log(value / of)).mean())

    return {
        "n": len(value),
        "mean_absolute_error": float(np.abs(value - predicted).mean()),
        "mean_absolute_error_of_the_mean": float(np.abs(value - mean).mean()),
        "total_ratio": float(predicted.sum() / value.sum()),
        "gamma_deviance": deviance(predicted),
        "gamma_deviance_of_the_mean": deviance(mean),
    }

"""A trained lead model: scores, grades and reasons for frames and for one lead. Training and files live elsewhere."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl

from scoring import card, grades, storage, uncertainty
from scoring.adaptation import ADAPTATIONS, Adaptation, key_of
from scoring.calibration import LIMIT, Calibrator
from scoring.errors import EmptyFrame, MissingColumns, TenantError
from scoring.fastpath import SingleRow
from scoring.logit import sigmoid
from scoring.novelty import Novelty
from scoring.reasons import DTYPE, strongest, to_probability
from scoring.schema import Missing, Schema, as_text
from scoring.scores import SCORED, Doubt, Reason, Score
from scoring.tree_shap import RecursiveShap, TreeShap, tree_shap
from scoring.uncertainty import Uncertainty
from scoring.value import ValueModel

EVERYBODY = ""
"""The key of value edges that hold for every tenant without edges of its own."""
STEP = 1e-4


@dataclass(frozen=True)
class LeadModel:
    """Trees, calibration, adaptation and grade edges, with the schema and the figures of the training."""

    booster_text: str
    schema: Schema
    calibrator: Calibrator
    edges: Sequence[float]
    novelty: Novelty
    uncertainty: Uncertainty
    adaptation: Adaptation | None = None
    tenant_column: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    value: ValueModel | None = None
    value_edges: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Edges of expected value by the tenant's hash, `EVERYBODY` for all others; who has none is graded by chance."""

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees."""
        return lgb.Booster(model_str=self.booster_text)

    @cached_property
    def _single(self) -> SingleRow:
        return SingleRow(self.booster)

    @cached_property
    def _tree_shap(self) -> TreeShap | RecursiveShap:
        return tree_shap(self.booster_text, self.booster)

    @property
    def features(self) -> list[str]:
        """Names of the columns that a lead must have."""
        return self.schema.names

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every file of the saved model; equal trainings give equal fingerprints."""
        return storage.fingerprint(self.files())

    def importance(self) -> pl.DataFrame:
        """One row per feature: ``feature`` and ``gain``, its share of all loss that the splits removed (sums to 1)."""
        gain = self.booster.feature_importance("gain")
        table = pl.DataFrame({"feature": self.features, "gain": gain / max(gain.sum(), 1e-12)})
        return table.sort("gain", descending=True)

    def score(
        self,
        frame: pl.DataFrame,
        *,
        reasons: int = 3,
        tenant: str | None = None,
        missing: Missing = "error",
        threads: int = 1,
    ) -> pl.DataFrame:
        """Score leads, one row per row of ``frame`` and in its order.

        ``frame`` has the feature columns of the training, whatever else it has is ignored; a model of several
        tenants also needs the tenant's column, or ``tenant`` for all rows. ``missing="null"`` reads an absent
        column as unknown. A category that the training did not know counts with the rare ones.

        Returns ``probability`` (float, 0 < p < 1); ``probability_low`` and ``probability_high``, between which the
        true probability lies for nine leads of ten; ``expected_value`` (probability times what a deal is worth; null
        in a model without values); ``grade`` (A to E) of the expected value for whom `with_value` knows the
        capacity, else of the probability;
        ``is_out_of_distribution``, a lead unlike those of the training; ``has_enough_data``, false where the score
        is less sure than scores are apart, so that it should be shown as "too little data"; and ``reasons``: the
        ``reasons`` strongest features as a list of structs ``feature``, ``value`` (text, null if unknown) and
        ``contribution`` (signed, in probability). Contributions of all features plus `base_probability` give the
        probability.

        ``reasons=0`` leaves the lists empty and is many times faster. ``threads``: one by default, because on
        busy cores LightGBM's threads wait for each other; 0 takes all cores.

        Raises `MissingColumns`, `UnusableColumn`, `NonFiniteValues`, `TenantError` or `AdaptationWithheld`.
        """
        if not frame.width:
            raise EmptyFrame("the frame has no columns")
        tenants = self._tenants(frame, tenant)
        matrix = self.schema.encode(frame, missing=missing)
        if not frame.height:
            return pl.DataFrame(schema=SCORED)
        raw = np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=threads))
        logit = self._logit(matrix, raw, tenants)
        probability, doubt = sigmoid(logit), self._doubt(matrix, raw, logit, tenants)
        worth = None
        if self.value is not None:
            worth = probability * self.value.predict(frame, tenant=tenant, missing=missing)["value"].to_numpy()
        columns = {
            "probability": pl.Series(probability),
            "probability_low": pl.Series(doubt.low),
            "probability_high": pl.Series(doubt.high),
            "expected_value": pl.Series([None] * frame.height if worth is None else worth, dtype=pl.Float64),
            "grade": pl.Series(self._grade(probability, worth, self._names(frame, tenant)).tolist(), dtype=pl.String),
            "is_out_of_distribution": pl.Series(doubt.is_out_of_distribution),
            "has_enough_data": pl.Series(doubt.has_enough_data),
        }
        if reasons > 0:
            shares = self.contributions(matrix, tenants, threads=threads)
            columns["reasons"] = self._reason_lists(frame, shares, reasons)
        else:
            columns["reasons"] = pl.Series([[]] * frame.height, dtype=DTYPE)
        return pl.DataFrame(columns)

    def score_one(
        self,
        features: Mapping[str, object],
        *,
        reasons: int = 3,
        tenant: str | None = None,
        missing: Missing = "null",
    ) -> Score:
        """Score one lead from a mapping, without a frame; equal to `score` on a frame of one row to 1e-9.

        Features that the mapping does not name are unknown (``missing="error"`` refuses instead); names that the
        model does not know are ignored. Raises as `score` does.
        """
        if tenant is None and self.adaptation is not None:
            if self.tenant_column is None or self.tenant_column not in features:
                raise self._no_tenant("lead")
            given = features[self.tenant_column]
            tenant = None if given is None else str(given)
        row = self.schema.encode_one(features, missing=missing)
        raw = np.array([self._single.raw(row)])
        matrix = row[None, :]
        logit = self._logit(matrix, raw, [tenant])
        probability, doubt = sigmoid(logit), self._doubt(matrix, raw, logit, [tenant])
        shares: list[Reason] = []
        if reasons > 0:
            parts = self.contributions(matrix, [tenant])
            for position in strongest(parts, reasons)[0]:
                name = self.features[position]
                shares.append(Reason(name, _text(features.get(name)), float(parts[0, position])))
        worth = None if self.value is None else probability * self.value.predict_one(features, tenant=tenant)
        name = tenant if tenant is not None else features.get(self.tenant_column or "")
        mark = str(self._grade(probability, worth, [None if name is None else str(name)])[0])
        return Score(
            probability=float(probability[0]),
            grade=mark,
            base_probability=self.base_probability(tenant),
            reasons=tuple(shares),
            expected_value=None if worth is None else float(worth[0]),
            probability_low=float(doubt.low[0]),
            probability_high=float(doubt.high[0]),
            is_out_of_distribution=bool(doubt.is_out_of_distribution[0]),
            has_enough_data=bool(doubt.has_enough_data[0]),
        )

    def with_value(
        self, value: ValueModel, frame: pl.DataFrame, *, capacity: float | Mapping[str, float | None]
    ) -> "LeadModel":
        """The model that grades by probability times deal value, and by how many leads people can work.

        ``frame``: leads as they come, with which a grade compares; ``capacity``: the share of them that people can
        work (0 to 0.25), for all alike or by tenant. A is the best ``capacity`` of them, B the next as many, C the
        next twice as many; for a tenant of unknown capacity (None) grades keep the shares that they have by
        probability. By tenant, each is compared with its own leads, and one that is not named is graded by
        probability as before.

        Raises `BadInput` for an impossible capacity, `EmptyFrame` for a tenant without leads, else what `score` does.
        """
        valued = replace(self, value=value)
        worth = valued.score(frame, reasons=0)["expected_value"].to_numpy()
        if not isinstance(capacity, Mapping):
            return replace(
                valued, value_edges={EVERYBODY: grades.find_edges(worth, shares=grades.shares_for(capacity))}
            )
        names, edges = np.array(valued._names(frame, None), dtype=object), {}
        for name, share in sorted(capacity.items()):
            own = worth[names == name]
            if not len(own):
                raise EmptyFrame(
                    f"the frame has no lead of tenant {name}", hint="a grade compares with leads that came"
                )
            edges[key_of(name)] = grades.find_edges(
                own, shares=grades.SHARES if share is None else grades.shares_for(share)
            )
        return replace(valued, value_edges=edges)

    def what_if(
        self, features: Mapping[str, object], changes: Mapping[str, Sequence[object]], *, tenant: str | None = None
    ) -> pl.DataFrame:
        """One row per value of ``changes``: ``feature``, ``value``, ``probability``, its ``change`` from the lead's.

        One feature is changed at a time. It tells what the model would say, not what would happen: a lead is not
        moved by writing another number into its form.
        """
        base = self.score_one(features, reasons=0, tenant=tenant).probability
        rows = []
        for name, values in changes.items():
            if name not in self.features:
                raise MissingColumns(
                    f"{name!r} is no feature of the model", hint=f"it knows {', '.join(self.features)}"
                )
            for given in values:
                other = self.score_one({**features, name: given}, reasons=0, tenant=tenant).probability
                rows.append((name, _text(given), other, other - base))
        schema = {"feature": pl.String, "value": pl.String, "probability": pl.Float64, "change": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def influence(self, frame: pl.DataFrame, *, tenant: str | None = None) -> pl.DataFrame:
        """One row per feature: ``feature`` and ``influence``, by how much probability it moves a lead on average.

        The mean of the absolute contributions over ``frame``: global importance in the unit of the reasons.
        """
        matrix = self.schema.encode(frame)
        shares = np.abs(self.contributions(matrix, self._tenants(frame, tenant))).mean(axis=0)
        table = pl.DataFrame({"feature": self.features, "influence": shares})
        return table.sort("influence", descending=True, maintain_order=True)

    def base_probability(self, tenant: str | None = None) -> float:
        """The probability that reasons start from: the trees' expected log-odds, calibrated and adapted."""
        return float(sigmoid(self._base_logit([tenant]))[0])

    def contributions(self, matrix: np.ndarray, tenants: Sequence[str | None], *, threads: int = 1) -> np.ndarray:
        """Contributions (rows, features) in probability; each row sums to its probability minus its base's."""
        trees = self._tree_shap.contributions(matrix, threads=threads)
        logits = trees * self._stretch(trees.sum(axis=1))[:, None]
        if self.adaptation is not None:
            theta = self.adaptation.thetas(tenants)
            logits *= (1 + theta[:, 1] / self.adaptation.scale)[:, None]
            for column, slope in enumerate(self.adaptation.slopes, 2):
                logits[:, slope.feature] += theta[:, column] * slope.apply(matrix[:, slope.feature])
        return to_probability(logits, self._base_logit(tenants))

    def _stretch(self, gap: np.ndarray) -> np.ndarray:
        """Calibrated over raw log-odds on the way from the base to each row; at the base itself, the slope there."""
        base = np.array([self._tree_shap.expected])
        at_base = np.abs(gap) < STEP
        around = self.calibrator.apply(base + STEP) - self.calibrator.apply(base - STEP)
        rise = self.calibrator.apply(base + gap) - self.calibrator.apply(base)
        return np.asarray(np.where(at_base, around / (2 * STEP), rise / np.where(at_base, 1.0, gap)))

    def _logit(self, matrix: np.ndarray, raw: np.ndarray, tenants: Sequence[str | None]) -> np.ndarray:
        pooled = self.calibrator.apply(raw)
        if self.adaptation is None:
            return pooled
        design = self.adaptation.design(matrix, pooled)
        own = (design * self.adaptation.thetas(tenants)).sum(axis=1)
        return np.asarray(np.clip(pooled + own, -LIMIT, LIMIT))

    def _doubt(self, matrix: np.ndarray, raw: np.ndarray, logit: np.ndarray, tenants: Sequence[str | None]) -> Doubt:
        surprise, strange = self.novelty.measure(matrix)
        pooled = self.calibrator.apply(raw)
        variance = self.uncertainty.variance(pooled, surprise)
        if self.adaptation is not None:
            theta = self.adaptation.thetas(tenants)
            variance = variance * (1 + theta[:, 1] / self.adaptation.scale) ** 2
            variance = variance + self.adaptation.variance(self.adaptation.design(matrix, pooled), tenants)
        low, high = uncertainty.interval(logit, variance)
        return Doubt(low, high, strange, self.uncertainty.has_enough_data(variance))

    def _base_logit(self, tenants: Sequence[str | None]) -> np.ndarray:
        start = float(self.calibrator.apply(np.array([self._tree_shap.expected]))[0])
        if self.adaptation is None:
            return np.full(len(tenants), start)
        theta = self.adaptation.thetas(tenants)
        return start + theta[:, 0] + theta[:, 1] * (start - self.adaptation.center) / self.adaptation.scale

    def _grade(self, probability: np.ndarray, worth: np.ndarray | None, names: Sequence[str | None]) -> np.ndarray:
        marks = grades.grade(probability, self.edges)
        if worth is None or not self.value_edges:
            return marks
        every = self.value_edges.get(EVERYBODY)
        order = np.array(names, dtype=object)
        for name in set(names):
            edges = every if name is None else self.value_edges.get(key_of(name), every)
            if edges is not None:
                rows = order == name
                marks[rows] = grades.grade(worth[rows], edges)
        return marks

    def _names(self, frame: pl.DataFrame, tenant: str | None) -> list[str | None]:
        """Each row's tenant as far as it is known, also where the model was not adapted to any."""
        if tenant is not None or self.tenant_column is None or self.tenant_column not in frame.columns:
            return [tenant] * frame.height
        return frame[self.tenant_column].cast(pl.String).to_list()

    def _tenants(self, frame: pl.DataFrame, tenant: str | None) -> list[str | None]:
        if tenant is not None or self.adaptation is None:
            return [tenant] * frame.height
        if self.tenant_column not in frame.columns:
            raise self._no_tenant("frame")
        return frame[self.tenant_column].cast(pl.String).to_list()

    def _no_tenant(self, where: str) -> TenantError:
        return TenantError(
            f"the model was adapted to tenants and the {where} lacks {self.tenant_column!r}",
            hint="give the tenant there or as tenant=; None there, or a new tenant, is scored as a stranger",
        )

    def _reason_lists(self, frame: pl.DataFrame, shares: np.ndarray, count: int) -> pl.Series:
        order = strongest(shares, count)
        texts = [as_text(frame[n]).to_list() if n in frame.columns else None for n in self.features]
        names = self.features
        lists = []
        for row, positions in enumerate(order.tolist()):
            lists.append(
                [
                    {
                        "feature": names[p],
                        "value": None if (column := texts[p]) is None else column[row],
                        "contribution": float(shares[row, p]),
                    }
                    for p in positions
                ]
            )
        return pl.Series(lists, dtype=DTYPE)

    def save(self, path: str | Path) -> Path:
        """Write the model as a new folder, all or nothing; returns its path. A path that exists is refused."""
        return storage.write(Path(path), self.files())

    def files(self) -> dict[str, str]:
        """Name to text of every file of the saved model; each tenant's effects are a file of their own."""
        adaptation = self.adaptation
        schema = self.schema.to_json() | {"tenant_column": self.tenant_column}
        calibration = self.calibrator.to_json() | {
            "grade_edges": list(self.edges),
            "value_edges": list(self.value_edges.get(EVERYBODY, ())),
            "adaptation": None if adaptation is None else adaptation.to_json(),
        }
        files = {
            "model.txt": self.booster_text,
            "schema.json": _json(schema),
            "calibration.json": _json(calibration),
            "uncertainty.json": _json({"novelty": self.novelty.to_json(), "uncertainty": self.uncertainty.to_json()}),
            "metrics.json": _json(self.metrics),
            "model_card.md": card.write(self.metrics, self.importance(), self.calibrator.method),
        }
        effects = {} if adaptation is None else adaptation.effects
        factors = {} if self.value is None else self.value.tenants
        edges = {key: list(own) for key, own in self.value_edges.items() if key != EVERYBODY}
        for key in sorted({*effects, *factors, *edges}):
            own = effects[key].to_json() if key in effects else {}
            own |= {"value_factor": factors[key]} if key in factors else {}
            files[f"{ADAPTATIONS}/{key}.json"] = _json(own | ({"value_edges": edges[key]} if key in edges else {}))
        return files | (self.value.shared_files() if self.value is not None else {})


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _text(value: object) -> str | None:
    return None if value is None else as_text(pl.Series([value])).to_list()[0]

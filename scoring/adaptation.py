"""What a tenant adds to the pooled model: shrunk intercept and slopes, by empirical Bayes. Trees are not known here.

Model: logit P(y=1) = pooled + z'theta_t with theta_t ~ N(mu, diag(tau2)); mu and tau2 by EM with a Laplace step per
tenant (Gelman and Hill, Data Analysis Using Regression and Multilevel Models, ch. 12 and 14).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from scoring.errors import AdaptationWithheld
from scoring.logit import row_losses, sigmoid
from scoring.schema import FIRST_LEVEL, Schema

ADAPTATIONS = "adaptations"
"""The folder of a saved model in which each tenant's own numbers are a file."""
MAX_SLOPES = 30
MAX_LEVELS = 10
"""A category of so many levels has one effect a level; one of more is read as the levels' shared log-odds."""
MAX_EFFECTS = 48
DIGITS = 6
EM_STEPS = 20
EM_ROWS = 4_000
PRIOR_TENANTS = 2.0
PRIOR_VARIANCE = 0.02
MU_VARIANCE = 0.25
CLIP = 4.0


@dataclass(frozen=True)
class Slope:
    """A feature as a tenant may weigh it: ``(x - mean) / scale``, x the number itself or ``table`` by category code."""

    feature: int
    mean: float
    scale: float
    table: tuple[float, ...] = ()

    def apply(self, column: np.ndarray) -> np.ndarray:
        """Standard scores, 0 where unknown, clipped so that an outlier can't run away with a lead."""
        x = np.asarray(self.table)[column.astype(np.int64)] if self.table else column
        return np.clip(np.nan_to_num((x - self.mean) / self.scale, nan=0.0), -CLIP, CLIP)


@dataclass(frozen=True)
class Effect:
    """One tenant's effects: their posterior mean and covariance."""

    mean: np.ndarray
    covariance: np.ndarray

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back."""
        lower = self.covariance[np.tril_indices(len(self.mean))]
        return {"effects": self.mean.tolist(), "covariance": lower.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Effect":
        """What `to_json` wrote."""
        mean = np.asarray(data["effects"])
        lower = np.zeros((len(mean), len(mean)))
        lower[np.tril_indices(len(mean))] = data["covariance"]
        return cls(mean, lower + np.tril(lower, -1).T)


@dataclass(frozen=True)
class Adaptation:
    """The population's mean and spread of tenant effects, and the effects of the tenants that are loaded here.

    ``known`` holds the keys (hashes) of all tenants of the training, so that one whose own effects were not
    loaded is refused instead of silently scored like a stranger.
    """

    slopes: tuple[Slope, ...]
    center: float
    scale: float
    mu: np.ndarray
    tau2: np.ndarray
    known: frozenset[str] = frozenset()
    effects: Mapping[str, Effect] = field(default_factory=dict)

    def design(self, matrix: np.ndarray, pooled: np.ndarray) -> np.ndarray:
        """Columns: 1, the standardised pooled log-odds, then one per slope."""
        columns = [np.ones_like(pooled), (pooled - self.center) / self.scale]
        columns += [slope.apply(matrix[:, slope.feature]) for slope in self.slopes]
        return np.column_stack(columns)

    def effect(self, tenant: str | None) -> Effect:
        """The effects for one tenant; the population's for none and for one that the training never saw."""
        key = key_of(tenant) if tenant is not None else ""
        if key in self.known and key not in self.effects:
            raise AdaptationWithheld(
                f"the adaptation for tenant {tenant} was not loaded here",
                hint="load the model with this tenant in tenants=",
            )
        return self.effects.get(key) or Effect(self.mu, np.diag(self.tau2))

    def thetas(self, tenants: Sequence[str | None]) -> np.ndarray:
        """Effects row by row."""
        distinct: dict[str | None, int] = {}
        rows = np.fromiter((distinct.setdefault(t, len(distinct)) for t in tenants), np.int64, len(tenants))
        if not distinct:
            return np.empty((0, len(self.mu)))
        return np.stack([self.effect(t).mean for t in distinct])[rows]

    def own(self, matrix: np.ndarray, pooled: np.ndarray, tenants: Sequence[str | None]) -> np.ndarray:
        """What the tenant adds to the pooled log-odds of each row."""
        return np.asarray((self.design(matrix, pooled) * self.thetas(tenants)).sum(axis=1))

    def variance(self, design: np.ndarray, tenants: Sequence[str | None]) -> np.ndarray:
        """What not knowing a tenant's effects exactly adds to the variance of each row's log-odds."""
        if len(tenants) == 1:
            return np.asarray(((design @ self.effect(tenants[0]).covariance) * design).sum(axis=1))
        out = np.empty(len(tenants))
        names = np.array(["" if t is None else t for t in tenants])
        for name in np.unique(names):
            rows = names == name
            part = design[rows]
            out[rows] = ((part @ self.effect(str(name) or None).covariance) * part).sum(axis=1)
        return out

    def to_json(self) -> dict[str, Any]:
        """The population's part as plain data; tenants' effects are written apart, one file each."""
        slopes = [{"feature": s.feature, "mean": s.mean, "scale": s.scale, "table": list(s.table)} for s in self.slopes]
        plain = {"slopes": slopes, "center": self.center, "scale": self.scale, "known": sorted(self.known)}
        return {**plain, "mu": self.mu.tolist(), "tau2": self.tau2.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], effects: Mapping[str, Effect]) -> "Adaptation":
        """The adaptation that `to_json` wrote, with the effects at hand."""
        slopes = tuple(Slope(s["feature"], s["mean"], s["scale"], tuple(s["table"])) for s in data["slopes"])
        mu, tau2 = np.asarray(data["mu"]), np.asarray(data["tau2"])
        return cls(slopes, data["center"], data["scale"], mu, tau2, frozenset(data["known"]), dict(effects))


def key_of(tenant: str) -> str:
    """The name under which a tenant's effects are kept: a hash, so that a folder listing names nobody."""
    return hashlib.sha256(f"tekup-scoring:{tenant}".encode()).hexdigest()[:32]


def prepare(
    schema: Schema, matrix: np.ndarray, pooled: np.ndarray, label: np.ndarray, importance: np.ndarray
) -> Adaptation:
    """An adaptation without effects yet: which slopes, and how their features are standardised."""
    chosen = [int(i) for i in np.argsort(-importance, kind="stable")[:MAX_SLOPES] if importance[i] > 0]
    slopes: list[Slope] = []
    for i in chosen:
        column = matrix[:, i]
        table: tuple[float, ...] = ()
        size = len(schema.features[i].levels) + FIRST_LEVEL
        if schema.features[i].kind == "categorical":
            if size <= MAX_LEVELS + FIRST_LEVEL and len(slopes) + size <= MAX_EFFECTS:
                slopes += _level_slopes(i, column, size)
                continue
            table = _category_table(column, label, size)
            column = np.asarray(table)[column.astype(np.int64)]
        low, high = np.nanquantile(column, [0.005, 0.995])
        clipped = np.clip(column, low, high)
        if (scale := float(np.nanstd(clipped))) > 0:
            slopes.append(Slope(i, float(np.nanmean(clipped)), scale, table))
    size = len(slopes) + 2
    spread = max(float(np.std(pooled)), 1e-3)
    empty = Adaptation(tuple(slopes), float(np.mean(pooled)), spread, np.zeros(size), np.zeros(size))
    return replace(empty, tau2=np.full(size, 0.1))


def fit(
    base: Adaptation,
    matrix: np.ndarray,
    pooled: np.ndarray,
    label: np.ndarray,
    tenant: np.ndarray,
    *,
    size: int,
    weight: np.ndarray | None = None,
) -> Adaptation:
    """Estimate ``mu``, ``tau2`` and each tenant's effects from log-odds that did not see the row.

    ``size`` is how many of the design's columns may differ by tenant: 1 is the intercept alone. ``weight``: how much
    each row teaches the slopes; intercepts count every row once, so that weights move no tenant's level.
    """
    keys, groups = np.unique(tenant, return_inverse=True)
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(len(keys) + 1))
    design = base.design(matrix, pooled)[:, :size]
    random = np.random.default_rng(0)
    parts = []
    for start, end in pairwise(bounds):
        rows = order[start:end]
        some = rows if len(rows) <= EM_ROWS else np.sort(random.choice(rows, EM_ROWS, replace=False))
        parts.append((rows, some))
    mu, tau2, theta = _population(design, pooled, label, parts, weight)
    if weight is not None:
        rest = pooled + (design[:, 1:] * theta[groups, 1:]).sum(axis=1)
        mu[:1], tau2[:1], _ = _population(design[:, :1], rest, label, parts, None)
    full = len(base.mu)
    population = replace(base, mu=_pad(mu, full), tau2=_pad(tau2, full), known=frozenset(), effects={})
    return receive(population, matrix, pooled, label, tenant, weight)


def _population(
    design: np.ndarray,
    offset: np.ndarray,
    label: np.ndarray,
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    weight: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and spread of the effects over tenants, and each tenant's, by EM; ``parts``: a tenant's rows, some of them.

    A tenant of very many rows is read from some of them, each counting for as many as were left out.
    """
    size = design.shape[1]
    mu, tau2 = np.zeros(size), np.full(size, 0.1)
    theta = np.zeros((len(parts), size))
    for _ in range(EM_STEPS):
        spread = np.empty_like(theta)
        for t, (rows, some) in enumerate(parts):
            counts: float | np.ndarray = len(rows) / len(some)
            if weight is not None:
                counts = counts * weight[some]
            theta[t], covariance = posterior(design[some], offset[some], label[some], mu, tau2, theta[t], 2, counts)
            spread[t] = np.diag(covariance)
        mu = theta.sum(axis=0) / (len(parts) + tau2 / MU_VARIANCE)
        total = ((theta - mu) ** 2 + spread).sum(axis=0)
        tau2 = (total + PRIOR_TENANTS * PRIOR_VARIANCE) / (len(parts) + PRIOR_TENANTS)
    return mu, tau2, theta


def receive(
    population: Adaptation,
    matrix: np.ndarray,
    pooled: np.ndarray,
    label: np.ndarray,
    tenant: np.ndarray,
    weight: np.ndarray | None = None,
) -> Adaptation:
    """The adaptation with the effects of these tenants besides; they learn from the population and teach it nothing.

    What is not certain about an effect (its covariance) counts every row once, whatever the weights.
    """
    size = int((population.tau2 > 0).sum())
    full = len(population.mu)
    design = population.design(matrix, pooled)[:, :size]
    mu, tau2 = population.mu[:size], population.tau2[:size]
    effects = dict(population.effects)
    for name in np.unique(tenant):
        rows = tenant == name
        counts = 1.0 if weight is None else weight[rows]
        mean, covariance = posterior(design[rows], pooled[rows], label[rows], mu, tau2, mu, 25, counts)
        if weight is not None:
            rest = pooled[rows] + design[rows, 1:] @ mean[1:]
            mean[:1], _ = posterior(design[rows, :1], rest, label[rows], mu[:1], tau2[:1], mu[:1], 25, 1.0)
            _, covariance = posterior(design[rows], pooled[rows], label[rows], mu, tau2, mean, 1, 1.0)
        effects[key_of(str(name))] = Effect(_round(_pad(mean, full)), _round(np.pad(covariance, (0, full - size))))
    return replace(population, known=frozenset(effects), effects=effects)


def choose(
    base: Adaptation,
    matrix: np.ndarray,
    pooled: np.ndarray,
    label: np.ndarray,
    tenant: np.ndarray,
    *,
    seed: int,
    weight: np.ndarray | None = None,
) -> tuple[Adaptation | None, np.ndarray, dict[str, float]]:
    """The adaptation with the least held-out log loss among none, intercept and slopes; refitted on all rows.

    Also returned: the held-out log-odds under the choice, and the loss of each candidate (two halves of rows,
    each adapted by the other).
    """
    half = np.random.default_rng(seed).permutation(len(label)) % 2
    sizes = {"intercept": 1, "slopes": len(base.mu)}
    held = {"none": pooled}
    for name, size in sizes.items():
        out = np.empty_like(pooled)
        for k in (0, 1):
            teach, test = half != k, half == k
            counts = None if weight is None else weight[teach]
            fitted = fit(base, matrix[teach], pooled[teach], label[teach], tenant[teach], size=size, weight=counts)
            out[test] = pooled[test] + fitted.own(matrix[test], pooled[test], [str(t) for t in tenant[test]])
        held[name] = out
    losses = {name: float(row_losses(label, logit).mean()) for name, logit in held.items()}
    best = min(losses, key=lambda name: losses[name])
    if best == "none":
        return None, pooled, losses
    return fit(base, matrix, pooled, label, tenant, size=sizes[best], weight=weight), held[best], losses


def _level_slopes(feature: int, column: np.ndarray, size: int) -> list[Slope]:
    """One indicator for each level that occurs, centred on its share."""
    shares = np.bincount(column.astype(np.int64), minlength=size) / len(column)
    tables = np.eye(size)
    return [
        Slope(feature, float(share), 1.0, tuple(tables[code].tolist()))
        for code, share in enumerate(shares)
        if share > 0
    ]


def _category_table(column: np.ndarray, label: np.ndarray, size: int) -> tuple[float, ...]:
    """Smoothed log-odds of the label by category code."""
    codes = column.astype(np.int64)
    rows, wins = np.bincount(codes, minlength=size), np.bincount(codes, label, minlength=size)
    rate = (wins + 20 * label.mean()) / (rows + 20)
    return tuple(np.log(rate / (1 - rate)).tolist())


def posterior(
    design: np.ndarray,
    offset: np.ndarray,
    label: np.ndarray,
    mu: np.ndarray,
    tau2: np.ndarray,
    start: np.ndarray,
    steps: int,
    weight: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mode of one tenant's effects and its covariance, by damped Newton steps from ``start``.

    ``weight``: how often each row counts, one number for all or one for each.
    """
    theta = start.copy()
    precision = 1.0 / tau2
    inverse = np.diag(tau2)
    for _ in range(steps):
        p = sigmoid(offset + design @ theta)
        gradient = design.T @ (weight * (label - p)) - precision * (theta - mu)
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(precision)
        inverse = np.linalg.inv(hessian)
        step = inverse @ gradient
        theta = theta + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return theta, inverse


def _pad(values: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([values, np.zeros(size - len(values))])


def _round(values: np.ndarray) -> np.ndarray:
    """As many digits as matter: a tenant's file is read by every server."""
    with np.errstate(divide="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    factor = 10.0 ** np.where(np.isfinite(digits), digits, 0)
    return np.asarray(np.round(values * factor) / factor)

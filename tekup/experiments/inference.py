"""What two variants' sums say of their difference, at one look and at all looks at once. Verdicts are not drawn here.

The estimate is a difference of means, freed by CUPED (Deng, Xu, Kohavi and Walker 2013) of what a covariate from before
the exposure explains; it and its error come from `tea-tasting`. Bounds that hold at every look are the asymptotic
confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences" (Annals of Statistics 52:6, 2024), theorem 2.2 with its choice of rho (section 2.3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics import Mean

LEAST_UNITS = 100
"""With fewer in a variant, the normal law that all bounds rest on is no safe guess."""
PLANNED_UNITS = 2_000
_STRENGTHS = (10.0, 100.0, 1_000.0, 10_000.0)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one variant: persons, and sums of a metric y, a covariate x, and their squares and products."""

    count: int = 0
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.count + other.count, self.y + other.y, self.yy + other.yy, self.x + other.x, self.xx + other.xx,
            self.xy + other.xy,
        )  # fmt: skip

    @property
    def mean(self) -> float | None:
        """The metric's plain mean."""
        return self.y / self.count if self.count else None

    def aggregates(self) -> Aggregates:
        """Means, variances and covariance, as the library takes them."""
        n, free = self.count, max(self.count - 1, 1)
        return Aggregates(
            n,
            {"y": self.y / n, "x": self.x / n},
            {"y": max(self.yy - self.y**2 / n, 0.0) / free, "x": max(self.xx - self.x**2 / n, 0.0) / free},
            {("x", "y"): (self.xy - self.x * self.y / n) / free},
        )


def add_up(parts: Sequence[Sums]) -> Sums:
    """All parts together."""
    return reduce(Sums.__add__, parts, Sums())


@dataclass(frozen=True, slots=True)
class Difference:
    """A treatment against the control.

    ``low``, ``high`` and ``p_value`` hold however often one looks; ``fixed_low``, ``fixed_high`` and ``fixed_p_value``
    only at one look that was planned before. ``variance_cut``: the part of the error's variance that CUPED took away.
    """

    control: float
    treatment: float
    effect: float
    standard_error: float
    count: int
    low: float
    high: float
    p_value: float
    fixed_low: float
    fixed_high: float
    fixed_p_value: float
    variance_cut: float

    @property
    def relative(self) -> float | None:
        """The effect as a part of the control's mean."""
        return self.effect / self.control if self.control else None


def compare(control: Sums, treatment: Sums, alpha: float, planned: int = PLANNED_UNITS) -> Difference | None:
    """The difference with its bounds; None where a variant has nobody, or nothing varies.

    ``planned``: about how many persons in all the experiment is made for; the bounds are tightest there.
    """
    if control.count < 2 or treatment.count < 2:
        return None
    arms = control.aggregates(), treatment.aggregates()
    if not any(arm.var("y") for arm in arms):
        return None
    plain = Mean("y", confidence_level=1 - alpha, use_t=False).analyze_aggregates(*arms)
    found = Mean("y", covariate="x", confidence_level=1 - alpha, use_t=False).analyze_aggregates(*arms)
    quantile = float(stats.norm.isf(alpha / 2))
    error = (found.effect_size_ci_upper - found.effect_size) / quantile
    plain_error = (plain.effect_size_ci_upper - plain.effect_size) / quantile
    if not math.isfinite(error) or error <= 0:
        return None
    count = control.count + treatment.count
    radius = float(sequential_radius(error, count, alpha, planned))
    return Difference(
        control=float(found.control),
        treatment=float(found.treatment),
        effect=float(found.effect_size),
        standard_error=float(error),
        count=count,
        low=float(found.effect_size) - radius,
        high=float(found.effect_size) + radius,
        p_value=float(sequential_p_value(found.effect_size, error, count, alpha, planned)),
        fixed_low=float(found.effect_size_ci_lower),
        fixed_high=float(found.effect_size_ci_upper),
        fixed_p_value=float(found.pvalue),
        variance_cut=1 - float(error / plain_error) ** 2,
    )


def _rho_squared(alpha: float, planned: int) -> float:
    """The mixture's variance that makes the bounds tightest at ``planned`` units."""
    wide = -2 * math.log(alpha)
    return (wide + math.log(wide + 1)) / planned


def sequential_radius(
    error: float | NDArray[np.float64], count: int | NDArray[np.float64], alpha: float, planned: int = PLANNED_UNITS
) -> NDArray[np.float64]:
    """Half the width of the bounds that hold at every look, of standard errors at numbers of persons."""
    told = np.asarray(count, dtype=float) * _rho_squared(alpha, planned)
    radius: NDArray[np.float64] = np.asarray(error) * np.sqrt(2 * (told + 1) / told * np.log(np.sqrt(told + 1) / alpha))
    return radius


def sequential_p_value(effect: float, error: float, count: int, alpha: float, planned: int = PLANNED_UNITS) -> float:
    """The smallest error rate at which the bounds leave out zero, with the mixture made for ``alpha``."""
    told = count * _rho_squared(alpha, planned)
    exponent = -((effect / error) ** 2) * told / (2 * (told + 1))
    return min(1.0, math.sqrt(told + 1) * math.exp(exponent))


def ratio_p_value(counts: Sequence[int], weights: Sequence[float]) -> float:
    """How surely variants' sizes do not follow their weights, valid at every look.

    One over a Bayes factor of Dirichlet mixtures around the weights against the weights themselves (Lindon and Malek,
    "Anytime-valid inference for multinomial count data", NeurIPS 2022), the mean over mixtures from wide to narrow. By
    Ville's inequality it falls to a or less, ever, with a chance of at most a where the weights are true.
    """
    shares = np.asarray(weights, dtype=float) / sum(weights)
    seen = np.asarray(counts, dtype=float)
    expected = (seen * np.log(shares)).sum()
    factors = []
    for strength in _STRENGTHS:
        prior = strength * shares
        ratio = special.gammaln(prior + seen) - special.gammaln(prior)
        whole = special.gammaln(strength + seen.sum()) - special.gammaln(strength)
        factors.append(ratio.sum() - whole - expected)
    log_factor = special.logsumexp(factors) - math.log(len(factors))
    return math.exp(min(-float(log_factor), 0.0))


@dataclass(frozen=True, slots=True)
class Size:
    """Persons needed in all variants together: for one planned look, and where every look may stop it."""

    fixed: int
    sequential: int


def size_needed(
    mean: float, variance: float, relative_effect: float, *, alpha: float = 0.05, power: float = 0.8, variants: int = 2
) -> Size:
    """How many persons show an effect of ``relative_effect`` times ``mean`` with a chance of ``power``.

    With more than two variants each is compared with the control, at ``alpha`` divided by their number.
    """
    each = alpha / (variants - 1)
    effect = abs(relative_effect * mean)
    metric = Mean("y", rel_effect_size=abs(relative_effect), alpha=each, power=power, ratio=1, use_t=False)
    solved = metric.solve_power_from_aggregates(Aggregates(2, {"y": mean}, {"y": variance}), "n_obs")
    fixed = int(solved[0].n_obs or 0)
    beyond = float(stats.norm.ppf(power))

    def lacking(log_count: float) -> float:
        count = math.exp(log_count)
        error = math.sqrt(4 * variance / count)
        return float(sequential_radius(error, count, each, max(fixed, 1))) + beyond * error - effect  # type: ignore[arg-type]

    both = math.exp(optimize.brentq(lacking, math.log(2), math.log(max(fixed, 2)) + 10))
    return Size(math.ceil(fixed * variants / 2), math.ceil(both * variants / 2))

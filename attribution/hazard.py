"""Fits the daily chance to convert and simulates what a channel's absence changes. How days are laid out: panel.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.special import expit, log_expit

from attribution.columns import Frame
from attribution.errors import BadParameter, TooManyChannels
from attribution.incremental import BASELINE
from attribution.panel import Panel, build_panel
from attribution.segments import FloatArray, ratio

_MOST_CHANNELS = 60
_RIDGE = 1.0
_STEPS = 40


@dataclass(frozen=True, eq=False)
class Hazard:
    """A fitted model of when people convert and of what they touch next.

    ``half_life`` days of the adstock, chosen by likelihood; ``effects`` (2 + K + V,) of the daily log odds: constant,
    log(1 + day), log(1 + adstock) of each channel, covariates; ``errors`` their standard errors; ``exposure``
    (2 + K + V, K) likewise of touching each channel on a day, by the adstock of the day before; ``volume`` (K,)
    touches on a day that has any.
    """

    panel: Panel
    half_life: float
    effects: FloatArray
    errors: FloatArray
    exposure: FloatArray
    volume: FloatArray

    @property
    def coefficients(self) -> pl.DataFrame:
        """feature, coefficient of the daily log odds, standard_error."""
        names = ["(constant)", "(log day)", *self.panel.channels, *self.panel.names]
        return pl.DataFrame({"feature": names, "coefficient": self.effects, "standard_error": self.errors})

    def credit(self, *, people: int = 4000, seed: int = 0) -> pl.DataFrame:
        """Conversions within the horizon that each channel added.

        Two answers: ``removal`` by the g-formula (Robins 1986): people drawn from the panel live the horizon again
        with and without the channel, later touches following the exposure model, so that a channel is credited for
        the touches it leads to; ``product``, the simple product, looks at the day of each real conversion and takes
        away the channel's own adstock only. A noisy covariate can make the simulation worse than the product: look
        at both.
        Returns, sorted, channel; conversions: the effect of all channels together, shared in proportion to removal
        above 0; removal; product; the last line is (baseline), with which conversions sum to all within the horizon.
        """
        if isinstance(people, bool) or not isinstance(people, int) or people < 1:
            raise BadParameter(f"people is {people!r}", hint="a whole number from 1, e.g. 4000")
        panel = self.panel
        observed = float(panel.converts.sum())
        channels = len(panel.channels)
        natural, without, nothing = self._simulate(people, seed)
        removal = observed * (1 - without / natural) if natural > 0 else np.zeros(channels)
        joint = observed * float(np.clip(1 - nothing / natural, 0.0, 1.0)) if natural > 0 else 0.0
        lost = np.maximum(removal, 0.0)
        conversions = joint * ratio(lost, np.full(channels, lost.sum()))
        columns = {"conversions": conversions, "removal": removal, "product": self._multiply()}
        table = pl.DataFrame({"channel": list(panel.channels), **columns}).sort("channel")
        rest = pl.DataFrame({"channel": [BASELINE], "conversions": [observed - float(conversions.sum())]})
        return pl.concat([table, rest], how="diagonal")

    def _multiply(self) -> FloatArray:
        """Conversions (K,) lost on their own day when one channel's adstock is taken away."""
        panel = self.panel
        days = np.flatnonzero(panel.converts)
        adstock = np.log1p(panel.carry(self.half_life)[days])
        people = panel.person()[days]
        fixed = _fix(panel.day[days], panel.covariates[people], self.effects, adstock.shape[1])
        push = adstock * self.effects[2 : 2 + adstock.shape[1]]
        whole = fixed + push.sum(axis=1)
        kept = expit(whole[:, np.newaxis] - push) / expit(whole)[:, np.newaxis]
        found: FloatArray = (1 - kept).sum(axis=0)
        return found

    def _simulate(self, people: int, seed: int) -> tuple[float, FloatArray, float]:
        """Expected conversions of drawn people as they are, without each channel (K,), and without any touch."""
        panel, channels = self.panel, len(self.panel.channels)
        rng = np.random.default_rng(seed)
        starts = panel.offsets[:-1]
        chance = panel.weight[starts] / panel.weight[starts].sum()
        drawn = rng.choice(len(starts), size=people, p=chance)
        first, covariates = panel.touches[starts[drawn]], panel.covariates[drawn]
        allowed = np.ones((channels + 2, 1, channels))
        allowed[np.arange(channels), 0, np.arange(channels)] = 0.0
        allowed[-1] = 0.0
        decay = 0.5 ** (1.0 / self.half_life)
        adstock = first * allowed
        alive, converted = np.ones((channels + 2, people)), np.zeros((channels + 2, people))
        for day in range(panel.horizon):
            if day:
                # The same luck in every world: only what the missing channel changes may differ.
                luck = rng.random((people, channels))
                wanted = (
                    _fix(np.full(people, day), covariates, self.exposure, channels)
                    + np.log1p(adstock) @ self.exposure[2 : 2 + channels]
                )
                adstock = decay * adstock + (luck < expit(wanted)) * self.volume * allowed
            push = np.log1p(adstock) @ self.effects[2 : 2 + channels]
            hazard = expit(_fix(np.full(people, day), covariates, self.effects, channels) + push)
            converted += alive * hazard
            alive *= 1 - hazard
        totals = converted.sum(axis=1)
        return float(totals[channels]), totals[:channels], float(totals[-1])


def fit_hazard(
    touchpoints: Frame,
    conversions: Frame,
    *,
    horizon: timedelta,
    covariates: pl.DataFrame | None = None,
    half_lives: Sequence[float] = (1.0, 3.0, 7.0, 14.0),
    as_of: datetime | None = None,
    seed: int = 0,
) -> Hazard:
    """Fit a discrete-time hazard of the first conversion, day by day since the first touch.

    ``touchpoints`` and ``conversions``: as for build_paths (person_id, occurred_at, channel; person_id,
    converted_at). Everybody with a touch is followed for ``horizon``, those who never convert included; ``as_of``
    (None: the last moment of the data) cuts the view off, so that the young are censored and not taken for lost.
    ``covariates``: person_id and numeric columns known before the first touch, for every person with a touch.
    ``half_lives`` in days of the adstock: the one with the greatest likelihood is kept. Where days at
    risk times channels exceed 15 million, people who don't convert are thinned out under ``seed`` and weighed up.

    logit P(convert on day d | not before) = constant + c log(1 + d) + sum_k effect_k log(1 + adstock_k) +
    covariates (pooled logistic regression, D'Agostino et al. 1990, doi:10.1002/sim.4780091214), with a ridge of
    one prior day. Touches and days since count; intent that no covariate tells does not: see ``incremental``.

    >>> from datetime import datetime, timedelta
    >>> touches = pl.DataFrame({"person_id": range(40), "channel": ["a", "b"] * 20,
    ...                         "occurred_at": [datetime(2026, 1, 1 + i // 4) for i in range(40)]})
    >>> sales = pl.DataFrame({"person_id": range(0, 40, 4), "converted_at": [datetime(2026, 1, 20)] * 10})
    >>> hazard = fit_hazard(touches, sales, horizon=timedelta(days=20))
    >>> hazard.credit(people=200)["channel"].to_list()
    ['a', 'b', '(baseline)']
    """
    choices = [float(x) for x in half_lives if isinstance(x, int | float) and 0 < x < np.inf]
    if not choices or len(choices) < len(half_lives):
        raise BadParameter(f"half_lives is {half_lives!r}", hint="days above 0, e.g. (1, 3, 7, 14)")
    panel = build_panel(touchpoints, conversions, covariates, horizon, as_of, seed)
    if len(panel.channels) > _MOST_CHANNELS:
        raise TooManyChannels(
            f"{len(panel.channels)} channels are too many for the hazard model (at most {_MOST_CHANNELS})",
            hint="roll rare channels up into one",
        )
    person = panel.person()
    best: tuple[float, float, FloatArray, FloatArray] | None = None
    for half_life in choices:
        features = _features(panel, panel.carry(half_life), person)
        effects, errors, likelihood = _regress(features, panel.converts.astype(np.float64), panel.weight)
        if best is None or likelihood > best[0]:
            best = (likelihood, half_life, effects, errors)
    assert best is not None
    _, half_life, effects, errors = best
    exposure, volume = _fit_exposure(panel, half_life, person)
    return Hazard(panel, half_life, effects, errors, exposure, volume)


def _features(panel: Panel, adstock: FloatArray, person: np.ndarray) -> FloatArray:
    constant = np.ones((len(panel.day), 1))
    return np.concatenate(
        [constant, np.log1p(panel.day)[:, np.newaxis], np.log1p(adstock), panel.covariates[person]], axis=1
    )


def _fix(day: np.ndarray, covariates: FloatArray, effects: FloatArray, channels: int) -> FloatArray:
    """The part of the log odds that touches don't change."""
    if effects.ndim == 2:
        day = day[:, np.newaxis]
    found: FloatArray = effects[0] + effects[1] * np.log1p(day) + covariates @ effects[2 + channels :]
    return found


def _fit_exposure(panel: Panel, half_life: float, person: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """For each channel the log odds of a touch on a day by the adstock of the day before; touches on days with any."""
    later = np.flatnonzero(panel.day > 0)
    features = _features(panel, panel.carry(half_life), person)[later - 1]
    features[:, 1] = np.log1p(panel.day[later])
    touched = panel.touches[later]
    columns = [
        _regress(features, (touched[:, k] > 0).astype(np.float64), panel.weight[later])[0]
        for k in range(len(panel.channels))
    ]
    sums = panel.weight[later] @ touched
    days = panel.weight[later] @ (touched > 0)
    return np.stack(columns, axis=1), np.where(days > 0, sums / np.maximum(days, 1.0), 1.0)


def _regress(features: FloatArray, happened: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Logistic regression by Newton's method: coefficients (P,), robust standard errors, log likelihood."""
    size = features.shape[1]
    effects = np.zeros(size)
    rate = float(weight @ happened + 0.5) / float(weight.sum() + 1.0)
    effects[0] = np.log(rate / (1 - rate))
    ridge = np.full(size, _RIDGE)
    ridge[0] = 1e-6
    for _ in range(_STEPS):
        chance = expit(features @ effects)
        slope = features.T @ (weight * (happened - chance)) - ridge * effects
        curve = (features * (weight * chance * (1 - chance))[:, np.newaxis]).T @ features + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        effects = effects + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-8:
            break
    eta = features @ effects
    scores = features * (weight * (happened - expit(eta)))[:, np.newaxis]
    inverse = np.linalg.inv(curve)
    errors = np.sqrt(np.maximum(np.diag(inverse @ (scores.T @ scores) @ inverse), 0.0))
    likelihood = float(weight @ np.where(happened > 0, log_expit(eta), log_expit(-eta)))
    return effects, errors, likelihood

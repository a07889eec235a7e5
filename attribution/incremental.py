"""Credit by counterfactual removal: what journeys would have converted without a channel. The fit is in intent.py."""

from dataclasses import replace

import numpy as np
import polars as pl
from scipy import sparse

from attribution.columns import collect, read_amounts, read_choice
from attribution.errors import BadColumn, BadParameter, NoNulls, TooManyChannels
from attribution.intent import Profiles, Response, find_profiles
from attribution.intervals import bound_columns, read_replicates
from attribution.paths import Paths, as_paths
from attribution.sample import Estimate, Sample, draw, whole
from attribution.segments import FloatArray, offsets_of, ratio, spans

BASELINE = "(baseline)"
_MOST_CHANNELS = 200
_MOST_CELLS = 60_000_000
# Chances to convert that a model is fitted to, of journeys that convert and of others: more cost time and add little.
_MOST_TRIALS = 40_000
_STEP = 1e-4


def estimate(sample: Sample, latent: bool = True, timing: str = "auto") -> Estimate:
    """Additive incremental conversions and value of each channel; what is left of the totals is the baseline."""
    if not len(sample.paths):
        nothing = np.zeros((len(sample.weightings), 0))
        return Estimate(nothing, nothing)
    tables = _Fit(sample, _read_latent(latent), timing).tables()
    return Estimate(tables["conversions"], tables["value"])


def incremental_credit(
    paths: object,
    *,
    covariates: list[str] | None = None,
    latent: bool = True,
    timing: str = "auto",
    intervals: float | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> pl.DataFrame:
    """What each channel added to the conversions, beside what would have come anyway.

    A response model of journeys, those that convert and those that don't: log odds of converting = intercept +
    covariates + gain * intent + sum over channels of effect * (1 - exp(-rate * touches)).
    ``latent``: intent is what the touches of a person have in common (see attribution/intent.py); False leaves
    it out. ``timing``: ``end`` a journey runs its course, then converts or not; ``touch`` a person may convert
    after every touch, which ends the journey; ``auto`` the more likely of the two.
    ``paths``: Paths, or a frame of paths; then ``covariates`` names numeric columns known before the
    first touch (no nulls), one row a person: better than any latent intent where they tell it.

    Returns a line per channel, sorted, and a last one (baseline) for what would have come without a touch:
    channel; conversions and value: additive credit, which with the baseline sums to all there are; removal: the
    conversions lost if this channel alone were gone, each converting journey losing 1 - P(without) / P(with)
    (the probability of necessity; below 0 the channel goes along with fewer conversions); product: the simple
    product, conversions in proportion to effect times exposure above 0 in the log odds, without the baseline
    (all conversions shared). With ``intervals`` the bounds of each, by a bootstrap of 256 buckets of people
    in which each replicate takes one Newton step. Raises NoNulls without a journey that ends in nothing.

    >>> frame = pl.DataFrame({"path": [["a"], ["b"], ["a", "b"]], "conversions": [30, 5, 40], "nulls": [70, 95, 60]})
    >>> found = incremental_credit(frame, latent=False)
    >>> found["channel"].to_list(), round(found["conversions"].sum(), 6)
    (['a', 'b', '(baseline)'], 75.0)
    """
    journeys = as_paths(paths)
    table = _read_covariates(paths, journeys, covariates)
    sample = whole(journeys)
    if intervals is not None:
        count = read_replicates(intervals, replicates)
        if table is not None:
            raise BadParameter("intervals with covariates are not offered", hint="leave one of them out")
        sample = draw(journeys, count, seed)
    tables = _Fit(sample, _read_latent(latent), timing, table).tables()
    for name in ("conversions", "value"):
        total = sample.sum_journeys(getattr(sample.paths, name))[:, np.newaxis]
        tables[name] = np.append(tables[name], total - tables[name].sum(axis=1, keepdims=True), axis=1)
    for name in ("removal", "product"):
        tables[name] = np.append(tables[name], np.full((len(tables[name]), 1), np.nan), axis=1)
    columns: dict[str, object] = {"channel": [*journeys.channels, BASELINE]}
    columns |= {name: found[0] for name, found in tables.items()}
    columns |= bound_columns(tables, intervals) if intervals is not None else {}
    return pl.DataFrame(columns).fill_nan(None)


def _read_latent(latent: object) -> bool:
    if not isinstance(latent, bool):
        raise BadParameter(f"latent is {latent!r}", hint="True or False")
    return latent


def _read_covariates(paths: object, journeys: Paths, names: list[str] | None) -> FloatArray | None:
    """Standardised covariates (J, V) in the order of the journeys."""
    if not names:
        return None
    if isinstance(paths, Paths):
        raise BadParameter("covariates need a frame of paths", hint="one row a person, with the columns named")
    frame = collect(paths, ["path", "conversions", *names], (), "paths")
    if ((frame["conversions"] > 0) & (frame["path"].list.len() == 0)).any():
        raise BadColumn("paths: a path is empty", hint="with covariates each row needs at least one touch")
    columns = [read_amounts(frame, name, "paths", signed=True) for name in names]
    some = (frame["path"].list.len() > 0).to_numpy()
    won = (frame["conversions"] > 0).to_numpy()
    order = np.concatenate([np.flatnonzero(some & won), np.flatnonzero(some & ~won)])
    table = np.stack(columns, axis=1)[order]
    spread = table.std(axis=0)
    found: FloatArray = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found


class _Fit:
    """A fitted response model of a sample, and linear bounds around what it says."""

    def __init__(self, sample: Sample, latent: bool, timing: str, covariates: FloatArray | None = None) -> None:
        paths = sample.paths
        read_choice(timing, "timing", ("auto", "end", "touch"))
        if not paths.nulls.any():
            raise NoNulls(
                "no journey ends without a conversion, so nothing tells what a channel adds",
                hint="give null journeys: build_paths(nulls='people'), or the column nulls",
            )
        if len(paths.channels) > _MOST_CHANNELS:
            raise TooManyChannels(
                f"{len(paths.channels)} channels are too many for the response model (at most {_MOST_CHANNELS})",
                hint="roll rare channels up into one, e.g. campaigns with few touches",
            )
        self.sample = sample
        if timing == "auto":
            timing = _choose_timing(paths)
        profiles = _find_profiles(paths, timing, covariates)
        fitted, self.scale = _thin(profiles, _MOST_TRIALS)
        self.response = Response(fitted, latent=latent)
        self.theta = self.response.fit()
        self.shown = Response(profiles.take(np.flatnonzero(profiles.won > 0)), latent=latent)

    def tables(self) -> dict[str, FloatArray]:
        """Each kind of credit (N, K) by weighting: the model's own in row 0, one Newton step away in the others."""
        paths, weightings = self.sample.paths, self.sample.weightings
        amounts = {"conversions": paths.conversions, "value": paths.value}
        weights = {name: self._bucket(self.shown.profiles, found) for name, found in amounts.items()}
        found = {name: weightings @ table for name, table in self._credit(self.theta, weights).items()}
        if len(weightings) > 1:
            whole_weights = {name: sparse.csr_array(table.sum(axis=0)[np.newaxis]) for name, table in weights.items()}
            shift, slope = self._shift(), self._slope(whole_weights)
            found = {name: table + shift @ slope[name] for name, table in found.items()}
        return found

    def _credit(self, theta: FloatArray, weights: dict[str, sparse.csr_array]) -> dict[str, FloatArray]:
        """Credit by bucket (B, K) from weights by bucket and profile (B, R)."""
        shares, removal, product = _share(self.shown, theta)
        return {
            "conversions": weights["conversions"] @ shares,
            "value": weights["value"] @ shares,
            "removal": weights["conversions"] @ removal,
            "product": weights["conversions"] @ product,
        }

    def _bucket(self, profiles: Profiles, amounts: FloatArray) -> sparse.csr_array:
        """Amounts of the first journeys by bucket and profile (B, R); journeys without a profile are left out."""
        sample, profile = self.sample, profiles.journeys[: len(amounts)]
        bucket = np.zeros(len(amounts), np.int64)
        if sample.buckets > 1 and sample.paths.buckets is not None:
            bucket += sample.paths.buckets[: len(amounts)]
        known = profile >= 0
        shape = (sample.buckets, len(profiles.won))
        return sparse.coo_array((amounts[known], (bucket[known], profile[known])), shape=shape).tocsr()

    def _shift(self) -> FloatArray:
        """One Newton step (N, P) of the parameters towards each weighting, 0 for the first."""
        paths, profiles = self.sample.paths, self.response.profiles
        won, lost = (scores * self.scale[:, np.newaxis] for scores in self.response.scores(self.theta))
        pull = self._bucket(profiles, paths.conversions) @ won
        pull = pull + self._bucket(profiles, paths.nulls.astype(np.float64)) @ lost
        moved = self.sample.weightings @ pull
        found: FloatArray = np.linalg.solve(self._curvature(), (moved - moved[0]).T).T
        return found

    def _curvature(self) -> FloatArray:
        """Second derivatives (P, P) of minus the log posterior, from differences of its gradient."""
        size = len(self.theta)
        rows = np.empty((size, size))
        for i in range(size):
            nudge = np.zeros(size)
            nudge[i] = _STEP
            above, below = (self.response.evaluate(self.theta + sign * nudge)[1] for sign in (1, -1))
            rows[i] = (above - below) / (2 * _STEP)
        found: FloatArray = (rows + rows.T) / 2
        return found

    def _slope(self, weights: dict[str, sparse.csr_array]) -> dict[str, FloatArray]:
        """How each kind of credit of all journeys moves with each parameter (P, K)."""
        rows: dict[str, list[FloatArray]] = {}
        for i in range(len(self.theta)):
            nudge = np.zeros(len(self.theta))
            nudge[i] = _STEP
            above, below = (self._credit(self.theta + sign * nudge, weights) for sign in (1, -1))
            for name, table in above.items():
                rows.setdefault(name, []).append((table[0] - below[name][0]) / (2 * _STEP))
        return {name: np.stack(table) for name, table in rows.items()}


def _find_profiles(paths: Paths, timing: str, covariates: FloatArray | None) -> Profiles:
    profiles = find_profiles(paths, timing, covariates)
    if max(profiles.places.size, profiles.trials.size) > _MOST_CELLS:
        raise TooManyChannels(
            f"{len(profiles.won)} kinds of journeys with {len(paths.channels)} channels are too many "
            "for the response model",
            hint="roll rare channels up into one, or take a sample of people",
        )
    return profiles


def _choose_timing(paths: Paths) -> str:
    """The timing that makes paths and outcomes more likely; without the path in it, the likelihoods don't compare."""
    few, _ = _thin(_find_profiles(paths, "touch", None), _MOST_TRIALS // 8)
    paths = _pick(paths, few)
    costs = {}
    for timing in ("end", "touch"):
        response = Response(find_profiles(paths, timing), latent=True)
        costs[timing] = response.evaluate(response.fit())[0]
    return min(costs, key=lambda timing: costs[timing])


def _pick(paths: Paths, profiles: Profiles) -> Paths:
    """One journey for each profile, converting ones first, with the profile's weights."""
    known = np.flatnonzero(profiles.journeys >= 0)
    place, first = np.unique(profiles.journeys[known], return_index=True)
    order = np.concatenate([np.flatnonzero(profiles.won > 0), np.flatnonzero(profiles.won == 0)])
    journeys = known[first[np.argsort(place)]][order]
    won = profiles.won[order]
    won = won[won > 0]
    begins, ends = paths.offsets[journeys], paths.offsets[journeys + 1]
    return replace(
        paths,
        codes=paths.codes[spans(begins, ends)],
        offsets=offsets_of(ends - begins),
        conversions=won,
        value=np.zeros(len(won)),
        nulls=profiles.lost[order],
        rows=journeys[: len(won)],
        buckets=None,
    )


def _thin(profiles: Profiles, most: int) -> tuple[Profiles, FloatArray]:
    """Profiles to fit to, and what each stands for: all, or so many that their chances to convert stay below the most.

    Of those that convert and of those that never do, each a share is drawn in proportion to weight and weighed up.
    """
    chances = np.diff(profiles.offsets).astype(np.float64)
    weight = profiles.won + profiles.lost
    keep = np.ones(len(weight))
    for group in (profiles.won > 0, profiles.won == 0):
        if chances[group].sum() > most:
            keep[group] = np.minimum(1.0, weight[group] * (most / float(weight[group] @ chances[group])))
    rows = np.flatnonzero(np.random.default_rng(0).random(len(keep)) < keep)
    return profiles.take(rows, 1.0 / keep[rows]), 1.0 / keep[rows]


def _share(response: Response, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per profile and channel (R, K) the parts of a conversion: additive, lost by removal alone, simple product."""
    chance, without, never = response.chances(theta)
    removal = 1.0 - without / chance[:, np.newaxis]
    lost = np.maximum(removal, 0.0)
    incremental = np.clip(1.0 - never / chance, 0.0, 1.0)[:, np.newaxis]
    pushes = np.maximum(response.pushes(theta), 0.0)
    met = response.profiles.counts
    pushes = np.where(pushes.sum(axis=1, keepdims=True) > 0, pushes, met)
    return (
        ratio(lost, lost.sum(axis=1, keepdims=True)) * incremental,
        removal,
        ratio(pushes, pushes.sum(axis=1, keepdims=True)),
    )

"""Fits how touches and conversions come about together, with an intent nobody observes. Credit is not given here.

The model of a journey with touches c_1..c_n, of a person of intent z ~ N(0, 1):
channel of a touch: softmax(base[place] + tilt z), place = first, middle, last; one more touch after the i-th:
sigmoid(going[i] + (keen + later log i) z); conversion: sigmoid(intercept + gain z + covariates x + sum_k effect_k
S(n_k)), S(n) = 1 - exp(-rate n). What touches of one person have in common tells of z; so the effects are freed of
the part that intent explains (a factor model as substitute confounder, Wang and Blei 2019,
doi:10.1080/01621459.2019.1686987, fitted here jointly with the outcome by Gauss-Hermite quadrature). Without
``latent`` the path is left out.

Timing ``end``: a journey runs its course, then converts or not. ``touch``: a person may convert after every touch,
which ends the journey; a discrete-time hazard with touches as the clock. Both give the same path and outcome a
likelihood, so that the data can choose.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from attribution.paths import Paths
from attribution.segments import FloatArray, IntArray, mix_bits, offsets_of, positions, ratio, spans

NODES = 11
# Touch counts beyond this many share one chance of going on.
_LENGTHS = 12
_FIRST, _MIDDLE, _LAST = range(3)
# Widths of the normal priors, which keep every estimate finite: a log-odds effect of 3 is already extreme.
_WIDE, _EFFECT, _GAIN, _RATE = 10.0, 3.0, 1.5, 0.5


@dataclass(frozen=True, eq=False)
class Profiles:
    """Distinct kinds of journeys (R rows, K channels, V covariates) and how often each converts or doesn't.

    ``places`` (3, R, K) touches by place (first, middle, last) and channel; ``covariates`` (R, V) standardised;
    ``won``, ``lost`` (R,) weights; ``journeys`` (J,) the profile of each journey; ``trials`` (T, K) the touches
    so far at every chance to convert, ``offsets`` (R + 1,) the chances of each profile, of which the last may succeed.
    """

    places: FloatArray
    covariates: FloatArray
    won: FloatArray
    lost: FloatArray
    journeys: IntArray
    trials: FloatArray
    offsets: IntArray
    timing: str

    @cached_property
    def owner(self) -> IntArray:
        """The profile (T,) of each chance to convert."""
        rows: IntArray = np.arange(len(self.won), dtype=np.int64)
        found: IntArray = np.repeat(rows, np.diff(self.offsets))
        return found

    def take(self, rows: IntArray, scale: FloatArray | None = None) -> "Profiles":
        """Some of the profiles, their weights times ``scale``; journeys of the others get the profile -1."""
        rank = np.full(len(self.won), -1)
        rank[rows] = np.arange(len(rows))
        factor = np.ones(len(rows)) if scale is None else scale
        return Profiles(
            places=self.places[:, rows],
            covariates=self.covariates[rows],
            won=self.won[rows] * factor,
            lost=self.lost[rows] * factor,
            journeys=rank[self.journeys],
            trials=self.trials[spans(self.offsets[rows], self.offsets[rows + 1])],
            offsets=offsets_of(np.diff(self.offsets)[rows]),
            timing=self.timing,
        )

    @cached_property
    def counts(self) -> FloatArray:
        """Touches (R, K) of each channel."""
        found: FloatArray = self.places.sum(axis=0)
        return found

    @cached_property
    def lengths(self) -> IntArray:
        """Touches (R,) in all."""
        found: IntArray = np.rint(self.counts.sum(axis=1)).astype(np.int64)
        return found


def find_profiles(paths: Paths, timing: str = "end", covariates: FloatArray | None = None) -> Profiles:
    """Journeys that look alike to the model, added up; with covariates (J, V) every journey is its own profile."""
    journeys, channels = len(paths), len(paths.channels)
    place = np.full(len(paths.codes), _MIDDLE)
    if timing == "end":
        # A touch after which a person may convert or go on can't know yet that it is the last.
        place[paths.offsets[1:] - 1] = _LAST
    place[paths.offsets[:-1]] = _FIRST
    token = place * channels + paths.codes.astype(np.int64)
    if covariates is None:
        mixed = mix_bits(token.astype(np.uint64))
        if timing == "touch":
            mixed = mix_bits(mixed + positions(paths.offsets).astype(np.uint64))
        sign = np.add.reduceat(mix_bits(mixed), paths.offsets[:-1])
        _, chosen, profile = np.unique(sign, return_index=True, return_inverse=True)
    else:
        chosen = profile = np.arange(journeys)
    lengths = np.diff(paths.offsets)[chosen]
    touches, offsets = spans(paths.offsets[chosen], paths.offsets[chosen + 1]), offsets_of(lengths)
    owner = np.repeat(np.arange(len(chosen)), lengths)
    tally = np.bincount(owner * (3 * channels) + token[touches], minlength=len(chosen) * 3 * channels)
    places = np.ascontiguousarray(tally.reshape(len(chosen), 3, channels).swapaxes(0, 1), dtype=np.float64)
    trials = places.sum(axis=0)
    if timing == "touch":
        trials = np.zeros((len(touches), channels))
        trials[np.arange(len(touches)), paths.codes[touches]] = 1.0
        trials = np.cumsum(trials, axis=0)
        trials -= np.repeat(np.concatenate([np.zeros((1, channels)), trials[offsets[1:-1] - 1]]), lengths, axis=0)
    return Profiles(
        places=places,
        covariates=np.zeros((len(chosen), 0)) if covariates is None else covariates,
        won=_total(profile[: len(paths.conversions)], paths.conversions, len(chosen)),
        lost=_total(profile, paths.nulls.astype(np.float64), len(chosen)),
        journeys=profile,
        trials=trials,
        offsets=offsets if timing == "touch" else np.arange(len(chosen) + 1),
        timing=timing,
    )


def _log_sum(table: FloatArray, axis: int) -> FloatArray:
    """log of the sum of exponentials along an axis, which stays; scipy's own costs more than these small tables do."""
    top = table.max(axis=axis, keepdims=True)
    found: FloatArray = top + np.log(np.exp(table - top).sum(axis=axis, keepdims=True))
    return found


def _total(owner: IntArray, amounts: FloatArray, size: int) -> FloatArray:
    return np.bincount(owner, amounts, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class _Layout:
    """Where each group of parameters lies in the vector."""

    channels: int
    covariates: int
    latent: bool

    @cached_property
    def slices(self) -> dict[str, slice]:
        sizes = {"intercept": 1, "effect": self.channels, "covariate": self.covariates, "rate": 1}
        if self.latent:
            sizes |= {"gain": 1, "base": 3 * self.channels, "tilt": self.channels, "going": _LENGTHS, "keen": 2}
        ends = np.cumsum(list(sizes.values()))
        return {name: slice(int(end) - sizes[name], int(end)) for name, end in zip(sizes, ends, strict=True)}

    @cached_property
    def widths(self) -> FloatArray:
        widths = {"effect": _EFFECT, "covariate": _EFFECT, "gain": _GAIN, "tilt": _GAIN, "keen": _GAIN, "rate": _RATE}
        found = np.full(max(part.stop for part in self.slices.values()), _WIDE)
        for name, part in self.slices.items():
            found[part] = widths.get(name, _WIDE)
        return found


class Response:
    """The log likelihood of profiles, its gradient, and what the fitted model says about conversions."""

    def __init__(self, profiles: Profiles, *, latent: bool) -> None:
        self.profiles = profiles
        self.layout = _Layout(profiles.counts.shape[1], profiles.covariates.shape[1], latent)
        self.latent = latent
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES) if latent else (np.zeros(1), np.ones(1))
        self.nodes, self.log_weights = nodes, np.log(weights / weights.sum())
        self.depth = np.minimum(np.arange(1, int(profiles.lengths.max(initial=1)) + 1), _LENGTHS) - 1

    def fit(self) -> FloatArray:
        """The most probable parameters (P,), from one start, by L-BFGS."""
        start = self._start()
        size = max(float((self.profiles.won + self.profiles.lost).sum()), 1.0)

        def cost(theta: FloatArray) -> tuple[float, FloatArray]:
            value, slope = self.evaluate(theta)
            return value / size, slope / size

        found = minimize(
            cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7}
        )
        theta: FloatArray = found.x
        return theta

    def evaluate(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Minus the log posterior and its gradient (P,)."""
        total, slope = self._score(theta, whole=True)
        scaled = theta / self.layout.widths**2
        return -total + 0.5 * float(theta @ scaled), -slope.sum(axis=(0, 1)) + scaled

    def scores(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The gradient of one conversion and of one null of each profile: twice (R, P)."""
        _, rows = self._score(theta, whole=False)
        return rows[0], rows[1]

    def chances(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """P(conversion | path) of each profile: as it is (R,), without each channel (R, K), without any touch (R,)."""
        part = self._split(theta)
        pushes = self.pushes(theta)
        fixed = part["intercept"] + self.profiles.covariates @ part["covariate"]
        whole = pushes.sum(axis=1)
        raised = part["gain"] * self.nodes
        joint, ends = self._path_log_density(part)
        if self.profiles.timing == "touch":
            eta = self._log_odds(part, self._saturate(part))
            joint = joint + self._sum_trials(log_expit(-eta)) - log_expit(-eta[self.profiles.offsets[1:] - 1])
        else:
            joint = joint + ends
        about = np.exp(joint - _log_sum(joint, 1))

        def chance(push: FloatArray) -> FloatArray:
            found: FloatArray = (about * expit((fixed + push)[:, np.newaxis] + raised)).sum(axis=1)
            return found

        without = np.stack([chance(whole - pushes[:, k]) for k in range(pushes.shape[1])], axis=1)
        return chance(whole), without, chance(np.zeros_like(whole))

    def pushes(self, theta: FloatArray) -> FloatArray:
        """What each channel adds to the log odds of each profile at its end (R, K)."""
        part = self._split(theta)
        found: FloatArray = self._saturate(part)[self.profiles.offsets[1:] - 1] * part["effect"]
        return found

    def _log_odds(self, part: dict[str, FloatArray], saturated: FloatArray) -> FloatArray:
        """Log odds (T, Q) of every chance to convert, at every node of intent."""
        fixed = part["intercept"] + self.profiles.covariates @ part["covariate"]
        pushed = fixed[self.profiles.owner] + saturated @ part["effect"]
        found: FloatArray = pushed[:, np.newaxis] + part["gain"] * self.nodes
        return found

    def _sum_trials(self, table: FloatArray) -> FloatArray:
        """Rows (T, ...) added up by profile (R, ...)."""
        found: FloatArray = np.add.reduceat(table, self.profiles.offsets[:-1], axis=0)
        return found

    def _split(self, theta: FloatArray) -> dict[str, FloatArray]:
        part = {name: theta[where] for name, where in self.layout.slices.items()}
        if not self.latent:
            part |= {"gain": np.zeros(1)}
        return part

    def _saturate(self, part: dict[str, FloatArray]) -> FloatArray:
        found: FloatArray = -np.expm1(-np.exp(part["rate"]) * self.profiles.trials)
        return found

    def _start(self) -> FloatArray:
        profiles, layout = self.profiles, self.layout
        theta = np.zeros(len(layout.widths))
        won, lost = float(profiles.won.sum()), float(profiles.lost.sum())
        theta[layout.slices["intercept"]] = np.log((won + 0.5) / (lost + 0.5))
        if self.latent:
            weight = profiles.won + profiles.lost
            used = np.log(np.einsum("r,prk->pk", weight, profiles.places) + 0.5)
            theta[layout.slices["base"]] = (used - used.mean(axis=1, keepdims=True)).ravel()
            theta[layout.slices["keen"]] = (0.1, 0.0)
            theta[layout.slices["gain"]] = 0.5
            # Tilts of 0 are a saddle; channels met in long journeys are taken to draw the keen ones.
            met = profiles.counts.T @ weight
            longer = ratio((profiles.counts * profiles.lengths[:, np.newaxis]).T @ weight, met)
            theta[layout.slices["tilt"]] = 0.1 * (longer - longer.mean())
        return theta

    def _path_log_density(self, part: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
        """log P(path, node) (R, Q) up to a constant per profile, and the log chance (R, Q) to stop at its end."""
        found = np.broadcast_to(self.log_weights, (len(self.profiles.won), len(self.nodes))).copy()
        if not self.latent:
            return found, np.zeros_like(found)
        base = part["base"].reshape(3, -1)
        for place in range(3):
            counts = self.profiles.places[place]
            logits = base[place][:, np.newaxis] + part["tilt"][:, np.newaxis] * self.nodes
            found += (counts @ base[place])[:, np.newaxis]
            found -= counts.sum(axis=1)[:, np.newaxis] * _log_sum(logits, 0)
        found += (self.profiles.counts @ part["tilt"])[:, np.newaxis] * self.nodes
        going = self._going(part)
        last = self.profiles.lengths - 1
        found += (np.cumsum(log_expit(going), axis=0) - log_expit(going))[last]
        return found, log_expit(-going)[last]

    def _going(self, part: dict[str, FloatArray]) -> FloatArray:
        """Log odds (longest, Q) of one more touch after the i-th, at every node of intent."""
        keen = part["keen"][0] + part["keen"][1] * np.log1p(self.depth)
        found: FloatArray = part["going"][self.depth][:, np.newaxis] + keen[:, np.newaxis] * self.nodes
        return found

    def _score(self, theta: FloatArray, *, whole: bool) -> tuple[float, FloatArray]:
        """Log likelihood, and by outcome the gradient summed (2, 1, P) if ``whole``, else of each profile (2, R, P)."""
        part, profiles = self._split(theta), self.profiles
        path, ends = self._path_log_density(part)
        saturated = self._saturate(part)
        eta = self._log_odds(part, saturated)
        last = profiles.offsets[1:] - 1
        chance, missed = expit(eta), self._sum_trials(log_expit(-eta))
        total, slopes = 0.0, []
        for won, weight in ((True, profiles.won), (False, profiles.lost)):
            stops = not won or profiles.timing == "end"
            joint = path + missed + (ends if stops else 0.0)
            if won:
                joint = joint + eta[last]
            density = _log_sum(joint, 1)
            total += float(weight @ density[:, 0])
            about = np.exp(joint - density)
            about = about * weight[:, np.newaxis] if whole else about
            pull = -about[profiles.owner] * chance
            pull[last] += about if won else 0.0
            slopes.append(self._collect(part, saturated, about, pull, stops=stops, whole=whole))
        return total, np.stack(slopes)

    def _collect(
        self,
        part: dict[str, FloatArray],
        saturated: FloatArray,
        about: FloatArray,
        pull: FloatArray,
        *,
        stops: bool,
        whole: bool,
    ) -> FloatArray:
        """Gradient (R, P), or its sum (1, P), from the posterior of intent (R, Q) and the pull on log odds (T, Q)."""
        profiles = self.profiles
        rate = float(np.exp(part["rate"][0]))
        pulled = pull.sum(axis=1)
        bend = (rate * profiles.trials * np.exp(-rate * profiles.trials)) @ part["effect"]
        leaned = pull @ self.nodes

        def add(rows: FloatArray) -> FloatArray:
            found: FloatArray = rows.sum(keepdims=True)[np.newaxis] if whole else self._sum_trials(rows)[:, np.newaxis]
            return found

        def weigh(features: FloatArray) -> FloatArray:
            if whole:
                total: FloatArray = (pulled @ features)[np.newaxis]
                return total
            return self._sum_trials(pulled[:, np.newaxis] * features)

        columns = [add(pulled), weigh(saturated), weigh(profiles.covariates[profiles.owner]), add(pulled * bend)]
        if self.latent:
            columns += [add(leaned), *self._collect_path(part, about, stops=stops, whole=whole)]
        return np.concatenate(columns, axis=1)

    def _collect_path(
        self, part: dict[str, FloatArray], about: FloatArray, *, stops: bool, whole: bool
    ) -> list[FloatArray]:
        profiles, nodes = self.profiles, self.nodes
        base = part["base"].reshape(3, -1)
        bases, tilt = [], np.zeros((1 if whole else len(about), self.layout.channels))
        mass, mean = about.sum(axis=1), about @ nodes
        for place in range(3):
            counts = profiles.places[place]
            touches = counts.sum(axis=1)
            logits = base[place][:, np.newaxis] + part["tilt"][:, np.newaxis] * nodes
            wanted = np.exp(logits - _log_sum(logits, 0))
            if whole:
                expected = touches @ about
                bases.append((mass @ counts - wanted @ expected)[np.newaxis])
                tilt += mean @ counts - wanted @ (expected * nodes)
            else:
                bases.append(mass[:, np.newaxis] * counts - touches[:, np.newaxis] * (about @ wanted.T))
                tilt += mean[:, np.newaxis] * counts - touches[:, np.newaxis] * ((about * nodes) @ wanted.T)
        steps, keen = self._collect_lengths(part, about, stops=stops, whole=whole)
        return [*bases, tilt, steps, keen]

    def _collect_lengths(
        self, part: dict[str, FloatArray], about: FloatArray, *, stops: bool, whole: bool
    ) -> tuple[FloatArray, FloatArray]:
        lengths, longest = self.profiles.lengths, len(self.depth)
        on = expit(self._going(part))
        bends = np.stack([np.ones(longest), np.log1p(self.depth)], axis=1)
        if whole:
            ended = np.zeros((longest, len(self.nodes)))
            np.add.at(ended, lengths - 1, about)
            went = np.cumsum(ended[::-1], axis=0)[::-1] - ended
            slope = went * (1 - on) - stops * ended * on
            steps = np.zeros((1, _LENGTHS))
            np.add.at(steps[0], self.depth, slope.sum(axis=1))
            return steps, ((slope @ self.nodes) @ bends)[np.newaxis]
        steps = np.zeros((len(about), _LENGTHS))
        keen = np.zeros((len(about), 2))
        for i in range(longest):
            going, stopping = lengths > i + 1, (lengths == i + 1) & stops
            slope = about * (going[:, np.newaxis] * (1 - on[i]) - stopping[:, np.newaxis] * on[i])
            steps[:, self.depth[i]] += slope.sum(axis=1)
            keen += (slope @ self.nodes)[:, np.newaxis] * bends[i]
        return steps, keen

"""The registry of attribution models: names, meanings, parameters. Their arithmetic lives in modules of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import numpy as np

from attribution import incremental, markov, rules, shapley
from attribution.errors import BadParameter, UnknownModel
from attribution.sample import Estimate, Sample
from attribution.segments import FloatArray, ratio


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: its default and its meaning."""

    default: object
    description: str


@dataclass(frozen=True)
class Model:
    """An attribution model. ``shares`` is set for those that credit single touches by themselves.

    With ``baseline`` the channels' credit may fall short of the totals: the rest is a line of its own.
    """

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    estimate: Callable[..., Estimate] = field(repr=False)
    shares: Callable[..., FloatArray] | None = field(default=None, repr=False)
    baseline: bool = False


def find_model(name: str, parameters: Mapping[str, object]) -> Model:
    """The model of this name, its parameters checked for existence."""
    if name not in MODELS:
        raise UnknownModel(f"no attribution model is called {name!r}", hint=f"choose one of {', '.join(MODELS)}")
    model = MODELS[name]
    unknown = [key for key in parameters if key not in model.parameters]
    if unknown:
        known = ", ".join(model.parameters) or "none"
        raise BadParameter(f"{name} has no parameter {', '.join(unknown)}", hint=f"its parameters: {known}")
    return model


def _rule(name: str, description: str, **parameters: Parameter) -> Model:
    shares = rules.RULES[name]

    def estimate(sample: Sample, **given: object) -> Estimate:
        found = shares(sample.paths, **given)
        return Estimate(*(sample.sum_touches(found, x) for x in (sample.paths.conversions, sample.paths.value)))

    return Model(name, description, MappingProxyType(parameters), estimate, shares)


def _estimate_participation(sample: Sample) -> Estimate:
    present, value = rules.present(sample.paths), sample.paths.value

    def share(amounts: FloatArray) -> FloatArray:
        met = sample.sum_touches(present, amounts)
        sums = met.sum(axis=1, keepdims=True)
        credited: FloatArray = ratio(met, sums) * sample.sum_journeys(amounts)[:, np.newaxis]
        return credited

    gains, losses = share(np.maximum(value, 0.0)), share(np.maximum(-value, 0.0))
    return Estimate(share(sample.paths.conversions), gains - losses)


_ALL = (
    _rule("first", "All credit to the first touch: what opens doors."),
    _rule("last", "All credit to the last touch: what closes."),
    _rule(
        "last_non_direct",
        "All credit to the last touch that is not direct; to the last where all are.",
        direct=Parameter("direct", "the name of the direct channel"),
    ),
    _rule(
        "linear",
        "Equal credit to every touch, or to every distinct channel.",
        per=Parameter("touch", "touch | channel"),
    ),
    _rule(
        "time_decay",
        "Credit halves with every half-life of clock time between touch and conversion.",
        half_life=Parameter(timedelta(days=7), "time after which a touch counts half, above zero"),
    ),
    _rule(
        "position",
        "Fixed parts to the first touch, the middle ones together and the last (U).",
        weights=Parameter((0.4, 0.2, 0.4), "first, middle, last, each from 0; renormalised for one and two touches"),
    ),
    _rule(
        "w_shaped",
        "30 % each to the first touch, the lead's and the opportunity's; 10 % over the rest.",
        weights=Parameter((0.3, 0.3, 0.3, 0.1), "first, lead, opportunity, rest, each from 0; renormalised"),
    ),
    _rule(
        "full_path",
        "22.5 % each to the first touch, the lead's, the opportunity's, the last; 10 % over the rest.",
        weights=Parameter((0.225, 0.225, 0.225, 0.225, 0.1), "first, lead, opportunity, last, rest, each from 0"),
    ),
    _rule(
        "custom",
        "Your own rule: part by place, times a factor by channel, times a decay by age.",
        weights=Parameter((1.0, 1.0, 1.0), "first, middle, last, each from 0"),
        channels=Parameter(None, "factor from 0 by channel name; channels not named count 1"),
        half_life=Parameter(None, "time after which a touch counts half; None: age doesn't matter"),
        per=Parameter("touch", "touch | middle: the middle part goes to each touch, or is shared"),
    ),
    Model(
        "participation",
        "Credit in proportion to how many conversions a channel took part in: the limit of high-order Markov.",
        MappingProxyType({}),
        _estimate_participation,
    ),
    Model(
        "markov",
        "Credit in proportion to the removal effect in an absorbing Markov chain, solved exactly.",
        MappingProxyType(
            {
                "order": Parameter(1, "touches remembered, from 1"),
                "states": Parameter("padded", "padded | tuple: how states of order above 1 are formed"),
            }
        ),
        markov.estimate,
    ),
    Model(
        "shapley",
        "Each channel's average marginal contribution over all orders of joining.",
        MappingProxyType(
            {
                "game": Parameter("counts", "counts (conversions) | rate (conversion rate of exact channel sets)"),
                "shrinkage": Parameter(0.0, "journeys by which rates are drawn towards the overall rate, from 0"),
                "negative": Parameter("keep", "keep | clip: what becomes of parts below 0 in the rate game"),
                "error": Parameter(0.01, "standard error, as a part of a set's rate, where sets beyond 22 are sampled"),
            }
        ),
        shapley.estimate,
    ),
    Model(
        "incremental",
        "What would be lost without each channel, from people who convert and who don't; the rest is the baseline.",
        MappingProxyType(
            {
                "latent": Parameter(True, "True | False: account for an intent that nobody observes"),
                "timing": Parameter("auto", "auto | end | touch: when a person may convert"),
            }
        ),
        incremental.estimate,
        baseline=True,
    ),
)
MODELS: Mapping[str, Model] = MappingProxyType({model.name: model for model in _ALL})

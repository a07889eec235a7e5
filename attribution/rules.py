"""The rules that share a conversion among the touches of its own journey. They see no other journey."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import numpy as np

from attribution.columns import read_choice, read_duration
from attribution.errors import BadParameter, MissingColumn
from attribution.paths import Paths
from attribution.segments import FloatArray, IntArray, last_true, sum_segments

Shares = Callable[..., FloatArray]


def _normalise(raw: FloatArray, paths: Paths) -> FloatArray:
    """Scale each journey's shares to 1; where all are 0, equal shares take their place."""
    offsets = paths.converting_offsets
    lengths = np.diff(offsets)
    sums = np.repeat(sum_segments(raw, offsets), lengths)
    return np.divide(raw, sums, out=np.repeat(1.0 / lengths, lengths), where=sums > 0)


def _weigh(raw: FloatArray, paths: Paths) -> FloatArray:
    """Multiply by the touches' own weights and let each journey sum to 1."""
    return _normalise(raw if paths.weights is None else raw * paths.weights, paths)


def _mark(index: IntArray, paths: Paths) -> FloatArray:
    shares = np.zeros(int(paths.converting_offsets[-1]))
    shares[index] = 1.0
    return shares


def first(paths: Paths) -> FloatArray:
    """All to the first touch."""
    return _mark(paths.converting_offsets[:-1], paths)


def last(paths: Paths) -> FloatArray:
    """All to the last touch."""
    return _mark(paths.converting_offsets[1:] - 1, paths)


def last_non_direct(paths: Paths, direct: str = "direct") -> FloatArray:
    """All to the last touch whose channel isn't ``direct``; to the last touch where every one is."""
    if direct not in paths.channels:
        return last(paths)
    other = paths.converting_codes != paths.channels.index(direct)
    found = last_true(other, paths.converting_offsets)
    return _mark(np.where(found < 0, paths.converting_offsets[1:] - 1, found), paths)


def linear(paths: Paths, per: str = "touch") -> FloatArray:
    """Equal parts to each touch, or (``per="channel"``) to each distinct channel and within it to each touch."""
    if read_choice(per, "per", ("touch", "channel")) == "touch":
        return _weigh(np.ones(int(paths.converting_offsets[-1])), paths)
    journey = np.repeat(np.arange(len(paths.conversions)), np.diff(paths.converting_offsets))
    key = journey * len(paths.channels) + paths.converting_codes
    _, place, times = np.unique(key, return_inverse=True, return_counts=True)
    return _normalise(1.0 / times[place], paths)


def time_decay(paths: Paths, half_life: timedelta = timedelta(days=7)) -> FloatArray:
    """Shares in proportion to 2^(-age / half_life), the age being clock time from touch to conversion."""
    return _weigh(_decay(paths, half_life), paths)


def _decay(paths: Paths, half_life: timedelta) -> FloatArray:
    if paths.hours is None:
        raise MissingColumn(
            "time_decay needs the hours between each touch and the conversion",
            hint="use build_paths, or add the column hours (list of numbers as long as the path)",
        )
    half_life_hours = read_duration(half_life, "half_life") / 3_600_000_000
    # Relative to the youngest touch: a journey of very old touches would otherwise underflow to 0 / 0.
    offsets = paths.converting_offsets
    youngest = np.minimum.reduceat(paths.hours, offsets[:-1]) if len(paths.hours) else paths.hours
    return np.exp2((np.repeat(youngest, np.diff(offsets)) - paths.hours) / half_life_hours)


def _read_parts(weights: object, names: str, example: str) -> FloatArray:
    """Numbers from 0, as many as there are names, one of them above 0."""
    count = len(names.split(", "))
    number = ("three", "four", "five")[count - 3]
    parts = np.asarray(weights, np.float64) if isinstance(weights, tuple | list) else np.zeros(0)
    if parts.shape != (count,) or not np.isfinite(parts).all() or (parts < 0).any() or parts.sum() == 0:
        raise BadParameter(f"weights is {weights!r}", hint=f"{number} numbers from 0: {names}, e.g. {example}")
    return parts


def position(paths: Paths, weights: tuple[float, float, float] = (0.4, 0.2, 0.4)) -> FloatArray:
    """Fixed parts to the first touch, the middle ones together and the last; one or two touches renormalise."""
    return _weigh(_place(paths, _read_parts(weights, "first, middle, last", "(.4, .2, .4)")), paths)


def _place(paths: Paths, parts: FloatArray) -> FloatArray:
    offsets = paths.converting_offsets
    lengths = np.diff(offsets)
    raw = np.repeat(parts[1] / np.maximum(lengths - 2, 1), lengths)
    raw[offsets[1:] - 1] = parts[2]
    raw[offsets[:-1]] = np.where(lengths == 1, 1.0, parts[0])
    return raw


def custom(
    paths: Paths,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    channels: Mapping[str, float] | None = None,
    half_life: timedelta | None = None,
    per: str = "touch",
) -> FloatArray:
    """A rule of one's own: part by place x factor of the channel x 2^(-age / half_life), each journey scaled to 1.

    ``weights``: first, middle, last; ``per="touch"`` gives each middle touch its part, ``"middle"`` shares it.
    """
    parts = _read_parts(weights, "first, middle, last", "(.4, .2, .4)")
    offsets = paths.converting_offsets
    if read_choice(per, "per", ("touch", "middle")) == "middle":
        raw = _place(paths, parts)
    else:
        raw = np.full(int(offsets[-1]), parts[1])
        raw[offsets[1:] - 1] = parts[2]
        raw[offsets[:-1]] = np.where(np.diff(offsets) == 1, 1.0, parts[0])
    factors = np.ones(len(paths.channels))
    for name, factor in (channels or {}).items():
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor < np.inf:
            raise BadParameter(f"channels[{name!r}] is {factor!r}", hint="a factor from 0, e.g. 0.5; others count 1")
        if name in paths.channels:
            factors[paths.channels.index(name)] = factor
    raw = raw * factors[paths.converting_codes]
    return _weigh(raw if half_life is None else raw * _decay(paths, half_life), paths)


def _milestones(paths: Paths, marks: list[IntArray], parts: FloatArray) -> FloatArray:
    """A part to each known milestone (positions, -1 unknown), the last one spread over the touches that are none."""
    offsets = paths.converting_offsets
    raw = np.zeros(int(offsets[-1]))
    others = np.ones(len(raw), np.bool_)
    for mark, part in zip(marks, parts[:-1], strict=True):
        known = mark >= 0
        place = offsets[:-1][known] + mark[known]
        np.add.at(raw, place, part)
        others[place] = False
    count = sum_segments(others.astype(np.float64), offsets)
    raw[others] = np.repeat(parts[-1] / np.maximum(count, 1.0), np.diff(offsets))[others]
    return _weigh(raw, paths)


def _marks(paths: Paths, model: str) -> tuple[IntArray, IntArray]:
    if not len(paths.conversions):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if paths.milestones is None:
        raise MissingColumn(
            f"{model} needs to know at which touch the lead and the opportunity were created",
            hint="give conversions lead_at and opportunity_at, or a frame of paths the columns lead and opportunity",
        )
    return paths.milestones[:, 0], paths.milestones[:, 1]


def w_shaped(paths: Paths, weights: tuple[float, float, float, float] = (0.3, 0.3, 0.3, 0.1)) -> FloatArray:
    """30 % each to the first touch, the lead's and the opportunity's; 10 % over the others; unknown: renormalised."""
    parts = _read_parts(weights, "first, lead, opportunity, rest", "(.3, .3, .3, .1)")
    lead, opportunity = _marks(paths, "w_shaped")
    return _milestones(paths, [np.zeros_like(lead), lead, opportunity], parts)


def full_path(
    paths: Paths, weights: tuple[float, float, float, float, float] = (0.225, 0.225, 0.225, 0.225, 0.1)
) -> FloatArray:
    """22.5 % each to the first touch, the lead's, the opportunity's and the last; 10 % over the others."""
    parts = _read_parts(weights, "first, lead, opportunity, last, rest", "(.2, .2, .2, .3, .1)")
    lead, opportunity = _marks(paths, "full_path")
    closing = np.diff(paths.converting_offsets) - 1
    return _milestones(paths, [np.zeros_like(lead), lead, opportunity, closing], parts)


def present(paths: Paths) -> FloatArray:
    """1 at the first touch of each distinct channel of a journey, else 0: what the participation model counts."""
    journey = np.repeat(np.arange(len(paths.conversions)), np.diff(paths.converting_offsets))
    key = journey * max(len(paths.channels), 1) + paths.converting_codes
    _, earliest = np.unique(key, return_index=True)
    return _mark(earliest, paths)


RULES: dict[str, Shares] = {
    "first": first,
    "last": last,
    "last_non_direct": last_non_direct,
    "linear": linear,
    "time_decay": time_decay,
    "position": position,
    "custom": custom,
    "w_shaped": w_shaped,
    "full_path": full_path,
}

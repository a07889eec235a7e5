"""Credit of channels and touches under a model, with intervals. The models themselves are in models.py."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from attribution.incremental import BASELINE
from attribution.intervals import bound_columns, read_replicates
from attribution.models import find_model
from attribution.paths import UNATTRIBUTED, Paths, as_paths
from attribution.rules import linear, present
from attribution.sample import Estimate, draw, whole
from attribution.segments import FloatArray, IntArray, ratio

_FEW_CONVERSIONS = 300
_FEW_PER_CHANNEL = 30


def credit(
    paths: object,
    model: str = "markov",
    *,
    intervals: float | None = None,
    replicates: int = 1000,
    seed: int = 0,
    include_unattributed: bool = False,
    **parameters: object,
) -> pl.DataFrame:
    """Share conversions and value among channels.

    ``paths``: Paths from build_paths, or a frame with the columns path (list[str]), conversions (>= 0) and
    optionally value (any sign; below 0 is a refund), nulls (>= 0), hours, lead, opportunity (see read_paths).
    ``model`` and
    ``parameters``: see MODELS. ``intervals``: a level in (0, 1), e.g. 0.9, adds percentile bounds from
    ``replicates`` multinomial bootstrap draws of 256 hashed buckets of people under a fixed ``seed``.

    Returns one row per channel of the paths, sorted by channel: channel, conversions, value and, with
    intervals, conversions_low, conversions_high, value_low, value_high. Both columns sum to the totals of the
    journeys, for ``incremental`` with a line (baseline) after the channels: what would have come without them;
    with ``include_unattributed`` a last line (unattributed) holds the conversions that no touch precedes, so that
    they sum to all there are (bounds of that line equal it: it is counted, not modelled).
    Raises subclasses of tekup.errors.BadInput that say what to mend.

    >>> frame = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [2, 1], "value": [10.0, 5.0]})
    >>> credit(frame, "linear").rows()
    [('a', 1.0, 5.0), ('b', 2.0, 10.0)]
    """
    chosen = find_model(model, parameters)
    journeys = as_paths(paths)
    sample = whole(journeys) if intervals is None else draw(journeys, read_replicates(intervals, replicates), seed)
    found = chosen.estimate(sample, **parameters)
    tables = {"conversions": found.conversions, "value": found.value}
    credits = _as_frame(journeys.channels, tables, intervals).sort("channel")
    if chosen.baseline and len(journeys):
        rest = {
            name: sample.sum_journeys(getattr(sample.paths, name))[:, np.newaxis] - table.sum(axis=1, keepdims=True)
            for name, table in tables.items()
        }
        credits = pl.concat([credits, _as_frame((BASELINE,), rest, intervals)])
    if include_unattributed and journeys.unattributed_conversions:
        amounts = {"conversions": journeys.unattributed_conversions, "value": journeys.unattributed_value}
        line = {name: UNATTRIBUTED if name == "channel" else amounts[name.split("_")[0]] for name in credits.columns}
        credits = pl.concat([credits, pl.DataFrame([line], schema=credits.schema)])
    return credits


def _as_frame(channels: tuple[str, ...], tables: dict[str, FloatArray], intervals: float | None) -> pl.DataFrame:
    columns: dict[str, object] = {"channel": list(channels)}
    columns |= {name: table[0] for name, table in tables.items()}
    columns |= bound_columns(tables, intervals) if intervals is not None else {}
    return pl.DataFrame(columns, schema_overrides={"channel": pl.String})


def touch_credit(paths: object, model: str = "linear", **parameters: object) -> pl.DataFrame:
    """Credit of every touch of a converting journey, for drill-down to campaign, person or day.

    Rules, and shapley on counts, share out each journey's conversion by itself. The other models credit
    channels as a whole: a channel's credit is then spread over the touches it made, in proportion to their
    part under ``linear`` with ``per="channel"``, and ``share`` need not sum to 1 in a journey.

    Returns journey (row of the conversion in the input), touch (row of the touchpoint, null for a frame of
    paths), position (from 0), channel, share (of the journey's conversions), conversions, value. Summed by
    channel it is credit(), whatever the model; a baseline is no touch's.

    >>> touch_credit(pl.DataFrame({"path": [["a", "b"]], "conversions": [3]}), "position")["share"].to_list()
    [0.5, 0.5]
    """
    journeys = as_paths(paths)
    chosen = find_model(model, parameters)
    lengths = np.diff(journeys.converting_offsets)
    won = np.repeat(journeys.conversions, lengths)
    if chosen.shares is not None or (model == "shapley" and parameters.get("game", "counts") == "counts"):
        shares = chosen.shares(journeys, **parameters) if chosen.shares else linear(journeys, per="channel")
        conversions, value = shares * won, shares * np.repeat(journeys.value, lengths)
    else:
        conversions, value = _spread(journeys, chosen.estimate(whole(journeys), **parameters))
    return journeys.touches.select("journey", "touch", "position", "channel").with_columns(
        share=conversions / won, conversions=conversions, value=value
    )


def _spread(journeys: Paths, found: Estimate) -> tuple[FloatArray, FloatArray]:
    """Each channel's conversions and value over its touches, in proportion to their linear part of each."""
    codes = journeys.converting_codes
    part = linear(journeys, per="channel")
    lengths: IntArray = np.diff(journeys.converting_offsets)

    def scale(credits: FloatArray, kernel: FloatArray, spare: FloatArray) -> FloatArray:
        known = np.bincount(codes, kernel, minlength=len(credits)) > 0
        kernel = np.where(known[codes], kernel, spare)
        sums = np.bincount(codes, kernel, minlength=len(credits)).astype(np.float64)
        spread: FloatArray = credits[codes] * ratio(kernel, sums[codes])
        return spread

    met = part * np.repeat(journeys.conversions, lengths)
    worth = part * np.repeat(np.abs(journeys.value), lengths)
    return scale(found.conversions[0], met, part), scale(found.value[0], worth, met)


def cautions(paths: object) -> list[str]:
    """What to know before trusting credit from these journeys; empty when nothing stands out.

    >>> cautions(pl.DataFrame({"path": [["a"]], "conversions": [1000], "nulls": [9000]}))
    ['one channel only: every model gives it all']
    """
    journeys = as_paths(paths)
    met = whole(journeys).sum_touches(present(journeys), journeys.conversions)[0]
    return find_cautions(
        conversions=float(journeys.conversions.sum()),
        nulls=float(journeys.nulls.sum()),
        unattributed=journeys.unattributed_conversions,
        met=dict(zip(journeys.channels, met.tolist(), strict=True)),
    )


def find_cautions(*, conversions: float, nulls: float, unattributed: float, met: Mapping[str, float]) -> list[str]:
    """What cautions says of journeys that are known by these sums: ``met`` by each channel are so many conversions."""
    found = []
    if conversions < _FEW_CONVERSIONS:
        found.append(f"too few conversions: {conversions:g}, below {_FEW_CONVERSIONS} the intervals are wide")
    if not nulls:
        found.append("no journey without conversion: markov then says little more than participation")
    if len(met) == 1:
        found.append("one channel only: every model gives it all")
    if unattributed:
        found.append(f"{unattributed:g} conversions have no touch and are left out of the channels")
    rare = [name for name, times in met.items() if times < _FEW_PER_CHANNEL]
    if rare and len(met) > 1:
        found.append(f"in fewer than {_FEW_PER_CHANNEL} conversions: {', '.join(rare)}")
    return found

"""Credit of channels and touches under a model, with intervals. The models themselves are in models.py."""

import numpy as np
import polars as pl

from attribution.errors import BadParameter
from attribution.models import find_model, touch_shares
from attribution.paths import UNATTRIBUTED, Paths, as_paths
from attribution.rules import present
from attribution.sample import draw, whole

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
    journeys; with
    ``include_unattributed`` a last line (unattributed) holds the conversions that no touch precedes, so that
    they sum to all there are (bounds of that line equal it: it is counted, not modelled).
    Raises subclasses of tekup.errors.BadInput that say what to mend.

    >>> frame = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [2, 1], "value": [10.0, 5.0]})
    >>> credit(frame, "linear").rows()
    [('a', 1.0, 5.0), ('b', 2.0, 10.0)]
    """
    chosen = find_model(model, parameters)
    journeys = as_paths(paths)
    sample = whole(journeys) if intervals is None else draw(journeys, _read_replicates(intervals, replicates), seed)
    found = chosen.estimate(sample, **parameters)
    columns: dict[str, object] = {"channel": list(journeys.channels)}
    columns |= {"conversions": found.conversions[0], "value": found.value[0]}
    if intervals is not None:
        tails = [(1.0 - intervals) / 2, (1.0 + intervals) / 2]
        for name, table in (("conversions", found.conversions), ("value", found.value)):
            low, high = np.quantile(table[1:], tails, axis=0) if table.size else (table[0], table[0])
            columns |= {f"{name}_low": low, f"{name}_high": high}
    credits = pl.DataFrame(columns, schema_overrides={"channel": pl.String}).sort("channel")
    if include_unattributed and journeys.unattributed_conversions:
        amounts = {"conversions": journeys.unattributed_conversions, "value": journeys.unattributed_value}
        line = {name: UNATTRIBUTED if name == "channel" else amounts[name.split("_")[0]] for name in credits.columns}
        credits = pl.concat([credits, pl.DataFrame([line], schema=credits.schema)])
    return credits


def _read_replicates(intervals: object, replicates: object) -> int:
    if isinstance(intervals, bool) or not isinstance(intervals, int | float) or not 0 < intervals < 1:
        raise BadParameter(f"intervals is {intervals!r}", hint="a level between 0 and 1, e.g. 0.9")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 10:
        raise BadParameter(f"replicates is {replicates!r}", hint="a whole number from 10, e.g. 1000")
    return replicates


def touch_credit(paths: object, model: str = "linear", **parameters: object) -> pl.DataFrame:
    """Credit of every touch of a converting journey under a rule, for drill-down to campaign, person or day.

    Returns journey (row of the conversion in the input), touch (row of the touchpoint, null for a frame of
    paths), position (from 0), channel, share (of its journey, 0 to 1), conversions, value. Summed by channel
    it is credit().

    >>> touch_credit(pl.DataFrame({"path": [["a", "b"]], "conversions": [3]}), "position")["share"].to_list()
    [0.5, 0.5]
    """
    journeys = as_paths(paths)
    shares = touch_shares(journeys, model, parameters)
    lengths = np.diff(journeys.converting_offsets)
    return journeys.touches.select("journey", "touch", "position", "channel").with_columns(
        share=shares,
        conversions=shares * np.repeat(journeys.conversions, lengths),
        value=shares * np.repeat(journeys.value, lengths),
    )


def cautions(paths: object) -> list[str]:
    """What to know before trusting credit from these journeys; empty when nothing stands out.

    >>> cautions(pl.DataFrame({"path": [["a"]], "conversions": [1000], "nulls": [9000]}))
    ['one channel only: every model gives it all']
    """
    journeys = as_paths(paths)
    conversions = float(journeys.conversions.sum())
    found = []
    if conversions < _FEW_CONVERSIONS:
        found.append(f"too few conversions: {conversions:g}, below {_FEW_CONVERSIONS} the intervals are wide")
    if not journeys.nulls.any():
        found.append("no journey without conversion: markov then says little more than participation")
    if len(journeys.channels) == 1:
        found.append("one channel only: every model gives it all")
    if journeys.unattributed_conversions:
        found.append(
            f"{journeys.unattributed_conversions:g} conversions have no touch and are left out of the channels"
        )
    rare = _find_rare(journeys)
    if rare and len(journeys.channels) > 1:
        found.append(f"in fewer than {_FEW_PER_CHANNEL} conversions: {', '.join(rare)}")
    return found


def _find_rare(journeys: Paths) -> list[str]:
    met = whole(journeys).sum_touches(present(journeys), journeys.conversions)[0]
    return [name for name, times in zip(journeys.channels, met, strict=True) if times < _FEW_PER_CHANNEL]

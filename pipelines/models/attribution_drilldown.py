"""Credit by day, channel and campaign that adds up to the channels and to the days, to the øre. It runs no model."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

import attribution
from attribution import BASELINE, UNATTRIBUTED, Paths
from tekup.errors import BadInput

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL = ("converted_date", "channel", "campaign_id")
_PAIR = ("converted_date", "channel")
_AMOUNTS = ("conversions", "value")
_SWEEPS = 300
_EXACT, _NEAR = 1e-13, 1e-9
_MOST_CELLS = 2_000_000
# Of a cent; below them amounts count as equal.
_DECIMALS = 5
# So much is spread over all cells where those that have touches can't carry both sums.
_SPREAD = 0.05


def drill_down(cells: pl.DataFrame, days: pl.DataFrame, channels: pl.DataFrame, *, fit: bool) -> pl.DataFrame:
    """`share_out` in whole cents, with the conversions that no touch precedes under (unattributed).

    ``days``: converted_date, conversions, value of all that is attributed, and bare_conversions, bare_value of what
    isn't. One row per day, channel and campaign: conversions and value_cents. Those of a day sum to the day's, to the
    cent; those of a channel to the channel's credit, within a few cents.
    """
    shared = share_out(cells, channels, fit=fit)
    rest = days.filter((pl.col("bare_conversions") != 0) | (pl.col("bare_value") != 0)).select(
        "converted_date",
        channel=pl.lit(UNATTRIBUTED),
        campaign_id=pl.lit(None, pl.String),
        conversions="bare_conversions",
        value_cents=pl.col("bare_value").round().cast(pl.Int64),
    )
    columns = [*CELL, "conversions", "value_cents"]
    return pl.concat([_round_values(shared, days).select(columns), rest.select(columns).sort("converted_date")])


def share_out(cells: pl.DataFrame, channels: pl.DataFrame, *, fit: bool) -> pl.DataFrame:
    """One row per day, channel and campaign with its part of the attributed conversions and of their value.

    ``cells`` from `sum_cells` of the followed rule; ``channels`` is the model's credit: channel, conversions, value. A
    rule's credit follows its touches. Other models credit channels as a whole: with ``fit``, linear credit is changed
    to their channels' sums and to the days' by iterative proportional fitting (Deming and Stephan 1940), which leaves a
    cell without touches empty where the sums allow it.

    Raises:
        BadInput: there are too many channels and days to fit.
    """
    if fit:
        cells = _fit_to_channels(cells, channels.filter(pl.col("channel") != UNATTRIBUTED))
    return cells.filter((pl.col("conversions") != 0) | (pl.col("value") != 0))


def sum_cells(
    paths: Paths, touches: pl.DataFrame, conversions: pl.DataFrame, rule: str, parameters: Mapping[str, Any]
) -> pl.DataFrame:
    """A rule's credit summed by day, channel and campaign: converted_date, channel, campaign_id, conversions, value.

    ``touches`` (with campaign_id) and ``conversions`` (with converted_date) are the frames that ``paths`` was built
    from.
    """
    shares = attribution.touch_credit(paths, rule, **parameters)
    return (
        shares.with_columns(
            converted_date=conversions["converted_date"].gather(shares["journey"]),
            campaign_id=touches["campaign_id"].gather(shares["touch"]),
        )
        .group_by(CELL)
        .agg(pl.col(_AMOUNTS).sum())
        .sort(CELL, nulls_last=True)
    )


def followed_rule(model: str, parameters: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The rule whose touches a model's credit follows by day and campaign: itself, or linear where it is none."""
    return (model, parameters) if is_rule(model) else ("linear", {})


def is_rule(model: str) -> bool:
    """Whether a model shares out each journey by itself."""
    return attribution.MODELS[model].shares is not None


def _fit_to_channels(cells: pl.DataFrame, channels: pl.DataFrame) -> pl.DataFrame:
    """Linear credit by cell, changed until channels sum to their credit and days to theirs."""
    days = cells.group_by("converted_date").agg(pl.col(_AMOUNTS).sum()).sort("converted_date").with_row_index("day")
    if days.height * channels.height > _MOST_CELLS:
        raise BadInput(
            f"{channels.height} channels on {days.height} days are too many to share out by day",
            hint="choose a coarser attribution.unit, or leave the model out of attribution.models",
        )
    grid = cells.group_by(_PAIR).agg(pl.col(_AMOUNTS).sum()).sort(_PAIR)
    grid = grid.join(days.select("converted_date", "day"), on="converted_date").join(
        channels.select("channel").with_row_index("place"), on="channel"
    )
    fitted = {}
    for name in _AMOUNTS:
        seed = np.zeros((days.height, channels.height))
        seed[grid["day"].to_numpy(), grid["place"].to_numpy()] = grid[name].to_numpy()
        # what would have come without any channel has no touches to begin from: it begins like the days
        seed[:, (channels["channel"] == BASELINE).to_numpy()] = days[name].to_numpy()[:, np.newaxis]
        fitted[name] = fit_sums(seed, days[name].to_numpy(), channels[name].to_numpy())
    pairs = pl.DataFrame(
        {
            "converted_date": days["converted_date"].gather(np.repeat(np.arange(days.height), channels.height)),
            "channel": channels["channel"].gather(np.tile(np.arange(channels.height), days.height)),
            **{name: table.ravel() for name, table in fitted.items()},
        }
    )
    return _spread_over_campaigns(pairs.filter((pl.col("conversions") != 0) | (pl.col("value") != 0)), cells)


def fit_sums(seed: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """The table nearest to ``seed`` (R, C) whose rows sum to ``rows`` (R,) and columns to ``columns`` (C,).

    Amounts from 0 are scaled (rows and columns in turn); where the seed's zeros stand in the way, part of the amounts
    is spread over all cells first. Amounts of mixed sign can't be scaled: what a column lacks is added to its rows in
    proportion to their size.

    >>> fit_sums(np.array([[1.0, 1.0], [2.0, 0.0]]), np.array([2.0, 2.0]), np.array([2.5, 1.5])).sum(axis=0).tolist()
    [2.5, 1.5]
    """
    total = float(rows.sum())
    if min(seed.min(initial=0.0), rows.min(initial=0.0), columns.min(initial=0.0)) < 0:
        # one more than the sums, so that days whose sales and refunds cancel out still have a weight
        weight = (np.abs(rows) + 1.0) / (np.abs(rows) + 1.0).sum()
        lacking: FloatArray = seed + (rows - seed.sum(axis=1))[:, np.newaxis] / seed.shape[1]
        added: FloatArray = lacking + weight[:, np.newaxis] * (columns - lacking.sum(axis=0))[np.newaxis, :]
        return added
    if total == 0:
        return np.zeros_like(seed)
    columns = columns * (total / columns.sum())
    even: FloatArray = np.outer(rows, columns) / total
    for start in (seed, (1 - _SPREAD) * seed + _SPREAD * even):
        table, miss = _scale(start, rows, columns)
        if miss <= _NEAR * total:
            return table
    return even


def _scale(table: FloatArray, rows: FloatArray, columns: FloatArray) -> tuple[FloatArray, float]:
    """Rows and columns scaled in turn, ending on rows; with how far the columns then miss their sums."""
    miss = np.inf
    for _ in range(_SWEEPS):
        table = table * _factors(columns, table.sum(axis=0))[np.newaxis, :]
        table = table * _factors(rows, table.sum(axis=1))[:, np.newaxis]
        miss = float(np.abs(table.sum(axis=0) - columns).sum() + np.abs(table.sum(axis=1) - rows).sum())
        if miss <= _EXACT * float(rows.sum()):
            break
    return table, miss


def _factors(wanted: FloatArray, found: FloatArray) -> FloatArray:
    factors: FloatArray = np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
    return factors


def _spread_over_campaigns(pairs: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Each day's and channel's credit over campaigns as linear credit has them; of other days where it has none."""
    part = [
        pl.when(pl.col(name).sum().over(keys) > 0)
        .then(pl.col(name) / pl.col(name).sum().over(keys))
        .otherwise(pl.col("conversions") / pl.col("conversions").sum().over(keys))
        .alias(f"{name}_part")
        for keys in (_PAIR,)
        for name in _AMOUNTS
    ]
    own = cells.with_columns(part).select(*CELL, "conversions_part", "value_part")
    mix = (
        cells.group_by("channel", "campaign_id")
        .agg(pl.col("conversions").sum())
        .with_columns(part=pl.col("conversions") / pl.col("conversions").sum().over("channel"))
        .select("channel", "campaign_id", conversions_part="part", value_part="part")
    )
    known = pairs.join(own, on=_PAIR)
    others = pairs.join(own, on=_PAIR, how="anti").join(mix, on="channel", how="left")
    found = pl.concat([known.select(others.columns), others])
    return found.select(
        *CELL,
        *(pl.col(name) * pl.col(f"{name}_part").fill_null(1.0) for name in _AMOUNTS),
    ).sort(CELL, nulls_last=True)


def _round_values(cells: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Whole cents: first by day and channel, then within each by campaign."""
    pairs = cells.group_by(_PAIR).agg(pl.col("value").sum()).sort(_PAIR)
    totals = pairs.select("converted_date").join(days, on="converted_date", how="left")["value"].to_numpy()
    whole = round_by_group(
        pairs["converted_date"].rle_id().to_numpy(),
        pairs["channel"].rank("dense").to_numpy().astype(np.int64) - 1,
        pairs["value"].to_numpy(),
        np.rint(totals).astype(np.int64),
    )
    pairs = pairs.select(*_PAIR, pair_cents=whole)
    ordered = cells.join(pairs, on=_PAIR).sort("channel", "converted_date", "campaign_id", nulls_last=True)
    campaign = ordered.select(pl.struct("channel", "campaign_id").rank("dense")).to_series()
    cents = round_by_group(
        ordered.select(pl.struct("channel", "converted_date").rle_id()).to_series().to_numpy(),
        campaign.to_numpy().astype(np.int64) - 1,
        ordered["value"].to_numpy(),
        ordered["pair_cents"].to_numpy(),
    )
    return ordered.select(*CELL, "conversions", value_cents=pl.Series(cents)).sort(CELL, nulls_last=True)


def round_by_group(groups: IntArray, keys: IntArray, amounts: FloatArray, totals: IntArray) -> IntArray:
    """Whole numbers (n,) near ``amounts`` that sum to the group's total in each run of equal ``groups``.

    What rounding gives a key too much or too little is carried to its next group, so that the sum of a key over all
    groups stays within a few units of its amounts. ``totals`` (n,) repeats the group's total. Amounts from 0 give
    numbers from 0.

    >>> round_by_group(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.5, 0.5, 0.5, 0.5]),
    ...                np.array([1, 1, 1, 1])).tolist()
    [1, 0, 0, 1]
    """
    found = np.zeros(len(amounts), np.int64)
    if not len(amounts):
        return found
    # What sums in another order differ by must not decide who gets a cent.
    amounts = amounts.round(_DECIMALS)
    carry = np.zeros(int(keys.max()) + 1)
    edges = np.append(np.flatnonzero(np.append(True, groups[1:] != groups[:-1])), len(groups))
    for begin, end in pairwise(edges):
        here, exact = keys[begin:end], amounts[begin:end]
        whole = _round_one(exact, exact + carry[here], int(totals[begin]))
        carry[here] += exact - whole
        found[begin:end] = whole
    return found


def _round_one(exact: FloatArray, wanted: FloatArray, total: int) -> IntArray:
    """Near ``wanted``, summing to ``total``, not below 0 where ``exact`` isn't."""
    if len(exact) == 1:
        return np.array([total])
    lowest = np.where(exact >= 0, 0, np.iinfo(np.int64).min // 2)
    whole = np.maximum(np.floor(wanted + 10.0 ** -(_DECIMALS + 1)).astype(np.int64), lowest)
    missing = total - int(whole.sum())
    order = np.argsort((whole - wanted).round(_DECIMALS), kind="stable")
    if missing > 0:
        each, extra = divmod(missing, len(whole))
        whole += each
        whole[order[:extra]] += 1
    while missing < 0:
        taken = [place for place in order[::-1] if whole[place] > lowest[place]][:-missing]
        if not taken:
            whole[0] += missing
            break
        whole[taken] -= 1
        missing += len(taken)
    return whole

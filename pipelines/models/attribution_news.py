"""Sums over a tenant's journeys, counted anew only for people with news. What is summed is in attribution_sums.py."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from attribution.sums import SUMS, add_sums, negate_sums
from pipelines.models.attribution_inputs import Inputs, Source
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.resources.lake import Lake

STATE = "attribution_state"
"""The tenant's extract that keeps the last sums, and the touches and conversions which they are of."""
_KIND, _BASIS = "state_kind", "state_basis"
_SEED = 40_507
# A mark of 48 bits: those of 65,536 rows of one person sum up within 64.
_CUT = 1 << 16


@dataclass(frozen=True, slots=True)
class Summed:
    """Sums by currency, and how many people were counted for them (None: all)."""

    sums: dict[str, pl.DataFrame]
    people: int | None = None


def sum_tenant(
    lake: Lake, tenant_id: UUID, inputs: Source, settings: AttributionSettings, *, basis: str, full: bool = False
) -> Summed:
    """The sums over all journeys, from those of the last time where ``basis`` (settings and code) is the same.

    The people with a row that is new, gone or other, and those whose open journey closed since, are taken away as they
    were and added as they are. A cluster keeps no state: its sums are counted whole.
    """
    if not isinstance(inputs, Inputs):
        return Summed(inputs.sum_all(settings, inputs.newest))
    known = None if full else _recall(lake, tenant_id, inputs, basis)
    summed = None if known is None else _sum_news(*known, inputs, settings)
    if summed is None:
        summed = Summed(inputs.sum_all(settings, inputs.newest))
    lake.write(tenant_id, STATE, _as_state(inputs, summed.sums, basis))
    return summed


def _sum_news(
    known: Inputs, sums: dict[str, pl.DataFrame], inputs: Inputs, settings: AttributionSettings
) -> Summed | None:
    """The sums, or None where counting everything costs no more."""
    currencies = inputs.currencies()
    if currencies != known.currencies():
        return None
    people = find_changed(known, inputs, settings)
    if 2 * len(people) > len(inputs.people()):
        return None
    before = known.of(people).sum_all(settings, known.newest, currencies)
    after = inputs.of(people).sum_all(settings, inputs.newest, currencies)
    found = {one: add_sums([sums[one], negate_sums(before[one]), after[one]]) for one in currencies}
    return Summed(found, len(people))


def find_changed(known: Inputs, inputs: Inputs, settings: AttributionSettings) -> pl.Series:
    """Whose rows differ in any way, and whose journeys were open at the one moment and not at the other."""
    changed = [
        old.join(new, on="person_id", how="full", coalesce=True, nulls_equal=True).filter(
            pl.col("mark").ne_missing(pl.col("mark_right"))
        )["person_id"]
        for old, new in (
            (_mark(known.touches), _mark(inputs.touches)),
            (_mark(known.conversions), _mark(inputs.conversions)),
        )
    ]
    if settings.open_journeys == "set_aside":
        changed.append(_closed_between(known.touches, known.newest, inputs.newest, settings))
    return pl.concat(changed).unique()


def _mark(frame: pl.DataFrame) -> pl.DataFrame:
    """A number for each person that changes with any of their rows, in whatever order they stand."""
    marked = frame.select("person_id", mark=frame.hash_rows(seed=_SEED) // _CUT)
    return marked.group_by("person_id").agg(pl.col("mark").sum())


def _closed_between(
    touches: pl.DataFrame, left: datetime | None, right: datetime | None, settings: AttributionSettings
) -> pl.Series:
    """People with a touch whose journey closes after the one moment and not after the other."""
    if left is None or right is None:
        return touches["person_id"].clear()
    closes_after = settings.lookback if settings.conversion_window is None else settings.conversion_window
    early, late = sorted((left, right))
    passed = (pl.col("occurred_at") > early - closes_after) & (pl.col("occurred_at") <= late - closes_after)
    return touches.filter(passed)["person_id"]


def _as_state(inputs: Inputs, sums: dict[str, pl.DataFrame], basis: str) -> pl.DataFrame:
    """All in one file, so that sums and what they are of can't come apart."""
    parts = {
        "basis": pl.DataFrame({_BASIS: [basis]}),
        "touch": inputs.touches,
        "conversion": inputs.conversions,
        **{f"sums {currency}": frame for currency, frame in sums.items()},
    }
    return pl.concat([frame.with_columns(pl.lit(kind).alias(_KIND)) for kind, frame in parts.items()], how="diagonal")


def _recall(lake: Lake, tenant_id: UUID, like: Inputs, basis: str) -> tuple[Inputs, dict[str, pl.DataFrame]] | None:
    try:
        state = lake.read(tenant_id, STATE)
    except (OSError, pl.exceptions.PolarsError):
        return None  # an object store without one yet, or a file that can't be read: count everything
    if state is None or state.filter(pl.col(_KIND) == "basis")[_BASIS].to_list() != [basis]:
        return None
    # each kind lies in one piece: slices copy nothing, grouping so wide a frame takes longer than reading it
    pieces = state[_KIND].rle().struct.unnest().with_columns(end=pl.col("len").cum_sum())
    frames = {kind: state[end - count : end] for count, kind, end in pieces.select("len", "value", "end").iter_rows()}
    nothing = state.clear()
    known = Inputs(
        frames.get("touch", nothing).select(like.touches.columns),
        frames.get("conversion", nothing).select(like.conversions.columns),
    )
    sums = {
        currency: frames.get(f"sums {currency}", pl.DataFrame(schema=SUMS)).select(SUMS.names())
        for currency in known.currencies()
    }
    return known, sums

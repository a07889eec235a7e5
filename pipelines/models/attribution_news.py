"""Sums over a tenant's journeys, counted anew only for people with news. What is summed is in attribution_sums.py."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import polars as pl

from attribution.sums import add_sums, negate_sums
from pipelines.models.attribution_inputs import Inputs, Source
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.models.attribution_state import (
    State,
    joined,
    keep_base,
    keep_news,
    mark_people,
    number_of,
    recall,
    recall_rows,
    rows_of,
    rows_without,
)
from pipelines.resources.lake import Lake

MOST_MOVED = 0.2
"""Once so many of the people had news since everybody's rows were kept, they are kept anew."""


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
    marks = mark_people(inputs)
    known = None if full else recall(lake, tenant_id, inputs, basis)
    if known is not None and inputs.currencies() == sorted(known.sums):
        changed = find_changed(known, marks, inputs, settings)
        if 2 * len(changed) <= marks.height:
            return _sum_news(lake, tenant_id, known, marks, changed, inputs, settings)
    sums = inputs.sum_all(settings, inputs.newest)
    keep_base(lake, tenant_id, inputs, marks, sums, basis)
    return Summed(sums)


def _sum_news(
    lake: Lake,
    tenant_id: UUID,
    known: State,
    marks: pl.DataFrame,
    changed: pl.Series,
    inputs: Inputs,
    settings: AttributionSettings,
) -> Summed:
    """The sums less what the people with news gave them, and with what they give now."""
    currencies = sorted(known.sums)
    stood, stand = recall_rows(lake, tenant_id, known, inputs, changed), rows_of(inputs, changed)
    before = stood.sum_all(settings, known.newest, currencies)
    after = stand.sum_all(settings, inputs.newest, currencies)
    sums = {one: add_sums([known.sums[one], negate_sums(before[one]), after[one]]) for one in currencies}
    moved = pl.concat([known.moved, changed]).unique()
    if len(moved) > MOST_MOVED * marks.height:
        keep_base(lake, tenant_id, inputs, marks, sums, known.basis)
    else:
        news = joined(rows_without(known.news, changed), stand)
        keep_news(lake, tenant_id, replace(known, newest=inputs.newest, sums=sums, marks=marks, moved=moved, news=news))
    return Summed(sums, len(changed))


def find_changed(known: State, marks: pl.DataFrame, inputs: Inputs, settings: AttributionSettings) -> pl.Series:
    """Whose rows differ in any way, and whose journeys were open at the one moment and not at the other."""
    changed = known.marks.join(marks, on="who", how="full", coalesce=True).filter(
        pl.col("mark").ne_missing(pl.col("mark_right"))
    )["who"]
    if settings.open_journeys != "set_aside":
        return changed
    # whoever's touches are others than they were is found already
    return pl.concat([changed, _closed_between(inputs.touches, known.newest, inputs.newest, settings)]).unique()


def _closed_between(
    touches: pl.DataFrame, left: datetime | None, right: datetime | None, settings: AttributionSettings
) -> pl.Series:
    """People with a touch whose journey closes after the one moment and not after the other, by number."""
    whose = touches.lazy().with_columns(who=number_of())
    if left is None or right is None:
        return whose.select("who").collect()["who"].clear()
    closes_after = settings.lookback if settings.conversion_window is None else settings.conversion_window
    early, late = sorted((left, right))
    passed = (pl.col("occurred_at") > early - closes_after) & (pl.col("occurred_at") <= late - closes_after)
    return whose.filter(passed).select("who").collect()["who"]

"""How a measure moves over time: bars by day or week. What the measure means is the page's to say."""

from typing import Literal

import altair as alt
import polars as pl

from dashboards.charts.style import PRIMARY, finish
from dashboards.formats import Language

Step = Literal["day", "week"]

WEEKLY_FROM_DAYS = 60
"""Periods this long are drawn by week: a bar a day would be too thin on a phone."""
_FILLED = 0.85


def sum_by_step(daily: pl.DataFrame, measure: str, step: Step) -> pl.DataFrame:
    """Columns ``starts_on`` and ``value``: the measure summed by day, or by week from Monday."""
    start = pl.col("kpi_date") if step == "day" else pl.col("kpi_date").dt.truncate("1w")
    return (
        daily.group_by(start.alias("starts_on"))
        .agg(pl.col(measure).fill_null(0).sum().alias("value"))
        .sort("starts_on")
    )


def draw_trend(
    frame: pl.DataFrame, title: str, language: Language, *, color: str = PRIMARY, step: Step = "day"
) -> alt.Chart:
    """Bars of ``value`` over ``starts_on``."""
    hours = {"day": 24, "week": 7 * 24}[step]
    starts_at = pl.col("starts_on").cast(pl.Datetime("us", "UTC"))
    ends_at = starts_at + pl.duration(minutes=int(hours * 60 * _FILLED))
    bars = (
        alt.Chart(frame.with_columns(starts_on=starts_at, ends_on=ends_at))
        # rectangles, since a bar between two times would be drawn lying down
        .mark_rect(color=color)
        .encode(
            x=alt.X(
                "starts_on:T",
                scale=alt.Scale(type="utc"),
                title=None,
                axis=alt.Axis(format="%d. %b", labelOverlap=True, tickCount=6, grid=False),
            ),
            x2="ends_on:T",
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("starts_on:T", title=" ", format="%d. %b %Y"),
                alt.Tooltip("value:Q", title=title, format=",.0f"),
            ],
        )
    )
    return finish(bars, language)

"""One person's touchpoints along time. Which touches belong to the person is the query's answer."""

from datetime import timedelta

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, finish
from dashboards.formats import Language


def draw_timeline(frame: pl.DataFrame, language: Language) -> alt.Chart:
    """A dot a touch from columns ``occurred_at``, ``channel`` and ``kind``, already in words: one line a channel."""
    order = frame.group_by("channel").agg(pl.col("occurred_at").min()).sort("occurred_at")["channel"].to_list()
    dots = (
        alt.Chart(frame)
        .mark_circle(size=110, opacity=0.85)
        .encode(
            x=alt.X(
                "occurred_at:T",
                title=None,
                axis=alt.Axis(format="%d. %b %y", labelOverlap=True, tickCount=_choose_ticks(frame)),
            ),
            y=alt.Y("channel:N", title=None, sort=order, axis=alt.Axis(grid=True)),
            color=alt.Color("channel:N", sort=order, scale=alt.Scale(domain=order, range=list(PALETTE)), legend=None),
            tooltip=[
                alt.Tooltip("occurred_at:T", title=" ", format="%d. %b %Y %H:%M"),
                alt.Tooltip("channel:N", title="  "),
                alt.Tooltip("kind:N", title="   "),
            ],
        )
    )
    return finish(dots, language, height=max(120, 34 * len(order) + 50))


def _choose_ticks(frame: pl.DataFrame) -> int | alt.TimeIntervalStep:
    """Whole days on a short line, so that no day is labelled twice."""
    span = frame.select(pl.col("occurred_at").max() - pl.col("occurred_at").min()).item()
    if isinstance(span, timedelta) and span < timedelta(days=14):
        return alt.TimeIntervalStep(interval="day", step=1 + span.days // 6)
    return 6

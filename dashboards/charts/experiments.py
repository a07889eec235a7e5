"""Differences with their bounds, by metric and day by day, and spend by week. What is sure is not decided here."""

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, PRIMARY, finish, finish_layers
from dashboards.formats import Language


def draw_differences(frame: pl.DataFrame, title: str, language: Language) -> alt.LayerChart:
    """A dot with its bounds a row from columns ``row`` (in words), ``effect``, ``low`` and ``high``, all relative."""
    order = frame["row"].to_list()
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelPadding=6, labelLimit=240))
    axis = alt.Axis(format="+.0%", tickCount=6)
    zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[4, 3], color=PALETTE[6]).encode(x="x:Q")
    bounds = (
        alt.Chart(frame)
        .mark_rule(strokeWidth=3, color=PRIMARY)
        .encode(y=y, x=alt.X("low:Q", title=title, axis=axis), x2="high:Q")
    )
    dots = (
        alt.Chart(frame)
        .mark_circle(size=110, color=PRIMARY, opacity=1)
        .encode(
            y=y,
            x=alt.X("effect:Q", title=title, axis=axis),
            tooltip=[
                alt.Tooltip("row:N", title=" "),
                alt.Tooltip("effect:Q", title=title, format="+.1%"),
                alt.Tooltip("low:Q", title="≥", format="+.1%"),
                alt.Tooltip("high:Q", title="≤", format="+.1%"),
            ],
        )
    )
    return finish_layers([zero, bounds, dots], language, max(120, 34 * len(order) + 60))


def draw_history(frame: pl.DataFrame, title: str, language: Language, *, is_rate: bool) -> alt.LayerChart:
    """A line a variant in its band from columns ``day``, ``variant``, ``effect``, ``low`` and ``high``."""
    names = frame["variant"].unique(maintain_order=True).to_list()
    form = "+.1%" if is_rate else "+,.1f"
    color = alt.Color("variant:N", scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])))
    y = alt.Axis(format=form, tickCount=5)
    x = alt.X("day:T", title=None)
    zero = alt.Chart(pl.DataFrame({"y": [0.0]})).mark_rule(strokeDash=[4, 3], color=PALETTE[6]).encode(y="y:Q")
    band = (
        alt.Chart(frame)
        .mark_area(opacity=0.2, clip=True)
        .encode(x=x, y=alt.Y("low:Q", title=title, axis=y), y2="high:Q", color=color)
    )
    line = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=alt.Y("effect:Q", title=title, axis=y),
            color=color,
            tooltip=[
                alt.Tooltip("day:T", title=" "),
                alt.Tooltip("variant:N", title="  "),
                alt.Tooltip("effect:Q", title=title, format=form),
                alt.Tooltip("low:Q", title="≥", format=form),
                alt.Tooltip("high:Q", title="≤", format=form),
            ],
        )
    )
    return finish_layers([zero, band, line], language, 260)


def draw_spend(frame: pl.DataFrame, title: str, language: Language) -> alt.Chart:
    """Stacked bars a week from columns ``week``, ``channel`` (in words) and ``amount``."""
    names = sorted(frame["channel"].unique().to_list())
    width = min(30, max(5, 600 // max(frame["week"].n_unique(), 1)))
    bars = (
        alt.Chart(frame)
        .mark_bar(size=width)
        .encode(
            x=alt.X("week:T", title=None),
            y=alt.Y("sum(amount):Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            color=alt.Color(
                "channel:N", scale=alt.Scale(domain=names, range=[PALETTE[n % len(PALETTE)] for n in range(len(names))])
            ),
            tooltip=[
                alt.Tooltip("week:T", title=" "),
                alt.Tooltip("channel:N", title="  "),
                alt.Tooltip("sum(amount):Q", title=title, format=",.0f"),
            ],
        )
    )
    return finish(bars, language, 260)

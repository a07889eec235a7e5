"""A funnel, expected sales with bounds, and shares with bounds. What the steps and shares are is the page's to say."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, PRIMARY, finish_layers
from dashboards.formats import Language


def draw_funnel(frame: pl.DataFrame, steps: Sequence[str], language: Language) -> alt.LayerChart:
    """Bars from columns ``step`` (in words), ``count`` and ``label``, in the order of ``steps``."""
    base = alt.Chart(frame).encode(
        y=alt.Y("step:N", sort=list(steps), title=None, axis=alt.Axis(labelPadding=6)),
        x=alt.X("count:Q", title=None, axis=None, scale=alt.Scale(domainMin=0)),
        tooltip=[alt.Tooltip("step:N", title=" "), alt.Tooltip("count:Q", title="  ", format=",.0f")],
    )
    bars = base.mark_bar(cornerRadiusEnd=2, color=PRIMARY)
    words = base.mark_text(align="left", dx=6, color=PALETTE[6]).encode(text="label:N")
    return finish_layers([bars, words], language, 46 * len(steps) + 30)


def draw_forecast(frame: pl.DataFrame, title: str, language: Language) -> alt.LayerChart:
    """A bar a month from columns ``month`` (in words), ``value``, ``low`` and ``high``, in the frame's order."""
    x = alt.X("month:N", sort=frame["month"].to_list(), title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    tooltip = [
        alt.Tooltip("month:N", title=" "),
        alt.Tooltip("value:Q", title=title, format=",.0f"),
        alt.Tooltip("low:Q", title="≥", format=",.0f"),
        alt.Tooltip("high:Q", title="≤", format=",.0f"),
    ]
    y = alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5))
    bars = alt.Chart(frame).mark_bar(color=PRIMARY, cornerRadiusEnd=2, size=34).encode(x=x, y=y, tooltip=tooltip)
    bounds = alt.Chart(frame).mark_rule(strokeWidth=2, color=PALETTE[1]).encode(x=x, y="low:Q", y2="high:Q")
    return finish_layers([bars, bounds], language, 260)


def draw_rates(frame: pl.DataFrame, title: str, language: Language) -> alt.LayerChart:
    """A dot with its bounds a row from columns ``segment``, ``rate``, ``low``, ``high`` and ``cases``."""
    order = frame["segment"].to_list()
    y = alt.Y("segment:N", sort=order, title=None)
    axis = alt.Axis(format=".0%", tickCount=5)
    bounds = (
        alt.Chart(frame)
        .mark_rule(strokeWidth=2, color=PALETTE[6])
        .encode(y=y, x=alt.X("low:Q", title=title, axis=axis, scale=alt.Scale(domain=[0, 1])), x2="high:Q")
    )
    dots = (
        alt.Chart(frame)
        .mark_circle(size=110, color=PRIMARY, opacity=1)
        .encode(
            y=y,
            x=alt.X("rate:Q", title=title),
            tooltip=[
                alt.Tooltip("segment:N", title=" "),
                alt.Tooltip("rate:Q", title=title, format=".0%"),
                alt.Tooltip("cases:N", title="  "),
            ],
        )
    )
    return finish_layers([bounds, dots], language, max(120, 30 * len(order) + 50))

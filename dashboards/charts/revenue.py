"""A waterfall, shares over months, a level with its forecast and a heat map of cohorts."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, PRIMARY, SECONDARY, finish, finish_layers
from dashboards.formats import Language

_KINDS = {"level": PALETTE[6], "up": PALETTE[2], "down": PALETTE[3]}


def draw_waterfall(frame: pl.DataFrame, title: str, language: Language) -> alt.LayerChart:
    """Bars from columns ``step`` (in words, in order), ``start``, ``end``, ``kind`` (level, up, down) and ``label``."""
    steps = frame["step"].to_list()
    x = alt.X("step:N", sort=steps, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=False, labelLimit=90))
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadius=2)
        .encode(
            x=x,
            y=alt.Y("start:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            y2="end:Q",
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(_KINDS), range=list(_KINDS.values()))),
            tooltip=[alt.Tooltip("step:N", title=" "), alt.Tooltip("label:N", title="  ")],
        )
    )
    words = (
        alt.Chart(frame.with_columns(top=pl.max_horizontal("start", "end")))
        .mark_text(dy=-8, color=PALETTE[6])
        .encode(x=x, y="top:Q", text="label:N")
    )
    return finish_layers([bars, words], language, 320)


def draw_shares(frame: pl.DataFrame, names: Sequence[str], language: Language) -> alt.Chart:
    """A line a name from columns ``month`` (a date), ``name`` and ``share``."""
    lines = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %y", labelOverlap=True, tickCount=6)),
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(zero=False)),
            color=alt.Color("name:N", scale=alt.Scale(domain=list(names), range=list(PALETTE[: len(names)]))),
            strokeDash=alt.StrokeDash(
                "name:N", legend=None, scale=alt.Scale(domain=list(names), range=[[1, 0], [5, 3]])
            ),
            tooltip=[
                alt.Tooltip("month:T", title=" ", format="%b %Y"),
                alt.Tooltip("name:N", title="  "),
                alt.Tooltip("share:Q", title="   ", format=".1%"),
            ],
        )
    )
    return finish(lines, language, 260)


def draw_level(known: pl.DataFrame, ahead: pl.DataFrame, title: str, language: Language) -> alt.LayerChart:
    """A line from ``month`` and ``value``, and behind it what is expected with ``low`` and ``high``."""
    x = alt.X("month:T", title=None, axis=alt.Axis(format="%b %y", labelOverlap=True, tickCount=6))
    y = alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5))
    tooltip = [alt.Tooltip("month:T", title=" ", format="%b %Y"), alt.Tooltip("value:Q", title=title, format=",.0f")]
    charts = [alt.Chart(known).mark_line(color=PRIMARY, point=True).encode(x=x, y=y, tooltip=tooltip)]
    if ahead.height:
        band = alt.Chart(ahead).mark_area(color=SECONDARY, opacity=0.25).encode(x=x, y="low:Q", y2="high:Q")
        line = (
            alt.Chart(ahead).mark_line(color=SECONDARY, strokeDash=[5, 3], point=True).encode(x=x, y=y, tooltip=tooltip)
        )
        charts = [band, *charts, line]
    return finish_layers(charts, language, 260)


def draw_cohorts(frame: pl.DataFrame, axis: str, title: str, language: Language) -> alt.LayerChart:
    """A cell a cohort and month from columns ``cohort`` (words in order), ``month_number``, ``share``, ``label``.

    ``axis`` and ``title`` say what the months and the share are.
    """
    order = frame["cohort"].unique(maintain_order=True).to_list()
    base = alt.Chart(frame).encode(
        x=alt.X("month_number:O", title=axis, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cohort:N", sort=order, title=None),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1], clamp=True), legend=alt.Legend(format=".0%")
        ),
        tooltip=[
            alt.Tooltip("cohort:N", title=" "),
            alt.Tooltip("month_number:O", title=axis),
            alt.Tooltip("share:Q", title=title, format=".0%"),
        ],
    )
    words = base.mark_text(fontSize=10).encode(
        text="label:N", color=alt.condition("datum.share > 0.6", alt.value("#ffffff"), alt.value("#1b2733"))
    )
    return finish_layers([cells, words], language, max(160, 24 * len(order) + 70))


def draw_money_back(frame: pl.DataFrame, names: Sequence[str], title: str, language: Language) -> alt.Chart:
    """Two bars a month from columns ``month`` (in words, in order), ``name`` and ``amount``."""
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                "month:N", sort=frame["month"].unique(maintain_order=True).to_list(), title=None,
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            xOffset=alt.XOffset("name:N", sort=list(names)),
            y=alt.Y("amount:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            color=alt.Color("name:N", scale=alt.Scale(domain=list(names), range=[PRIMARY, SECONDARY])),
            tooltip=[
                alt.Tooltip("month:N", title=" "),
                alt.Tooltip("name:N", title="  "),
                alt.Tooltip("amount:Q", title=title, format=",.0f"),
            ],
        )
    )  # fmt: skip
    return finish(bars, language, 240)

"""Credit by channel and model, side by side, and credit beside its cost. What credit is worth is not decided here."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, PRIMARY, SECONDARY, finish, finish_layers
from dashboards.formats import Language

_BAR = 13


def draw_model_comparison(
    frame: pl.DataFrame, models: Sequence[str], title: str, language: Language
) -> alt.Chart | alt.LayerChart:
    """Grouped bars from columns ``channel``, ``model`` and ``value``, already in words; ``models`` orders the colours.

    Where columns ``low`` and ``high`` have bounds, a line across each bar's end shows them.
    Channels are ordered by their mean over the models, so that the order stays when a model is added.
    """
    order = frame.group_by("channel").agg(pl.col("value").mean()).sort(["value", "channel"], descending=[True, False])
    channels = order["channel"].to_list()
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("channel:N", title=None, sort=channels, axis=alt.Axis(labelPadding=6)),
            yOffset=alt.YOffset("model:N", sort=list(models)),
            x=alt.X("value:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            color=alt.Color(
                "model:N", sort=list(models), scale=alt.Scale(domain=list(models), range=list(PALETTE[: len(models)]))
            ),
            tooltip=[
                alt.Tooltip("channel:N", title=" "),
                alt.Tooltip("model:N", title="  "),
                alt.Tooltip("value:Q", title=title, format=",.1f"),
            ],
        )
    )
    height = max(220, len(channels) * (_BAR * max(len(models), 1) + 14) + 60)
    if "low" in frame.columns and frame["low"].count():
        bounds = (
            alt.Chart(frame.filter(pl.col("low").is_not_null()))
            .mark_rule(strokeWidth=1.5)
            .encode(
                y=alt.Y("channel:N", sort=channels),
                yOffset=alt.YOffset("model:N", sort=list(models), bandPosition=0.5),
                x=alt.X("low:Q"),
                x2="high:Q",
                tooltip=[
                    alt.Tooltip("channel:N", title=" "),
                    alt.Tooltip("model:N", title="  "),
                    alt.Tooltip("low:Q", title="≥", format=",.1f"),
                    alt.Tooltip("high:Q", title="≤", format=",.1f"),
                ],
            )
        )
        return finish_layers((bars, bounds), language, height)
    return finish(bars, language, height)


def draw_distribution(frame: pl.DataFrame, title: str, sales: str, language: Language) -> alt.Chart:
    """Bars of sales from columns ``bucket`` (a whole number) and ``conversions``; ``title`` says what the number is."""
    bars = (
        alt.Chart(frame)
        .mark_bar(color=PRIMARY)
        .encode(
            x=alt.X("bucket:Q", bin=alt.Bin(maxbins=24, minstep=1), title=title, axis=alt.Axis(format=",.0f")),
            y=alt.Y("sum(conversions):Q", title=sales, axis=alt.Axis(format=",.0f", tickCount=4)),
            tooltip=[
                alt.Tooltip("bucket:Q", bin=alt.Bin(maxbins=24, minstep=1), title=title),
                alt.Tooltip("sum(conversions):Q", title=sales, format=",.0f"),
            ],
        )
    )
    return finish(bars, language, height=220)


def draw_value_and_spend(frame: pl.DataFrame, names: tuple[str, str], title: str, language: Language) -> alt.Chart:
    """Two bars a channel from columns ``channel``, ``measure`` (one of ``names``: value, spend) and ``amount``."""
    order = frame.filter(pl.col("measure") == names[0]).sort("amount", descending=True)["channel"].to_list()
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("channel:N", title=None, sort=order),
            yOffset=alt.YOffset("measure:N", sort=list(names)),
            x=alt.X("amount:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5)),
            color=alt.Color("measure:N", scale=alt.Scale(domain=list(names), range=[PRIMARY, SECONDARY])),
            tooltip=[
                alt.Tooltip("channel:N", title=" "),
                alt.Tooltip("measure:N", title="  "),
                alt.Tooltip("amount:Q", title=title, format=",.0f"),
            ],
        )
    )
    return finish(bars, language, height=max(220, len(order) * (_BAR * 2 + 14) + 60))

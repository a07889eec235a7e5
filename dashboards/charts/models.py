"""How well a model's chances hold: reliability, gain, quality from version to version, and evidence of drift."""

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, PRIMARY, SECONDARY, finish, finish_layers
from dashboards.formats import Language

_HEIGHT = 280
_RATE = alt.Axis(format=".0%", tickCount=5)
_WHOLE = alt.Scale(domain=[0, 1])
_DIAGONAL = pl.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})


def draw_reliability(frame: pl.DataFrame, chance: str, share: str, leads: str, language: Language) -> alt.LayerChart:
    """Dots of the mean chance (``x``) and the share won (``y``) by tenths; on the line both are the same."""
    most = max(frame["x"].max() or 0.0, frame["y"].max() or 0.0, 0.05)
    scale = alt.Scale(domain=[0, min(1.0, float(most) * 1.1)])  # type: ignore[arg-type]
    dots = (
        alt.Chart(frame)
        .mark_line(color=PRIMARY, point=alt.OverlayMarkDef(size=70, color=PRIMARY))
        .encode(
            x=alt.X("x:Q", title=chance, axis=_RATE, scale=scale),
            y=alt.Y("y:Q", title=share, axis=_RATE, scale=scale),
            order="place:Q",
            tooltip=[
                alt.Tooltip("x:Q", title=chance, format=".1%"),
                alt.Tooltip("y:Q", title=share, format=".1%"),
                alt.Tooltip("lead_count:Q", title=leads, format=",.0f"),
            ],
        )
    )
    return _over_the_diagonal(dots, language)


def draw_gain(frame: pl.DataFrame, taken: str, won: str, language: Language) -> alt.LayerChart:
    """The share of all wins (``y``) among the best share of the leads (``x``); the line is a list in any order."""
    line = (
        alt.Chart(frame)
        .mark_line(color=PRIMARY, point=alt.OverlayMarkDef(size=30, color=PRIMARY))
        .encode(
            x=alt.X("x:Q", title=taken, axis=_RATE, scale=_WHOLE),
            y=alt.Y("y:Q", title=won, axis=_RATE, scale=_WHOLE),
            order="place:Q",
            tooltip=[
                alt.Tooltip("x:Q", title=taken, format=".0%"),
                alt.Tooltip("y:Q", title=won, format=".0%"),
            ],
        )
    )
    return _over_the_diagonal(line, language)


def draw_quality(frame: pl.DataFrame, names: tuple[str, str], title: str, language: Language) -> alt.Chart:
    """A dot a version: columns ``trained_at``, ``judged_on`` (one of ``names``), ``value``, ``model_version``."""
    dots = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=80))
        .encode(
            x=alt.X("trained_at:T", title=None, axis=alt.Axis(format="%d. %b %y", labelOverlap=True, tickCount=6)),
            y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=".3f", tickCount=5)),
            color=alt.Color("judged_on:N", scale=alt.Scale(domain=list(names), range=[PRIMARY, SECONDARY])),
            strokeDash=alt.StrokeDash("judged_on:N", scale=alt.Scale(domain=list(names))),
            tooltip=[
                alt.Tooltip("model_version:N", title=" "),
                alt.Tooltip("judged_on:N", title="  "),
                alt.Tooltip("value:Q", title=title, format=".4f"),
                alt.Tooltip("trained_at:T", title="   ", format="%d. %b %Y %H:%M"),
            ],
        )
    )
    return finish(dots, language, height=_HEIGHT)


def draw_evidence(frame: pl.DataFrame, title: str, limit: float, language: Language) -> alt.LayerChart:
    """Each detector's evidence over the looks, from columns ``looked_until``, ``subject`` in words and ``evidence``.

    The scale is logarithmic, as evidence multiplies from look to look; the line is where it alarms.
    """
    axis = alt.Axis(format="~s", tickCount=5)
    lines = (
        alt.Chart(frame.with_columns(pl.col("evidence").clip(1e-3, 1e6)))
        .mark_line(point=alt.OverlayMarkDef(size=60))
        .encode(
            x=alt.X("looked_until:T", title=None, axis=alt.Axis(format="%d. %b %y", labelOverlap=True, tickCount=6)),
            y=alt.Y("evidence:Q", title=title, scale=alt.Scale(type="log"), axis=axis),
            color=alt.Color("subject:N", scale=alt.Scale(range=list(PALETTE[:3]))),
            strokeDash=alt.StrokeDash("subject:N"),
            tooltip=[
                alt.Tooltip("looked_until:T", title=" ", format="%d. %b %Y %H:%M"),
                alt.Tooltip("subject:N", title="  "),
                alt.Tooltip("evidence:Q", title=title, format=",.1f"),
            ],
        )
    )
    rule = alt.Chart(pl.DataFrame({"limit": [limit]})).mark_rule(strokeDash=[6, 4]).encode(y="limit:Q")
    return finish_layers((lines, rule), language, _HEIGHT)


def _over_the_diagonal(chart: alt.Chart, language: Language) -> alt.LayerChart:
    line = alt.Chart(_DIAGONAL).mark_line(color="#7F7F7F", strokeDash=[6, 4], clip=True).encode(x="x:Q", y="y:Q")
    return finish_layers((line, chart), language, _HEIGHT)

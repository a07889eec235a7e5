"""One lead's score over time."""

import altair as alt
import polars as pl

from dashboards.charts.style import PRIMARY, SECONDARY, finish_layers
from dashboards.formats import Language


def draw_score_history(frame: pl.DataFrame, names: tuple[str, str], title: str, language: Language) -> alt.LayerChart:
    """A step line of ``probability`` over ``scored_at``; ``given_by``, one of ``names``, marks a new model."""
    x = alt.X("scored_at:T", title=None, axis=alt.Axis(format="%d. %b %y", labelOverlap=True, tickCount=6))
    y = alt.Y("probability:Q", title=title, axis=alt.Axis(format=".0%", tickCount=5))
    line = alt.Chart(frame).mark_line(interpolate="step-after", color=PRIMARY).encode(x=x, y=y)
    dots = (
        alt.Chart(frame)
        .mark_point(size=80, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("given_by:N", scale=alt.Scale(domain=list(names), range=["circle", "diamond"])),
            color=alt.Color("given_by:N", scale=alt.Scale(domain=list(names), range=[PRIMARY, SECONDARY])),
            tooltip=[
                alt.Tooltip("scored_at:T", title=" ", format="%d. %b %Y %H:%M"),
                alt.Tooltip("probability:Q", title=title, format=".1%"),
                alt.Tooltip("grade:N", title="  "),
                alt.Tooltip("model_version:N", title="   "),
            ],
        )
    )
    return finish_layers((line, dots), language, height=220)

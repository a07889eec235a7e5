"""How journeys flow from channel to channel, and which channels meet the same sales. Which journeys is a query's."""

from collections import defaultdict
from itertools import pairwise
from math import cos, pi

import altair as alt
import polars as pl

from dashboards.charts.style import PALETTE, finish_layers
from dashboards.formats import Language

_POINTS = 16  # of a ribbon's edge
_BAR = 0.06  # width of a node, where columns are 1 apart
_GAP = 0.03  # between nodes, as a part of the whole


def lay_out(frame: pl.DataFrame, steps: int, end: str, more: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Nodes and ribbons of a Sankey diagram of paths.

    ``frame``: ``path`` (a list of words) and ``count`` (above 0). Column k holds the k-th touch, up to ``steps``;
    what comes after is the node ``more``; the last column is ``end``.

    Returns nodes (``step``, ``name``, ``count``, ``low``, ``high``) and ribbons (``source``, ``target``, ``step``,
    ``to_step``, ``count``, ``low``, ``high``, ``to_low``, ``to_high``). A column's nodes hold what flows through
    them; heights are parts of the whole count, so that 1 is all.
    """
    flows: dict[tuple[int, str, int, str], float] = defaultdict(float)
    sizes: dict[tuple[int, str], float] = defaultdict(float)
    for path, count in frame.select("path", "count").iter_rows():
        shown = list(path[:steps]) + ([more] if len(path) > steps else [])
        stops = [*enumerate(shown), (steps + 1, end)]
        for stop in stops:
            sizes[stop] += count
        for (step, name), (to_step, target) in pairwise(stops):
            flows[step, name, to_step, target] += count
    whole = float(frame["count"].sum()) or 1.0
    places: dict[tuple[int, str], tuple[float, float]] = {}
    for step in range(steps + 2):
        column = sorted((key for key in sizes if key[0] == step), key=lambda key: (-sizes[key], key[1]))
        low = 0.0
        for key in column:
            high = low + sizes[key] / whole
            places[key] = (low, high)
            low = high + _GAP
    left, right = ({key: low for key, (low, _) in places.items()} for _ in range(2))
    ribbons = []
    for (step, name, to_step, target), count in sorted(
        flows.items(), key=lambda flow: (flow[0][0], left[flow[0][:2]], places[flow[0][2:]][0])
    ):
        start, stop, height = (step, name), (to_step, target), count / whole
        ribbons.append(
            {
                "source": name,
                "target": target,
                "step": step,
                "to_step": to_step,
                "count": count,
                "low": left[start],
                "high": left[start] + height,
                "to_low": right[stop],
                "to_high": right[stop] + height,
            }
        )
        left[start] += height
        right[stop] += height
    nodes = [
        {"step": step, "name": name, "count": count, "low": places[step, name][0], "high": places[step, name][1]}
        for (step, name), count in sizes.items()
    ]
    return pl.DataFrame(nodes), pl.DataFrame(ribbons)


def draw_flow(
    frame: pl.DataFrame, steps: int, words: tuple[str, str, str], language: Language, *, order: list[str]
) -> alt.LayerChart:
    """A Sankey diagram of ``path`` and ``count``; ``words`` name the end, what is not shown, and what is counted.

    ``order`` are the channels, so that each keeps its colour whatever is shown.
    """
    end, more, counted = words
    nodes, ribbons = lay_out(frame, steps, end, more)
    names = [*order, more, end]
    color = alt.Scale(domain=names, range=[PALETTE[place % len(PALETTE)] for place in range(len(names))])
    columns = max(step for step in nodes["step"])
    x_scale, y_scale = (
        alt.Scale(domain=[0, columns + 0.75], nice=False),
        alt.Scale(reverse=True, zero=False, nice=False),
    )
    x = alt.X("x:Q", axis=None, scale=x_scale)
    flowing = (
        alt.Chart(_trace(ribbons))
        .mark_area(opacity=0.35, interpolate="monotone")
        .encode(
            x=x,
            y=alt.Y("low:Q", axis=None, scale=y_scale),
            y2="high:Q",
            detail="ribbon:N",
            color=alt.Color("source:N", scale=color, legend=None),
            tooltip=[
                alt.Tooltip("source:N", title="→"),
                alt.Tooltip("target:N", title=" "),
                alt.Tooltip("count:Q", title=counted, format=",.0f"),
            ],
        )
    )
    placed = nodes.with_columns(x=pl.col("step").cast(pl.Float64), x2=pl.col("step") + _BAR).with_columns(
        middle=(pl.col("low") + pl.col("high")) / 2
    )
    bars = (
        alt.Chart(placed)
        .mark_rect()
        .encode(
            x=x,
            x2="x2:Q",
            y=alt.Y("low:Q", axis=None, scale=y_scale),
            y2="high:Q",
            color=alt.Color("name:N", scale=color, legend=None),
            tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("count:Q", title=counted, format=",.0f")],
        )
    )
    labels = (
        alt.Chart(placed.filter(pl.col("high") - pl.col("low") > 0.02))
        .mark_text(align="left", dx=5, color=PALETTE[6])
        .encode(x=alt.X("x2:Q", axis=None, scale=x_scale), y=alt.Y("middle:Q", axis=None, scale=y_scale), text="name:N")
    )
    return finish_layers([flowing, bars, labels], language, 380)


def _trace(ribbons: pl.DataFrame) -> pl.DataFrame:
    """Points along each ribbon, which leaves and arrives level."""
    rows = []
    for number, ribbon in enumerate(ribbons.iter_rows(named=True)):
        start, stop = ribbon["step"] + _BAR, float(ribbon["to_step"])
        for point in range(_POINTS + 1):
            along = point / _POINTS
            eased = (1 - cos(pi * along)) / 2
            rows.append(
                {
                    "ribbon": number,
                    "x": start + (stop - start) * along,
                    "low": ribbon["low"] + (ribbon["to_low"] - ribbon["low"]) * eased,
                    "high": ribbon["high"] + (ribbon["to_high"] - ribbon["high"]) * eased,
                    "source": ribbon["source"],
                    "target": ribbon["target"],
                    "count": ribbon["count"],
                }
            )
    return pl.DataFrame(rows)


def draw_overlap(frame: pl.DataFrame, title: str, counted: str, language: Language) -> alt.LayerChart:
    """A cell a pair from columns ``channel``, ``other_channel`` (in words), ``share`` (0 to 1), ``conversions`` and
    ``label``; ``title`` says what the share is of.
    """
    order = frame.group_by("channel").agg(pl.col("conversions").max()).sort("conversions", "channel", descending=True)
    names = order["channel"].to_list()
    base = alt.Chart(frame).encode(
        x=alt.X("other_channel:N", sort=names, title=None, axis=alt.Axis(labelAngle=-40, orient="top")),
        y=alt.Y("channel:N", sort=names, title=None),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=alt.Legend(format=".0%")),
        tooltip=[
            alt.Tooltip("channel:N", title=" "),
            alt.Tooltip("other_channel:N", title="  "),
            alt.Tooltip("share:Q", title=title, format=".0%"),
            alt.Tooltip("conversions:Q", title=counted, format=",.0f"),
        ],
    )
    words = base.mark_text(fontSize=10).encode(
        text="label:N", color=alt.condition("datum.share > 0.6", alt.value("#ffffff"), alt.value("#1b2733"))
    )
    return finish_layers([cells, words], language, max(160, 30 * len(names) + 110))

"""The ways to a sale: a Sankey diagram, the commonest paths, how long they are, and which channels go together."""

from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, filters
from dashboards.charts import credit as credit_charts
from dashboards.charts import flows
from dashboards.components import draw_table, offer_files
from dashboards.faults import show_empty
from dashboards.formats import Language, format_money, format_number, format_rate
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, say

_STEPS = (2, 3, 4, 5)
_USUAL_STEPS = 4
_SHOWN_PATHS = 12
_DRAWN_PATHS = 40  # with more a ribbon is too thin to be seen
_OVERLAP = 12


def draw_journeys(tenant_id: UUID, lookback_days: int, language: Language) -> None:
    """Paths as a diagram and as a list, distributions, and overlap."""
    st.subheader(text("paths_title", language), anchor=False)
    _draw_paths(tenant_id, lookback_days, language)
    _draw_distributions(tenant_id, language)
    _draw_overlap(tenant_id, language)


def _draw_paths(tenant_id: UUID, lookback_days: int, language: Language) -> None:
    st.caption(text("paths_caption", language, days=lookback_days))
    read = cache.paths(tenant_id)
    paths = read.filter(pl.col("path").is_not_null() & (pl.col("conversions") > 0))
    if paths.is_empty():
        show_empty("empty_paths")
        return
    # the rest stands in one row without a path: what is shown is told as a part of the whole
    whole = float(read["conversions"].sum())
    channels = paths["path"].explode().value_counts(sort=True)["path"].to_list()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters.read_one("through", channels, None, key="path_channel")
        through: str | None = st.selectbox(
            text("path_through", language),
            channels,
            format_func=lambda name: say(CHANNELS, name, language),
            placeholder=text("path_any", language),
            key="path_channel",
            width=260,
        )
        filters.keep("through", through)
        filters.read_one("steps", _STEPS, _USUAL_STEPS, key="path_steps")
        steps = st.segmented_control(text("path_steps", language), _STEPS, required=True, key="path_steps")
        steps = steps or _USUAL_STEPS
        filters.keep("steps", steps, _USUAL_STEPS)
    chosen = paths if through is None else paths.filter(pl.col("path").list.contains(through))
    said = chosen.head(_DRAWN_PATHS).select(
        path=pl.Series(
            [[say(CHANNELS, name, language) for name in path] for path in chosen.head(_DRAWN_PATHS)["path"].to_list()],
            dtype=pl.List(pl.String),
        ),
        count="conversions",
    )
    shown = float(said["count"].sum())
    st.altair_chart(
        flows.draw_flow(
            said,
            steps,
            (text("path_sale", language), text("path_more", language), text("measure_conversions", language)),
            language,
            order=[say(CHANNELS, name, language) for name in channels],
        ),
        alt=text("path_alt", language),
    )
    st.caption(
        text(
            "path_share",
            language,
            shown=format_number(shown, language),
            whole=format_number(whole, language),
            share=format_rate(shown / whole if whole else None, language),
        )
    )
    draw_table(
        [
            {
                text("path", language): " → ".join(plain(say(CHANNELS, channel, language)) for channel in row["path"]),
                text("measure_conversions", language): format_number(row["conversions"], language),
                text("path_rate", language): _say_rate(row, language),
                text("value", language): format_money(row["value_cents"], row["currency"], language),
            }
            for row in chosen.head(_SHOWN_PATHS).iter_rows(named=True)
        ],
        text("paths_title", language),
    )
    st.caption(text("path_rate_help", language))
    offer_files(
        "paths", cache.as_this_reader(lambda: chosen.with_columns(path=pl.col("path").list.join(" > "))), language
    )


def _say_rate(row: dict[str, float], language: Language) -> str:
    journeys = row["conversions"] + row["null_count"]
    return format_rate(row["conversions"] / journeys if journeys else None, language, 1)


def _draw_distributions(tenant_id: UUID, language: Language) -> None:
    """Time lag and path length side by side; nothing where no sale has a touch."""
    found = cache.journey_distributions(tenant_id)
    if found.is_empty():
        return
    st.subheader(text("journeys_title", language), anchor=False)
    sales = text("measure_conversions", language)
    titles = {"lag_days": text("axis_lag_days", language), "path_length": text("axis_path_length", language)}
    for column, (measure, title) in zip(st.columns(2), titles.items(), strict=True):
        with column:
            st.altair_chart(
                credit_charts.draw_distribution(found.filter(pl.col("measure") == measure), title, sales, language),
                alt=text("distribution_alt", language, measure=title),
            )


def _draw_overlap(tenant_id: UUID, language: Language) -> None:
    """Of a row's channel's sales, the share that met the column's channel too; nothing where there is one channel."""
    pairs = cache.channel_overlap(tenant_id)
    alone = pairs.filter(pl.col("channel") == pl.col("other_channel")).select("channel", met="conversions")
    kept = alone.sort("met", "channel", descending=[True, False]).head(_OVERLAP)["channel"].to_list()
    if len(kept) < 2:
        return
    both = pl.concat([pairs, pairs.select(channel="other_channel", other_channel="channel", conversions="conversions")])
    both = both.unique(["channel", "other_channel"], keep="first").filter(
        pl.col("channel").is_in(kept) & pl.col("other_channel").is_in(kept)
    )
    shares = both.join(alone, on="channel").with_columns(share=pl.col("conversions") / pl.col("met"))
    words = {name: say(CHANNELS, name, language) for name in kept}
    said = shares.with_columns(
        pl.col("channel", "other_channel").replace_strict(words),
        label=pl.Series([format_rate(share, language) for share in shares["share"]]),
    )
    st.subheader(text("overlap_title", language), anchor=False)
    st.caption(text("overlap_caption", language))
    st.altair_chart(
        flows.draw_overlap(said, text("overlap_share", language), text("measure_conversions", language), language),
        alt=text("overlap_title", language),
    )

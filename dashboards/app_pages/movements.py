"""What moved and why: a figure's change as the segments, and the effects, that sum to it."""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, filters
from dashboards.app_pages.links import link_rows
from dashboards.charts.revenue import draw_waterfall
from dashboards.components import draw_table
from dashboards.decomposition import EFFECTS, add_up, decompose, gather_rest
from dashboards.faults import show_empty
from dashboards.formats import Language, format_money, format_number, format_signed, money_scale
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, COUNTRIES, FIGURES, INDUSTRIES, say
from tekup.metrics import METRICS

MEASURES = ("new_lead_count", "qualified_lead_count", "won_lead_count", "won_value_cents", "spend_cents")
"""Figures whose change is told; the others have no segments of their own."""
SEGMENTS = ("source", "industry", "country")
MOMENTS = {"new_lead_count": "created", "qualified_lead_count": "qualified", "won_lead_count": "won"}
"""When a lead counts for a figure."""
_WORDS = {"source": CHANNELS, "industry": INDUSTRIES, "country": COUNTRIES}
_MOST = 8


def rows_of(measure: str, first: date, last: date) -> tuple[str, dict[str, str]] | None:
    """The page with the rows behind a figure of the period, and its filters; None where no page lists them."""
    if measure in MOMENTS or measure == "won_value_cents":
        moment = MOMENTS.get(measure, "won")
        return "leads", {"moment": moment, "from": first.isoformat(), "to": last.isoformat(), "status": ""}
    return {
        "spend_cents": ("campaigns", {}),
        "mrr_cents": ("revenue", {}),
        "touchpoint_count": ("attribution", {}),
    }.get(measure)


def draw_movements(tenant_id: UUID, last: date, days: int, currency: str, language: Language) -> None:
    """Choose a figure and how to split it; a waterfall from before to now, and the table that adds up."""
    st.subheader(text("moves_title", language), help=text("moves_help", language), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters.read_one("why", MEASURES, MEASURES[0], key="moves_measure")
        measure: str = st.selectbox(
            text("figure", language),
            MEASURES,
            format_func=lambda name: say(FIGURES, name, language),
            key="moves_measure",
            width=260,
        )
        filters.keep("why", measure, MEASURES[0])
        segments = ("source",) if measure == "spend_cents" else SEGMENTS
        filters.read_one("by", segments, segments[0], key="moves_segment")
        segment: str = (
            st.segmented_control(
                text("split_by", language),
                segments,
                required=True,
                format_func=lambda name: text(f"segment_{name}", language),
                key="moves_segment",
            )
            or segments[0]
        )
        filters.keep("by", segment, segments[0])
    first = last - timedelta(days=days - 1)
    read = _read(tenant_id, measure, segment, first - timedelta(days=days), first, last)
    if read.is_empty():
        show_empty("empty_moves")
        return
    gathered = gather_rest(read, "others", _MOST)
    moved = decompose(gathered) if "base_now" in gathered.columns else add_up(gathered)
    words = {"others": text("others", language), "unknown": text("unknown", language)}
    moved = moved.with_columns(
        segment=pl.Series([words.get(key) or say(_WORDS[segment], key, language) for key in moved["segment"]])
    )
    _say(moved, measure, currency, language)
    _draw_chart(moved, measure, currency, language)
    _draw_rows(moved, measure, segment, currency, language)
    behind = rows_of(measure, first, last)
    if behind is not None:
        link_rows(*behind)


def _read(tenant_id: UUID, measure: str, segment: str, before: date, first: date, last: date) -> pl.DataFrame:
    if measure == "spend_cents":
        return cache.spend_moves(tenant_id, before, first, last)
    if measure == "won_value_cents":
        return cache.value_moves(tenant_id, segment, before, first, last)
    read = cache.lead_moves(tenant_id, segment, before, first, last)
    moment = MOMENTS[measure]
    named = {"before": f"{moment}_before", "now": f"{moment}_now"}
    if moment != "created":
        named |= {"base_before": "created_before", "base_now": "created_now"}
    return read.select("segment", **{name: pl.col(column) for name, column in named.items()}).filter(
        pl.sum_horizontal(pl.exclude("segment")) > 0
    )


def _say(moved: pl.DataFrame, measure: str, currency: str, language: Language) -> None:
    """In a sentence: which segment moved it most and, for what has effects, which effect weighs most."""
    change = float(moved["change"].sum())
    if not (moved["change"] != 0).any():
        st.caption(text("moves_none", language))
        return
    # the segment that pulls the total its way the most; of a total that stands still, the largest
    ways = moved if change == 0 else moved.filter(pl.col("change").sign() == (1 if change > 0 else -1))
    leader = ways.row(0, named=True)
    sentences = [
        text(
            "moves_most",
            language,
            segment=plain(leader["segment"]),
            part=_show(leader["change"], measure, currency, language),
            change=_show(change, measure, currency, language),
        )
    ]
    if "volume" in moved.columns:
        effects = {effect: float(moved[effect].sum()) for effect in EFFECTS}
        strongest = max(EFFECTS, key=lambda effect: abs(effects[effect]))
        kind = "moves_value_" if measure == "won_value_cents" else "moves_lead_"
        sentences.append(text(kind + strongest, language, part=_show(effects[strongest], measure, currency, language)))
    st.markdown(" ".join(sentences))


def _show(value: float, measure: str, currency: str, language: Language) -> str:
    if not METRICS[measure].is_money:
        return format_signed(value, language)
    return ("+" if value > 0 else "") + format_money(value, currency, language)


def _draw_chart(moved: pl.DataFrame, measure: str, currency: str, language: Language) -> None:
    scale = money_scale(currency) if METRICS[measure].is_money else 1
    before, now = float(moved["before"].sum()) / scale, float(moved["now"].sum()) / scale
    steps = [_step(text("before", language), 0.0, before, "level", format_number(before, language))]
    level = before
    for row in moved.filter(pl.col("change") != 0).iter_rows(named=True):
        part = row["change"] / scale
        label = format_signed(part, language)
        steps.append(_step(row["segment"], level, level + part, "up" if part > 0 else "down", label))
        level += part
    steps.append(_step(text("now", language), 0.0, now, "level", format_number(now, language)))
    title = say(FIGURES, measure, language)
    if METRICS[measure].is_money:
        title = text("with_currency", language, figure=title, currency=currency)
    st.altair_chart(draw_waterfall(pl.DataFrame(steps), title, language), alt=text("moves_alt", language, figure=title))


def _step(step: str, start: float, end: float, kind: str, label: str) -> dict[str, object]:
    return {"step": step, "start": start, "end": end, "kind": kind, "label": label}


def _draw_rows(moved: pl.DataFrame, measure: str, segment: str, currency: str, language: Language) -> None:
    def say_amount(value: float) -> str:
        return format_money(value, currency, language) if METRICS[measure].is_money else format_number(value, language)

    effects = [effect for effect in EFFECTS if effect in moved.columns]
    names = ["before", "now", "change", *effects]
    total: Mapping[str, object] = {
        "segment": text("total", language),
        **{name: float(moved[name].sum()) for name in names},
    }
    rows: list[dict[str, object]] = [
        {
            text(f"segment_{segment}", language): plain(row["segment"]),
            text("before", language): say_amount(row["before"]),
            text("now", language): say_amount(row["now"]),
            **{
                text(f"effect_{name}", language): format_signed(
                    row[name] / (money_scale(currency) if METRICS[measure].is_money else 1),
                    language,
                    0 if name == "change" or METRICS[measure].is_money else 1,
                )
                for name in ("change", *effects)
            },
        }
        for row in [*moved.iter_rows(named=True), total]
    ]
    draw_table(rows, text("moves_title", language))
    if effects:
        base = "value" if measure == "won_value_cents" else "lead"
        st.caption(text(f"moves_effects_{base}", language))

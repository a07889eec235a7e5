"""One lead's score in depth: how sure it is, its course, what a deal is worth, and won leads that are alike."""

from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache
from dashboards.charts.scores import draw_score_history
from dashboards.components import draw_table, draw_tile
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_money, format_number, format_rate
from dashboards.next_action import choose_action, say_action
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, say
from tekup.clock import utc_now


def say_span(low: float | None, high: float | None, language: Language) -> str:
    """An interval of probabilities; a dash where there is none."""
    if low is None or high is None:
        return MISSING
    return text("probability_span", language, low=format_rate(low, language), high=format_rate(high, language))


def say_next_action(lead: dict[str, Any], language: Language) -> str:
    """What to do next with the lead."""
    chosen = choose_action(lead["status"], lead["grade"], lead["has_enough_data"], lead["created_at"], utc_now())
    return say_action(chosen, language)


def draw_marks(lead: dict[str, Any], language: Language) -> None:
    """What one should know before trusting the score; nothing where nothing speaks against it."""
    if lead["has_enough_data"] is False:
        st.badge(
            text("too_little_data", language),
            icon=":material/science:",
            color="orange",
            help=text("too_little_data_help", language),
        )
    if lead["is_out_of_distribution"]:
        st.badge(
            text("unlike_training", language),
            icon=":material/help:",
            color="violet",
            help=text("unlike_training_help", language),
        )


def say_marks(lead: dict[str, Any], language: Language) -> str:
    """The same in words, for a list."""
    marks = [
        text(key, language)
        for key, is_so in (
            ("too_little_data", lead["has_enough_data"] is False),
            ("unlike_training", bool(lead["is_out_of_distribution"])),
        )
        if is_so
    ]
    return " · ".join(marks)


def draw_outlook(tenant_id: UUID, lead_id: UUID, lead: dict[str, Any], language: Language) -> None:
    """The span of the probability, what is expected of the lead, and what a deal would be."""
    tiles = [
        ("next_action", say_next_action(lead, language), text("next_action_help", language)),
        (
            "probability_span_label",
            say_span(lead["probability_low"], lead["probability_high"], language),
            text("probability_span_help", language),
        ),
        (
            "expected_value",
            format_money(lead["expected_value_cents"], lead["score_currency"], language),
            text("expected_value_help", language),
        ),
    ]
    for told in cache.prediction(tenant_id, lead_id).iter_rows(named=True):
        if told["value_cents"] is not None:
            low, high = (
                format_money(told[f"value_cents_{end}"], told["currency"], language) for end in ("low", "high")
            )
            worth = format_money(told["value_cents"], told["currency"], language)
            tiles.append(("predicted_deal", worth, text("predicted_deal_help", language, low=low, high=high)))
        if told["median_days"] is not None:
            days = text("predicted_days_value", language, days=format_number(told["median_days"], language))
            rate = format_rate(told["converted_by_90d_rate"], language)
            tiles.append(("predicted_days", days, text("predicted_days_help", language, rate=rate)))
    with st.container(horizontal=True):
        for label, value, meaning in tiles:
            draw_tile(st.container(width=240), text(label, language), value, meaning)


def draw_history(tenant_id: UUID, lead_id: UUID, language: Language) -> None:
    """The score's course, from the second score on."""
    history = cache.score_history(tenant_id, lead_id)
    if history.height < 2:
        return
    names = (text("history_same_model", language), text("history_new_model", language))
    told = history.with_columns(given_by=pl.when("has_new_model").then(pl.lit(names[1])).otherwise(pl.lit(names[0])))
    st.subheader(text("history_title", language), anchor=False)
    st.caption(text("score_course_caption", language))
    chart = draw_score_history(told, names, text("probability", language), language)
    st.altair_chart(chart, alt=text("history_alt", language))


def draw_similar(tenant_id: UUID, lead_id: UUID, language: Language) -> None:
    """The won leads that share most traits."""
    st.subheader(text("similar_title", language), anchor=False)
    similar = cache.similar_won(tenant_id, lead_id)
    if similar.is_empty():
        show_empty("empty_similar")
        return
    st.caption(text("similar_caption", language))
    rows: list[dict[str, object]] = [
        {
            text("name", language): row["full_name"] or text("nameless", language),
            text("company", language): row["company_name"] or "",
            text("similar_rate", language): format_rate(row["shared_rate"], language),
            text("source", language): say(CHANNELS, row["source"], language),
            text("value", language): format_money(row["value_cents"], row["currency"], language),
            text("similar_days", language): format_number(row["days_to_win"], language),
        }
        for row in similar.iter_rows(named=True)
    ]
    draw_table(rows, text("similar_title", language), height=40 + 36 * len(rows))

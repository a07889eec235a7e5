"""What needs a look, at a glance: unusual figures, checks that fail, sources that are not fresh."""

from datetime import date, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, freshness, session
from dashboards.alerts import Unusual, find_unusual, first_day
from dashboards.app_pages.links import link_page
from dashboards.app_pages.movements import rows_of
from dashboards.formats import Language, format_age, format_money, format_number, format_signed
from dashboards.freshness import Freshness
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import FIGURES, VENDORS, say
from tekup.clock import utc_now
from tekup.metrics import METRICS

_WATCHED = (
    "new_lead_count",
    "qualified_lead_count",
    "won_lead_count",
    "won_value_cents",
    "spend_cents",
    "touchpoint_count",
    "invoiced_cents",
    "mrr_cents",
)
_NAMED = 3


def draw_attention(tenant_id: UUID, last: date, language: Language) -> None:
    """A line an affair, the worst first, each with the way to it; or that there is none."""
    st.subheader(text("attention_title", language), help=text("attention_help", language), anchor=False)
    # a day that is not over yet would look like a quiet one
    until = last - timedelta(days=1) if last >= utc_now().date() else last
    frame = cache.daily_kpis(tenant_id, first_day(until), until)
    currency = str(frame["currency"].drop_nulls().first() or "DKK") if frame.height else "DKK"
    drawn = [
        *_draw_checks(tenant_id, language),
        *_draw_sources(tenant_id, language),
        *(_draw_unusual(one, until, currency, language) for one in find_unusual(frame, until, _WATCHED)),
    ]
    if not drawn:
        st.success(text("attention_none", language), icon=":material/check_circle:")


def _draw_checks(tenant_id: UUID, language: Language) -> list[str]:
    failing = cache.checks(tenant_id).filter(~pl.col("is_passed"))
    if failing.is_empty():
        return []
    names = ", ".join(plain(name) for name in failing["check_name"][:_NAMED]) + ("…" if failing.height > _NAMED else "")
    words = text("attention_checks", language, count=failing.height, names=names)
    return [_draw_line(words, "data_health", is_bad=(failing["severity"] == "error").any())]


def _draw_sources(tenant_id: UUID, language: Language) -> list[str]:
    now, drawn = utc_now(), []
    for source in cache.sources(tenant_id).iter_rows(named=True):
        state = freshness.judge(source["status"], source["succeeded_at"], now)
        if state is Freshness.FRESH:
            continue
        values = {"source": say(VENDORS, source["vendor"], language), "error": plain(source["error"])}
        if state is Freshness.LATE:
            values["age"] = format_age(now - source["succeeded_at"], language)
        words = text(f"attention_{state.value}", language, **values)
        drawn.append(_draw_line(words, "data_health", is_bad=state is Freshness.FAILING))
    return drawn


def _draw_unusual(one: Unusual, until: date, currency: str, language: Language) -> str:
    metric = METRICS[one.measure]

    def say_amount(value: float) -> str:
        if metric.is_money:
            sign = "+" if metric.is_level and value > 0 else ""
            return sign + format_money(value, currency, language)
        return format_signed(value, language) if metric.is_level else format_number(value, language)

    words = text(
        "attention_unusual_level" if metric.is_level else "attention_unusual",
        language,
        figure=say(FIGURES, one.measure, language),
        value=say_amount(one.value),
        low=say_amount(one.low),
        high=say_amount(one.high),
    )
    page, query = rows_of(one.measure, until - timedelta(days=6), until) or ("revenue", {})
    return _draw_line(words, page, query, is_bad=one.is_bad, is_up=one.deviation > 0)


def _draw_line(
    words: str, page: str, query: dict[str, str] | None = None, *, is_bad: bool, is_up: bool | None = None
) -> str:
    icon = "error" if is_up is None else "trending_up" if is_up else "trending_down"
    color = "red" if is_bad else "orange" if is_up is None else "blue"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":{color}[:material/{icon}:] {words}", width="content")
        link_page(page, text("attention_open", session.language()), query)
    return words

"""How far leads and deals have come, what they are expected to bring, which are stuck, and moving one on."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, components, filters, session
from dashboards.app_pages.deal_moves import draw_moves
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.charts import pipeline as charts
from dashboards.comparison import bound_rate
from dashboards.faults import show_empty
from dashboards.formats import (
    MISSING,
    ZONE,
    Language,
    format_date,
    format_money,
    format_month,
    format_number,
    format_rate,
    money_scale,
)
from dashboards.markdown import plain
from dashboards.queries.fct_deal import SEGMENTS, STUCK_DAYS
from dashboards.queries.fct_lead_funnel import STEPS
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, INDUSTRIES, say
from tekup.clock import utc_now

MONTHS = (3, 6, 12, 24)
ENOUGH_DEALS = 30


def show() -> None:
    """Tiles, the funnel beside the forecast, stages, stuck deals, win rates and the buttons that move a deal."""
    signed_in, language = session.require(), session.language()
    tenant_id = signed_in.tenant_id
    st.title(text("pipeline_title", language), anchor=False)
    warn_of_doubts()
    today = utc_now().astimezone(ZONE).date()
    stages = cache.stages(tenant_id)
    currencies = stages.group_by("currency").agg(pl.col("closed_deal_count").sum()).sort(
        "closed_deal_count", "currency", descending=[True, False]
    )["currency"].drop_nulls().to_list() or ["DKK"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _ask_period(today, language)
        currency = components.ask_currency(currencies, language, key="pipeline_currency")
    funnel = cache.funnel(tenant_id, first)
    if funnel.is_empty() and stages.is_empty():
        show_empty("empty_pipeline")
    else:
        stages = stages.filter(pl.col("currency") == currency)
        _draw_tiles(stages, cache.deal_outcomes(tenant_id, first), currency, language)
        left, right = st.columns(2)
        with left:
            _draw_funnel(funnel, first, language)
        with right:
            _draw_forecast(cache.deal_forecast(tenant_id).filter(pl.col("currency") == currency), currency, language)
        _draw_stages(stages, language)
        _draw_stuck(tenant_id, today, language)
        _draw_won(tenant_id, first, language)
    draw_moves(signed_in, language)


def _ask_period(today: date, language: Language) -> date:
    filters.read_one("months", MONTHS, 12, key="pipeline_months")
    months = st.segmented_control(
        text("pipeline_period", language),
        MONTHS,
        required=True,
        format_func=lambda count: text("period_months", language, months=count),
        key="pipeline_months",
    )
    filters.keep("months", months, 12)
    return (today - timedelta(days=round(365.25 / 12 * (months or 12)))).replace(day=1)


def _draw_tiles(stages: pl.DataFrame, outcomes: pl.DataFrame, currency: str, language: Language) -> None:
    ended = outcomes.filter(pl.col("currency") == currency)
    won, lost = int(ended["won_count"].sum()), int(ended["lost_count"].sum())
    low, high = bound_rate(won, won + lost)
    days = ended["median_days_to_win"].first()
    open_count = int(stages["open_deal_count"].sum())
    tiles: tuple[tuple[str, str, dict[str, str]], ...] = (
        (
            "open_value",
            format_money(int(stages["open_amount_cents"].sum()), currency, language),
            {"count": format_number(open_count, language)},
        ),
        ("weighted_value", format_money(int(stages["weighted_amount_cents"].sum()), currency, language), {}),
        (
            "deal_win_rate",
            format_rate(won / (won + lost) if won + lost else None, language),
            {
                "won": format_number(won, language),
                "closed": format_number(won + lost, language),
                "low": format_rate(low, language),
                "high": format_rate(high, language),
            },
        ),
        ("days_to_win", format_number(float(str(days)) if days is not None else None, language), {}),
    )
    for place, (name, value, words) in zip(st.columns(4), tiles, strict=True):
        components.draw_tile(place, text(name, language), value, text(f"definition_{name}", language, **words))
    if won + lost:
        components.warn_if_thin(won + lost, ENOUGH_DEALS, language)


def _draw_funnel(funnel: pl.DataFrame, first: date, language: Language) -> None:
    st.subheader(text("funnel_title", language), anchor=False)
    if funnel.is_empty():
        show_empty("empty_leads")
        return
    st.caption(text("funnel_caption", language, first=format_date(first, language)))
    sources = [source for source in funnel["source"].to_list() if source]
    filters.read_one("source", ("", *sources), "", key="pipeline_source")
    source = st.selectbox(
        text("source", language),
        ("", *sources),
        format_func=lambda name: say(CHANNELS, name, language) if name else text("all_values", language),
        key="pipeline_source",
    )
    filters.keep("source", source, "")
    counts = [int(funnel.filter((pl.col("source") == source) | pl.lit(source == ""))[step].sum()) for step in STEPS]
    words = [text(f"step_{step}", language) for step in STEPS]
    labels = [format_number(counts[0], language)] + [
        f"{format_number(count, language)} · {format_rate(count / before if before else None, language)}"
        for before, count in pairwise(counts)
    ]
    st.altair_chart(
        charts.draw_funnel(pl.DataFrame({"step": words, "count": counts, "label": labels}), words, language),
        alt=f"{text('funnel_alt', language)}: {', '.join(map(' '.join, zip(words, labels, strict=True)))}",
    )


def _draw_forecast(forecast: pl.DataFrame, currency: str, language: Language) -> None:
    st.subheader(text("forecast_title", language), anchor=False)
    if forecast.is_empty():
        show_empty("empty_forecast")
        return
    st.caption(
        text("forecast_caption", language, count=format_number(int(forecast["open_deal_count"].sum()), language))
    )
    scale = money_scale(currency)
    drawn = forecast.select(
        month=pl.col("expected_month").map_elements(lambda day: format_month(day, language), return_dtype=pl.String),
        value=pl.col("expected_amount_cents") / scale,
        low=pl.col("expected_amount_cents_low") / scale,
        high=pl.col("expected_amount_cents_high") / scale,
    )
    st.altair_chart(
        charts.draw_forecast(drawn, text("axis_expected", language, currency=currency), language),
        alt=text("forecast_alt", language),
    )


def _draw_stages(stages: pl.DataFrame, language: Language) -> None:
    if stages.is_empty():
        return
    st.subheader(text("stages_title", language), anchor=False)
    components.draw_table(
        [
            {
                text("stage", language): plain(row["stage_name"] or MISSING),
                text("deals_open", language): format_number(row["open_deal_count"], language),
                text("amount", language): format_money(row["open_amount_cents"], row["currency"], language),
                text("weighted", language): format_money(row["weighted_amount_cents"], row["currency"], language),
                text("chance", language): format_rate(row["win_rate"], language),
                text("usual_days", language): format_number(row["median_days_in_stage"], language),
            }
            for row in stages.iter_rows(named=True)
        ],
        text("stages_title", language),
    )
    st.caption(text("stages_caption", language))


def _draw_stuck(tenant_id: UUID, today: date, language: Language) -> None:
    st.subheader(text("stuck_title", language), anchor=False)
    stuck = cache.stuck_deals(tenant_id, today)
    if stuck.is_empty():
        st.success(text("no_stuck", language), icon=":material/check_circle:")
        return
    st.caption(text("stuck_caption", language, days=STUCK_DAYS))
    overdue, slow = text("stuck_overdue", language), text("stuck_slow", language)
    components.draw_table(
        [
            {
                text("deal", language): row["deal_name"] or row["deal_id"],
                text("stage", language): row["stage_name"] or MISSING,
                text("amount", language): format_money(row["amount_cents"], row["currency"], language),
                text("days_here", language): format_number(row["days_in_stage"], language),
                text("usual_days", language): format_number(row["usual_days"], language),
                text("expected_day", language): format_date(row["expected_close_date"], language),
                text("why_stuck", language): overdue if row["is_overdue"] else slow,
            }
            for row in stuck.iter_rows(named=True)
        ],
        text("stuck_title", language),
        height=min(420, 36 * (stuck.height + 1) + 3),
    )
    components.offer_files("stuck-deals", lambda: stuck, language)


def _draw_won(tenant_id: UUID, first: date, language: Language) -> None:
    st.subheader(text("won_title", language), anchor=False)
    filters.read_one("segment", SEGMENTS, "source", key="pipeline_segment")
    segment = st.segmented_control(
        text("segment", language),
        SEGMENTS,
        required=True,
        format_func=lambda name: text(f"segment_{name}", language),
        key="pipeline_segment",
    )
    filters.keep("segment", segment, "source")
    rates = cache.win_rates(tenant_id, segment or "source", first)
    if rates.is_empty():
        show_empty("empty_won")
        return
    words = {"source": CHANNELS, "industry": INDUSTRIES}.get(segment or "source", {})
    rows = [
        {
            "segment": say(words, name, language) if name else text("segment_none", language),
            "rate": won / closed,
            "low": bound_rate(won, closed)[0],
            "high": bound_rate(won, closed)[1],
            "cases": f"{text('won_of', language)}: {format_number(won, language)} / {format_number(closed, language)}",
        }
        for name, won, closed in rates.iter_rows()
    ]
    st.altair_chart(
        charts.draw_rates(pl.DataFrame(rows), text("axis_win_rate", language), language),
        alt=text("won_alt", language),
    )


if __name__ == "__main__":
    show()

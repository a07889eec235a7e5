"""The key figures of a period, how they moved, and whether the data behind them is fresh."""

from datetime import date, timedelta
from typing import Literal

import polars as pl
import streamlit as st

from dashboards import cache, filters, session
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.app_pages.sources import draw_source_badges
from dashboards.charts import style, trends
from dashboards.comparison import compare
from dashboards.faults import show_empty
from dashboards.formats import (
    Language,
    format_change,
    format_date,
    format_money,
    format_month,
    format_number,
    format_rate,
)
from dashboards.texts import text
from dashboards.vocabulary import FIGURE_DEFINITIONS, FIGURES, say
from tekup.metrics import METRICS, MONTHLY_METRICS, Metric

PERIODS = (7, 30, 90, 365)
_TILES = (
    "new_lead_count",
    "qualified_lead_count",
    "won_lead_count",
    "won_value_cents",
    "spend_cents",
    "touchpoint_count",
    "invoiced_cents",
    "mrr_cents",
)
_MONTHLY_TILES = ("nrr_rate", "grr_rate", "logo_churn_rate", "ltv_cents")
_MONTHS = 12
_FLAT = 0.005  # shown as 0 per cent
_COLORS: dict[str, Literal["normal", "inverse", "off"]] = {"up": "normal", "down": "inverse", "neither": "off"}


def show() -> None:
    """Tiles, two trends and the sources' freshness."""
    signed_in, language = session.require(), session.language()
    st.title(text("overview_title", language), anchor=False)
    warn_of_doubts()
    last = cache.last_day(signed_in.tenant_id)
    if last is None:
        show_empty("empty_overview")
    else:
        filters.read_one("days", PERIODS, 30, key="period")
        days = st.segmented_control(
            text("period", language),
            PERIODS,
            required=True,
            format_func=lambda count: text("period_days", language, days=count),
            key="period",
            label_visibility="collapsed",
        )
        days = days or 30
        filters.keep("days", days, 30)
        frame = cache.daily_kpis(signed_in.tenant_id, last - timedelta(days=2 * days - 1), last)
        first = last - timedelta(days=days - 1)
        st.caption(
            text(
                "period_caption",
                language,
                first=format_date(first, language),
                last=format_date(last, language),
                days=days,
            )
        )
        _draw_tiles(frame, last, days, language)
        _draw_trends(frame.filter(pl.col("kpi_date") >= first), first, last, days, language)
        _draw_months(cache.monthly_kpis(signed_in.tenant_id, _MONTHS), language)
    st.subheader(text("freshness_title", language), anchor=False)
    draw_source_badges(cache.sources(signed_in.tenant_id), language)


def _draw_tiles(frame: pl.DataFrame, last: date, days: int, language: Language) -> None:
    currency = frame["currency"].drop_nulls().first() if frame.height else None
    for row in (_TILES[:4], _TILES[4:]):
        for place, measure in zip(st.columns(4), row, strict=True):
            moved = compare(frame, measure, last, days)
            is_flat = moved.change is not None and abs(moved.change) < _FLAT
            metric = METRICS[measure]
            shown = (
                format_money(moved.value, str(currency or "DKK"), language)
                if metric.is_money
                else format_number(moved.value, language)
            )
            place.metric(
                say(FIGURES, measure, language),
                shown,
                delta=format_change(moved.change, language),
                delta_color="off" if is_flat else _COLORS[metric.better],
                delta_arrow="off" if is_flat else "auto",
                help=f"{say(FIGURE_DEFINITIONS, measure, language)} {_say_period(metric, language)}",
                border=True,
                chart_data=moved.daily,
                chart_type="area",
            )


def _draw_months(frame: pl.DataFrame, language: Language) -> None:
    """Figures of the last month that has ended; a tenant without subscriptions has none, and no heading either."""
    if frame.is_empty():
        return
    newest = frame.row(-1, named=True)
    st.subheader(text("months_title", language), anchor=False)
    st.caption(text("months_caption", language, month=format_month(newest["month_date"], language)))
    for place, measure in zip(st.columns(4), _MONTHLY_TILES, strict=True):
        value = newest[measure]
        place.metric(
            say(FIGURES, measure, language),
            format_money(value, newest["currency"], language)
            if MONTHLY_METRICS[measure].is_money
            else format_rate(value, language),
            help=say(FIGURE_DEFINITIONS, measure, language),
            border=True,
            chart_data=frame[measure].drop_nulls().cast(pl.Float64).to_list(),
            chart_type="area",
        )


def _say_period(metric: Metric, language: Language) -> str:
    return text("definition_level" if metric.is_level else "definition_sum", language)


def _draw_trends(frame: pl.DataFrame, first: date, last: date, days: int, language: Language) -> None:
    step: trends.Step = "week" if days >= trends.WEEKLY_FROM_DAYS else "day"
    currency = str(frame["currency"].drop_nulls().first() or "DKK") if frame.height else "DKK"
    won_value = text("with_currency", language, figure=say(FIGURES, "won_value_cents", language), currency=currency)
    drawn = (
        (
            say(FIGURES, "new_lead_count", language),
            frame.with_columns(shown=pl.col("new_lead_count").cast(pl.Float64)),
            style.PRIMARY,
        ),
        (won_value, frame.with_columns(shown=pl.col("won_value_cents") / 100), style.PALETTE[2]),
    )
    for place, (title, daily, color) in zip(st.columns(2), drawn, strict=True):
        with place:
            st.subheader(title, anchor=False)
            st.altair_chart(
                trends.draw_trend(trends.sum_by_step(daily, "shown", step), title, language, color=color, step=step),
                alt=text(
                    "trend_alt",
                    language,
                    title=title,
                    first=format_date(first, language),
                    last=format_date(last, language),
                ),
            )


if __name__ == "__main__":
    show()

"""What campaigns cost and bring against their budgets; the other part of the page is `experiments`."""

from datetime import date, timedelta
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, components, filters, session
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.charts import experiments as charts
from dashboards.faults import show_empty
from dashboards.formats import (
    MISSING,
    ZONE,
    Language,
    format_date,
    format_money,
    format_number,
    format_rate,
    money_scale,
)
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, say
from tekup.clock import utc_now
from tekup.pacing import Pace, pace_of

PARTS = ("campaigns", "experiments")
DAYS = (30, 90, 365)
_RUNNING = "active"


def show() -> None:
    """One of the two parts."""
    signed_in, language = session.require(), session.language()
    st.title(text("campaigns_page_title", language), anchor=False)
    warn_of_doubts()
    filters.read_one("part", PARTS, "campaigns", key="campaigns_part")
    part = st.segmented_control(
        text("campaigns_part", language),
        PARTS,
        required=True,
        format_func=lambda name: text(f"part_{name}", language),
        key="campaigns_part",
        label_visibility="collapsed",
    )
    filters.keep("part", part, "campaigns")
    if part == "experiments":
        # the statistics take a second to load, which the campaigns need not wait for
        from dashboards.app_pages.experiments import draw_experiments

        draw_experiments(signed_in, language)
    else:
        _draw_campaigns(signed_in.tenant_id, language)


def _draw_campaigns(tenant_id: UUID, language: Language) -> None:
    today = utc_now().astimezone(ZONE).date()
    filters.read_one("days", DAYS, 90, key="campaigns_days")
    days = st.segmented_control(
        text("period", language),
        DAYS,
        required=True,
        format_func=lambda count: text("period_days", language, days=count),
        key="campaigns_days",
    )
    filters.keep("days", days, 90)
    first = today - timedelta(days=(days or 90) - 1)
    campaigns = cache.campaign_list(tenant_id, first)
    if campaigns.is_empty():
        show_empty("empty_campaigns_page")
        return
    weekly = cache.weekly_spend(tenant_id, first)
    currency = str(campaigns["reporting_currency"].drop_nulls().first() or campaigns["currency"].first() or "DKK")
    paces = [_pace(row, today) for row in campaigns.iter_rows(named=True)]
    _draw_tiles(campaigns, paces, int(weekly["spend_cents"].sum()), currency, language)
    st.subheader(text("spend_weekly_title", language), anchor=False)
    if weekly.is_empty():
        show_empty("empty_spend")
    else:
        drawn = weekly.select(
            week="week_date",
            channel=pl.col("channel").map_elements(lambda name: say(CHANNELS, name, language), return_dtype=pl.String),
            amount=pl.col("spend_cents") / money_scale(currency),
        )
        st.altair_chart(
            charts.draw_spend(drawn, f"{text('spend', language)} ({currency})", language),
            alt=text("spend_weekly_alt", language),
        )
    st.subheader(text("campaign_list_title", language), anchor=False)
    st.caption(text("campaign_list_caption", language))
    rows = [_row(row, pace, language) for row, pace in zip(campaigns.iter_rows(named=True), paces, strict=True)]
    components.draw_table(rows, text("campaign_list_title", language), height=460)
    components.offer_files("campaigns", lambda: cache.campaign_list(tenant_id, first), language)


def _pace(row: dict[str, object], today: date) -> Pace | None:
    budget, spent, first, last = (row[name] for name in ("budget_cents", "spend_cents", "start_date", "end_date"))
    assert isinstance(spent, int)
    return pace_of(
        budget if isinstance(budget, int) else None,
        spent,
        first if isinstance(first, date) else None,
        last if isinstance(last, date) else None,
        today,
    )


def _draw_tiles(
    campaigns: pl.DataFrame, paces: list[Pace | None], spend: int, currency: str, language: Language
) -> None:
    running = campaigns["status"].to_list()
    off = sum(
        status == _RUNNING and pace is not None and pace.verdict in ("too_fast", "too_slow", "overspent")
        for status, pace in zip(running, paces, strict=True)
    )
    tiles = (
        ("period_spend", format_money(spend, currency, language)),
        ("running_campaigns", format_number(running.count(_RUNNING), language)),
        ("off_pace", format_number(off, language)),
    )
    for place, (name, value) in zip(st.columns(3), tiles, strict=True):
        components.draw_tile(place, text(name, language), value, text(f"definition_{name}", language))


def _row(row: dict[str, object], pace: Pace | None, language: Language) -> dict[str, object]:
    def money(name: str, currency: str = "currency") -> str:
        value, code = row[name], row[currency]
        return format_money(value if isinstance(value, int) else None, str(code) if code else None, language)

    def number(name: str, digits: int = 0) -> str:
        value = row[name]
        return format_number(value if isinstance(value, int | float) else None, language, digits)

    end = row["end_date"]
    return {
        text("campaign", language): str(row["campaign_name"]),
        text("channel", language): say(CHANNELS, str(row["channel"]), language),
        text("budget", language): money("budget_cents"),
        text("spend", language): money("spend_cents"),
        text("spent_of_budget", language): format_rate(pace.spent_rate if pace else None, language),
        text("pace", language): _say_pace(pace, str(row["currency"]), language),
        text("lead_number", language): number("lead_count"),
        text("cost_per_lead", language): money("cost_per_lead_cents", "reporting_currency"),
        text("cac", language): money("cac_cents", "reporting_currency"),
        text("roas", language): number("roas_rate", 2),
        text("expected_day", language): format_date(end if isinstance(end, date) else None, language),
    }


def _say_pace(pace: Pace | None, currency: str, language: Language) -> str:
    if pace is None:
        return MISSING
    return text(f"pace_{pace.verdict}", language, expected=format_money(pace.expected_cents, currency, language))


if __name__ == "__main__":
    show()

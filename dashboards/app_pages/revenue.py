"""Recurring revenue: what moved it, how much of it stays, where it goes, and who is about to leave."""

from datetime import date
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, components, filters, session
from dashboards.app_pages.churn import draw_churn
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.charts import revenue as charts
from dashboards.faults import show_empty
from dashboards.forecast import project
from dashboards.formats import (
    MISSING,
    Language,
    format_date,
    format_money,
    format_month,
    format_number,
    format_rate,
    money_scale,
)
from dashboards.queries.fct_mrr_daily import MOVEMENTS
from dashboards.texts import text
from dashboards.vocabulary import FIGURES, say

MONTHS = (3, 6, 12, 24)
MONTHS_AHEAD = 6
_TILES = ("nrr_rate", "grr_rate", "logo_churn_rate")
_COHORT_MEASURES = ("logo_retention_rate", "mrr_retention_rate")


def show() -> None:
    """Tiles, the waterfall, retention, the forecast, cohorts, churn, and money paid back."""
    signed_in, language = session.require(), session.language()
    tenant_id = signed_in.tenant_id
    st.title(text("revenue_title", language), anchor=False)
    warn_of_doubts()
    movements = cache.mrr_movements(tenant_id, MONTHS[-1])
    if movements.is_empty():
        show_empty("empty_revenue")
        return
    largest = (
        movements.group_by("currency")
        .agg(pl.col("closing_mrr_cents").last())
        .sort("closing_mrr_cents", "currency", descending=[True, False])
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters.read_one("months", MONTHS, 12, key="revenue_months")
        months = st.segmented_control(
            text("period", language),
            MONTHS,
            required=True,
            format_func=lambda count: text("period_months", language, months=count),
            key="revenue_months",
        ) or 12  # fmt: skip
        filters.keep("months", months, 12)
        currency = components.ask_currency(largest["currency"].to_list(), language, key="revenue_currency")
    own = movements.filter(pl.col("currency") == currency)
    retention = cache.monthly_kpis(tenant_id, months)
    _draw_tiles(own, retention, currency, language)
    _draw_waterfall(own.tail(months), currency, language)
    left, right = st.columns(2)
    with left:
        _draw_retention(retention, language)
    with right:
        _draw_forecast(own, currency, language)
    _draw_cohorts(cache.cohorts(tenant_id, 12), language)
    draw_churn(tenant_id, currency, language)
    _draw_money_back(tenant_id, months, currency, language)


def _draw_tiles(own: pl.DataFrame, retention: pl.DataFrame, currency: str, language: Language) -> None:
    places = st.columns(4)
    now = own.row(-1, named=True)
    components.draw_tile(
        places[0],
        text("mrr_now", language, currency=currency),
        format_money(now["closing_mrr_cents"], currency, language),
        text("definition_mrr_now", language, currency=currency, count=format_number(now["customer_count"], language)),
        course=(own["closing_mrr_cents"] / money_scale(currency)).to_list(),
    )
    for place, measure in zip(places[1:], _TILES, strict=True):
        known = retention[measure].drop_nulls()
        components.draw_figure(
            place,
            measure,
            format_rate(float(known[-1]) if known.len() else None, language, 1),
            course=known.to_list(),
        )


def _draw_waterfall(own: pl.DataFrame, currency: str, language: Language) -> None:
    st.subheader(text("waterfall_title", language), anchor=False)
    first = own["month_date"][0]
    st.caption(text("waterfall_caption", language, first=format_month(first, language), currency=currency))
    scale = money_scale(currency)
    level = int(own["opening_mrr_cents"][0])
    rows = [_bar(text("move_opening", language), 0, level, "level", currency, language)]
    for name in MOVEMENTS:
        change = int(own[name].sum())
        kind = "up" if change >= 0 else "down"
        step = name.removesuffix("_mrr_cents")
        rows.append(_bar(text(f"move_{step}", language), level, level + change, kind, currency, language))
        level += change
    rows.append(_bar(text("move_closing", language), 0, level, "level", currency, language))
    frame = pl.DataFrame(rows).with_columns(pl.col("start", "end") / scale)
    parts = ", ".join(f"{row['step']} {row['label']}" for row in rows)
    st.altair_chart(
        charts.draw_waterfall(frame, text("mrr_now", language, currency=currency), language),
        alt=text("waterfall_alt", language, parts=parts),
    )
    components.offer_files("mrr-movements", lambda: own, language)


def _bar(step: str, start: int, end: int, kind: str, currency: str, language: Language) -> dict[str, object]:
    shown = end if kind == "level" else end - start
    sign = "+" if kind == "up" and shown else ""
    return {
        "step": step, "start": float(start), "end": float(end), "kind": kind,
        "label": sign + format_money(shown, currency, language),
    }  # fmt: skip


def _draw_retention(retention: pl.DataFrame, language: Language) -> None:
    st.subheader(text("retention_title", language), anchor=False)
    if retention.is_empty():
        show_empty("empty_overview")
        return
    st.caption(text("retention_caption", language, currency=retention["currency"][-1]))
    names = [say(FIGURES, measure, language) for measure in _TILES[:2]]
    frame = pl.concat(
        [
            retention.select(month=pl.col("month_date"), name=pl.lit(name), share=pl.col(measure))
            for name, measure in zip(names, _TILES, strict=False)
        ]
    ).drop_nulls()
    st.altair_chart(charts.draw_shares(frame, names, language), alt=text("retention_alt", language))


def _draw_forecast(own: pl.DataFrame, currency: str, language: Language) -> None:
    st.subheader(text("forecast_mrr_title", language), anchor=False)
    scale = money_scale(currency)
    whole = own.head(-1)  # the running month is not over
    levels = (whole["closing_mrr_cents"] / scale).to_list()
    ahead = project(levels, MONTHS_AHEAD)
    if not ahead:
        st.info(text("forecast_mrr_thin", language), icon=":material/science:")
        return
    end = ahead[-1]
    st.caption(
        text(
            "forecast_mrr_caption",
            language,
            count=len(levels) - 1,
            months=MONTHS_AHEAD,
            value=format_money(end.value * scale, currency, language),
            low=format_money(end.low * scale, currency, language),
            high=format_money(end.high * scale, currency, language),
        )
    )
    last = whole["month_date"][-1]
    months = [_add_months(last, step) for step in range(1, MONTHS_AHEAD + 1)]
    drawn = pl.DataFrame(
        {
            "month": [last, *months],
            "value": [levels[-1], *(one.value for one in ahead)],
            "low": [levels[-1], *(one.low for one in ahead)],
            "high": [levels[-1], *(one.high for one in ahead)],
        }
    )
    known = pl.DataFrame({"month": whole["month_date"], "value": levels})
    st.altair_chart(
        charts.draw_level(known, drawn, text("mrr_now", language, currency=currency), language),
        alt=text("forecast_mrr_alt", language),
    )


def _add_months(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _draw_cohorts(cohorts: pl.DataFrame, language: Language) -> None:
    st.subheader(text("cohort_title", language), anchor=False)
    if cohorts.is_empty():
        show_empty("empty_cohorts")
        return
    filters.read_one("cohorts", _COHORT_MEASURES, _COHORT_MEASURES[0], key="cohort_measure")
    measure = st.segmented_control(
        text("cohort_measure", language),
        _COHORT_MEASURES,
        required=True,
        format_func=lambda name: text(f"cohort_{name}", language),
        key="cohort_measure",
    ) or _COHORT_MEASURES[0]  # fmt: skip
    filters.keep("cohorts", measure, _COHORT_MEASURES[0])
    st.caption(text("cohort_caption", language))
    rows = [
        {
            "cohort": f"{format_month(row['cohort_month'], language)} ({row['customer_count']})",
            "month_number": row["month_number"],
            "share": row[measure],
            "label": format_rate(row[measure], language),
        }
        for row in cohorts.iter_rows(named=True)
        if row[measure] is not None
    ]
    st.altair_chart(
        charts.draw_cohorts(
            pl.DataFrame(rows), text("axis_months_since", language), text("axis_share_left", language), language
        ),
        alt=text("cohort_alt", language),
    )


def _draw_money_back(tenant_id: UUID, months: int, currency: str, language: Language) -> None:
    st.subheader(text("back_title", language), anchor=False)
    back = cache.money_back(tenant_id, months).filter(pl.col("currency") == currency)
    disputes = cache.disputes(tenant_id)
    if back.is_empty():
        st.success(text("no_back", language), icon=":material/check_circle:")
    else:
        st.caption(text("back_caption", language, currency=currency, months=months))
        names = {"refunded_cents": text("refunded", language), "disputed_cents": text("disputed", language)}
        month = pl.col("month_date").map_elements(lambda day: format_month(day, language), return_dtype=pl.String)
        frame = pl.concat(
            [
                back.select(month=month, name=pl.lit(name), amount=pl.col(column) / money_scale(currency))
                for column, name in names.items()
            ]
        )
        st.altair_chart(
            charts.draw_money_back(frame, list(names.values()), currency, language), alt=text("back_alt", language)
        )
    if disputes.height:
        components.draw_table(
            [
                {
                    text("dispute", language): row["dispute_id"],
                    text("status", language): (row["status"] or MISSING).replace("_", " "),
                    text("reason", language): (row["reason"] or MISSING).replace("_", " "),
                    text("amount", language): format_money(row["amount_cents"], row["currency"], language),
                    text("made", language): format_date(row["created_date"], language),
                    text("evidence_due", language): format_date(row["evidence_due_date"], language),
                }
                for row in disputes.iter_rows(named=True)
            ],
            text("back_title", language),
            height=min(360, 36 * (disputes.height + 1) + 3),
        )


if __name__ == "__main__":
    show()

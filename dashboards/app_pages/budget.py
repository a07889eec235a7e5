"""What moving the budget would gain, with its interval. How curves are fitted is told in `dashboards.budgets`."""

from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import budgets, cache, filters
from dashboards.charts.credit import draw_value_and_spend
from dashboards.components import draw_table, draw_tile, offer_files
from dashboards.faults import show_empty
from dashboards.formats import Language, format_money, format_number, format_rate, money_scale
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, MODELS, say

_BUDGETS = (0.5, 0.75, 1.0, 1.25, 1.5)
_CHANGES = (0.2, 0.5, 1.0)


@st.fragment
def draw_budget(tenant_id: UUID, models: list[str], model: str, currency: str, language: Language) -> None:
    """Choose a budget and how far channels may move; the split that returns most, and how sure its gain is."""
    st.subheader(text("budget_title", language), anchor=False)
    # of all the models this one alone asks what would have been lost without the spend
    used = "incremental" if "incremental" in models else model
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters.read_one("budget", _BUDGETS, 1.0, key="budget_rate")
        budget_rate = st.segmented_control(
            text("budget_rate", language),
            _BUDGETS,
            required=True,
            format_func=lambda rate: format_rate(rate, language),
            help=text("budget_rate_help", language),
            key="budget_rate",
        )
        filters.keep("budget", budget_rate, 1.0)
        filters.read_one("move", _CHANGES, 0.5, key="budget_change")
        change = st.segmented_control(
            text("budget_change", language),
            _CHANGES,
            required=True,
            format_func=lambda part: "±" + format_rate(part, language),
            help=text("budget_change_help", language),
            key="budget_change",
        )
        filters.keep("move", change, 0.5)
    returns = cache.returns(tenant_id, used)
    if returns is None:
        show_empty("empty_budget")
        return
    plan = budgets.plan_budget(returns, budget_rate=budget_rate or 1.0, change=change or 0.5)
    _draw_gain(plan, currency, language)
    st.caption(text("budget_caption", language, model=say(MODELS, used, language)))
    if used != "incremental":
        st.warning(text("budget_not_incremental", language), icon=":material/science:")
    rows = plan.channels.with_columns(
        channel=pl.Series([say(CHANNELS, name, language) for name in plan.channels["channel"]])
    ).sort("proposed", descending=True)
    _draw_split(rows, currency, language)
    if plan.left_out:
        names = ", ".join(plain(say(CHANNELS, name, language)) for name in plan.left_out)
        st.caption(text("budget_left_out", language, channels=names, weeks=budgets.LEAST_WEEKS))
    offer_files("budget", cache.as_this_reader(lambda: plan.channels), language)


def _draw_gain(plan: budgets.Plan, currency: str, language: Language) -> None:
    bounds = " – ".join(_say_gain(cents, currency, language) for cents in (plan.gain_low, plan.gain_high))
    tiles = (
        ("budget_spend", format_money(plan.spend, currency, language), "budget_spend_help"),
        ("budget_proposed", format_money(plan.proposed, currency, language), "budget_proposed_help"),
        ("budget_gain", _say_gain(plan.gain, currency, language), "budget_gain_help"),
        ("budget_interval", bounds, "budget_interval_help"),
    )
    for place, (label, value, definition) in zip(st.columns(4), tiles, strict=True):
        draw_tile(place, text(label, language), value, text(definition, language))
    if not plan.is_sure:
        st.info(text("budget_unsure", language), icon=":material/balance:")


def _say_gain(cents: float, currency: str, language: Language) -> str:
    return ("+" if cents > 0 else "") + format_money(cents, currency, language)


def _draw_split(rows: pl.DataFrame, currency: str, language: Language) -> None:
    now, then = text("budget_now", language), text("budget_then", language)
    scale = money_scale(currency)
    bars = pl.concat(
        [
            rows.select("channel", measure=pl.lit(name), amount=pl.col(column) / scale)
            for name, column in ((now, "spend"), (then, "proposed"))
        ]
    )
    left, right = st.columns([3, 2], vertical_alignment="top")
    with right:
        st.altair_chart(
            draw_value_and_spend(bars, (now, then), text("axis_spend", language, currency=currency), language),
            alt=text("budget_alt", language),
        )
    with left:
        draw_table(
            [
                {
                    text("channel", language): plain(row["channel"]),
                    now: format_money(row["spend"], currency, language),
                    then: format_money(row["proposed"], currency, language)
                    + (" \\*" if row["is_extrapolated"] else ""),
                    text("budget_gain", language): _say_gain(row["gain"], currency, language),
                    text("budget_interval", language): " – ".join(
                        _say_gain(row[name], currency, language) for name in ("gain_low", "gain_high")
                    ),
                }
                for row in rows.iter_rows(named=True)
            ],
            text("budget_title", language),
        )
        if rows["is_extrapolated"].any():
            st.caption(text("budget_extrapolated", language))
        st.caption(
            text("budget_weeks", language, weeks=format_number(budgets.WEEKS, language)),
            help=text("roas_help", language),
        )

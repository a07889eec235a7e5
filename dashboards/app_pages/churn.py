"""Subscriptions that are about to end, and what the predictions rest on: a part of the page of revenue."""

from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, components
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_money, format_number, format_rate
from dashboards.reasons import read_reasons
from dashboards.texts import text
from tekup.reasons import say_feature


def draw_churn(tenant_id: UUID, currency: str, language: Language) -> None:
    """How much is at risk within 90 days, the subscriptions behind it and the weightiest facts."""
    st.subheader(text("churn_title", language), anchor=False)
    summary = cache.churn_summary(tenant_id).filter(pl.col("currency") == currency)
    if summary.is_empty():
        show_empty("empty_churn")
        return
    whole = summary.row(0, named=True)
    st.caption(
        text(
            "churn_caption",
            language,
            count=format_number(whole["subscription_count"], language),
            expected=format_number(whole["expected_churn_count"], language, 1),
            risk=format_money(whole["mrr_at_risk_cents"], currency, language),
            mrr=format_money(whole["mrr_cents"], currency, language),
        )
    )
    if whole["thin_count"]:
        st.warning(
            text("churn_thin", language, count=format_number(whole["thin_count"], language)), icon=":material/science:"
        )
    risky = cache.at_risk(tenant_id, currency)
    components.draw_table(
        [_say(row, language) for row in risky.iter_rows(named=True)],
        text("churn_title", language),
        height=min(420, 36 * (risky.height + 1) + 3),
    )
    components.offer_files("churn-risk", lambda: risky.drop("reasons"), language)
    predictors = cache.churn_predictors(tenant_id)
    if predictors.height:
        with st.expander(text("predictors_title", language)):
            st.caption(text("predictors_caption", language))
            components.draw_table(
                [
                    {
                        text("predictor", language): say_feature(row["feature"], "…", language),
                        text("predictor_weight", language): format_rate(row["weight"], language, 1),
                        text("predictor_raises", language): format_number(row["raising"], language),
                        text("predictor_lowers", language): format_number(row["lowering"], language),
                    }
                    for row in predictors.iter_rows(named=True)
                ],
                text("predictors_title", language),
            )


def _say(row: dict[str, object], language: Language) -> dict[str, object]:
    low, high = row["probability_low"], row["probability_high"]
    stored = row["reasons"]
    said = read_reasons(stored if isinstance(stored, str) else None, language)[:2]
    bounds = (
        f"{format_rate(low, language)} – {format_rate(high, language)}"
        if isinstance(low, float) and isinstance(high, float)
        else MISSING
    )
    chance, mrr, risk = row["probability"], row["mrr_cents"], row["mrr_at_risk_cents"]
    currency = str(row["currency"])
    return {
        text("customer", language): row["customer"],
        text("product", language): row["product_name"] or MISSING,
        text("churn_chance", language): format_rate(chance if isinstance(chance, float) else None, language, 1),
        text("interval", language): bounds,
        "MRR": format_money(mrr if isinstance(mrr, int) else None, currency, language),
        text("at_risk", language): format_money(risk if isinstance(risk, int) else None, currency, language),
        text("reasons", language): " · ".join(f"{reason.sign} {reason.words}" for reason in said) or MISSING,
    }

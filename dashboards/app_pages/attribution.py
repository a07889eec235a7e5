"""Which channels earn the sales, by several models side by side, with cost, return and the paths behind."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, filters, session
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.charts import credit as credit_charts
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_money, format_number, format_time
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, MODELS, say

# with fewer sales than this, three that fall otherwise move a share by a tenth of the whole
FEW_SALES = 30
PATH_PERIOD_DAYS = 365
_MEASURES = ("conversions", "value")
_SHOWN_FIRST = ("markov", "last", "linear")


def show() -> None:
    """The comparison, one model's credit with its return, and the commonest paths."""
    signed_in, language = session.require(), session.language()
    st.title(text("attribution_title", language), anchor=False)
    warn_of_doubts()
    credit = cache.credit(signed_in.tenant_id)
    if credit.is_empty():
        show_empty("empty_attribution")
        return
    lookback_days = int(credit["lookback_days"].max())  # type: ignore[arg-type]  # an integer column
    computed_at = credit["computed_at"].max()
    st.caption(
        text(
            "attribution_caption",
            language,
            days=lookback_days,
            time=format_time(computed_at if isinstance(computed_at, datetime) else None, language),
        )
    )
    models = _order_models(credit)
    sales = float(credit.filter(pl.col("model") == models[0])["conversions"].sum())
    if sales < FEW_SALES:
        st.warning(text("thin_attribution", language, count=format_number(sales, language)), icon=":material/science:")
    _draw_comparison(credit, models, language)
    st.subheader(text("credit_title", language), anchor=False)
    model = _draw_credit(credit, models, language)
    st.subheader(text("campaigns_title", language), anchor=False)
    _draw_campaigns(signed_in.tenant_id, credit, model, language)
    _draw_journeys(signed_in.tenant_id, language)
    st.subheader(text("paths_title", language), anchor=False)
    _draw_paths(signed_in.tenant_id, lookback_days, language)


def _order_models(credit: pl.DataFrame) -> list[str]:
    """The models there are, in the vocabulary's order; unknown ones last."""
    known = list(MODELS)
    return sorted(
        credit["model"].unique().to_list(), key=lambda model: (known.index(model) if model in known else 99, model)
    )


def _draw_comparison(credit: pl.DataFrame, models: list[str], language: Language) -> None:
    st.subheader(text("comparison_title", language), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = [model for model in _SHOWN_FIRST if model in models] or models[:3]
        filters.read_many("models", models, first, key="models")
        chosen = st.pills(
            text("models", language),
            models,
            selection_mode="multi",
            format_func=lambda model: say(MODELS, model, language),
            key="models",
        )
        filters.keep("models", chosen, first)
        filters.read_one("measure", _MEASURES, "conversions", key="measure")
        measure = st.segmented_control(
            text("measure", language),
            _MEASURES,
            required=True,
            format_func=lambda name: text(f"measure_{name}", language),
            key="measure",
        )
        filters.keep("measure", measure, "conversions")
    if not chosen:
        st.info(text("choose_model", language), icon=":material/touch_app:")
        return
    is_value = measure == "value"
    name, scale = ("value_cents", 100) if is_value else ("conversions", 1)
    frame = credit.filter(pl.col("model").is_in(chosen)).select(
        channel=_say_column("channel", language),
        model=_say_model(language),
        value=pl.col(name) / scale,
        low=pl.col(f"{name}_low") / scale,
        high=pl.col(f"{name}_high") / scale,
    )
    title = (
        text("axis_value", language, currency=credit["currency"].first())
        if is_value
        else text("measure_conversions", language)
    )
    names = [say(MODELS, model, language) for model in models if model in chosen]
    st.altair_chart(
        credit_charts.draw_model_comparison(frame, names, title, language),
        alt=text("comparison_alt", language, measure=title),
    )


def _draw_credit(credit: pl.DataFrame, models: list[str], language: Language) -> str:
    """One model's credit with its return; says which model was chosen."""
    usual = "markov" if "markov" in models else models[0]
    filters.read_one("model", models, usual, key="credit_model")
    model: str = st.selectbox(
        text("credit_model", language),
        models,
        format_func=lambda name: say(MODELS, name, language),
        key="credit_model",
        width=320,
    )
    filters.keep("model", model, usual)
    rows = credit.filter(pl.col("model") == model).sort("conversions", descending=True)
    currency = rows["currency"].first()
    value, spend = text("value", language), text("spend", language)
    left, right = st.columns([3, 2], vertical_alignment="top")
    with left:
        st.table(_tabulate(rows, language), border="horizontal", hide_index=True, alt=text("credit_title", language))
        st.caption(f"{text('roas', language)}: {text('roas_help', language)}")
    paid = rows.filter(pl.col("spend_cents") > 0)
    if paid.height:
        bars = pl.concat(
            [
                paid.select(channel=_say_column("channel", language), measure=pl.lit(name), amount=pl.col(column) / 100)
                for name, column in ((value, "value_cents"), (spend, "spend_cents"))
            ]
        )
        with right:
            st.altair_chart(
                credit_charts.draw_value_and_spend(
                    bars, (value, spend), text("axis_value", language, currency=currency), language
                ),
                alt=text("spend_alt", language),
            )
    return model


def _draw_campaigns(tenant_id: UUID, credit: pl.DataFrame, model: str, language: Language) -> None:
    """The chosen channel's campaigns by the chosen model."""
    ranked = credit.filter(pl.col("model") == model).sort("value_cents", "conversions", descending=True)
    channels = [channel for channel in ranked["channel"] if not channel.startswith("(")]
    if not channels:
        show_empty("empty_campaigns")
        return
    filters.read_one("channel", channels, channels[0], key="credit_channel")
    channel = st.selectbox(
        text("credit_channel", language),
        channels,
        format_func=lambda name: say(CHANNELS, name, language),
        key="credit_channel",
        width=320,
    )
    filters.keep("channel", channel, channels[0])
    rows = cache.campaigns(tenant_id, model, channel)
    if rows.is_empty():
        show_empty("empty_campaigns")
        return
    nameless = text("no_campaign", language)
    shown = [
        {
            text("campaign", language): plain(row["campaign_name"]) if row["campaign_name"] else nameless,
            text("measure_conversions", language): format_number(row["conversions"], language, 1),
            text("value", language): format_money(row["value_cents"], row["currency"], language),
            text("spend", language): format_money(row["spend_cents"], row["currency"], language),
            text("roas", language): format_number(row["roas_rate"], language, 1),
            text("cost_per_sale", language): format_money(row["cac_cents"], row["currency"], language),
            text("lead_number", language): format_number(row["lead_count"], language),
            text("cost_per_lead", language): format_money(row["cost_per_lead_cents"], row["currency"], language),
        }
        for row in rows.iter_rows(named=True)
    ]
    st.table(pl.DataFrame(shown), border="horizontal", hide_index=True, alt=text("campaigns_title", language))
    st.caption(text("campaigns_caption", language, model=say(MODELS, model, language)))


def _draw_journeys(tenant_id: UUID, language: Language) -> None:
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


def _tabulate(rows: pl.DataFrame, language: Language) -> pl.DataFrame:
    """The credit table in words and formatted figures, with the total in its last line."""
    currency = rows["currency"].to_list()[0]
    conversions, value, spend = (float(rows[column].sum()) for column in ("conversions", "value_cents", "spend_cents"))
    total = {
        "channel": text("total", language),
        "conversions": conversions,
        "value_cents": value,
        "spend_cents": spend or None,
        "roas_rate": value / spend if spend else None,
        "cost_per_conversion_cents": spend / conversions if spend and conversions else None,
    }
    return pl.DataFrame(
        [
            {
                text("channel", language): plain(say(CHANNELS, row["channel"], language)),
                text("measure_conversions", language): format_number(row["conversions"], language, 1),
                text("interval", language): _say_interval(row, language),
                text("value", language): format_money(row["value_cents"], currency, language),
                text("spend", language): format_money(row["spend_cents"], currency, language),
                text("roas", language): format_number(row["roas_rate"], language, 1),
                text("cost_per_sale", language): format_money(row["cost_per_conversion_cents"], currency, language),
            }
            for row in [*rows.iter_rows(named=True), total]
        ]
    )


def _say_interval(row: Mapping[str, object], language: Language) -> str:
    """The bounds of a channel's sales; a dash for the total and where there are none."""
    low, high = row.get("conversions_low"), row.get("conversions_high")
    if not isinstance(low, float) or not isinstance(high, float):
        return MISSING
    return f"{format_number(low, language, 1)} – {format_number(high, language, 1)}"


def _draw_paths(tenant_id: UUID, lookback_days: int, language: Language) -> None:
    last_day = cache.last_day(tenant_id)
    end = datetime.combine(last_day or datetime.now(UTC).date(), clock_time.max, UTC)
    paths = cache.top_paths(tenant_id, end - timedelta(days=PATH_PERIOD_DAYS), end, timedelta(days=lookback_days))
    st.caption(text("paths_caption", language, days=lookback_days, period=PATH_PERIOD_DAYS))
    if paths.is_empty():
        show_empty("empty_paths")
        return
    rows = [
        {
            text("path", language): " → ".join(plain(say(CHANNELS, channel, language)) for channel in row["path"]),
            text("measure_conversions", language): format_number(row["conversion_count"], language),
            text("value", language): format_money(row["value_cents"], row["currency"], language),
        }
        for row in paths.iter_rows(named=True)
    ]
    st.table(pl.DataFrame(rows), border="horizontal", hide_index=True, alt=text("paths_title", language))


def _say_column(column: str, language: Language) -> pl.Expr:
    return pl.col(column).map_elements(lambda key: say(CHANNELS, key, language), return_dtype=pl.String)


def _say_model(language: Language) -> pl.Expr:
    return pl.col("model").map_elements(lambda key: say(MODELS, key, language), return_dtype=pl.String)


if __name__ == "__main__":
    show()

"""Which models are live, how good they are on the tenant's own data, and whether that still holds."""

import json
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache, session
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.app_pages.model_watch import draw_drift, draw_slices
from dashboards.charts import models as model_charts
from dashboards.components import draw_table, draw_tile
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_date, format_number, format_rate, format_time
from dashboards.texts import text
from dashboards.vocabulary import MODEL_ACTIONS, MODEL_KINDS, MODEL_MEASURES, MODEL_VERDICTS, say

_SHOWN = 12
"""So many figures of a version's name tell it from any other."""
_NOT_MEASURES = ("n", "won_count", "mean_absolute_error_of_the_mean", "gamma_deviance_of_the_mean")
_BEST_SHARE = 0.2


def show() -> None:
    """One kind of model: its versions, then one version in depth."""
    signed_in, language = session.require(), session.language()
    st.title(text("models_title", language), anchor=False)
    st.caption(text("models_caption", language))
    warn_of_doubts()
    kind = st.segmented_control(
        text("model_kind", language),
        list(MODEL_KINDS),
        default="lead_score",
        required=True,
        format_func=lambda name: say(MODEL_KINDS, name, language),
        key="model_kind",
    )
    tenant_id = signed_in.tenant_id
    versions = cache.model_versions(tenant_id).filter(pl.col("kind") == kind)
    if versions.is_empty():
        show_empty("empty_models")
        return
    _draw_standing(versions, language)
    st.subheader(text("versions_title", language), anchor=False)
    _draw_versions(versions, language)
    _draw_promotions(cache.model_promotions(tenant_id, kind), language)
    version = st.selectbox(
        text("shown_version", language),
        versions["model_version"].to_list(),
        format_func=lambda name: _say_version(versions, name, language),
        key=f"model_version_{kind}",
    )
    st.subheader(text("model_quality_title", language), help=text("model_quality_help", language), anchor=False)
    _draw_quality(cache.model_quality(tenant_id, kind), version, language)
    if kind == "lead_score":
        _draw_curves(tenant_id, version, language)
        st.subheader(text("drift_title", language), anchor=False)
        draw_drift(cache.latest_look(tenant_id, version), cache.drift_looks(tenant_id, version), language)
        st.subheader(text("slices_title", language), anchor=False)
        draw_slices(cache.model_slices(tenant_id, version), language)
    with st.expander(text("card_title", language), icon=":material/description:"):
        shown = versions.row(by_predicate=pl.col("model_version") == version, named=True)
        st.markdown(shown["card"] or text("no_card", language))


def _draw_standing(versions: pl.DataFrame, language: Language) -> None:
    live = versions.filter("is_live")
    challenger = versions.filter("is_challenger")
    trained = format_date(live["trained_at"].item(), language) if live.height else MISSING
    tiles = (
        ("live_model", live, "none_live", "live_model_help"),
        ("challenger_model", challenger, "no_challenger", "challenger_model_help"),
    )
    places = st.columns(3)
    for place, (label, found, none, meaning) in zip(places, tiles, strict=False):
        name = found["model_version"].item()[:_SHOWN] if found.height else text(none, language)
        draw_tile(place, text(label, language), name, text(meaning, language))
    draw_tile(places[2], text("trained", language), trained, text("live_model_help", language))


def _draw_versions(versions: pl.DataFrame, language: Language) -> None:
    rows: list[dict[str, object]] = []
    for version in versions.iter_rows(named=True):
        metrics = json.loads(version["metrics"])
        findings = json.loads(version["findings"] or "[]")
        shown = [name for name in MODEL_MEASURES if isinstance(metrics.get(name), int | float)][:3]
        rows.append(
            {
                text("version", language): version["model_version"][:_SHOWN],
                text("standing", language): _say_standing(version, language),
                text("trained", language): format_time(version["trained_at"], language),
                text("model_measure", language): " · ".join(
                    f"{say(MODEL_MEASURES, name, language)} {format_number(metrics[name], language, 4)}"
                    for name in shown
                ),
                text("model_verdict", language): say(MODEL_VERDICTS, version["outcome"], language),
                text("model_why", language): _why(findings),
            }
        )
    draw_table(rows, text("versions_title", language), height=min(280, 40 + 36 * len(rows)))


def _why(findings: list[dict[str, Any]]) -> str:
    told = [finding["text"] for finding in findings if not finding["passed"]] or [f["text"] for f in findings[:1]]
    return "; ".join(told)


def _say_standing(version: dict[str, Any], language: Language) -> str:
    if version["is_live"]:
        return text("live_model", language)
    return text("challenger_model", language) if version["is_challenger"] else MISSING


def _say_version(versions: pl.DataFrame, name: str, language: Language) -> str:
    version = versions.row(by_predicate=pl.col("model_version") == name, named=True)
    standing = _say_standing(version, language)
    told = "" if standing == MISSING else f" · {standing}"
    return f"{name[:_SHOWN]} · {format_date(version['trained_at'], language)}{told}"


def _draw_promotions(promotions: pl.DataFrame, language: Language) -> None:
    with st.expander(text("promotions_title", language), icon=":material/history:"):
        if promotions.is_empty():
            show_empty("empty_promotions")
            return
        rows: list[dict[str, object]] = [
            {
                text("time", language): format_time(row["done_at"], language),
                text("promotion_action", language): say(MODEL_ACTIONS, row["action"], language),
                text("version", language): row["model_version"][:_SHOWN],
                text("previous_version", language): (row["previous_version"] or MISSING)[:_SHOWN],
                text("done_by", language): row["done_by"],
                text("model_why", language): row["reason"] or "",
            }
            for row in promotions.iter_rows(named=True)
        ]
        draw_table(rows, text("promotions_title", language), height=min(280, 40 + 36 * len(rows)))


def _draw_quality(quality: pl.DataFrame, version: str, language: Language) -> None:
    known = quality.filter(~pl.col("metric").is_in(_NOT_MEASURES))
    own = known.filter(pl.col("model_version") == version)
    if own.is_empty():
        st.info(text("model_quality_thin", language), icon=":material/science:")
    else:
        order = {name: place for place, name in enumerate(MODEL_MEASURES)}
        rows: list[dict[str, object]] = [
            {
                text("model_measure", language): say(MODEL_MEASURES, row["metric"], language),
                text("held_out", language): format_number(row["held_out_value"], language, 4),
                text("baseline", language): format_number(row["held_out_baseline"], language, 4),
                text("on_outcomes", language): format_number(row["outcome_value"], language, 4),
                text("row_number", language): _say_counts(row, language),
            }
            for row in sorted(own.iter_rows(named=True), key=lambda row: order.get(row["metric"], len(order)))
        ]
        draw_table(rows, text("model_quality_title", language))
    if known["model_version"].n_unique() > 1:
        _draw_course(known, language)


def _say_counts(row: dict[str, Any], language: Language) -> str:
    counts = [row[name] for name in ("held_out_lead_count", "outcome_lead_count") if row[name] is not None]
    return " / ".join(format_number(count, language) for count in counts)


def _draw_course(known: pl.DataFrame, language: Language) -> None:
    measured = [name for name in MODEL_MEASURES if name in set(known["metric"])]
    if not measured:
        return
    measure = st.selectbox(
        text("model_measure", language),
        measured,
        format_func=lambda name: say(MODEL_MEASURES, name, language),
        key=f"model_measure_{measured[0]}",
    )
    names = (text("held_out", language), text("on_outcomes", language))
    told = say(MODEL_MEASURES, measure, language)
    points = pl.concat(
        known.filter(pl.col("metric") == measure).select(
            pl.col("model_version").str.slice(0, _SHOWN),
            "trained_at",
            pl.col(column).alias("value"),
            judged_on=pl.lit(name),
        )
        for column, name in zip(("held_out_value", "outcome_value"), names, strict=True)
    ).drop_nulls("value")
    st.altair_chart(
        model_charts.draw_quality(points, names, told, language),
        alt=text("model_quality_alt", language, measure=told),
    )


def _draw_curves(tenant_id: UUID, version: str, language: Language) -> None:
    points = cache.model_curves(tenant_id, version)
    reliability, gain = (points.filter(pl.col("curve") == name) for name in ("calibration", "gain"))
    left, right = st.columns(2)
    with left:
        st.subheader(text("reliability_title", language), anchor=False)
        if reliability.is_empty():
            show_empty("curves_thin")
        else:
            st.caption(text("reliability_caption", language))
            words = [text(key, language) for key in ("axis_chance", "axis_share_won", "lead_number")]
            st.altair_chart(
                model_charts.draw_reliability(reliability, words[0], words[1], words[2], language),
                alt=text("reliability_alt", language),
            )
    with right:
        st.subheader(text("gain_title", language), anchor=False)
        if gain.is_empty():
            show_empty("curves_thin")
            return
        best = gain.filter(pl.col("x") <= _BEST_SHARE + 1e-9).tail(1)
        taken, won = (format_rate(best[name].item(), language) for name in ("x", "y"))
        st.caption(text("gain_caption", language, taken=taken, won=won))
        st.altair_chart(
            model_charts.draw_gain(gain, text("axis_taken", language), text("axis_won", language), language),
            alt=text("gain_alt", language),
        )


if __name__ == "__main__":
    show()

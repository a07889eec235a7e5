"""Whether a model still holds, and for everybody: drift and groups of leads. Part of the page on models."""

import polars as pl
import streamlit as st

from dashboards.charts.models import draw_evidence
from dashboards.components import draw_table
from dashboards.faults import show_empty
from dashboards.formats import Language, format_number, format_rate, format_signed, format_time
from dashboards.queries.fct_model_drift import ALARMS_FROM, ALL
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, COUNTRIES, DRIFT_SUBJECTS, INDUSTRIES, LANGUAGES, SLICE_NAMES, Words, say
from tekup.reasons import name_feature

LEAST_RATIO = 0.8
"""A smaller share of the best grades than this, against the best group's, is the usual sign of adverse impact."""
MOST_ERRORS = 3.0
"""A gap of this many standard errors is no accident, even among a few dozen groups."""
_VALUES: dict[str, Words] = {
    "language": LANGUAGES,
    "country": COUNTRIES,
    "industry": INDUSTRIES,
    "source": CHANNELS,
}


def draw_drift(latest: pl.DataFrame, looks: pl.DataFrame, language: Language) -> None:
    """The verdict of the last look, the things that changed, and how the evidence grew."""
    if latest.is_empty():
        show_empty("drift_none")
        return
    alarms = latest.filter("is_alarm")["subject"].to_list()
    if alarms:
        subjects = ", ".join(say(DRIFT_SUBJECTS, subject, language) for subject in alarms)
        st.warning(text("drift_alarm", language, subjects=subjects), icon=":material/trending_down:")
    else:
        st.success(text("drift_still", language), icon=":material/check_circle:")
    rows: list[dict[str, object]] = [
        {
            text("drift_subject", language): say(DRIFT_SUBJECTS, row["subject"], language),
            text("drift_name", language): name_feature(row["name"], language) if row["subject"] == "feature" else "",
            text("drift_psi", language): format_number(row["psi"], language, 3),
            text("drift_has_changed", language): _say_truth(row["is_drifting"], language),
            text("row_number", language): format_number(row["row_count"], language),
            text("looked_until", language): format_time(row["looked_until"], language),
        }
        for row in latest.filter(pl.col("name") != ALL).iter_rows(named=True)
    ]
    if rows:
        draw_table(rows, text("drift_title", language), height=min(320, 40 + 36 * len(rows)))
    course = looks.with_columns(
        subject=pl.Series([say(DRIFT_SUBJECTS, name, language) for name in looks["subject"]], dtype=pl.String)
    )
    if course["evidence"].count() > 1:
        st.altair_chart(
            draw_evidence(course, text("drift_evidence", language), ALARMS_FROM, language),
            alt=text("drift_evidence_alt", language),
        )


def draw_slices(slices: pl.DataFrame, language: Language) -> None:
    """Groups with their score and what became of them; those out of line are marked."""
    if slices.is_empty():
        show_empty("slices_thin")
        return
    marked = slices.with_columns(
        is_out_of_line=(pl.col("top_grade_ratio").fill_null(1.0) < LEAST_RATIO)
        | (pl.col("calibration_gap").abs() > MOST_ERRORS * pl.col("gap_standard_error"))
    )
    count = int(marked["is_out_of_line"].sum())
    st.caption(text("slices_caption", language))
    if count:
        st.warning(text("slices_unfair", language, count=count), icon=":material/balance:")
    else:
        st.success(text("slices_fair", language), icon=":material/check_circle:")
    rows: list[dict[str, object]] = [
        {
            text("slice_group", language): _say_group(row["name"], row["value"], language),
            text("slice_flag", language): _say_truth(row["is_out_of_line"], language),
            text("row_number", language): format_number(row["lead_count"], language),
            text("slice_score", language): format_rate(row["mean_probability"], language, 1),
            text("slice_won", language): format_rate(row["base_rate"], language, 1),
            text("slice_gap", language): f"{format_signed(row['calibration_gap'] * 100, language, 1)} "
            f"± {format_number(row['gap_standard_error'] * 100, language, 1)}",
            text("slice_top", language): format_number(row["top_grade_ratio"], language, 2),
        }
        for row in marked.sort("is_out_of_line", descending=True, maintain_order=True).iter_rows(named=True)
    ]
    draw_table(rows, text("slices_title", language), height=min(400, 40 + 36 * len(rows)))


def _say_group(name: str, value: str, language: Language) -> str:
    said = say(_VALUES.get(name, {}), value, language)
    return f"{say(SLICE_NAMES, name, language)}: {said}"


def _say_truth(is_so: bool, language: Language) -> str:
    return text("yes", language) if is_so else text("no", language)

"""Whether the figures can be trusted: sources, checks and the latest pulls."""

import json

import polars as pl
import streamlit as st

from dashboards import cache, session
from dashboards.app_pages.doubts import warn_of_doubts
from dashboards.app_pages.sources import draw_source_badges
from dashboards.export import write_csv
from dashboards.faults import show_empty
from dashboards.formats import Language, format_number, format_rate, format_time
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import RUN_STATUSES, VENDORS, say


def show() -> None:
    """The quality of the data, sources, failing checks with the rows that break them, and the record of pulls."""
    signed_in, language = session.require(), session.language()
    st.title(text("health_title", language), anchor=False)
    warn_of_doubts()
    _draw_quality(cache.quality(signed_in.tenant_id), language)
    st.subheader(text("sources_title", language), anchor=False)
    sources = cache.sources(signed_in.tenant_id)
    draw_source_badges(sources, language)
    for source in sources.filter(pl.col("status") == "failed").iter_rows(named=True):
        what = ". ".join(part for part in (source["error"], source["hint"]) if part)
        st.error(f"**{say(VENDORS, source['vendor'], language)}**: {plain(what)}", icon=":material/error:")
    st.subheader(text("checks_title", language), anchor=False)
    _draw_checks(cache.checks(signed_in.tenant_id), language)
    _draw_failures(cache.failures(signed_in.tenant_id), language)
    st.subheader(text("runs_title", language), anchor=False)
    _draw_runs(cache.recent_runs(signed_in.tenant_id), language)


def _draw_quality(quality: pl.DataFrame, language: Language) -> None:
    if quality.is_empty():
        return
    latest = quality.tail(1)
    st.metric(
        text("quality", language),
        format_rate(latest["quality_rate"].item(), language, 1),
        help=text("quality_help", language),
        border=True,
        chart_data=(quality["quality_rate"] * 100).to_list(),
        chart_type="area",
        width="content",
    )


def _draw_failures(failures: pl.DataFrame, language: Language) -> None:
    if failures.is_empty():
        return
    for (name,), rows in failures.group_by("check_name", maintain_order=True):
        with st.expander(text("failing_rows", language, check=plain(str(name)), shown=rows.height)):
            table = pl.DataFrame([_flatten(row) for row in rows["failed_row"]], infer_schema_length=None)
            st.dataframe(table, hide_index=True, alt=text("failing_rows", language, check=name, shown=rows.height))
    st.download_button(
        text("export_failures", language),
        write_csv(failures, language),
        file_name="failing-rows.csv",
        mime="text/csv",
        icon=":material/download:",
    )


def _flatten(row: str) -> dict[str, str | None]:
    """A kept row as columns of text; what is nested stays JSON."""
    return {
        name: value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in json.loads(row).items()
    }


def _draw_checks(checks: pl.DataFrame, language: Language) -> None:
    if checks.is_empty():
        show_empty("empty_checks")
        return
    failing = checks.filter(~pl.col("is_passed"))
    summary = text("checks_passed", language, passed=checks.height - failing.height, total=checks.height)
    if failing.is_empty():
        st.success(f"{text('all_checks_pass', language)} {summary}", icon=":material/check_circle:")
        return
    st.warning(summary, icon=":material/warning:")
    rows = [
        {
            text("check", language): row["check_name"],
            text("severity", language): text(f"severity_{row['severity']}", language),
            text("observed", language): row["observed"],
            text("expected", language): row["expected"],
            text("failing_row_count", language): format_number(row["failed_row_count"], language),
            text("failing_since", language): format_time(row["failing_since"], language),
            text("checked", language): format_time(row["checked_at"], language),
        }
        for row in failing.iter_rows(named=True)
    ]
    st.dataframe(pl.DataFrame(rows), hide_index=True, alt=text("checks_failing", language))


def _draw_runs(runs: pl.DataFrame, language: Language) -> None:
    if runs.is_empty():
        show_empty("empty_sources")
        return
    rows = [
        {
            text("source", language): say(VENDORS, row["vendor"], language),
            text("status", language): say(RUN_STATUSES, row["status"], language),
            text("started", language): format_time(row["started_at"], language),
            text("duration", language): _say_duration(row, language),
            text("rows_read", language): format_number(row["rows_read"], language),
            text("rows_changed", language): format_number(row["rows_changed"], language),
            text("requests", language): format_number(row["requests"], language),
            text("error", language): row["error"] or "",
        }
        for row in runs.iter_rows(named=True)
    ]
    st.dataframe(pl.DataFrame(rows), hide_index=True, alt=text("runs_title", language))


def _say_duration(row: dict[str, object], language: Language) -> str:
    started_at, finished_at = row["started_at"], row["finished_at"]
    if started_at is None or finished_at is None:
        return "–"
    seconds = (finished_at - started_at).total_seconds()  # type: ignore[operator]  # both are datetimes of the schema
    return f"{format_number(seconds, language, 1)} s"


if __name__ == "__main__":
    show()

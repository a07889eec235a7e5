"""What pages are put together from: tiles with their definition, files to take along, and the word on too little data.

Empty pages and faults are told by `dashboards.faults`.
"""

from collections.abc import Callable, Sequence

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import filters, session
from dashboards.export import write_csv, write_excel
from dashboards.formats import Language, format_number
from dashboards.texts import text
from dashboards.vocabulary import FIGURE_DEFINITIONS, FIGURES, say
from tekup.clock import utc_now


def draw_tile(
    place: DeltaGenerator, label: str, value: str, definition: str, *, course: Sequence[float] | None = None
) -> None:
    """A figure with its definition on hover and, where there is one, its course."""
    place.metric(
        label,
        value,
        help=definition,
        border=True,
        chart_data=list(course) if course is not None and len(course) > 1 else None,
        chart_type="area",
    )


def draw_figure(place: DeltaGenerator, measure: str, value: str, *, course: Sequence[float] | None = None) -> None:
    """A figure of the product's own list: its name and definition come from where it is defined."""
    language = session.language()
    draw_tile(place, say(FIGURES, measure, language), value, say(FIGURE_DEFINITIONS, measure, language), course=course)


def ask_currency(currencies: Sequence[str], language: Language, *, key: str) -> str:
    """Which of several currencies to show; the first one where there is no choice. ``key`` is the page's own."""
    if len(currencies) < 2:
        return currencies[0]
    filters.read_one("currency", currencies, currencies[0], key=key)
    chosen = st.segmented_control(text("currency", language), currencies, required=True, key=key)
    filters.keep("currency", chosen, currencies[0])
    return chosen or currencies[0]


def warn_if_thin(count: float, enough: int, language: Language) -> None:
    """Say that figures rest on few cases, where they do."""
    if count < enough:
        st.warning(
            text("thin", language, count=format_number(count, language), enough=format_number(enough, language)),
            icon=":material/science:",
        )


def draw_table(rows: Sequence[dict[str, object]], title: str, *, height: int | None = None) -> None:
    """A small table, already in words, that a screen reader can name."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if height is None:
        st.table(frame, border="horizontal", hide_index=True, alt=title)
    else:
        st.dataframe(frame, hide_index=True, height=height, alt=title)


def offer_files(name: str, read: Callable[[], pl.DataFrame], language: Language) -> None:
    """Two buttons that make a CSV and an Excel file of the rows, when pressed and not before."""
    stem = f"{name}-{utc_now():%Y-%m-%d}"
    with st.container(horizontal=True):
        st.download_button(
            text("export", language),
            data=lambda: write_csv(read(), language),
            file_name=f"{stem}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"csv_{name}",
        )
        st.download_button(
            text("export_excel", language),
            data=lambda: write_excel(read(), name),
            file_name=f"{stem}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            icon=":material/table_view:",
            on_click="ignore",
            key=f"excel_{name}",
        )

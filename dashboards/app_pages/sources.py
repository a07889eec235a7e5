"""The state of each data source as badges, shared by the overview and the data-health page."""

import polars as pl
import streamlit as st

from dashboards import freshness
from dashboards.faults import show_empty
from dashboards.formats import Language, format_age
from dashboards.texts import text
from dashboards.vocabulary import VENDORS, say
from tekup.clock import utc_now


def draw_source_badges(sources: pl.DataFrame, language: Language) -> None:
    """A badge a source: its state in word, icon and colour, and how long ago it last succeeded."""
    if sources.is_empty():
        show_empty("empty_sources")
        return
    now = utc_now()
    with st.container(horizontal=True):
        for source in sources.iter_rows(named=True):
            state = freshness.judge(source["status"], source["succeeded_at"], now)
            with st.container(border=True, width=230):
                st.markdown(f"**{say(VENDORS, source['vendor'], language)}**")
                st.badge(text(state.value, language), icon=freshness.ICONS[state], color=freshness.COLORS[state])
                succeeded_at = source["succeeded_at"]
                st.caption(
                    text("never", language)
                    if succeeded_at is None
                    else text("ago", language, age=format_age(now - succeeded_at, language))
                )

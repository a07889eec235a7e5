"""The filters of the list of leads. They stand in the address, so that a view can be sent on or linked to."""

from datetime import date
from uuid import UUID

import streamlit as st

from dashboards import cache, filters
from dashboards.formats import Language
from dashboards.queries.fct_lead import MOMENTS, LeadFilter, Moment, Order
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, STATUSES, say

GRADES = ("A", "B", "C", "D", "E")
OPEN_STATUSES = ("new", "contacted", "qualified")
ORDERS: dict[Order, str] = {"probability": "rank_probability", "expected_value": "rank_expected_value"}
WIDGETS = {
    "q": "lead_search",
    "status": "lead_statuses",
    "grade": "lead_grades",
    "source": "lead_sources",
    "order": "lead_order",
    "moment": "lead_moment",
    "from": "lead_first",
    "to": "lead_last",
}
"""Filters by their names in the address, each with its widget's key."""
_ADDRESS = "lead_address"


def is_usual(wanted: LeadFilter) -> bool:
    """Whether nothing was asked for but what everybody sees first."""
    return wanted in (LeadFilter(), LeadFilter(OPEN_STATUSES))


def clear() -> None:
    """Forget what was chosen, here and in the address."""
    for name, key in WIDGETS.items():
        st.session_state.pop(key, None)
        st.query_params.pop(name, None)


def ask_filter(tenant_id: UUID, language: Language) -> LeadFilter:
    """Draw the filters, as the address or the person has them; what they let through."""
    filters.follow_address(WIDGETS, key=_ADDRESS)
    search_place, status_place, grade_place, source_place = st.columns([2, 2.6, 1.2, 1.8])
    filters.read_text("q", key=WIDGETS["q"])
    search = search_place.text_input(
        text("search", language),
        key=WIDGETS["q"],
        placeholder=text("search_hint", language),
        icon=":material/search:",
        persist_state="session",
    )
    filters.read_many("status", list(STATUSES), OPEN_STATUSES, key=WIDGETS["status"])
    statuses = status_place.multiselect(
        text("status", language),
        list(STATUSES),
        format_func=lambda status: say(STATUSES, status, language),
        placeholder=text("all_values", language),
        key=WIDGETS["status"],
        persist_state="session",
    )
    filters.read_many("grade", GRADES, (), key=WIDGETS["grade"])
    grades = grade_place.multiselect(
        text("grade", language),
        GRADES,
        help=text("grade_help", language),
        placeholder=text("all_values", language),
        key=WIDGETS["grade"],
        persist_state="session",
    )
    known = cache.lead_sources(tenant_id)
    filters.read_many("source", known, (), key=WIDGETS["source"])
    sources = source_place.multiselect(
        text("source", language),
        known,
        format_func=lambda source: say(CHANNELS, source, language),
        placeholder=text("all_values", language),
        key=WIDGETS["source"],
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filters.read_one("order", list(ORDERS), "probability", key=WIDGETS["order"])
        chosen: Order | None = st.segmented_control(
            text("rank_by", language),
            list(ORDERS),
            required=True,
            format_func=lambda name: text(ORDERS[name], language),
            key=WIDGETS["order"],
            persist_state="session",
        )
        order = chosen or "probability"
        moment, first, last = _ask_period(language)
        wanted = LeadFilter(tuple(statuses), tuple(grades), tuple(sources), search or "", order, moment, first, last)
        st.button(
            text("clear_filters", language),
            icon=":material/filter_alt_off:",
            on_click=clear,
            key="lead_clear",
            disabled=wanted == LeadFilter(OPEN_STATUSES),
        )
    filters.keep("q", search)
    filters.keep("status", statuses, list(OPEN_STATUSES))
    filters.keep("grade", grades, [])
    filters.keep("source", sources, [])
    filters.keep("order", order, "probability")
    filters.keep("moment", moment)
    filters.keep("from", first)
    filters.keep("to", last)
    filters.remember_address(WIDGETS, key=_ADDRESS)
    return wanted


def _ask_period(language: Language) -> tuple[Moment | None, date | None, date | None]:
    """What happened to the leads, and from when to when; without the first there is no period."""
    filters.read_one("moment", MOMENTS, None, key=WIDGETS["moment"])
    moment: Moment | None = st.selectbox(
        text("moment", language),
        MOMENTS,
        format_func=lambda name: text(f"moment_{name}", language),
        placeholder=text("moment_any", language),
        key=WIDGETS["moment"],
        width=220,
        persist_state="session",
    )
    filters.read_day("from", key=WIDGETS["from"])
    filters.read_day("to", key=WIDGETS["to"])
    if moment is None:
        return None, None, None
    first, last = (
        st.date_input(
            text(label, language),
            key=WIDGETS[name],
            min_value=date(2000, 1, 1),
            format="YYYY-MM-DD",
            width=140,
            persist_state="session",
        )
        for label, name in (("from_day", "from"), ("to_day", "to"))
    )
    return moment, first, last

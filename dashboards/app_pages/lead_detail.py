"""One lead's story: score, reasons, what people say of it, every touchpoint. Which lead is in the page's address."""

from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import cache
from dashboards.app_pages.lead_score import draw_history, draw_marks, draw_outlook, draw_similar
from dashboards.app_pages.lead_voice import show_feedback, show_what_if
from dashboards.charts.journey import draw_timeline
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_age, format_money, format_rate, format_signed, format_time
from dashboards.markdown import plain
from dashboards.reasons import read_reasons
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, STATUSES, TOUCH_KINDS, say
from tekup.clock import utc_now

_PARAMETER = "lead"


def wanted_lead() -> str | None:
    """What the address asks for, as it stands there."""
    asked = st.query_params.get(_PARAMETER)
    return asked or None


def open_lead(lead_id: str) -> None:
    """Put the lead into the address, so that a link to it can be shared."""
    st.query_params[_PARAMETER] = lead_id


def close_lead() -> None:
    """Back to the list."""
    st.query_params.pop(_PARAMETER, None)


def show_lead(tenant_id: UUID, asked: str, language: Language) -> None:
    """The lead's story; an id that is none, or none of this tenant's, is said not to exist."""
    try:
        lead_id = UUID(asked)
    except ValueError:
        show_empty("lead_not_found")
        return
    found = cache.lead(tenant_id, lead_id)
    if found.is_empty():
        show_empty("lead_not_found")
        return
    lead = found.row(0, named=True)
    st.title(plain(lead["full_name"] or lead["email"] or text("nameless", language)), anchor=False)
    st.caption(" · ".join(plain(part) for part in (lead["job_title"], lead["company_name"], lead["email"]) if part))
    _draw_facts(lead, language)
    draw_marks(lead, language)
    draw_outlook(tenant_id, lead_id, lead, language)
    _draw_reasons(lead["reasons"], language)
    show_feedback(lead_id, language)
    show_what_if(lead_id, language)
    draw_history(tenant_id, lead_id, language)
    draw_similar(tenant_id, lead_id, language)
    st.subheader(text("timeline", language), anchor=False)
    _draw_touches(cache.timeline(tenant_id, lead["person_id"]), language)


def _draw_facts(lead: dict[str, Any], language: Language) -> None:
    facts: list[tuple[str, str, str | None]] = [
        ("grade", lead["grade"] or MISSING, "grade_help"),
        ("probability", _say_probability(lead, language), "probability_help"),
        ("status", say(STATUSES, lead["status"], language), None),
        ("source", say(CHANNELS, lead["source"], language), None),
        ("age", format_age(utc_now() - lead["created_at"], language), None),
    ]
    if lead["value_cents"] is not None:
        facts.append(("value", format_money(lead["value_cents"], lead["currency"], language), None))
    for place, (label, value, help_key) in zip(st.columns(len(facts)), facts, strict=True):
        place.metric(text(label, language), value, help=text(help_key, language) if help_key else None, border=True)


def _say_probability(lead: dict[str, Any], language: Language) -> str:
    if lead["has_enough_data"] is False:
        return text("too_little_data", language)
    return format_rate(lead["probability"], language, 1)


def _draw_reasons(stored: str | None, language: Language) -> None:
    st.subheader(text("reasons", language), help=text("reasons_help", language), anchor=False)
    reasons = read_reasons(stored, language)
    if not reasons:
        st.caption(text("no_reasons", language))
    for reason in reasons:
        points = format_signed(reason.contribution * 100, language, 1)
        st.markdown(f"{reason.sign} **{plain(reason.words)}** ({points} {text('points', language)})")


def _draw_touches(touches: pl.DataFrame, language: Language) -> None:
    if touches.is_empty():
        show_empty("empty_timeline")
        return
    said = touches.with_columns(
        channel=pl.Series([say(CHANNELS, channel, language) for channel in touches["channel"].to_list()]),
        kind=pl.Series([say(TOUCH_KINDS, kind, language) for kind in touches["kind"].to_list()]),
    )
    st.altair_chart(draw_timeline(said, language), alt=text("timeline_alt", language))
    rows = [
        {
            text("time", language): format_time(row["occurred_at"], language),
            text("kind", language): row["kind"],
            text("channel", language): row["channel"],
            text("campaign", language): row["utm_campaign"] or "",
            text("landing_page", language): row["landing_page"] or "",
        }
        for row in said.reverse().iter_rows(named=True)
    ]
    st.dataframe(pl.DataFrame(rows), hide_index=True, alt=text("timeline", language))

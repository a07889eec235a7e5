"""What happens to leads right now, from the log of events: it updates by itself. The ranking follows with a build."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from dashboards import session
from dashboards.api import ApiRefused, ask
from dashboards.api_client import ApiUnavailable
from dashboards.formats import Language, format_age, format_rate
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, STATUSES, say
from tekup.clock import utc_now

LOOK_SECONDS = 3
"""A look is one request with the last position seen: an answer without events costs the API two short queries."""
_TYPES = {"LeadCreated": "leads:read", "LeadStatusChanged": "leads:read", "LeadScored": "scores:read"}
_ICONS = {"LeadCreated": "person_add", "LeadStatusChanged": "swap_horiz", "LeadScored": "speed"}
_SHOWN = 5
_LOOK_BACK = 300  # positions of the log, at the first look
_END = 2**62
_KEY = "lead_feed"


@dataclass(slots=True)
class _Feed:
    """How far the log was read, the newest events, and the leads that they tell of."""

    position: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    leads: dict[str, dict[str, Any]] = field(default_factory=dict)


@st.fragment(run_every=LOOK_SECONDS)
def draw_feed(language: Language) -> None:
    """The newest events about leads, newest first; looks again every three seconds."""
    feed: _Feed = st.session_state.setdefault(_KEY, _Feed())
    with st.container(border=True):
        st.markdown(f"**{text('feed_title', language)}**", help=text("feed_help", language))
        try:
            _look(feed)
        except (ApiRefused, ApiUnavailable):
            st.caption(f":material/cloud_off: {text('feed_away', language)}")
            return
        if not feed.events:
            st.caption(text("feed_quiet", language))
        now = utc_now()
        for event in feed.events:
            age = format_age(now - datetime.fromisoformat(event["time"]), language)
            words = _say(event, feed.leads.get(event["data"]["lead_id"], {}), language)
            st.markdown(f":material/{_ICONS[event['type']]}: {words} · {text('ago', language, age=age)}")


def _look(feed: _Feed) -> None:
    scopes = session.require().scopes
    types = [name for name, scope in _TYPES.items() if scope in scopes]
    if feed.position is None:
        head = ask("GET", "/v1/events", query={"after": _END, "limit": 1}).body["head"]
        feed.position = max(0, head - _LOOK_BACK)
    page = ask("GET", "/v1/events", query={"after": feed.position, "limit": 500, "type": types}).body
    feed.position = page["next_after"]
    feed.events = [*reversed(page["items"]), *feed.events][:_SHOWN]
    shown = {event["data"]["lead_id"] for event in feed.events}
    changed = {event["data"]["lead_id"] for event in page["items"]}
    # a lead is read once, and again when something happened to it
    kept = {lead_id: lead for lead_id, lead in feed.leads.items() if lead_id in shown - changed}
    feed.leads = kept | {lead_id: _read_lead(lead_id) for lead_id in sorted(shown - kept.keys())}


def _read_lead(lead_id: str) -> dict[str, Any]:
    try:
        lead: dict[str, Any] = ask("GET", f"/v1/leads/{lead_id}").body
        return lead
    except ApiRefused:
        return {}  # gone since


def _say(event: dict[str, Any], lead: dict[str, Any], language: Language) -> str:
    data = event["data"]
    name = lead.get("full_name") or lead.get("email") or text("feed_somebody", language)
    company = f" ({plain(lead['company_name'])})" if lead.get("company_name") else ""
    who = f"**{plain(name)}**{company}"
    if event["type"] == "LeadCreated":
        return text(
            "feed_created", language, lead=who, source=plain(say(CHANNELS, data["source"] or "unknown", language))
        )
    if event["type"] == "LeadStatusChanged":
        before, after = (say(STATUSES, data[side], language) for side in ("from", "to"))
        return text("feed_status", language, lead=who, before=before, after=after)
    return text(
        "feed_scored", language, lead=who, grade=data["grade"], probability=format_rate(data["probability"], language)
    )

"""The tenant's settings, its audit trail and requests about persons. A part of the page of administration."""

from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from dashboards import api, components
from dashboards.app_pages.acting import act
from dashboards.app_pages.admin_users import say_moment
from dashboards.formats import MISSING, Language, format_number
from dashboards.session import SignedIn
from dashboards.texts import text
from tekup.clock import utc_now

_CURRENCIES = ("DKK", "EUR", "SEK", "NOK", "USD", "GBP", "BRL", "CHF", "PLN", "ISK")
_AUDIT_DAYS = (1, 7, 30, 365)
_CURSORS = "audit_cursors"
_POLL_SECONDS = 3


def draw_settings(signed_in: SignedIn, language: Language) -> None:
    """What the tenant's figures follow, what salespeople see and whether a second factor is asked for."""
    kept = api.ask("GET", "/v1/tenant").body["settings"]
    st.subheader(text("settings_title", language), anchor=False)
    zones = sorted(available_timezones())
    currencies = list(dict.fromkeys([kept.get("currency") or "DKK", *_CURRENCIES]))
    with st.form("settings", width=560):
        zone = kept.get("timezone") or "Europe/Copenhagen"
        st.selectbox(
            text("timezone", language), zones, index=zones.index(zone), key="set_timezone",
            help=text("timezone_help", language),
        )  # fmt: skip
        st.selectbox(text("currency", language), currencies, key="set_currency", help=text("currency_help", language))
        st.segmented_control(
            text("tenant_language", language), ("da", "en"), default=kept.get("language") or "da", required=True,
            format_func={"da": "Dansk", "en": "English"}.__getitem__, key="set_language",
        )  # fmt: skip
        st.segmented_control(
            text("sales_see", language), ("all", "own"), default=kept.get("sales_see") or "all", required=True,
            format_func=lambda name: text(f"sales_see_{name}", language), key="set_sales_see",
        )  # fmt: skip
        st.form_submit_button(text("save", language), type="primary", on_click=_save_settings)
    with st.form("policy", width=560):
        st.toggle(
            text("mfa_required", language), value=bool(kept.get("mfa_required")), key="set_mfa",
            help=text("mfa_help", language),
        )  # fmt: skip
        st.form_submit_button(text("apply_policy", language), on_click=_save_policy)


def _save_settings() -> None:
    names = ("timezone", "currency", "language", "sales_see")
    act("PATCH", "/v1/tenant/settings", body={name: st.session_state[f"set_{name}"] for name in names})


def _save_policy() -> None:
    act("PUT", "/v1/sign-in-policy", body={"mfa_required": st.session_state["set_mfa"]})


def draw_audit(signed_in: SignedIn, language: Language) -> None:
    """Entries by filters, a page at a time, and the newest seals of the chain."""
    st.subheader(text("audit_title", language), anchor=False)
    places = st.columns(5)
    given = {
        name: place.text_input(text(f"audit_{word}", language), key=f"audit_{word}", on_change=_to_newest).strip()
        for place, (name, word) in zip(
            places,
            (("action", "action"), ("entity_type", "thing"), ("entity_id", "id"), ("actor_id", "who")),
            strict=False,
        )
    }
    days = places[4].selectbox(text("audit_days", language), _AUDIT_DAYS, index=1, key="audit_days")
    cursors: list[str] = st.session_state.get(_CURSORS, [])
    since = (utc_now() - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)  # the same for all pages
    query = {**given, "since": since.isoformat(), "limit": 50, "cursor": cursors[-1] if cursors else None}
    page = api.ask("GET", "/v1/audit", query=query).body
    if not page["items"]:
        st.info(text("empty_audit", language), icon=":material/inbox:")
    else:
        components.draw_table(
            [_say_entry(entry, language) for entry in page["items"]], text("audit_title", language), height=480
        )
    with st.container(horizontal=True):
        st.button(text("audit_newest", language), disabled=not cursors, key="audit_newest", on_click=_to_newest)
        st.button(
            text("audit_older", language), disabled=page["next_cursor"] is None, key="audit_older",
            on_click=lambda: st.session_state.__setitem__(_CURSORS, [*cursors, page["next_cursor"]]),
        )  # fmt: skip
    heads = api.ask("GET", "/v1/audit/heads").body["items"]
    for head in heads:
        st.caption(
            text(
                "audit_seal", language, number=head["number"], database=head["database"], head=head["head"],
                time=say_moment(head["sealed_at"], language),
            )
        )  # fmt: skip
    if not heads:
        st.caption(text("no_seals", language))


def _to_newest() -> None:
    st.session_state.pop(_CURSORS, None)


def _say_entry(entry: dict[str, Any], language: Language) -> dict[str, object]:
    return {
        text("time", language): say_moment(entry["occurred_at"], language),
        text("audit_who", language): f"{entry['actor_kind']} {entry['actor_id']}",
        text("audit_action", language): entry["action"],
        text("audit_thing", language): entry["entity_type"] or MISSING,
        text("audit_id", language): entry["entity_id"] or MISSING,
        text("audit_rows", language): format_number(entry["item_count"], language),
        text("audit_outcome", language): entry["outcome"],
        text("audit_route", language): entry["route"] or MISSING,
    }


def draw_privacy(signed_in: SignedIn, language: Language) -> None:
    """A request is made, its progress followed, and an export's archive fetched."""
    st.subheader(text("privacy_title", language), anchor=False)
    st.caption(text("privacy_caption", language))
    with st.form("privacy", width=560):
        st.segmented_control(
            text("privacy_kind", language), ("export", "erase"), default="export", required=True, key="privacy_kind",
            format_func=lambda kind: text(f"privacy_kind_{kind}", language),
        )  # fmt: skip
        st.text_input(text("privacy_subject", language), key="privacy_subject")
        st.checkbox(text("privacy_sure", language), key="privacy_sure")
        st.form_submit_button(text("ask_privacy", language), type="primary", on_click=_ask_privacy)
    _follow_privacy(language)


def _ask_privacy() -> None:
    kept = st.session_state
    if kept["privacy_kind"] == "erase" and not kept["privacy_sure"]:
        kept["act_told"] = "privacy_not_sure"
        return
    act("POST", "/v1/privacy/requests", body={"kind": kept["privacy_kind"], "subject": kept["privacy_subject"]})


@st.fragment(run_every=_POLL_SECONDS)
def _follow_privacy(language: Language) -> None:
    requests = api.ask("GET", "/v1/privacy/requests").body["items"]
    if not requests:
        st.info(text("empty_privacy", language), icon=":material/inbox:")
        return
    components.draw_table(
        [
            {
                text("privacy_kind", language): text(f"privacy_kind_{one['kind']}", language),
                text("status", language): text(f"privacy_state_{one['status']}", language),
                text("privacy_rows", language): format_number(sum(one["rows"].values()), language),
                text("asked_at", language): say_moment(one["requested_at"], language),
                text("finished_at", language): say_moment(one["finished_at"], language),
                text("error", language): one["error"] or "",
            }
            for one in requests
        ],
        text("privacy_title", language),
        height=min(360, 36 * (len(requests) + 1) + 3),
    )
    for one in requests:
        if one["has_archive"]:
            asked = say_moment(one["requested_at"], language)
            st.download_button(
                f"{text('fetch_archive', language)} ({asked})",
                data=partial(api.fetch_file, f"/v1/privacy/requests/{one['id']}/archive"),
                file_name=f"person-{one['id']}.zip",
                mime="application/zip",
                on_click="ignore",
                key=f"archive_{one['id']}",
            )

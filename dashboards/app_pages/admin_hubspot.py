"""How records are kept alike with HubSpot: which way, by which rule, what waits. A part of administration."""

import streamlit as st

from dashboards import api
from dashboards.app_pages.acting import act
from dashboards.app_pages.admin_users import say_moment
from dashboards.formats import MISSING, Language, format_number
from dashboards.session import SignedIn
from dashboards.texts import text

_DIRECTIONS = ("off", "in", "out", "both")
_RULES = ("newest", "hubspot", "tekup")


def draw_hubspot(signed_in: SignedIn, language: Language) -> None:
    """One row a kind; who may, changes one of them."""
    if "tenant:read" not in signed_in.scopes:
        return
    syncs = api.ask("GET", "/v1/hubspot-syncs").body["items"]
    st.subheader(text("hubspot_title", language), anchor=False)
    st.caption(text("hubspot_caption", language))
    rows = []
    for one in syncs:
        moments = [moment for moment in (one["last_sent_at"], one["last_received_at"]) if moment]
        rows.append(
            {
                text("hubspot_kind", language): text(f"hubspot_{one['kind']}", language),
                text("hubspot_direction", language): text(f"hubspot_{one['direction']}", language),
                text("hubspot_rule", language): text(f"hubspot_rule_{one['rule']}", language),
                **{
                    text(f"hubspot_{name}", language): format_number(one[f"{name}_count"], language)
                    for name in ("linked", "waiting", "sent", "received", "failed")
                },
                text("hubspot_last", language): say_moment(max(moments), language) if moments else MISSING,
            }
        )
    st.dataframe(rows, hide_index=True)
    for one in syncs:
        if one["error"]:
            kind = text(f"hubspot_{one['kind']}", language)
            st.warning(f"{kind}: {one['error']}", icon=":material/sync_problem:")
    if "tenant:write" in signed_in.scopes:
        _draw_form(language)


def _draw_form(language: Language) -> None:
    with st.form("hubspot", width=560):
        st.selectbox(
            text("hubspot_kind", language), ("companies", "contacts", "deals"), key="hubspot_set_kind",
            format_func=lambda name: text(f"hubspot_{name}", language),
        )  # fmt: skip
        st.segmented_control(
            text("hubspot_direction", language), _DIRECTIONS, default="both", required=True,
            key="hubspot_set_direction",
            format_func=lambda name: text(f"hubspot_{name}", language),
        )  # fmt: skip
        st.segmented_control(
            text("hubspot_rule", language), _RULES, default="newest", required=True, key="hubspot_set_rule",
            format_func=lambda name: text(f"hubspot_rule_{name}", language), help=text("hubspot_rule_help", language),
        )  # fmt: skip
        st.form_submit_button(text("save", language), type="primary", on_click=_save)


def _save() -> None:
    kind = st.session_state["hubspot_set_kind"]
    body = {name: st.session_state[f"hubspot_set_{name}"] for name in ("direction", "rule")}
    act("PATCH", f"/v1/hubspot-syncs/{kind}", body=body)

"""Moving a deal to another stage through the API, as long as nobody else changed it meanwhile."""

from datetime import date
from typing import Any

import streamlit as st

from dashboards import api, session
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable
from dashboards.faults import show_refusal
from dashboards.formats import Language, format_date, format_money
from dashboards.markdown import plain
from dashboards.session import SignedIn
from dashboards.texts import text

_SHOWN = 50
_TOLD = "deal_told"


def draw_moves(signed_in: SignedIn, language: Language) -> None:
    """Choose an open deal of TekUp's CRM; a button a stage moves it."""
    st.subheader(text("move_title", language), anchor=False)
    if not {"deals:write", "pipelines:read"} <= signed_in.scopes:
        st.caption(text("move_not_allowed", language))
        return
    _tell()
    try:
        search = st.text_input(text("move_search", language), key="move_search", icon=":material/search:", width=420)
        query = {"status": "open", "sort": "-updated_at", "limit": _SHOWN, "q": search.strip()}
        deals = api.ask("GET", "/v1/deals", query=query).body["items"]
        if not deals:
            st.caption(text("move_none", language))
            return
        stages = api.ask("GET", "/v1/stages", query={"sort": "position", "limit": 200}).body["items"]
        _draw_one(deals, stages, language)
    except (ApiUnavailable, ApiRefused) as error:
        show_refusal(error)


def _draw_one(deals: list[dict[str, Any]], stages: list[dict[str, Any]], language: Language) -> None:
    st.caption(text("move_caption", language))
    named = {deal["id"]: deal for deal in deals}
    if st.session_state.get("move_deal") not in named:
        st.session_state["move_deal"] = deals[0]["id"]
    chosen = st.selectbox(
        text("deal", language),
        list(named),
        format_func=lambda deal_id: named[deal_id]["name"],
        key="move_deal",
        width=420,
    )
    # read anew: its version is what a move is bound to
    read = api.ask("GET", f"/v1/deals/{chosen}")
    deal = read.body
    own = [stage for stage in stages if stage["pipeline_id"] == deal["pipeline_id"]]
    now = next((stage["name"] for stage in own if stage["id"] == deal["stage_id"]), "")
    parts = [
        text("move_here", language, stage=plain(now)),
        format_money(deal["amount_cents"], deal["currency"], language),
    ]
    if deal["expected_close_date"]:
        parts.append(format_date(date.fromisoformat(deal["expected_close_date"]), language))
    st.markdown(" · ".join(parts))
    with st.container(horizontal=True):
        for stage in own:
            st.button(
                plain(stage["name"]),
                key=f"move_{stage['id']}",
                disabled=stage["id"] == deal["stage_id"],
                icon=":material/trophy:" if stage["is_won"] else ":material/block:" if stage["is_lost"] else None,
                help=text("move_to", language) + f" {plain(stage['name'])}",
                on_click=_move,
                args=(deal, stage, read.etag),
            )


def _move(deal: dict[str, Any], stage: dict[str, Any], etag: str | None) -> None:
    try:
        api.ask("PATCH", f"/v1/deals/{deal['id']}", body={"stage_id": stage["id"]}, etag=etag)
        st.session_state[_TOLD] = (deal["name"], stage["name"])
    except (ApiRefused, ApiUnavailable) as error:
        st.session_state[_TOLD] = error


def _tell() -> None:
    told = st.session_state.pop(_TOLD, None)
    if isinstance(told, ApiRefused | ApiUnavailable):
        show_refusal(told)
    elif told is not None:
        name, stage = told
        st.success(
            text("moved", session.language(), deal=plain(name), stage=plain(stage)), icon=":material/check_circle:"
        )

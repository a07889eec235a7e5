"""Acting through the API from a page: do, tell how it went, and ask for a fresh proof where the API wants one."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from dashboards import api, api_client, session
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable, SignInRefused
from dashboards.faults import show_refusal
from dashboards.texts import text
from tekup.settings import current_settings

_TOLD = "act_told"
_PROOF = "act_proof"


def act(
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    told: str = "done",
    then: Callable[[Any], None] | None = None,
) -> None:
    """Call the API, for a button's callback; how it went is told by `tell` when the page is drawn anew."""
    try:
        answer = api.ask(method, path, body=body).body
    except ApiRefused as refused:
        if refused.asks_for_proof:
            st.session_state[_PROOF] = True
        else:
            st.session_state[_TOLD] = refused
    except ApiUnavailable as error:
        st.session_state[_TOLD] = error
    else:
        st.session_state[_TOLD] = told
        if then is not None:
            then(answer)


def tell() -> None:
    """How the last act went, and the form for a fresh proof where one is needed."""
    language = session.language()
    told = st.session_state.pop(_TOLD, None)
    if isinstance(told, ApiRefused | ApiUnavailable):
        show_refusal(told)
    elif told is not None:
        st.success(text(told, language), icon=":material/check_circle:")
    if st.session_state.get(_PROOF):
        with st.form("proof", width=460):
            st.markdown(f"**{text('proof_title', language)}**")
            st.caption(text("proof_lead", language))
            st.text_input(text("code", language), key="proof_code", autocomplete="one-time-code")
            st.text_input(text("password", language), key="proof_password", type="password")
            st.form_submit_button(text("prove", language), type="primary", on_click=_prove)


def _prove() -> None:
    given = {"code": st.session_state.get("proof_code"), "password": st.session_state.get("proof_password")}
    proof = next(({name: value.strip() if name == "code" else value} for name, value in given.items() if value), None)
    signed_in = session.require()
    if proof is None or signed_in.access_token is None:
        return
    try:
        grant = api_client.step_up(current_settings().api_address, signed_in.access_token, proof)
    except SignInRefused:
        st.session_state[_TOLD] = ApiRefused(401, "proof-wrong", text("proof_wrong", session.language()), None)
    except ApiUnavailable as error:
        st.session_state[_TOLD] = error
    else:
        session.carry_on(grant)
        st.session_state.pop(_PROOF, None)
        st.session_state[_TOLD] = "proven"

"""Signing in with e-mail and password, and choosing among several companies. The API decides who may."""

import streamlit as st

from dashboards import session
from dashboards.api_client import ApiUnavailable, SignInRefused, TenantChoice, TenantNeeded, sign_in
from dashboards.faults import show_fault
from dashboards.texts import text
from tekup.settings import current_settings

_PENDING = "pending_sign_in"
_TOO_MANY = 429


def show() -> None:
    """The form, or the choice of company once e-mail and password are proven."""
    language = session.language()
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title(text("sign_in_title", language), anchor=False)
        st.markdown(text("sign_in_lead", language))
        if session.has_just_expired():
            st.info(text("session_ended", language), icon=":material/schedule:")
        pending = st.session_state.get(_PENDING)
        if pending is None:
            _ask_credentials()
        else:
            _ask_tenant(*pending)


def _ask_credentials() -> None:
    language = session.language()
    with st.form("sign_in", enter_to_submit=True):
        email = st.text_input(text("email", language), key="email", autocomplete="username")
        password = st.text_input(
            text("password", language), key="password", type="password", autocomplete="current-password"
        )
        is_sent = st.form_submit_button(text("sign_in", language), type="primary", width="stretch")
    if not is_sent:
        return
    if not email.strip() or not password:
        st.warning(text("sign_in_missing", language), icon=":material/edit:")
        return
    _try(email, password, None)


def _ask_tenant(email: str, password: str, choices: list[TenantChoice]) -> None:
    language = session.language()
    with st.form("choose_tenant"):
        chosen = st.radio(
            text("choose_tenant", language), choices, format_func=lambda choice: choice.name, key="tenant_choice"
        )
        is_sent = st.form_submit_button(text("continue", language), type="primary", width="stretch")
    if st.button(text("start_over", language), type="tertiary", key="start_over"):
        session.end()
        st.rerun()
    if is_sent and chosen is not None:
        _try(email, password, chosen.id)


def _try(email: str, password: str, tenant: str | None) -> None:
    language = session.language()
    try:
        with st.spinner(text("signing_in", language)):
            grant = sign_in(current_settings().api_address, email, password, tenant)
    except TenantNeeded as needed:
        st.session_state[_PENDING] = (email, password, needed.choices)
        st.rerun()
    except SignInRefused as refused:
        key = "sign_in_too_many" if refused.status == _TOO_MANY else "sign_in_refused"
        st.error(text(key, language), icon=":material/lock:")
        return
    except ApiUnavailable as unavailable:
        show_fault(unavailable)
        return
    session.begin(grant, email)
    st.rerun()

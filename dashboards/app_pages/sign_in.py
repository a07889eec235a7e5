"""Signing in: e-mail and password, a code, a choice among several companies, a mail's link. The API decides who may."""

from collections.abc import Callable

import streamlit as st

from dashboards import session
from dashboards.api_client import (
    ApiUnavailable,
    Grant,
    LinkRefused,
    SecondFactorNeeded,
    SignInRefused,
    TenantChoice,
    TenantNeeded,
    ask_for_reset,
    choose_password,
    finish_sign_in,
    redeem_code,
    sign_in,
    whose_token,
)
from dashboards.faults import show_fault
from dashboards.texts import text
from tekup.settings import current_settings

_PENDING = "pending_sign_in"
_CODE_PENDING = "pending_code"
_RESETTING = "resetting"
_SAVED = "password_saved"
_LINKS = ("invitation", "password_reset")
_PROVIDER_CODE = "sign_in"
_TOO_MANY = 429


def show() -> None:
    """The step of the sign-in that is next."""
    language = session.language()
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title(text("sign_in_title", language), anchor=False)
        st.markdown(text("sign_in_lead", language))
        if session.has_just_expired():
            st.info(text("session_ended", language), icon=":material/schedule:")
        link = next((kind for kind in _LINKS if kind in st.query_params), None)
        provider_code = st.query_params.get(_PROVIDER_CODE)
        pending = st.session_state.get(_PENDING)
        if link is not None:
            _ask_new_password(link, st.query_params[link])
        elif provider_code is not None:
            del st.query_params[_PROVIDER_CODE]
            _try(
                lambda: redeem_code(current_settings().api_address, provider_code),
                "",
                text("provider_refused", language),
            )
        elif _CODE_PENDING in st.session_state:
            _ask_code(*st.session_state[_CODE_PENDING])
        elif pending is not None:
            _ask_tenant(*pending)
        elif st.session_state.get(_RESETTING):
            _ask_for_link()
        else:
            _ask_credentials()


def _ask_credentials() -> None:
    language = session.language()
    if st.session_state.get(_SAVED):
        st.success(text("password_saved", language), icon=":material/check:")
    with st.form("sign_in", enter_to_submit=True):
        email = st.text_input(text("email", language), key="email", autocomplete="username")
        password = st.text_input(
            text("password", language), key="password", type="password", autocomplete="current-password"
        )
        is_sent = st.form_submit_button(text("sign_in", language), type="primary", width="stretch")
    if st.button(text("forgot_password", language), type="tertiary", key="forgot_password"):
        st.session_state[_RESETTING] = True
        st.rerun()
    if not is_sent:
        return
    if not email.strip() or not password:
        st.warning(text("sign_in_missing", language), icon=":material/edit:")
        return
    _try_password(email, password, None)


def _ask_tenant(email: str, password: str, choices: list[TenantChoice]) -> None:
    language = session.language()
    with st.form("choose_tenant"):
        chosen = st.radio(
            text("choose_tenant", language), choices, format_func=lambda choice: choice.name, key="tenant_choice"
        )
        is_sent = st.form_submit_button(text("continue", language), type="primary", width="stretch")
    _offer_to_start_over()
    if is_sent and chosen is not None:
        _try_password(email, password, chosen.id)


def _ask_code(email: str, mfa_token: str) -> None:
    language = session.language()
    with st.form("second_factor"):
        st.markdown(text("code_lead", language))
        code = st.text_input(text("code", language), key="code", autocomplete="one-time-code")
        is_sent = st.form_submit_button(text("continue", language), type="primary", width="stretch")
    _offer_to_start_over()
    if is_sent and code.strip():
        _try(
            lambda: finish_sign_in(current_settings().api_address, mfa_token, code),
            email,
            text("code_refused", language),
        )


def _ask_for_link() -> None:
    language = session.language()
    with st.form("reset"):
        st.markdown(text("reset_lead", language))
        email = st.text_input(text("email", language), key="reset_email", autocomplete="username")
        is_sent = st.form_submit_button(text("send_link", language), type="primary", width="stretch")
    _offer_to_start_over()
    if is_sent and email.strip():
        try:
            ask_for_reset(current_settings().api_address, email)
        except ApiUnavailable as unavailable:
            show_fault(unavailable)
            return
        st.success(text("link_sent", language), icon=":material/mail:")


def _ask_new_password(link: str, token: str) -> None:
    language = session.language()
    with st.form("new_password"):
        st.markdown(text("new_password_lead", language))
        password = st.text_input(
            text("new_password", language), key="new_password", type="password", autocomplete="new-password"
        )
        is_sent = st.form_submit_button(text("save", language), type="primary", width="stretch")
    if not is_sent or not password:
        return
    try:
        choose_password(current_settings().api_address, link, token, password)
    except LinkRefused as refused:
        st.error(str(refused), icon=":material/lock:")
        return
    except ApiUnavailable as unavailable:
        show_fault(unavailable)
        return
    del st.query_params[link]
    st.session_state[_SAVED] = True
    st.rerun()


def _offer_to_start_over() -> None:
    if st.button(text("start_over", session.language()), type="tertiary", key="start_over"):
        session.end()
        st.rerun()


def _try_password(email: str, password: str, tenant: str | None) -> None:
    refusal = text("sign_in_refused", session.language())
    try:
        _try(lambda: sign_in(current_settings().api_address, email, password, tenant), email, refusal)
    except TenantNeeded as needed:
        st.session_state[_PENDING] = (email, password, needed.choices)
        st.rerun()


def _try(grant_of: Callable[[], Grant], email: str, refusal: str) -> None:
    language = session.language()
    try:
        with st.spinner(text("signing_in", language)):
            grant = grant_of()
            # who came through a provider wrote no e-mail here
            email = email or whose_token(current_settings().api_address, grant.access_token)
    except SecondFactorNeeded as needed:
        session.end()
        st.session_state[_CODE_PENDING] = (email, needed.mfa_token)
        st.rerun()
    except SignInRefused as refused:
        st.error(text("sign_in_too_many", language) if refused.status == _TOO_MANY else refusal, icon=":material/lock:")
        return
    except ApiUnavailable as unavailable:
        show_fault(unavailable)
        return
    session.begin(grant, email)
    st.rerun()

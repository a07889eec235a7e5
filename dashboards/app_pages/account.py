"""One's own account: sessions, second factors, passkeys and the password."""

from typing import Any

import streamlit as st

from dashboards import api, components, session
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable
from dashboards.app_pages import acting
from dashboards.app_pages.acting import act
from dashboards.app_pages.admin_users import say_moment
from dashboards.faults import show_refusal
from dashboards.formats import MISSING, Language
from dashboards.markdown import plain
from dashboards.texts import text

_PENDING = "totp_pending"
_CODES = "recovery_codes"


def show() -> None:
    """Who one is here, and what one may change oneself."""
    session.require()
    language = session.language()
    st.title(text("account_title", language), anchor=False)
    acting.tell()
    try:
        account = api.ask("GET", "/v1/me").body
        st.markdown(f"**{plain(account['email'])}** · {text('role', language)}: {plain(account['role'])}")
        _draw_sessions(language)
        left, right = st.columns(2)
        with left:
            _draw_factors(account, language)
        with right:
            _draw_password(language)
    except (ApiRefused, ApiUnavailable) as error:
        show_refusal(error)


def _draw_sessions(language: Language) -> None:
    st.subheader(text("sessions_title", language), anchor=False)
    sessions = api.ask("GET", "/v1/sessions").body["items"]
    components.draw_table(
        [
            {
                text("this_one", language): text("yes", language) if one["is_current"] else "",
                text("place", language): one["address"] or MISSING,
                text("browser", language): (one["user_agent"] or MISSING)[:80],
                text("started", language): say_moment(one["started_at"], language),
                text("last_used", language): say_moment(one["last_used_at"], language),
            }
            for one in sessions
        ],
        text("sessions_title", language),
    )
    st.button(
        text("end_others", language), key="end_others", disabled=len(sessions) < 2, icon=":material/logout:",
        on_click=lambda: act("DELETE", "/v1/sessions"),
    )  # fmt: skip


def _draw_factors(account: dict[str, Any], language: Language) -> None:
    st.subheader(text("mfa_title", language), anchor=False)
    codes = st.session_state.pop(_CODES, None)
    if codes:
        st.warning(text("codes_once", language), icon=":material/key:")
        st.code("\n".join(codes), language=None)
    if account["has_totp"]:
        st.markdown(text("has_app", language, count=account["recovery_codes_left"]))
        with st.container(horizontal=True):
            st.button(
                text("renew_codes", language), key="renew_codes",
                on_click=lambda: act("POST", "/v1/me/recovery-codes", then=_keep_codes),
            )  # fmt: skip
            st.button(text("remove_app", language), key="remove_app", on_click=lambda: act("DELETE", "/v1/me/totp"))
    else:
        st.markdown(text("has_no_app", language))
    pending = st.session_state.get(_PENDING)
    if pending is None:
        st.button(
            text("add_app", language), key="add_app", icon=":material/phonelink_lock:",
            on_click=lambda: act("POST", "/v1/me/totp", then=lambda made: st.session_state.__setitem__(_PENDING, made)),
        )  # fmt: skip
    else:
        st.caption(text("app_secret", language))
        st.code(f"{pending['secret']}\n{pending['address']}", language=None)
        st.text_input(text("confirm_code", language), key="totp_code", max_chars=6, autocomplete="one-time-code")
        st.button(text("confirm_app", language), key="confirm_app", type="primary", on_click=_confirm)
    st.subheader(text("passkeys_title", language), anchor=False)
    st.caption(text("passkeys_caption", language))
    if not account["passkeys"]:
        st.markdown(text("no_passkeys", language))
    for passkey in account["passkeys"]:
        st.button(
            text("remove_passkey", language, name=plain(passkey["name"])), key=f"passkey_{passkey['id']}",
            on_click=act, args=("DELETE", f"/v1/me/passkeys/{passkey['id']}"),
        )  # fmt: skip


def _confirm() -> None:
    act("POST", "/v1/me/totp/confirm", body={"code": st.session_state["totp_code"].strip()}, then=_keep_codes)


def _keep_codes(answer: dict[str, Any]) -> None:
    st.session_state[_CODES] = answer["codes"]
    st.session_state.pop(_PENDING, None)


def _draw_password(language: Language) -> None:
    st.subheader(text("change_password_title", language), anchor=False)
    with st.form("password", clear_on_submit=True):
        st.text_input(
            text("present_password", language), key="old_password", type="password", autocomplete="current-password"
        )
        st.text_input(text("new_password", language), key="new_password", type="password", autocomplete="new-password")
        st.form_submit_button(text("change_password", language), on_click=_change_password)


def _change_password() -> None:
    kept = st.session_state
    body = {"current_password": kept["old_password"], "new_password": kept["new_password"]}
    act("PUT", "/v1/me/password", body=body)


if __name__ == "__main__":
    show()

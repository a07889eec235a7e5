"""Users of the tenant: seen, invited, changed and disabled. A part of the page of administration."""

from datetime import datetime
from typing import Any

import streamlit as st

from dashboards import api, components
from dashboards.app_pages.acting import act
from dashboards.formats import MISSING, Language, format_time
from dashboards.session import SignedIn
from dashboards.texts import text


def say_moment(value: str | None, language: Language) -> str:
    """A moment of the API's answers in words."""
    return format_time(datetime.fromisoformat(value), language) if value else MISSING


def say_truth(value: bool, language: Language) -> str:
    """Yes or no."""
    return text("yes" if value else "no", language)


def draw_users(signed_in: SignedIn, language: Language) -> None:
    """The list; for those who may change users the acts as well."""
    users = api.ask("GET", "/v1/users", query={"limit": 200}).body["items"]
    components.draw_table(
        [
            {
                text("email", language): user["email"],
                text("name", language): user["full_name"] or MISSING,
                text("role", language): user["role"],
                text("status", language): text(f"user_status_{user['status']}", language),
                text("second_factor", language): say_truth(user["has_second_factor"], language),
                text("last_sign_in", language): say_moment(user["last_sign_in_at"], language),
            }
            for user in users
        ],
        text("part_users", language),
        height=min(420, 36 * (len(users) + 1) + 3),
    )
    if "users:write" not in signed_in.scopes:
        return
    roles = [role["name"] for role in api.ask("GET", "/v1/roles").body["items"]]
    left, right = st.columns(2)
    with left:
        _draw_changes(users, roles, signed_in, language)
    with right:
        _draw_invitations(roles, language)


def _draw_changes(users: list[dict[str, Any]], roles: list[str], signed_in: SignedIn, language: Language) -> None:
    st.subheader(text("change_user", language), anchor=False)
    named = {user["id"]: user for user in users}
    chosen = st.selectbox(
        text("user", language), list(named), format_func=lambda user_id: named[user_id]["email"], key="admin_user"
    )
    user, path = named[chosen], f"/v1/users/{chosen}"
    role = st.selectbox(
        text("role", language),
        roles,
        index=roles.index(user["role"]) if user["role"] in roles else 0,
        key=f"role_of_{chosen}",
    )
    st.button(
        text("change_role", language), disabled=role == user["role"], key="change_role",
        on_click=lambda: act("PATCH", path, body={"role": role}),
    )  # fmt: skip
    is_open = user["status"] != "disabled"
    with st.container(horizontal=True):
        st.button(
            text("disable_user" if is_open else "enable_user", language), key="switch_user",
            icon=":material/person_off:" if is_open else ":material/person:",
            on_click=lambda: act("PATCH", path, body={"status": "disabled" if is_open else "active"}),
        )  # fmt: skip
        st.button(
            text("send_user_reset", language), key="send_reset", icon=":material/mail:",
            on_click=lambda: act("POST", f"{path}/password-reset"),
        )  # fmt: skip
        if user["has_second_factor"]:
            st.button(
                text("reset_user_factors", language), key="reset_factors",
                on_click=lambda: act("DELETE", f"{path}/factors"),
            )  # fmt: skip
        if "sessions:write" in signed_in.scopes:
            st.button(
                text("end_user_sessions", language), key="end_sessions",
                on_click=lambda: act("DELETE", f"{path}/sessions"),
            )  # fmt: skip


def _draw_invitations(roles: list[str], language: Language) -> None:
    st.subheader(text("invite_title", language), anchor=False)
    with st.form("invite", clear_on_submit=True):
        st.text_input(text("email", language), key="invite_email")
        st.text_input(text("name", language), key="invite_name")
        st.selectbox(text("role", language), roles[::-1], key="invite_role")  # the narrowest first
        st.form_submit_button(text("invite", language), type="primary", on_click=_invite)
    st.markdown(f"**{text('invitations_title', language)}**")
    waiting = api.ask("GET", "/v1/invitations").body["items"]
    if not waiting:
        st.caption(text("no_invitations", language))
        return
    components.draw_table(
        [
            {
                text("email", language): one["email"],
                text("role", language): one["role"],
                text("expires", language): say_moment(one["expires_at"], language),
            }
            for one in waiting
        ],
        text("invitations_title", language),
    )
    named = {one["id"]: one["email"] for one in waiting}
    chosen = st.selectbox(
        text("revoke_invitation_of", language), list(named), format_func=named.__getitem__, key="invitation"
    )
    st.button(
        text("revoke_invitation", language), key="revoke_invitation",
        on_click=lambda: act("DELETE", f"/v1/invitations/{chosen}"),
    )  # fmt: skip


def _invite() -> None:
    kept = st.session_state
    body = {"email": kept["invite_email"], "role": kept["invite_role"], "full_name": kept["invite_name"]}
    act("POST", "/v1/invitations", body=body)

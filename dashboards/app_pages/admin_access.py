"""Roles with what they open, who may do what, and tokens for programs. A part of the page of administration."""

from datetime import timedelta
from typing import Any

import streamlit as st

from dashboards import api, components
from dashboards.app_pages.acting import act
from dashboards.app_pages.admin_users import say_moment, say_truth
from dashboards.formats import MISSING, Language, format_number
from dashboards.session import SignedIn
from dashboards.texts import text
from tekup.clock import utc_now
from tekup.directory.scopes import MACHINE_SCOPES

_SECRET = "token_made"  # noqa: S105  # the name of a place
_DAYS = (30, 90, 365)


def draw_roles(signed_in: SignedIn, language: Language) -> None:
    """The roles, who holds a scope, and the tenant's own roles made and deleted."""
    roles = api.ask("GET", "/v1/roles").body["items"] if "roles:read" in signed_in.scopes else []
    st.subheader(text("roles_title", language), anchor=False)
    components.draw_table(
        [
            {
                text("role", language): role["name"],
                text("role_meaning", language): role["description"] or MISSING,
                text("scope_count", language): format_number(len(role["scopes"]), language),
                text("built_in", language): say_truth(role["is_built_in"], language),
            }
            for role in roles
        ],
        text("roles_title", language),
    )
    st.subheader(text("access_title", language), anchor=False)
    scopes = api.ask("GET", "/v1/scopes").body["items"]
    opens = {scope["name"]: scope["opens"] for scope in scopes}
    scope = st.selectbox(
        text("access_scope", language), list(opens), format_func=lambda name: f"{name}: {opens[name]}", key="scope"
    )
    st.caption(text("access_caption", language))
    holders = api.ask("GET", "/v1/access", query={"scope": scope}).body["items"]
    components.draw_table(
        [
            {
                text("kind", language): holder["kind"],
                text("name", language): holder["name"],
                text("role", language): holder["role"] or MISSING,
            }
            for holder in holders
        ],
        text("access_title", language),
        height=min(360, 36 * (len(holders) + 1) + 3),
    )
    if "roles:write" in signed_in.scopes:
        _draw_own_roles(roles, sorted(signed_in.scopes), language)


def _draw_own_roles(roles: list[dict[str, Any]], scopes: list[str], language: Language) -> None:
    with st.expander(text("new_role_title", language)), st.form("role"):
        st.text_input(text("role_name", language), key="role_name")
        st.text_input(text("role_meaning", language), key="role_meaning")
        st.multiselect(text("role_scopes", language), scopes, key="role_scopes")
        st.form_submit_button(text("make_role", language), on_click=_make_role)
    own = [role["name"] for role in roles if not role["is_built_in"]]
    if own:
        chosen = st.selectbox(text("own_role", language), own, key="own_role", width=320)
        st.button(
            text("delete_role", language), key="delete_role", on_click=lambda: act("DELETE", f"/v1/roles/{chosen}")
        )


def _make_role() -> None:
    kept = st.session_state
    body = {"name": kept["role_name"], "description": kept["role_meaning"], "scopes": kept["role_scopes"]}
    act("POST", "/v1/roles", body=body)


def draw_tokens(signed_in: SignedIn, language: Language) -> None:
    """The tokens with their last use; one is made, shown once, and revoked."""
    st.subheader(text("tokens_title", language), anchor=False)
    made = st.session_state.get(_SECRET)
    if made is not None:
        st.warning(text("token_shown_once", language), icon=":material/key:")
        st.code(made["token"] or f"client_id={made['client_id']}\nclient_secret={made['client_secret']}", language=None)
        st.button(text("hide_secret", language), key="hide_secret", on_click=lambda: st.session_state.pop(_SECRET))
    tokens = api.ask("GET", "/v1/tokens", query={"limit": 200}).body["items"]
    if tokens:
        components.draw_table([_say(token, language) for token in tokens], text("tokens_title", language), height=320)
    else:
        st.caption(text("empty_tokens", language))
    if "tokens:write" not in signed_in.scopes:
        return
    live = {token["id"]: token["name"] for token in tokens if token["revoked_at"] is None}
    if live:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(
                text("token", language), list(live), format_func=live.__getitem__, key="token", width=320
            )
            st.button(
                text("revoke_token", language), key="revoke_token", icon=":material/key_off:",
                on_click=lambda: act("DELETE", f"/v1/tokens/{chosen}"),
            )  # fmt: skip
    st.subheader(text("new_token_title", language), anchor=False)
    with st.form("new_token", clear_on_submit=True, width=560):
        st.text_input(text("token_name", language), key="token_name")
        st.segmented_control(
            text("token_kind", language), ("token", "client"), default="token", required=True, key="token_kind",
            format_func=lambda kind: text(f"token_kind_{kind}", language),
        )  # fmt: skip
        mine = [scope for scope in MACHINE_SCOPES if scope in signed_in.scopes]
        st.multiselect(text("role_scopes", language), mine, key="token_scopes")
        st.selectbox(text("token_days", language), _DAYS, index=1, key="token_days")
        st.form_submit_button(text("make_token", language), type="primary", on_click=_make_token)


def _make_token() -> None:
    kept = st.session_state
    body = {
        "name": kept["token_name"],
        "kind": kept["token_kind"],
        "scopes": kept["token_scopes"],
        "expires_at": (utc_now() + timedelta(days=kept["token_days"])).isoformat(),
    }
    act("POST", "/v1/tokens", body=body, then=lambda answer: kept.__setitem__(_SECRET, answer))


def _say(token: dict[str, Any], language: Language) -> dict[str, object]:
    used, is_over = token["last_used_at"], token["revoked_at"] is not None
    return {
        text("name", language): token["name"],
        text("token_kind", language): text(f"token_kind_{token['kind']}", language),
        text("role_scopes", language): ", ".join(token["scopes"]),
        text("last_used", language): say_moment(used, language) if used else text("never_used", language),
        text("expires", language): say_moment(token["expires_at"], language),
        text("status", language): text("revoked" if is_over else "token_live", language),
    }

"""Users, roles, tokens, connections, settings, the audit trail and requests about persons, through the API."""

from collections.abc import Callable

import streamlit as st

from dashboards import cache, filters, session
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable
from dashboards.app_pages import acting, admin_access, admin_records, admin_users
from dashboards.app_pages.sources import draw_source_badges
from dashboards.faults import show_refusal
from dashboards.formats import Language
from dashboards.session import SignedIn
from dashboards.texts import text


def _draw_connections(signed_in: SignedIn, language: Language) -> None:
    st.caption(text("admin_connections_caption", language))
    sources = cache.sources(signed_in.tenant_id)
    draw_source_badges(sources, language)


_PARTS: dict[str, tuple[str, Callable[[SignedIn, Language], None]]] = {
    "users": ("users:read", admin_users.draw_users),
    "roles": ("users:read", admin_access.draw_roles),
    "tokens": ("tokens:read", admin_access.draw_tokens),
    "connections": ("tenant:read", _draw_connections),
    "settings": ("tenant:write", admin_records.draw_settings),
    "audit": ("audit:read", admin_records.draw_audit),
    "privacy": ("privacy:write", admin_records.draw_privacy),
}


def show() -> None:
    """One part at a time, of those that the person's scopes open."""
    signed_in, language = session.require(), session.language()
    st.title(text("administration_title", language), anchor=False)
    parts = [name for name, (scope, _) in _PARTS.items() if scope in signed_in.scopes]
    filters.read_one("part", parts, parts[0], key="admin_part")
    part = (
        st.segmented_control(
            text("part", language),
            parts,
            required=True,
            format_func=lambda name: text(f"part_{name}", language),
            key="admin_part",
            label_visibility="collapsed",
        )
        or parts[0]
    )
    filters.keep("part", part, parts[0])
    acting.tell()
    try:
        _PARTS[part][1](signed_in, language)
    except (ApiRefused, ApiUnavailable) as error:
        show_refusal(error)


if __name__ == "__main__":
    show()

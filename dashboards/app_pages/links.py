"""Links from a figure to the rows behind it. A page that somebody may not open is not linked to."""

from collections.abc import Mapping

import streamlit as st

from dashboards import session
from dashboards.navigation import PAGES
from dashboards.texts import text


def link_page(page: str, label: str, query: Mapping[str, str] | None = None, *, icon: str = "arrow_forward") -> None:
    """A link to ``page`` with its filters; nothing where the person's role does not open it."""
    wanted = next(one for one in PAGES if one.name == page)
    if wanted.is_open_to(session.require().scopes):
        st.page_link(
            f"app_pages/{page}.py", label=label, icon=f":material/{icon}:", query_params=dict(query) if query else None
        )


def link_rows(page: str, query: Mapping[str, str] | None = None) -> None:
    """The same with the words that all figures have for it."""
    link_page(page, text("rows_behind", session.language()), query, icon="table_rows")

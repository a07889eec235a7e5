"""Filters that stand in the page's address, so that a view can be sent on: read, checked and written back.

The address holds stable keys, never words of a language. What it asks for that does not exist is told and dropped.
"""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from dashboards import session
from dashboards.markdown import plain
from dashboards.texts import text

T = TypeVar("T")
_LONGEST = 200


def read_one(name: str, options: Sequence[T], default: T, *, key: str) -> None:
    """Give the widget ``key`` what the address asks for, once; ``default`` where it asks for nothing that exists."""
    if key in st.session_state:
        if st.session_state[key] is not None and st.session_state[key] not in options:
            st.session_state[key] = default
        return
    asked = st.query_params.get(name)
    st.session_state[key] = default if asked is None else _find(name, asked, options, default)


def read_many(name: str, options: Sequence[T], default: Sequence[T], *, key: str) -> None:
    """The same for a widget of several values: repeated in the address, empty for none."""
    if key in st.session_state:
        st.session_state[key] = [value for value in st.session_state[key] if value in options]
        return
    if name not in st.query_params:
        st.session_state[key] = list(default)
        return
    found = [_find(name, asked, options, None) for asked in st.query_params.get_all(name) if asked]
    st.session_state[key] = [value for value in dict.fromkeys(found) if value is not None]


def read_text(name: str, *, key: str) -> None:
    """The same for free text, cut at two hundred characters."""
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(name, "")[:_LONGEST]


def keep(name: str, value: object, default: object = None) -> None:
    """Write what was chosen into the address; a default needs no place there."""
    if value == default or value is None or value == "":
        st.query_params.pop(name, None)
    elif isinstance(value, list | tuple):
        st.query_params[name] = [str(one) for one in value] or [""]
    else:
        st.query_params[name] = str(value)


def _find(name: str, asked: str, options: Sequence[T], default: T | None) -> T | None:
    for option in options:
        if str(option) == asked:
            return option
    st.warning(
        text("filter_unknown", session.language(), name=plain(name), asked=plain(asked[:60])),
        icon=":material/filter_alt_off:",
    )
    st.query_params.pop(name, None)
    return default

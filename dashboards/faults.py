"""What a person sees when something is wrong: what it is and what to do. A traceback goes to the log alone."""

import secrets
import traceback

import streamlit as st
import structlog

from dashboards import session
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable
from dashboards.markdown import plain
from dashboards.queries.reader import NotBuilt, QueryTooSlow
from dashboards.texts import text
from tekup.errors import DatabaseUnavailable, TekupError

_log = structlog.get_logger()
_SENTENCES: dict[type[Exception], tuple[str, str]] = {
    ApiUnavailable: ("fault_api", "do_retry"),
    NotBuilt: ("fault_not_built", "do_make_run"),
    QueryTooSlow: ("fault_slow", "do_retry"),
    DatabaseUnavailable: ("fault_database", "do_retry"),
}


def show_fault(error: Exception) -> None:
    """A box with what went wrong and what to do, and a button that tries again."""
    language = session.language()
    what, remedy = _SENTENCES.get(type(error), ("fault_other", "do_retry"))
    reference = secrets.token_hex(4)
    if isinstance(error, TekupError):
        _log.warning("page failed", reference=reference, reason=str(error))
    else:
        _log.error("page failed", reference=reference, traceback="".join(traceback.format_exception(error)))
    body = f"**{text(what, language)}** {text(remedy, language)}"
    if isinstance(error, NotBuilt):
        st.info(body, icon=":material/construction:")
    else:
        st.error(body, icon=":material/error:")
    st.button(text("retry", language), icon=":material/refresh:")
    st.caption(text("fault_reference", language, reference=reference))
    if isinstance(error, TekupError):
        with st.expander(text("details", language)):
            st.text(str(error))


def show_empty(key: str) -> None:
    """A calm box that says why there is nothing and what to do next."""
    st.info(text(key, session.language()), icon=":material/inbox:")


def show_refusal(refused: ApiRefused | ApiUnavailable) -> None:
    """What the API says it could not do, in the place where it was asked; the rest of the page stays."""
    language = session.language()
    if isinstance(refused, ApiUnavailable):
        st.error(f"**{text('fault_api_act', language)}** {text('do_retry', language)}", icon=":material/error:")
        return
    if refused.is_conflict:
        st.warning(text("fault_conflict", language), icon=":material/sync_problem:")
        return
    hint = f" ({plain(refused.hint)})" if refused.hint else ""
    st.error(text("fault_refused", language, reason=plain(refused.what)) + hint, icon=":material/block:")

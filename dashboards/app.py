"""The app: who may see which page, the frame around it and what is shown when one fails. Pages know none of this."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from dashboards import session
from dashboards.app_pages import sign_in
from dashboards.faults import show_fault
from dashboards.formats import Language
from dashboards.markdown import plain
from dashboards.navigation import PAGES
from dashboards.texts import text
from tekup.log import configure_logging
from tekup.settings import current_settings

_FOLDER = Path(__file__).parent
_LANGUAGE_NAMES = {Language.DA: "Dansk", Language.EN: "English"}
_EXPIRY_CHECK_SECONDS = 20


def main() -> None:
    """Draw the frame, then the page or the sign-in."""
    configure_logging(current_settings().log_level)
    st.set_page_config(page_title="TekUp", page_icon=str(_FOLDER / "icon.svg"), layout="wide")
    st.logo(str(_FOLDER / "logo.svg"), icon_image=str(_FOLDER / "icon.svg"), size="large")
    signed_in = session.current()
    language = session.language()
    allowed = [page for page in PAGES if signed_in is None or page.is_open_to(signed_in.scopes)]
    # every page is known before sign-in as well, so that a link to one survives the sign-in
    parts: dict[str, list[StreamlitPage]] = {}
    for position, page in enumerate(allowed):
        parts.setdefault(text(page.section, language), []).append(
            st.Page(
                _FOLDER / "app_pages" / f"{page.name}.py",
                title=text(f"page_{page.name}", language),
                icon=page.icon,
                url_path=page.name,
                default=position == 0,
            )
        )
    chosen = st.navigation(parts, position="hidden" if signed_in is None else "sidebar", expanded=True)
    try:
        if signed_in is None:
            _draw_language(language, st.container(horizontal=True, horizontal_alignment="right"))
            sign_in.show()
        else:
            _draw_account(language)
            _watch_expiry()
            if not any(page.scopes for page in allowed):
                st.warning(text("no_access", language), icon=":material/lock:")
            chosen.run()
    except Exception as error:
        show_fault(error)


def _draw_account(language: Language) -> None:
    signed_in = session.require()
    with st.sidebar:
        st.markdown(f"**{plain(signed_in.tenant_name)}**")
        st.text(signed_in.email)
        _draw_language(language, st.container())
        st.button(
            text("sign_out", language),
            icon=":material/logout:",
            on_click=session.sign_out,
            key="sign_out",
            width="stretch",
        )


def _draw_language(language: Language, place: DeltaGenerator) -> None:
    chosen = place.segmented_control(
        text("language", language),
        list(Language),
        default=language,
        format_func=_LANGUAGE_NAMES.__getitem__,
        key="language_switch",
        label_visibility="collapsed",
    )
    if chosen is not None and chosen is not language:
        session.choose_language(chosen)
        st.rerun()


@st.fragment(run_every=_EXPIRY_CHECK_SECONDS)
def _watch_expiry() -> None:
    if session.current() is None:
        st.rerun()


if __name__ == "__main__":
    main()

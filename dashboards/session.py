"""Who is signed in to this browser session, until when, and in which language. How one signs in is a page's affair."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st

from dashboards.api_client import Grant
from dashboards.formats import Language
from tekup.clock import utc_now

_SESSION = "signed_in"
_LANGUAGE = "language"
_ENDED = "session_ended"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person at this browser, as the API named him. The tenant lives here and nowhere else."""

    tenant_id: UUID
    tenant_name: str
    email: str
    role: str
    scopes: frozenset[str]
    expires_at: datetime


def begin(grant: Grant, email: str) -> None:
    """Begin a session; whatever an earlier one left in this browser is dropped first."""
    end()
    expires_at = utc_now() + timedelta(seconds=grant.expires_in)
    st.session_state[_SESSION] = SignedIn(
        grant.tenant_id, grant.tenant_name, email.strip(), grant.role, grant.scopes, expires_at
    )


def end() -> None:
    """Forget everything of this browser session but its language."""
    language = st.session_state.get(_LANGUAGE)
    st.session_state.clear()
    if language is not None:
        st.session_state[_LANGUAGE] = language


def current() -> SignedIn | None:
    """Who is signed in; a session past its time is ended here."""
    signed_in = st.session_state.get(_SESSION)
    if not isinstance(signed_in, SignedIn):
        return None
    if utc_now() >= signed_in.expires_at:
        end()
        st.session_state[_ENDED] = True
        return None
    return signed_in


def require() -> SignedIn:
    """Who is signed in; the page stops where nobody is."""
    signed_in = current()
    if signed_in is None:
        st.stop()
    return signed_in


def has_just_expired() -> bool:
    """Whether the last session ended by its time rather than by its user."""
    return bool(st.session_state.get(_ENDED, False))


def language() -> Language:
    """The chosen language; before a choice, Danish for a Danish browser and English for others."""
    chosen = st.session_state.get(_LANGUAGE)
    if isinstance(chosen, Language):
        return chosen
    locale = st.context.locale or ""
    return Language.DA if locale.lower().startswith(("da", "nb", "nn", "no")) else Language.EN


def choose_language(chosen: Language) -> None:
    """Keep the language for this browser session."""
    st.session_state[_LANGUAGE] = chosen

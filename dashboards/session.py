"""Who is signed in to this browser session, until when, and in which language. How one signs in is a page's affair."""

import contextlib
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st

from dashboards import api_client
from dashboards.api_client import ApiUnavailable, Grant, SignInRefused
from dashboards.formats import Language
from tekup.clock import utc_now
from tekup.settings import current_settings
from tekup.tenancy import TenantContext

_SESSION = "signed_in"
_LANGUAGE = "language"
_ENDED = "session_ended"
_ASKED = "asked_at"
_ASKED_EVERY_SECONDS = 1.0
_RENEWED_BEFORE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person at this browser, as the API named him. The tenant lives here and nowhere else.

    The tokens stay on the server: a browser holds nothing but Streamlit's own session.
    """

    tenant_id: UUID
    tenant_name: str
    email: str
    role: str
    scopes: frozenset[str]
    expires_at: datetime
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def sees_people(self) -> bool:
        """Whether he may see who leads and contacts are, by the rule that the API has."""
        return TenantContext(self.tenant_id, self.role, self.scopes).sees_people


def begin(grant: Grant, email: str) -> None:
    """Begin a session; whatever an earlier one left in this browser is dropped first."""
    end()
    _keep(grant, email.strip())


def end() -> None:
    """Forget everything of this browser session but its language."""
    language = st.session_state.get(_LANGUAGE)
    st.session_state.clear()
    if language is not None:
        st.session_state[_LANGUAGE] = language


def sign_out() -> None:
    """End the session here and at the API, so that neither of its tokens is worth anything."""
    signed_in = st.session_state.get(_SESSION)
    end()
    if isinstance(signed_in, SignedIn) and signed_in.access_token is not None:
        with contextlib.suppress(ApiUnavailable):
            api_client.sign_out(current_settings().api_address, signed_in.access_token)


def current() -> SignedIn | None:
    """Who is signed in; a session that has ended, here or at the API, is ended here.

    Shortly before its access token expires the session goes on by its refresh token. Once a second at most the API is
    asked whether it still knows the session; while it does not answer, the access token's time is what counts.
    """
    signed_in = st.session_state.get(_SESSION)
    if not isinstance(signed_in, SignedIn):
        return None
    try:
        if signed_in.refresh_token is not None and utc_now() >= signed_in.expires_at - _RENEWED_BEFORE:
            signed_in = _keep(
                api_client.go_on(current_settings().api_address, signed_in.refresh_token), signed_in.email
            )
        elif not _is_welcome(signed_in):
            _expire()
            return None
    except SignInRefused:
        _expire()
        return None
    except ApiUnavailable:
        pass
    if utc_now() >= signed_in.expires_at:
        _expire()
        return None
    return signed_in


def _keep(grant: Grant, email: str) -> SignedIn:
    expires_at = utc_now() + timedelta(seconds=grant.expires_in)
    signed_in = SignedIn(
        grant.tenant_id,
        grant.tenant_name,
        email,
        grant.role,
        grant.scopes,
        expires_at,
        grant.access_token,
        grant.refresh_token,
    )
    st.session_state[_SESSION] = signed_in
    st.session_state[_ASKED] = time.monotonic()
    return signed_in


def carry_on(grant: Grant) -> None:
    """Put new tokens in the place of the session's: after a fresh proof the old ones are dead."""
    _keep(grant, require().email)


def _is_welcome(signed_in: SignedIn) -> bool:
    if signed_in.access_token is None or time.monotonic() - st.session_state.get(_ASKED, 0.0) < _ASKED_EVERY_SECONDS:
        return True
    st.session_state[_ASKED] = time.monotonic()
    return api_client.is_still_welcome(current_settings().api_address, signed_in.access_token)


def _expire() -> None:
    end()
    st.session_state[_ENDED] = True


def require() -> SignedIn:
    """Who is signed in; the page stops where nobody is."""
    signed_in = current()
    if signed_in is None:
        st.stop()
    return signed_in


def sees_people() -> bool:
    """Whether the person at this browser may see who leads and contacts are; nobody may not."""
    signed_in = st.session_state.get(_SESSION)
    return isinstance(signed_in, SignedIn) and signed_in.sees_people


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

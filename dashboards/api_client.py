"""Signing in through the HTTP API. The dashboards prove nothing themselves: whom the API names, they believe."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tekup.errors import TekupError

_TIMEOUT_SECONDS = 15.0


class ApiUnavailable(TekupError):
    """The HTTP API can't be reached or answers what can't be read."""


class SignInRefused(TekupError):
    """The API does not accept this e-mail and password, or not now."""

    def __init__(self, what: str, *, status: int) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class TenantChoice:
    """A tenant that a person with several may sign in to."""

    id: str
    name: str


class TenantNeeded(TekupError):
    """The e-mail and password are right in several tenants: one must be chosen."""

    def __init__(self, choices: list[TenantChoice]) -> None:
        super().__init__("several tenants know this e-mail")
        self.choices = choices


class SecondFactorNeeded(TekupError):
    """The password is right; a code of the app, or a recovery code, goes on with the sign-in."""

    def __init__(self, mfa_token: str) -> None:
        super().__init__("a second factor is needed")
        self.mfa_token = mfa_token


class LinkRefused(TekupError):
    """A mail's link is over, or the password that was chosen can't be used."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the API granted: whose data, in which role, for which acts, for how long, and how it goes on."""

    tenant_id: UUID
    tenant_name: str
    role: str
    scopes: frozenset[str]
    expires_in: int
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


def sign_in(api_address: str, email: str, password: str, tenant: str | None = None) -> Grant:
    """Exchange e-mail and password for a grant.

    Raises:
        TenantNeeded: the person belongs to several tenants and ``tenant`` is None.
        SecondFactorNeeded: he has a second factor.
        SignInRefused: wrong e-mail or password, or too many tries.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    form = {"grant_type": "password", "username": email.strip(), "password": password}
    if tenant is not None:
        form["tenant"] = tenant
    return _grant(api_address, form)


def finish_sign_in(api_address: str, mfa_token: str, code: str) -> Grant:
    """Go on with a sign-in by a code.

    Raises:
        SignInRefused: the code is wrong, or the sign-in took too long.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    return _grant(api_address, {"grant_type": "mfa", "mfa_token": mfa_token, "code": code.strip()})


def redeem_code(api_address: str, code: str) -> Grant:
    """Exchange the code with which an identity provider's way ends here.

    Raises:
        SecondFactorNeeded: the person has a second factor here.
        SignInRefused: the code was used or is too old.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    return _grant(api_address, {"grant_type": "identity_provider", "code": code})


def go_on(api_address: str, refresh_token: str) -> Grant:
    """Carry a session on; the refresh token is spent by it.

    Raises:
        SignInRefused: the session has ended.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    return _grant(api_address, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def step_up(api_address: str, access_token: str, proof: dict[str, str]) -> Grant:
    """Prove anew who one is, by ``password`` or ``code``; the grant takes the place of the session's.

    Raises:
        SignInRefused: the proof is wrong.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    answer = send(
        "POST", api_address, "/v1/auth/step-up", json=proof, headers={"authorization": f"Bearer {access_token}"}
    )
    if answer.status_code != httpx.codes.OK:
        raise SignInRefused("the proof was refused", status=answer.status_code)
    return _read_grant(api_address, answer)


def is_still_welcome(api_address: str, access_token: str) -> bool:
    """Whether the API still takes the session's token.

    Raises:
        ApiUnavailable: no answer.
    """
    answer = send("GET", api_address, "/v1/tenant", headers={"authorization": f"Bearer {access_token}"})
    return answer.status_code != httpx.codes.UNAUTHORIZED


def whose_token(api_address: str, access_token: str) -> str:
    """The e-mail of the person whose session it is.

    Raises:
        ApiUnavailable: no answer, or one that is not the API's.
    """
    answer = send("GET", api_address, "/v1/me", headers={"authorization": f"Bearer {access_token}"})
    try:
        return str(answer.json()["email"])
    except (ValueError, KeyError, TypeError):
        raise ApiUnavailable("the API does not say whose session it is", hint="look at its log") from None


def sign_out(api_address: str, access_token: str) -> None:
    """End the session at the API.

    Raises:
        ApiUnavailable: no answer.
    """
    send("POST", api_address, "/v1/auth/sign-out", headers={"authorization": f"Bearer {access_token}"})


def ask_for_reset(api_address: str, email: str) -> None:
    """Have a link to choose a new password mailed, if anybody has this e-mail.

    Raises:
        ApiUnavailable: no answer.
    """
    send("POST", api_address, "/v1/auth/password-reset", json={"email": email.strip()})


def choose_password(api_address: str, link: str, token: str, password: str) -> str:
    """Set the password that a mail's link (``invitation`` or ``password_reset``) lets its reader choose; his e-mail.

    Raises:
        LinkRefused: the link is over or the password can't be used; it says why.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    paths = {"invitation": "/v1/invitations/accept", "password_reset": "/v1/auth/password-reset/confirm"}
    answer = send("POST", api_address, paths[link], json={"token": token, "password": password})
    try:
        body = answer.json()
        if answer.status_code == httpx.codes.OK:
            return str(body["email"])
        reasons = [str(fault["detail"]) for fault in body.get("errors") or []]
        raise LinkRefused("; ".join(reasons) or str(body["detail"]), hint=body.get("hint"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ApiUnavailable("the API's answer can't be read", hint="look at its log") from None


def send(method: str, api_address: str, path: str, **what: Any) -> httpx.Response:
    """One request to the API.

    Raises:
        ApiUnavailable: no answer.
    """
    try:
        # trust_env off: a proxy of the environment must not see passwords on their way to the product's own API
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            return client.request(method, f"{api_address.rstrip('/')}{path}", **what)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiUnavailable(
            f"no answer from {api_address}: {type(error).__name__}", hint="start it with `tekup serve`"
        ) from None


def _grant(api_address: str, form: dict[str, str]) -> Grant:
    answer = send("POST", api_address, "/v1/auth/token", data=form)
    if answer.status_code == httpx.codes.CONFLICT:
        raise TenantNeeded(_read_choices(answer))
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        mfa_token = _read_mfa_token(answer)
        if mfa_token is not None:
            raise SecondFactorNeeded(mfa_token)
    if answer.status_code in (400, 401, 403, 422, 429):
        raise SignInRefused("sign-in refused", status=answer.status_code)
    if answer.status_code != httpx.codes.OK:
        raise ApiUnavailable(
            f"the API at {api_address} answered {answer.status_code}", hint="look at its /readyz and its log"
        )
    return _read_grant(api_address, answer)


def _read_grant(api_address: str, answer: httpx.Response) -> Grant:
    try:
        body = answer.json()
        return Grant(
            tenant_id=UUID(body["tenant"]["id"]),
            tenant_name=str(body["tenant"]["name"]),
            role=str(body["role"]),
            scopes=frozenset(str(body["scope"]).split()),
            expires_in=int(body["expires_in"]),
            access_token=str(body["access_token"]),
            refresh_token=str(body["refresh_token"]),
        )
    except (ValueError, KeyError, TypeError):
        raise ApiUnavailable(
            f"{api_address} is not the TekUp API, or not this version of it", hint="check TEKUP_API_URL"
        ) from None


def _read_choices(answer: httpx.Response) -> list[TenantChoice]:
    try:
        return [TenantChoice(str(choice["id"]), str(choice["name"])) for choice in answer.json()["choices"]]
    except (ValueError, KeyError, TypeError):
        raise ApiUnavailable("the API named no tenants to choose from", hint="look at its log") from None


def _read_mfa_token(answer: httpx.Response) -> str | None:
    try:
        token = answer.json().get("mfa_token")
    except (ValueError, AttributeError):
        return None
    return None if token is None else str(token)

"""Signing in through the HTTP API. The dashboards prove nothing themselves: whom the API names, they believe."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Grant:
    """What the API granted: whose data, in which role, for which acts, for how long."""

    tenant_id: UUID
    tenant_name: str
    role: str
    scopes: frozenset[str]
    expires_in: int


def sign_in(api_address: str, email: str, password: str, tenant: str | None = None) -> Grant:
    """Exchange e-mail and password for a grant.

    Raises:
        TenantNeeded: the person belongs to several tenants and ``tenant`` is None.
        SignInRefused: wrong e-mail or password, or too many tries.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    form = {"grant_type": "password", "username": email.strip(), "password": password}
    if tenant is not None:
        form["tenant"] = tenant
    try:
        # trust_env off: a proxy of the environment must not see passwords on their way to the product's own API
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.post(f"{api_address.rstrip('/')}/v1/auth/token", data=form)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiUnavailable(
            f"no answer from {api_address}: {type(error).__name__}", hint="start it with `tekup serve`"
        ) from None
    if answer.status_code == httpx.codes.CONFLICT:
        raise TenantNeeded(_read_choices(answer))
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

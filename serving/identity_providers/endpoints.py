"""Routes of identity providers: administering them, the way to one and back, and linking an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Cookie, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from serving.identity_providers.auth import ProvenPerson, ProviderReader, ProviderWriter
from serving.identity_providers.schemas import (
    IdentityProvider,
    IdentityProviderCreate,
    IdentityProviderList,
    IdentityProviderUpdate,
    LinkBegun,
)
from serving.identity_providers.service import TRIP_LIFETIME, Departure, ProviderDesk, read_provider_key
from serving.kit.problems import Problem

router = APIRouter(tags=["identity providers"])
_COOKIE = "tekup_identity_trip"
_COOKIE_PATH = "/v1/auth/identity-providers/callback"


def _desk(request: Request) -> ProviderDesk:
    desk: ProviderDesk = request.app.state.provider_desk
    return desk


Desk = Annotated[ProviderDesk, Depends(_desk)]


def _base(request: Request) -> str:
    """The address at which browsers reach us."""
    return str(request.app.state.settings.public_url or request.base_url).rstrip("/")


@router.get("/v1/identity-providers")
async def list_identity_providers(request: Request, subject: ProviderReader, desk: Desk) -> IdentityProviderList:
    """The tenant's identity providers, without their secrets."""
    return IdentityProviderList(items=await desk.list_all(subject, _base(request)))


@router.post("/v1/identity-providers", status_code=201)
async def connect_identity_provider(
    request: Request, subject: ProviderWriter, desk: Desk, body: IdentityProviderCreate
) -> IdentityProvider:
    """Connect an OpenID Connect provider. Register the answer's `redirect_uri` there, exactly as it is."""
    return await desk.connect(subject, body, _base(request), request.scope["request_id"])


@router.patch("/v1/identity-providers/{provider_id}")
async def change_identity_provider(
    request: Request, subject: ProviderWriter, desk: Desk, provider_id: UUID, body: IdentityProviderUpdate
) -> IdentityProvider:
    """Rename a provider, give it a new secret, or shut it."""
    return await desk.change(subject, provider_id, body, _base(request), request.scope["request_id"])


@router.delete("/v1/identity-providers/{provider_id}", status_code=204)
async def disconnect_identity_provider(
    request: Request, subject: ProviderWriter, desk: Desk, provider_id: UUID
) -> Response:
    """Forget a provider with the links of accounts to it."""
    await desk.disconnect(subject, provider_id, request.scope["request_id"])
    return Response(status_code=204)


@router.post("/v1/me/identities/{provider_id}")
async def link_identity(
    request: Request, response: Response, subject: ProvenPerson, desk: Desk, provider_id: UUID
) -> LinkBegun:
    """Begin to link your account at a provider, to sign in through it from then on."""
    departure = await desk.depart(subject.tenant_id, provider_id, _base(request), subject.id)
    _remember(response, departure, _base(request))
    return LinkBegun(authorization_url=departure.url)


@router.get("/v1/auth/identity-providers/callback", status_code=303)
async def finish_at_identity_provider(
    request: Request,
    desk: Desk,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str | None, Query(max_length=4000)] = None,
    iss: Annotated[str | None, Query(max_length=1000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
    browser_secret: Annotated[str, Cookie(alias=_COOKIE, max_length=200)] = "",
) -> RedirectResponse:
    """Where a provider sends the browser back to; goes on to the dashboards with a code for `identity_provider`."""
    if code is None or error is not None:
        raise Problem(401, "provider-refused", "the provider did not let you in", hint="begin again")
    grant = await desk.arrive(state, code, iss, browser_secret, _base(request))
    response = RedirectResponse(f"{request.app.state.settings.app_address}/?sign_in={grant}", status_code=303)
    response.delete_cookie(_COOKIE, path=_COOKIE_PATH)
    return response


@router.get("/v1/auth/identity-providers/{provider}", status_code=303)
async def begin_at_identity_provider(request: Request, desk: Desk, provider: str) -> RedirectResponse:
    """Begin to sign in through a provider: the browser goes there."""
    tenant_id, provider_id = read_provider_key(provider)
    departure = await desk.depart(tenant_id, provider_id, _base(request))
    response = RedirectResponse(departure.url, status_code=303)
    _remember(response, departure, _base(request))
    return response


def _remember(response: Response, departure: Departure, base: str) -> None:
    """Bind the way to this browser: whoever is sent its end by another has no such cookie."""
    response.set_cookie(
        _COOKIE,
        departure.browser_secret,
        max_age=int(TRIP_LIFETIME.total_seconds()),
        path=_COOKIE_PATH,
        secure=base.startswith("https://"),
        httponly=True,
        samesite="lax",
    )

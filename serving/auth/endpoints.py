"""Routes of signing in, stepping up and signing out, and of the public keys."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, Security

from serving.auth.admission import Caller
from serving.auth.schemas import AccessToken, StepUp, TokenForm
from serving.auth.service import SignInDesk
from serving.auth.session_repository import SessionRepository
from serving.auth.subject import Authenticator, Subject, person
from serving.kit.databases import AppDatabases
from serving.kit.problems import ProblemDocument
from tekup.tenancy import TenantContext

router = APIRouter(tags=["sign-in"])
_KEYS_GOOD_SECONDS = 60


def caller_of(request: Request) -> Caller:
    """Where the request comes from."""
    address = request.client.host if request.client else "unknown"
    return Caller(address, request.headers.get("user-agent", ""), request.scope["request_id"])


@router.post(
    "/v1/auth/token",
    responses={401: {"model": ProblemDocument}, 409: {"model": ProblemDocument}, 429: {"model": ProblemDocument}},
)
async def create_access_token(request: Request, form: Annotated[TokenForm, Form()]) -> AccessToken:
    """Exchange a proof of who you are for an access token of 15 minutes; `grant_type` says which proof.

    `password` (`username`, `password`): 409 with `choices` where they belong to several tenants, then send `tenant`
    too; 401 of type `mfa-needed` with an `mfa_token` where a second factor is asked for. `mfa` (`mfa_token` and `code`
    or `credential`), `passkey` (`credential`), `identity_provider` (`code` of the callback), `refresh_token` (each good
    once: using one twice ends its session), `client_credentials` (for programs, by HTTP Basic or in the form).
    """
    desk: SignInDesk = request.app.state.sign_in_desk
    return await desk.exchange(form, _basic(request.headers.get("authorization", "")), caller_of(request))


@router.post("/v1/auth/step-up", responses={401: {"model": ProblemDocument}, 429: {"model": ProblemDocument}})
async def step_up(request: Request, subject: Annotated[Subject, Security(person)], body: StepUp) -> AccessToken:
    """Prove anew who you are, for what asks for a fresh proof. The answer's tokens take the place of your old ones."""
    desk: SignInDesk = request.app.state.sign_in_desk
    answer = await desk.step_up(subject, body, caller_of(request))
    authenticator: Authenticator = request.app.state.authenticator
    authenticator.forget(subject.tenant_id, subject.id)
    return answer


@router.post("/v1/auth/sign-out", status_code=204)
async def sign_out(
    request: Request, subject: Annotated[Subject, Security(person)], databases: AppDatabases
) -> Response:
    """End the session that the access token belongs to, with its refresh token."""
    assert subject.session_id is not None
    async with databases.operational(TenantContext.system(subject.tenant_id), read_only=False) as session:
        await SessionRepository(session, subject.tenant_id).end_one(subject.id, subject.session_id, reason="signed out")
    authenticator: Authenticator = request.app.state.authenticator
    authenticator.forget(subject.tenant_id, subject.id)
    return Response(status_code=204, headers={"clear-site-data": '"cache", "storage"'})


@router.post("/v1/auth/passkey/options")
async def create_passkey_options(request: Request) -> dict[str, Any]:
    """What a browser's `navigator.credentials.get` needs to sign in with a passkey, or to use one as second factor."""
    desk: SignInDesk = request.app.state.sign_in_desk
    return desk.factors.passkey_options()


@router.get("/.well-known/jwks.json")
async def show_signing_keys(request: Request, response: Response) -> dict[str, Any]:
    """The public keys that access tokens are signed with, as a JSON Web Key Set (RFC 7517)."""
    response.headers["cache-control"] = f"public, max-age={_KEYS_GOOD_SECONDS}"
    keys: dict[str, Any] = await request.app.state.access_tokens.jwks()
    return keys


def _basic(header: str) -> tuple[str, str] | None:
    """Id and secret of HTTP Basic (RFC 7617); None where the header is something else."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret

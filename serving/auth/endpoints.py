"""Routes of signing in and of the public key. Both are open to anybody."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request

from serving.auth.schemas import AccessToken, TokenForm
from serving.auth.service import SignInDesk
from serving.kit.problems import ProblemDocument

router = APIRouter(tags=["sign-in"])


@router.post(
    "/v1/auth/token",
    responses={401: {"model": ProblemDocument}, 409: {"model": ProblemDocument}, 429: {"model": ProblemDocument}},
)
async def create_access_token(request: Request, form: Annotated[TokenForm, Form()]) -> AccessToken:
    """Sign in with e-mail and password (form fields `grant_type=password`, `username`, `password`).

    Answers with an access token for 15 minutes. Where the e-mail and password belong to several tenants the answer
    is 409 with the `choices`; send the form again with `tenant`. Ten failures in five minutes from one address for
    one e-mail are answered with 429 and `Retry-After`.
    """
    desk: SignInDesk = request.app.state.sign_in_desk
    address = request.client.host if request.client else "unknown"
    return await desk.sign_in(form, address, request.scope["request_id"])


@router.get("/.well-known/jwks.json")
async def show_signing_keys(request: Request) -> dict[str, Any]:
    """The public keys that access tokens are signed with, as a JSON Web Key Set (RFC 7517)."""
    keys: dict[str, Any] = request.app.state.access_tokens.jwks
    return keys

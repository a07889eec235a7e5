"""Routes of the caller's own account."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from serving.account.auth import Person, ProvenPerson
from serving.account.schemas import (
    Account,
    Passkey,
    PasskeyCreate,
    PasswordChange,
    RecoveryCodes,
    TotpProof,
    TotpSecret,
)
from serving.account.service import AccountDesk
from serving.auth.subject import Authenticator, Subject

router = APIRouter(prefix="/v1/me", tags=["account"])


def _desk(request: Request) -> AccountDesk:
    desk: AccountDesk = request.app.state.account_desk
    return desk


Desk = Annotated[AccountDesk, Depends(_desk)]


@router.get("")
async def get_account(subject: Person, desk: Desk) -> Account:
    """Who you are, what you may do, and the second factors that you have."""
    return await desk.show(subject)


@router.put("/password", status_code=204)
async def change_password(request: Request, subject: Person, desk: Desk, body: PasswordChange) -> Response:
    """Change your password; you need the present one. Your other sessions end."""
    await desk.change_password(subject, body, request.scope["request_id"])
    return _changed(request, subject)


@router.post("/totp")
async def begin_totp(subject: ProvenPerson, desk: Desk) -> TotpSecret:
    """Begin to add an authenticator app, or to replace the one you have; it counts once you confirm it."""
    return await desk.begin_totp(subject)


@router.post("/totp/confirm")
async def confirm_totp(request: Request, subject: ProvenPerson, desk: Desk, body: TotpProof) -> RecoveryCodes:
    """Show a code of the new app. From now on you sign in with it too; keep the recovery codes safe."""
    codes = await desk.confirm_totp(subject, body.code, request.scope["request_id"])
    _changed(request, subject)
    return codes


@router.delete("/totp", status_code=204)
async def remove_totp(request: Request, subject: ProvenPerson, desk: Desk) -> Response:
    """Remove your authenticator app with its recovery codes. Your other sessions end."""
    await desk.remove_totp(subject, request.scope["request_id"])
    return _changed(request, subject)


@router.post("/recovery-codes")
async def renew_recovery_codes(request: Request, subject: ProvenPerson, desk: Desk) -> RecoveryCodes:
    """Get new recovery codes; the old ones are over."""
    return await desk.renew_recovery_codes(subject, request.scope["request_id"])


@router.post("/passkeys/options")
async def begin_passkey(subject: ProvenPerson, desk: Desk) -> dict[str, Any]:
    """What a browser's `navigator.credentials.create` needs to make a passkey for you."""
    return await desk.begin_passkey(subject)


@router.post("/passkeys", status_code=201)
async def add_passkey(request: Request, subject: ProvenPerson, desk: Desk, body: PasskeyCreate) -> Passkey:
    """Keep a passkey that your browser made: from now on you can sign in with it alone."""
    passkey = await desk.add_passkey(subject, body, request.scope["request_id"])
    _changed(request, subject)
    return passkey


@router.delete("/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(request: Request, subject: ProvenPerson, desk: Desk, passkey_id: UUID) -> Response:
    """Forget one of your passkeys. Your other sessions end."""
    await desk.remove_passkey(subject, passkey_id, request.scope["request_id"])
    return _changed(request, subject)


def _changed(request: Request, subject: Subject) -> Response:
    authenticator: Authenticator = request.app.state.authenticator
    authenticator.forget(subject.tenant_id, subject.id)
    return Response(status_code=204)

"""Routes of the tenant's users and invitations, and the open ones that a mail's link leads to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from serving.kit.cursors import CursorSigner
from serving.kit.databases import AppDatabases
from serving.sessions import service as session_service
from serving.sessions.schemas import SessionList, SessionsEnded
from serving.users import access
from serving.users.auth import PolicyWriter, SessionEnder, SessionWatcher, UserReader, UserWriter
from serving.users.schemas import (
    Accepted,
    AccessList,
    Invitation,
    InvitationAccept,
    InvitationCreate,
    InvitationList,
    PasswordReset,
    PasswordResetRequest,
    SignInPolicy,
    User,
    UserPage,
    UserQuery,
    UserUpdate,
)
from serving.users.service import UserDesk

router = APIRouter(tags=["users"])


def _desk(request: Request) -> UserDesk:
    desk: UserDesk = request.app.state.user_desk
    return desk


Desk = Annotated[UserDesk, Depends(_desk)]


@router.get("/v1/users")
async def list_users(
    request: Request, subject: UserReader, desk: Desk, query: Annotated[UserQuery, Query()]
) -> UserPage:
    """The tenant's users by e-mail. Filter: `status`. Page with `next_cursor`."""
    cursors: CursorSigner = request.app.state.cursors
    return await desk.page(subject, query, cursors)


@router.get("/v1/users/{user_id}")
async def get_user(subject: UserReader, desk: Desk, user_id: UUID) -> User:
    """One user of the tenant."""
    return await desk.get(subject, user_id)


@router.patch("/v1/users/{user_id}")
async def change_user(request: Request, subject: UserWriter, desk: Desk, user_id: UUID, body: UserUpdate) -> User:
    """Change a user's name, role or status; it holds at once. Nobody changes one who holds more than he."""
    return await desk.change(subject, user_id, body, request.scope["request_id"])


@router.delete("/v1/users/{user_id}/factors", status_code=204)
async def reset_factors(request: Request, subject: UserWriter, desk: Desk, user_id: UUID) -> Response:
    """Take away the second factors of a user who lost them and has shown you who he is. His sessions end."""
    await desk.reset_factors(subject, user_id, request.scope["request_id"])
    return Response(status_code=204)


@router.post("/v1/users/{user_id}/password-reset", status_code=202)
async def send_password_reset(request: Request, subject: UserWriter, desk: Desk, user_id: UUID) -> Response:
    """Mail a user a link with which he chooses a new password; you do not learn it."""
    await desk.send_reset(subject, user_id, request.scope["request_id"])
    return Response(status_code=202)


@router.get("/v1/users/{user_id}/sessions")
async def list_sessions_of_user(
    subject: SessionWatcher, desk: Desk, databases: AppDatabases, user_id: UUID
) -> SessionList:
    """A user's live sessions."""
    await desk.get(subject, user_id)
    return await session_service.list_sessions(databases, subject.tenant_id, user_id)


@router.delete("/v1/users/{user_id}/sessions")
async def end_sessions_of_user(request: Request, subject: SessionEnder, desk: Desk, user_id: UUID) -> SessionsEnded:
    """End all sessions of a user."""
    return SessionsEnded(ended=await desk.end_sessions(subject, user_id, request.scope["request_id"]))


@router.get("/v1/access")
async def list_access(
    subject: UserReader,
    databases: AppDatabases,
    scope: Annotated[str | None, Query(max_length=100, description="Only those who hold this scope.")] = None,
) -> AccessList:
    """Who may do what today: every user, token and client that may act for the tenant, with its scopes."""
    return await access.list_access(databases, subject, scope)


@router.put("/v1/sign-in-policy")
async def set_sign_in_policy(request: Request, subject: PolicyWriter, desk: Desk, body: SignInPolicy) -> SignInPolicy:
    """Ask everybody of the tenant for a second factor. Sessions without one open nothing but adding one, at once."""
    await desk.set_policy(subject, mfa_required=body.mfa_required, request_id=request.scope["request_id"])
    return body


@router.get("/v1/invitations")
async def list_invitations(subject: UserReader, desk: Desk) -> InvitationList:
    """Invitations that were not accepted yet, newest first."""
    return await desk.list_invitations(subject)


@router.post("/v1/invitations", status_code=201)
async def create_invitation(request: Request, subject: UserWriter, desk: Desk, body: InvitationCreate) -> Invitation:
    """Invite somebody by mail, or send an invited one a new link; it is good for three days."""
    return await desk.invite(subject, body, request.scope["request_id"])


@router.delete("/v1/invitations/{invitation_id}", status_code=204)
async def revoke_invitation(request: Request, subject: UserWriter, desk: Desk, invitation_id: UUID) -> Response:
    """Take an invitation back."""
    await desk.revoke_invitation(subject, invitation_id, request.scope["request_id"])
    return Response(status_code=204)


@router.post("/v1/invitations/accept")
async def accept_invitation(request: Request, desk: Desk, body: InvitationAccept) -> Accepted:
    """Accept an invitation with its mail's token and choose a password; then sign in."""
    return await desk.finish(
        "invitation",
        body.token.get_secret_value(),
        body.password.get_secret_value(),
        request.scope["request_id"],
        body.full_name,
    )


@router.post("/v1/auth/password-reset", status_code=202)
async def request_password_reset(desk: Desk, body: PasswordResetRequest, tasks: BackgroundTasks) -> Response:
    """Ask for a link to choose a new password. The answer is the same whether or not anybody has this e-mail."""
    tasks.add_task(desk.request_reset, body.email)
    return Response(status_code=202)


@router.post("/v1/auth/password-reset/confirm")
async def confirm_password_reset(request: Request, desk: Desk, body: PasswordReset) -> Accepted:
    """Choose a new password with the mail's token. All sessions end; a second factor is asked for as before."""
    return await desk.finish(
        "password_reset",
        body.token.get_secret_value(),
        body.password.get_secret_value(),
        request.scope["request_id"],
    )

"""What administrators do with users, and what those do with the links they are sent."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import errors as pg_errors
from sqlalchemy.exc import DBAPIError

from serving.auth.credentials import hash_new_password
from serving.auth.factor_repository import FactorRepository
from serving.auth.link_repository import PREFIXES, Kind, LinkRepository
from serving.auth.notices import Notices
from serving.auth.repository import MFA_REQUIRED, AuthRepository
from serving.auth.session_repository import SessionRepository
from serving.auth.subject import Authenticator, Subject
from serving.auth.throttle import SignInThrottle
from serving.auth.user_repository import UserRepository
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.models.sign_in import one_time_links
from serving.users.schemas import (
    Accepted,
    Invitation,
    InvitationCreate,
    InvitationList,
    User,
    UserPage,
    UserQuery,
    UserUpdate,
)
from tekup.db import Database, Doors, Role
from tekup.directory.opaque import Opaque, parse_opaque
from tekup.directory.roles import RoleDefinition, beyond
from tekup.directory.users import normal_email
from tekup.errors import BadInput
from tekup.tenancy import TenantContext

RESETS_AT_ONCE = 5
_LIST = "users"


@dataclass(frozen=True, slots=True)
class UserDesk:
    """Changes of users, with what they need."""

    doors: Doors
    databases: Databases
    authenticator: Authenticator
    notices: Notices
    throttle: SignInThrottle

    async def page(self, subject: Subject, query: UserQuery, cursors: CursorSigner) -> UserPage:
        """A page of the tenant's users by e-mail."""
        question = f"{_LIST}?status={query.status}"
        after = None
        if query.cursor is not None:
            email, last_id = cursors.open(subject.tenant_id, question, query.cursor)
            after = (str(email), UUID(last_id))
        async with self.databases.operational(TenantContext.system(subject.tenant_id)) as session:
            rows = await UserRepository(session, subject.tenant_id).page(after, query.limit + 1, query.status)
        shown = rows[: query.limit]
        is_more = len(rows) > query.limit
        cursor = cursors.make(subject.tenant_id, question, [shown[-1].email, str(shown[-1].id)]) if is_more else None
        return UserPage(items=[_user(row) for row in shown], next_cursor=cursor)

    async def get(self, subject: Subject, user_id: UUID) -> User:
        """One user."""
        async with self.databases.operational(TenantContext.system(subject.tenant_id)) as session:
            row = await UserRepository(session, subject.tenant_id).find(user_id)
        if row is None:
            raise not_found("user")
        return _user(row)

    async def change(self, subject: Subject, user_id: UUID, body: UserUpdate, request_id: str) -> User:
        """Change a user's name, role or status; what he may no longer do, he may not at once."""
        values = {name: value for name, value in body.model_dump().items() if value is not None}
        try:
            async with self.databases.operational(_administering(subject), read_only=False) as session:
                repository = UserRepository(session, subject.tenant_id)
                before = await self._find_within_reach(repository, subject, user_id)
                if body.role is not None:
                    await _find_grantable(repository, subject, body.role)
                if before.status == "invited" and body.status is not None:
                    raise unusable_field("/status", "an invited user becomes active by accepting; else revoke it")
                if values and not await repository.change(user_id, **values):
                    raise not_found("user")
                if body.status == "disabled":
                    await SessionRepository(session, subject.tenant_id).end_of_user(user_id, reason="user disabled")
                changed = {n: {"from": getattr(before, n), "to": v} for n, v in values.items() if n != "full_name"}
                await _audit(session, subject, "user.change", user_id, request_id, **changed)
                after = await repository.find(user_id)
        except DBAPIError as error:
            raise _last_owner(error) from None
        self.authenticator.forget(subject.tenant_id, user_id)
        return _user(after)

    async def reset_factors(self, subject: Subject, user_id: UUID, request_id: str) -> None:
        """Take a user's second factors away, for one who lost them and has shown who he is; his sessions end."""
        async with self.databases.operational(_administering(subject), read_only=False) as session:
            row = await self._find_within_reach(UserRepository(session, subject.tenant_id), subject, user_id)
            await FactorRepository(session, subject.tenant_id).delete_all(user_id)
            await SessionRepository(session, subject.tenant_id).end_of_user(user_id, reason="second factors reset")
            await _audit(session, subject, "user.factors_reset", user_id, request_id)
            member = await AuthRepository(session, subject.tenant_id).find_member(user_id)
        self.authenticator.forget(subject.tenant_id, user_id)
        what = "second factors removed by an administrator"
        self.notices.send("factors_changed", row.email, tenant=member.tenant_name if member else "", what=what)

    async def end_sessions(self, subject: Subject, user_id: UUID, request_id: str) -> int:
        """End all sessions of a user; how many they were."""
        async with self.databases.operational(_administering(subject), read_only=False) as session:
            await self._find_within_reach(UserRepository(session, subject.tenant_id), subject, user_id)
            ended = await SessionRepository(session, subject.tenant_id).end_of_user(
                user_id, reason="ended by an administrator"
            )
            await _audit(session, subject, "user.sessions_end", user_id, request_id, ended=ended)
        self.authenticator.forget(subject.tenant_id, user_id)
        return ended

    async def send_reset(self, subject: Subject, user_id: UUID, request_id: str) -> None:
        """Mail a user a link to choose a new password himself."""
        async with self.databases.operational(_administering(subject), read_only=False) as session:
            row = await self._find_within_reach(UserRepository(session, subject.tenant_id), subject, user_id)
            if row.status != "active":
                raise Problem(409, "user-not-active", "only an active user has a password to reset")
            await self._send_link(session, subject.tenant_id, "password_reset", user_id, subject.id)
            await _audit(session, subject, "user.password_reset_sent", user_id, request_id)

    async def set_policy(self, subject: Subject, *, mfa_required: bool, request_id: str) -> None:
        """Ask everybody of the tenant for a second factor, or no longer."""
        async with self.databases.operational(subject.context, read_only=False) as session:
            await UserRepository(session, subject.tenant_id).change_setting(MFA_REQUIRED, mfa_required)
            await _audit(session, subject, "tenant.sign_in_policy", subject.id, request_id, mfa_required=mfa_required)

    async def invite(self, subject: Subject, body: InvitationCreate, request_id: str) -> Invitation:
        """Make a user who has yet to accept, or send an invited one a new link, and mail it."""
        try:
            email = normal_email(body.email)
        except BadInput as error:
            raise unusable_field("/email", error.what) from None
        async with self.databases.operational(_administering(subject), read_only=False) as session:
            repository = UserRepository(session, subject.tenant_id)
            await _find_grantable(repository, subject, body.role)
            known = await repository.find_by_email(email)
            if known is not None and known.status != "invited":
                raise Problem(409, "user-exists", "this e-mail belongs to a user already")
            if known is not None:
                await self._find_within_reach(repository, subject, known.id)
                user_id = known.id
                await repository.change(user_id, full_name=body.full_name, role=body.role)
            else:
                user_id = await repository.add_invited(email, body.full_name, body.role)
            await self._send_link(session, subject.tenant_id, "invitation", user_id, subject.id)
            await _audit(session, subject, "user.invite", user_id, request_id, role=body.role)
            rows = await LinkRepository(session, subject.tenant_id).list_invitations()
        return next(_invitation(row) for row in rows if row.user_id == user_id)

    async def list_invitations(self, subject: Subject) -> InvitationList:
        """Invitations that were not accepted yet."""
        async with self.databases.operational(subject.context) as session:
            rows = await LinkRepository(session, subject.tenant_id).list_invitations()
        return InvitationList(items=[_invitation(row) for row in rows])

    async def revoke_invitation(self, subject: Subject, invitation_id: UUID, request_id: str) -> None:
        """Take an invitation back; the user who never was goes with it."""
        async with self.databases.operational(_administering(subject), read_only=False) as session:
            links = LinkRepository(session, subject.tenant_id)
            revoked = await links.revoke("invitation", one_time_links.c.id == invitation_id)
            if not revoked:
                raise not_found("invitation")
            await self._find_within_reach(UserRepository(session, subject.tenant_id), subject, revoked[0])
            await UserRepository(session, subject.tenant_id).delete_invited(revoked)
            await _audit(session, subject, "user.invitation_revoke", revoked[0], request_id)

    async def request_reset(self, email: str) -> None:
        """Mail links to reset the password of this e-mail, one a tenant; nothing tells whether there are any."""
        if await asyncio.to_thread(self.throttle.take_for, f"reset\x1f{email.strip().lower()}", RESETS_AT_ONCE):
            return
        for tenant_id, user_id in await asyncio.to_thread(self._find_active, email):
            async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
                await self._send_link(session, tenant_id, "password_reset", user_id, None)

    async def finish(
        self, kind: Kind, text: str, password: str, request_id: str, full_name: str | None = None
    ) -> Accepted:
        """Set the password that a link lets its user choose; the link is spent, and older sessions end.

        Second factors stay: the link proves no more than that the mail was read.
        """
        token = parse_opaque(PREFIXES[kind], text)
        if token is None:
            raise _link_over()
        async with self.databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            user_id = await LinkRepository(session, token.tenant_id).owner_of(kind, token)
            repository = AuthRepository(session, token.tenant_id)
            member = None if user_id is None else await repository.find_member(user_id)
        if user_id is None or member is None or (kind == "password_reset" and not member.is_active):
            raise _link_over()
        values: dict[str, Any] = {"password_hash": await hash_new_password(self.doors.settings, member, password)}
        if kind == "invitation":
            values |= {"status": "active"} | ({"full_name": full_name} if full_name else {})
        await self._spend(kind, token, user_id, values, request_id)
        self.authenticator.forget(token.tenant_id, user_id)
        if kind == "password_reset":
            self.notices.send("password_changed", member.email, tenant=member.tenant_name)
        return Accepted(email=member.email, tenant_name=member.tenant_name)

    async def _spend(self, kind: Kind, token: Opaque, user_id: UUID, values: dict[str, Any], request_id: str) -> None:
        tenant_id = token.tenant_id
        async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            if await LinkRepository(session, tenant_id).use(kind, token) != user_id:
                raise _link_over()
            await UserRepository(session, tenant_id).change(user_id, **values)
            await SessionRepository(session, tenant_id).end_of_user(user_id, reason="password changed")
            await AuthRepository(session, tenant_id).write_audit(
                "user", user_id, f"user.{kind}", entity_type="user", entity_id=str(user_id), request_id=request_id
            )

    async def _send_link(self, session: Any, tenant_id: UUID, kind: Kind, user_id: UUID, made_by: UUID | None) -> None:
        member = await AuthRepository(session, tenant_id).find_member(user_id)
        _, text = await LinkRepository(session, tenant_id).make(kind, user_id, made_by)
        if member is not None:
            link = f"{self.doors.settings.app_address}/?{kind}={text}"
            self.notices.send(kind, member.email, link=link, tenant=member.tenant_name)

    async def _find_within_reach(self, repository: UserRepository, subject: Subject, user_id: UUID) -> Any:
        """A user whom the subject may change: none who may do more than he."""
        row = await repository.find(user_id)
        if row is None:
            raise not_found("user")
        role = await repository.find_role(row.role)
        _check_reach(subject, role or RoleDefinition(row.role, "", frozenset(), False))
        return row

    def _find_active(self, email: str) -> list[tuple[UUID, UUID]]:
        with self.doors.connect(Database.OPERATIONAL, Role.APP) as connection:
            return connection.execute(
                "select tenant_id, user_id from app.find_sign_in(%s)", (email.strip().lower(),)
            ).fetchall()


def _administering(subject: Subject) -> TenantContext:
    """The subject's own context, which the database judges users by, opened to what signing in keeps of them."""
    return (
        subject.context.with_permission("*")
        if subject.context.may("users:write", "sessions:write")
        else subject.context
    )


async def _find_grantable(repository: UserRepository, subject: Subject, name: str) -> RoleDefinition:
    role = await repository.find_role(name)
    if role is None:
        raise unusable_field("/role", "no such role")
    _check_reach(subject, role)
    return role


def _check_reach(subject: Subject, role: RoleDefinition) -> None:
    reason = beyond(subject.role, subject.scopes, role)
    if reason is not None:
        raise Problem(403, "beyond-your-rights", reason, hint="ask somebody who may")


async def _audit(session: Any, subject: Subject, action: str, user_id: UUID, request_id: str, **details: Any) -> None:
    await AuthRepository(session, subject.tenant_id).write_audit(
        subject.kind, subject.id, action, entity_type="user", entity_id=str(user_id), details=details,
        request_id=request_id,
    )  # fmt: skip


def _last_owner(error: DBAPIError) -> Exception:
    if isinstance(error.orig, pg_errors.CheckViolation) and error.orig.diag.constraint_name == "last_owner":
        return Problem(409, "last-owner", "a tenant keeps at least one owner", hint="make another owner first")
    return error


def _link_over() -> Problem:
    return Problem(410, "link-over", "the link is over: used, too old or taken back", hint="ask for a new one")


def _user(row: Any) -> User:
    return User.model_validate(row._mapping)


def _invitation(row: Any) -> Invitation:
    return Invitation.model_validate(row._mapping)

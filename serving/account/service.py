"""What a person may know and change of how he signs in: audited, told by mail, and the end of his other sessions."""

import asyncio
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from serving.account.schemas import Account, Passkey, PasskeyCreate, PasswordChange, RecoveryCodes, TotpSecret
from serving.auth.challenge_repository import ChallengeRepository
from serving.auth.credentials import hash_new_password
from serving.auth.factor_repository import FactorRepository
from serving.auth.notices import Notices
from serving.auth.refusals import too_many, wrong_factor
from serving.auth.repository import AuthRepository, Member
from serving.auth.second_factors import CHALLENGE_LIFETIME, SecondFactors
from serving.auth.service import PASSKEY, WRONG_CODES
from serving.auth.session_repository import SessionRepository
from serving.auth.subject import Subject
from serving.auth.throttle import SignInThrottle
from serving.auth.user_repository import UserRepository
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found
from tekup.directory.passwords import password_matches
from tekup.settings import Settings
from tekup.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Changes of accounts, with what they need."""

    databases: Databases
    factors: SecondFactors
    notices: Notices
    throttle: SignInThrottle
    settings: Settings

    async def show(self, subject: Subject) -> Account:
        """The subject with his factors."""
        assert subject.authenticated_at is not None
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            repository = FactorRepository(session, subject.tenant_id)
            totp = await repository.find_totp(subject.id)
            left = await repository.count_recovery_codes(subject.id)
            passkeys = [_passkey(row) for row in await repository.list_passkeys(subject.id)]
        return Account(
            id=subject.id,
            email=member.email,
            full_name=member.full_name,
            role=member.role,
            scopes=sorted(subject.scopes),
            tenant_id=subject.tenant_id,
            tenant_name=member.tenant_name,
            methods=sorted(subject.methods),
            authenticated_at=subject.authenticated_at,
            has_totp=totp is not None and totp.confirmed_at is not None,
            recovery_codes_left=left,
            passkeys=passkeys,
        )

    async def change_password(self, subject: Subject, body: PasswordChange, request_id: str) -> None:
        """Set a new password for the subject, who knows the present one; his other sessions end."""
        await self._count_try(subject)
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            current = body.current_password.get_secret_value()
            if not await asyncio.to_thread(password_matches, member.password_hash, current):
                _refuse_password()
            hashed = await hash_new_password(
                self.settings, member, body.new_password.get_secret_value(), "/new_password"
            )
            await UserRepository(session, subject.tenant_id).change(subject.id, password_hash=hashed)
            await self._end_others(session, subject, "password changed")
            await self._audit(session, subject, "user.password_change", request_id)
        self.notices.send("password_changed", member.email, tenant=member.tenant_name)

    async def begin_totp(self, subject: Subject) -> TotpSecret:
        """A secret for an authenticator app, which counts once a code of it was shown."""
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            sealed, secret, address = self.factors.new_totp(
                subject.tenant_id, subject.id, member.email, member.tenant_name
            )
            await FactorRepository(session, subject.tenant_id).put_pending_totp(subject.id, sealed)
        return TotpSecret(secret=secret, address=address)

    async def confirm_totp(self, subject: Subject, code: str, request_id: str) -> RecoveryCodes:
        """Make the shown app the subject's second factor; recovery codes come with it."""
        await self._count_try(subject)
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            repository = FactorRepository(session, subject.tenant_id)
            row = await repository.find_totp(subject.id)
            if row is None or row.pending_sealed is None:
                raise Problem(409, "no-pending-app", "no app waits to be confirmed", hint="begin with POST /v1/me/totp")
            sealed = bytes(row.pending_sealed)
            counter = self.factors.totp_counter(subject.tenant_id, subject.id, sealed, code)
            if counter is None:
                raise wrong_factor()
            await repository.confirm_totp(subject.id, sealed, counter)
            codes, hashes = self.factors.new_recovery_codes()
            await repository.replace_recovery_codes(subject.id, hashes)
            await self._note_factor(session, subject, "otp", "app added", request_id)
        self._tell(member, "authenticator app added")
        return RecoveryCodes(codes=codes)

    async def remove_totp(self, subject: Subject, request_id: str) -> None:
        """Take the app and its recovery codes away."""
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            if not await FactorRepository(session, subject.tenant_id).delete_totp(subject.id):
                raise not_found("authenticator app")
            await self._end_others(session, subject, "second factor removed")
            await self._audit(session, subject, "user.factor", request_id, what="app removed")
        self._tell(member, "authenticator app removed")

    async def renew_recovery_codes(self, subject: Subject, request_id: str) -> RecoveryCodes:
        """New recovery codes in place of all older ones."""
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            repository = FactorRepository(session, subject.tenant_id)
            if "totp" not in await repository.methods_of(subject.id):
                raise Problem(409, "no-app", "recovery codes stand in for an app", hint="begin with POST /v1/me/totp")
            codes, hashes = self.factors.new_recovery_codes()
            await repository.replace_recovery_codes(subject.id, hashes)
            await self._audit(session, subject, "user.factor", request_id, what="recovery codes renewed")
        self._tell(member, "new recovery codes")
        return RecoveryCodes(codes=codes)

    async def begin_passkey(self, subject: Subject) -> dict[str, Any]:
        """What a browser needs to make a passkey."""
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            known = await FactorRepository(session, subject.tenant_id).list_passkeys(subject.id)
        return self.factors.new_passkey_options(
            subject.tenant_id, subject.id, member.email, member.full_name, [bytes(row.credential_id) for row in known]
        )

    async def add_passkey(self, subject: Subject, body: PasskeyCreate, request_id: str) -> Passkey:
        """Remember a passkey that the subject's browser made for the options it was given."""
        read = self.factors.read_new_passkey(subject.id, body.credential)
        if read is None:
            raise Problem(422, "unusable-input", "the passkey can't be used", hint="ask for new options and try again")
        challenge_id, values = read
        try:
            async with self._session(subject) as session:
                member = await self._member(session, subject)
                steps = ChallengeRepository(session, subject.tenant_id)
                if not await steps.use_outside(challenge_id, PASSKEY, CHALLENGE_LIFETIME):
                    raise Problem(409, "challenge-used", "these options were used before", hint="ask for new ones")
                repository = FactorRepository(session, subject.tenant_id)
                passkey_id = await repository.add_passkey(subject.id, name=body.name, **values)
                await self._note_factor(session, subject, "pop", "passkey added", request_id)
                rows = await repository.list_passkeys(subject.id)
        except IntegrityError:
            raise Problem(409, "passkey-known", "this passkey is known already") from None
        self._tell(member, "passkey added")
        return next(_passkey(row) for row in rows if row.id == passkey_id)

    async def remove_passkey(self, subject: Subject, passkey_id: UUID, request_id: str) -> None:
        """Forget a passkey of the subject."""
        async with self._session(subject) as session:
            member = await self._member(session, subject)
            if not await FactorRepository(session, subject.tenant_id).delete_passkey(subject.id, passkey_id):
                raise not_found("passkey")
            await self._end_others(session, subject, "second factor removed")
            await self._audit(session, subject, "user.factor", request_id, what="passkey removed")
        self._tell(member, "passkey removed")

    def _session(self, subject: Subject) -> Any:
        """What signs a person in is closed to every caller's own context; here he changes his own and no other's."""
        return self.databases.operational(TenantContext.system(subject.tenant_id), read_only=False)

    async def _member(self, session: AsyncSession, subject: Subject) -> Member:
        member = await AuthRepository(session, subject.tenant_id).find_member(subject.id)
        if member is None:
            raise not_found("user")
        return member

    async def _count_try(self, subject: Subject) -> None:
        wait = await asyncio.to_thread(
            self.throttle.take_for, f"factor\x1f{subject.tenant_id}\x1f{subject.id}", WRONG_CODES
        )
        if wait:
            raise too_many(wait)

    async def _note_factor(
        self, session: AsyncSession, subject: Subject, method: str, what: str, request_id: str
    ) -> None:
        """The subject has just proven a new factor: this session has it, and the others must prove it too."""
        assert subject.session_id is not None
        methods = sorted(subject.methods | {method, "mfa"})
        await SessionRepository(session, subject.tenant_id).add_methods(subject.session_id, methods)
        await self._end_others(session, subject, "second factor added")
        await self._audit(session, subject, "user.factor", request_id, what=what)

    async def _end_others(self, session: AsyncSession, subject: Subject, reason: str) -> None:
        await SessionRepository(session, subject.tenant_id).end_of_user(
            subject.id, reason=reason, but=subject.session_id
        )

    async def _audit(
        self, session: AsyncSession, subject: Subject, action: str, request_id: str, **details: str
    ) -> None:
        await AuthRepository(session, subject.tenant_id).write_audit(
            "user", subject.id, action, entity_type="user", entity_id=str(subject.id), details=details,
            request_id=request_id,
        )  # fmt: skip

    def _tell(self, member: Member, what: str) -> None:
        self.notices.send("factors_changed", member.email, tenant=member.tenant_name, what=what)


def _refuse_password() -> NoReturn:
    raise Problem(403, "password-refused", "the current password is wrong")


def _passkey(row: Any) -> Passkey:
    return Passkey(
        id=row.id,
        name=row.name,
        is_backed_up=row.is_backed_up,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )

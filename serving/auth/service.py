"""The sign-in desk: exchanges proofs for access tokens, one grant at a time. Of HTTP it knows problems alone."""

import asyncio
import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from serving.auth.access_tokens import LIFETIME, AccessTokens
from serving.auth.admission import Admission, Caller
from serving.auth.challenge_repository import Challenge, ChallengeRepository
from serving.auth.factor_repository import FactorRepository
from serving.auth.notices import Notices
from serving.auth.refusals import (
    client_refused,
    passkey_refused,
    refresh_refused,
    sign_in_refused,
    step_over,
    too_many,
    wrong_factor,
)
from serving.auth.repository import AuthRepository
from serving.auth.schemas import AccessToken, StepUp, TenantChoice, TokenForm
from serving.auth.second_factors import CHALLENGE_LIFETIME, SecondFactors
from serving.auth.session_repository import PREFIX as REFRESH_PREFIX
from serving.auth.session_repository import SessionRepository
from serving.auth.subject import Subject, living_scopes
from serving.auth.throttle import SignInThrottle, Try
from serving.kit.databases import Databases
from serving.kit.problems import Problem, unusable_field
from tekup.db import Doors
from tekup.directory.opaque import parse_opaque
from tekup.directory.passwords import password_matches
from tekup.directory.tokens import parse_client
from tekup.directory.users import SignIn, check_password
from tekup.tenancy import TenantContext

HASHES_AT_ONCE = 2
MFA_LIFETIME = timedelta(minutes=5)
GRANT_LIFETIME = timedelta(minutes=1)
MFA, PROVIDER_GRANT, PASSKEY = "mfa", "idg", "passkey"
"""Kinds of steps: a proven password, a sign-in that a provider vouched for, a passkey's challenge."""
WRONG_CODES = 10


class SignInDesk:
    """Checks proofs, hashes off the event loop a few at a time, and hands out tokens."""

    def __init__(
        self,
        doors: Doors,
        databases: Databases,
        access_tokens: AccessTokens,
        admission: Admission,
        factors: SecondFactors,
        notices: Notices,
    ) -> None:
        self._doors, self._databases, self._access_tokens = doors, databases, access_tokens
        self._admission, self.factors, self._notices = admission, factors, notices
        self.throttle = SignInThrottle(doors, doors.master_key.derive("sign-in throttle"))
        self._turn = asyncio.Semaphore(HASHES_AT_ONCE)

    async def exchange(self, form: TokenForm, basic: tuple[str, str] | None, caller: Caller) -> AccessToken:
        """An access token for what the form proves.

        Raises:
            Problem: 401 where it proves nothing, or not enough yet; 409 several tenants; 422 unknown scope;
                429 too many failures.
        """
        match form.grant_type:
            case "password":
                return await self._by_password(form, caller)
            case "mfa":
                return await self._by_second_factor(form, caller)
            case "passkey":
                return await self._by_passkey(form, caller)
            case "identity_provider":
                return await self._by_provider(form, caller)
            case "refresh_token":
                return await self._by_refresh_token(_secret(form.refresh_token), caller)
            case "client_credentials":
                return await self._by_client(form, basic, caller)

    async def _by_password(self, form: TokenForm, caller: Caller) -> AccessToken:
        email = form.username or ""
        async with self._turn:
            found, tried = await asyncio.to_thread(self._prove, caller.address, email, _secret(form.password))
        if isinstance(tried, float):
            raise too_many(tried)
        if not found:
            raise sign_in_refused()
        member = _choose(found, form)
        answer = await self.admit(member.tenant_id, member.user_id, ["pwd"], _words(form.scope), caller)
        if not tried.is_known_place:
            words = {"tenant": member.tenant_name, "place": caller.address}
            self._notices.send("new_place", email.strip().lower(), **words)
        return answer

    def _prove(self, address: str, email: str, password: str) -> tuple[list[SignIn], Try | float]:
        tried = self.throttle.take(address, email)
        if isinstance(tried, float):
            return [], tried
        found = check_password(self._doors, email, password)
        if found:
            self.throttle.succeed(tried)
        return found, tried

    async def admit(
        self, tenant_id: UUID, user_id: UUID, methods: list[str], scopes: frozenset[str] | None, caller: Caller
    ) -> AccessToken:
        """Begin a session for a user whose first proof was good, or ask for the second factor that he has.

        Raises:
            Problem: 401 the user or tenant is shut, or a second factor is needed; 422 unknown scope.
        """
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            member = await AuthRepository(session, tenant_id).find_member(user_id)
            if member is None or not member.is_active:
                raise sign_in_refused()
            if scopes is not None and (not scopes or scopes - member.role_scopes):
                raise unusable_field("/scope", f"choose among: {' '.join(sorted(member.role_scopes))}")
            choices = [] if "mfa" in methods else await FactorRepository(session, tenant_id).methods_of(user_id)
            if not choices:
                return await self._admission.begin(session, tenant_id, user_id, methods, scopes, caller)
            data = {"methods": " ".join(methods), "scopes": "*" if scopes is None else " ".join(scopes)}
            mfa_token = await ChallengeRepository(session, tenant_id).open(
                self._doors.master_key, MFA, MFA_LIFETIME, user_id=user_id, data=data
            )
        raise Problem(
            401,
            "mfa-needed",
            "the password is right; a second factor is needed",
            hint="send `grant_type=mfa` with this `mfa_token` and a `code` within five minutes",
            mfa_token=mfa_token,
            methods=choices,
        )

    async def _by_second_factor(self, form: TokenForm, caller: Caller) -> AccessToken:
        token = parse_opaque(f"{MFA}_", _secret(form.mfa_token))
        if token is None:
            raise step_over()
        async with self._databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            steps = ChallengeRepository(session, token.tenant_id)
            step = await steps.attempt(self._doors.master_key, MFA, token)
            user_id = None if step is None else step.user_id
            repository = AuthRepository(session, token.tenant_id)
            member = None if user_id is None else await repository.find_member(user_id)
        if step is None or user_id is None or member is None or not member.is_active:
            raise step_over()
        await self._take_for(f"factor\x1f{token.tenant_id}\x1f{user_id}")
        async with self._databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            factors, code = FactorRepository(session, token.tenant_id), form.code and _secret(form.code)
            method = await self._check_factor(factors, user_id, code or None, form.credential)
            if method is not None and await ChallengeRepository(session, token.tenant_id).use(step.id):
                methods = {*step.data["methods"].split(), method, "mfa"}
                return await self._admission.begin(session, token.tenant_id, user_id, methods, _scopes(step), caller)
        self._notices.send("wrong_factor", member.email, tenant=member.tenant_name)
        raise wrong_factor()

    async def _check_factor(
        self, repository: FactorRepository, user_id: UUID, code: str | None, credential: dict[str, Any] | None
    ) -> str | None:
        """How the user proved his second factor, by its name of RFC 8176; None where he did not."""
        if code is not None:
            return "otp" if await self.factors.check_code(repository, user_id, code) else None
        used = await self.factors.check_passkey(repository, credential or {})
        if used is None or used[1] != user_id:
            return None
        steps = ChallengeRepository(repository.session, repository.tenant_id)
        return "pop" if await steps.use_outside(used[0], PASSKEY, CHALLENGE_LIFETIME) else None

    async def _by_passkey(self, form: TokenForm, caller: Caller) -> AccessToken:
        credential = form.credential or {}
        claimed = self.factors.owner_of(credential)
        if claimed is None:
            raise passkey_refused()
        tenant_id, user_id = claimed
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = FactorRepository(session, tenant_id)
            method = await self._check_factor(repository, user_id, None, credential)
        if method is None:
            raise passkey_refused()
        # the device checked its holder, so having it and being him are two factors
        return await self.admit(tenant_id, user_id, [method, "user", "mfa"], _words(form.scope), caller)

    async def _by_provider(self, form: TokenForm, caller: Caller) -> AccessToken:
        token = parse_opaque(f"{PROVIDER_GRANT}_", _secret(form.code))
        if token is None:
            raise step_over()
        async with self._databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            steps = ChallengeRepository(session, token.tenant_id)
            step = await steps.attempt(self._doors.master_key, PROVIDER_GRANT, token)
            is_first = step is not None and await steps.use(step.id)
        if step is None or step.user_id is None or not is_first:
            raise step_over()
        return await self.admit(token.tenant_id, step.user_id, step.data["methods"].split(), None, caller)

    async def _by_refresh_token(self, text: str, caller: Caller) -> AccessToken:
        token = parse_opaque(REFRESH_PREFIX, text)
        if token is None:
            raise refresh_refused()
        async with self._databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            repository = SessionRepository(session, token.tenant_id)
            session_id = await repository.spend(token)
            if session_id is not None:
                answer = await self._admission.carry_on(session, token.tenant_id, await repository.touch(session_id))
                if answer is not None:
                    return answer
            user_id = await repository.end_reused(token) if session_id is None else None
            if user_id is not None:
                await AuthRepository(session, token.tenant_id).write_audit(
                    "user", user_id, "session.refresh_token_reused", request_id=caller.request_id
                )
        raise refresh_refused()

    async def _by_client(self, form: TokenForm, basic: tuple[str, str] | None, caller: Caller) -> AccessToken:
        client_id, client_secret = basic or (form.client_id or "", _secret(form.client_secret))
        if basic is not None and (form.client_id or form.client_secret):
            raise unusable_field("/client_id", "send the client's id and secret in one way only")
        token = parse_client(client_id, client_secret)
        if token is None:
            raise client_refused()
        async with self._databases.operational(TenantContext.system(token.tenant_id), read_only=False) as session:
            repository = AuthRepository(session, token.tenant_id)
            stored = await repository.find_token(token.id)
            if stored is None or stored.kind != "client":
                raise client_refused()
            scopes = living_scopes(stored)
            if scopes is None or not hmac.compare_digest(stored.secret_hash, token.secret_hash):
                raise client_refused()
            await repository.note_token_use(token.id)
        granted = _words(form.scope) or scopes
        if granted - scopes:
            raise unusable_field("/scope", f"choose among: {' '.join(sorted(scopes))}")
        return AccessToken(
            access_token=await self._access_tokens.issue_to_client(token.tenant_id, token.id, granted),
            expires_in=int(LIFETIME.total_seconds()),
            scope=" ".join(sorted(granted)),
            tenant=TenantChoice(id=token.tenant_id, name=stored.tenant_name),
            role=None,
        )

    async def step_up(self, subject: Subject, proof: StepUp, caller: Caller) -> AccessToken:
        """A new session in place of the caller's, for his fresh proof; the old one's tokens are dead.

        Raises:
            Problem: 401 the proof is wrong, 403 the password alone is not enough, 429 too many wrong ones.
        """
        assert subject.session_id is not None
        await self._take_for(f"factor\x1f{subject.tenant_id}\x1f{subject.id}")
        async with self._databases.operational(TenantContext.system(subject.tenant_id), read_only=False) as session:
            member = await AuthRepository(session, subject.tenant_id).find_member(subject.id)
            repository = FactorRepository(session, subject.tenant_id)
            has_factor = bool(await repository.methods_of(subject.id))
            if member is None or (proof.password is not None and has_factor):
                raise Problem(
                    403, "factor-needed", "you have a second factor: prove that one", hint="send `code` or `credential`"
                )
            if proof.password is not None:
                given = proof.password.get_secret_value()
                async with self._turn:
                    is_right = await asyncio.to_thread(password_matches, member.password_hash, given)
                methods = ["pwd"] if is_right else None
            else:
                code = proof.code and _secret(proof.code)
                method = await self._check_factor(repository, subject.id, code or None, proof.credential)
                methods = [method, "mfa"] if method is not None else None
            if methods is not None:
                return await self._admission.replace(session, subject, methods, caller)
        raise wrong_factor()

    async def _take_for(self, what: str) -> None:
        wait = await asyncio.to_thread(self.throttle.take_for, what, WRONG_CODES)
        if wait:
            raise too_many(wait)


def _choose(found: list[SignIn], form: TokenForm) -> SignIn:
    """One of the memberships that the password proved."""
    if form.tenant is not None:
        chosen = [member for member in found if member.tenant_id == form.tenant]
        if not chosen:
            raise unusable_field("/tenant", "not one of your tenants")
        return chosen[0]
    if len(found) > 1:
        raise Problem(
            409,
            "several-tenants",
            "this e-mail and password belong to several tenants",
            hint="send the form again with `tenant` set to one of the ids in `choices`",
            choices=[{"id": str(member.tenant_id), "name": member.tenant_name} for member in found],
        )
    return found[0]


def _secret(field: SecretStr | None) -> str:
    return "" if field is None else field.get_secret_value()


def _words(scope: str | None) -> frozenset[str] | None:
    return None if scope is None else frozenset(scope.split())


def _scopes(step: Challenge) -> frozenset[str] | None:
    return None if step.data["scopes"] == "*" else frozenset(step.data["scopes"].split())

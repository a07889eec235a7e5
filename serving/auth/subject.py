"""The caller, from the bearer token of a request. The tenant comes from here and from nowhere else."""

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from serving.auth.access_tokens import AccessClaims, AccessTokens
from serving.auth.repository import AuthRepository, StoredToken
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from tekup.clock import utc_now
from tekup.directory.tokens import parse_token
from tekup.tenancy import TenantContext

TRUSTED_SECONDS = 1.0
"""A verified token is trusted this long without asking the database again: the most that a revocation takes."""
PROOF_LASTS = timedelta(minutes=10)
"""What is sensitive asks for a person who proved who he is no longer ago than this."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request speaks for: one user or API token of one tenant."""

    tenant_id: UUID
    kind: Literal["user", "token"]
    id: UUID
    scopes: frozenset[str]
    role: str | None = None
    session_id: UUID | None = None
    methods: frozenset[str] = frozenset()
    authenticated_at: datetime | None = None

    @property
    def context(self) -> TenantContext:
        """What the database must know of the subject in each of his transactions."""
        return TenantContext(self.tenant_id, self.role or self.kind, self.scopes, self.id)


class Authenticator:
    """Turns a bearer token into a subject, or into nobody."""

    def __init__(self, databases: Databases, access_tokens: AccessTokens) -> None:
        self._databases = databases
        self._access_tokens = access_tokens
        self._trusted: OrderedDict[bytes, tuple[float, Subject]] = OrderedDict()

    async def authenticate(self, text: str) -> Subject | None:
        """The subject of a valid token of an active user or token in an active tenant.

        A stream that stays open asks again with the token that it was opened with, at least every
        ``TRUSTED_SECONDS``, and ends where the answer is None.
        """
        digest, now = hashlib.sha256(text.encode()).digest(), time.monotonic()
        held = self._trusted.get(digest)
        if held is not None and held[0] > now:
            return held[1]
        self._trusted.pop(digest, None)
        subject = await (self._from_api_token(text) if text.startswith("tk_") else self._from_access_token(text))
        if subject is not None:
            self._trusted[digest] = (now + TRUSTED_SECONDS, subject)
            while len(self._trusted) > _REMEMBERED:
                self._trusted.popitem(last=False)
        return subject

    def forget(self, tenant_id: UUID, subject_id: UUID) -> None:
        """Trust nothing more of this user or token: what changed him takes hold here at once."""
        gone = [key for key, (_, s) in self._trusted.items() if s.tenant_id == tenant_id and s.id == subject_id]
        for key in gone:
            self._trusted.pop(key, None)

    async def _from_api_token(self, text: str) -> Subject | None:
        parsed = parse_token(text)
        if parsed is None:
            return None
        tenant_id, token_id, secret_hash = parsed
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = AuthRepository(session, tenant_id)
            stored = await repository.find_token(token_id)
            if stored is None or stored.kind != "token" or not hmac.compare_digest(stored.secret_hash, secret_hash):
                return None
            scopes = living_scopes(stored)
            if scopes is None:
                return None
            await repository.note_token_use(token_id)
        return Subject(tenant_id, "token", token_id, scopes)

    async def _from_access_token(self, text: str) -> Subject | None:
        claims = await self._access_tokens.verify(text)
        if claims is None:
            return None
        if claims.session_id is None:
            return await self._of_client(claims)
        async with self._databases.operational(TenantContext.system(claims.tenant_id)) as session:
            found = await AuthRepository(session, claims.tenant_id).find_session(claims.subject_id, claims.session_id)
        if found is None:
            return None
        return Subject(
            claims.tenant_id,
            "user",
            claims.subject_id,
            found.scopes,
            found.role,
            claims.session_id,
            found.methods,
            found.authenticated_at,
        )

    async def _of_client(self, claims: AccessClaims) -> Subject | None:
        async with self._databases.operational(TenantContext.system(claims.tenant_id)) as session:
            stored = await AuthRepository(session, claims.tenant_id).find_token(claims.subject_id)
        scopes = None if stored is None or stored.kind != "client" else living_scopes(stored)
        return None if scopes is None else Subject(claims.tenant_id, "token", claims.subject_id, claims.scopes & scopes)


def living_scopes(stored: StoredToken) -> frozenset[str] | None:
    """What a stored token or client opens today: never more than its maker may; None where it is dead."""
    expired = stored.expires_at is not None and stored.expires_at <= utc_now()
    if expired or stored.revoked_at is not None or stored.tenant_status != "active":
        return None
    if stored.maker_scopes is None:
        return stored.scopes
    return stored.scopes & stored.maker_scopes if stored.maker_status == "active" else None


_bearer = HTTPBearer(auto_error=False, description="An API token (`tk_…`) or an access token of `/v1/auth/token`.")


async def authenticate(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Subject:
    """The caller of this request, who holds every scope that the route asks for."""
    if credentials is None:
        raise Problem(
            401,
            "sign-in-needed",
            "no bearer token was sent",
            hint="send `Authorization: Bearer …` with an API token or an access token",
            headers={"www-authenticate": "Bearer"},
        )
    authenticator: Authenticator = request.app.state.authenticator
    subject = await authenticator.authenticate(credentials.credentials)
    if subject is None:
        raise Problem(
            401,
            "token-refused",
            "the token is unknown, expired or revoked",
            hint="sign in again, or make a new token with `tekup token create`",
            headers={"www-authenticate": 'Bearer error="invalid_token"'},
        )
    missing = [scope for scope in needed.scopes if scope not in subject.scopes]
    if missing:
        raise Problem(
            403,
            "scope-missing",
            f"the token lacks the scope {' '.join(missing)}",
            headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{needed.scope_str}"'},
        )
    return subject


async def person(subject: Annotated[Subject, Security(authenticate)]) -> Subject:
    """The caller, who is a person and no program."""
    if subject.kind != "user":
        raise Problem(403, "person-needed", "this is for people, not for API tokens", hint="sign in as a user")
    return subject


async def proven(subject: Annotated[Subject, Security(person)]) -> Subject:
    """The caller, a person who has proven lately who he is (step-up, RFC 9470)."""
    if subject.authenticated_at is None or utc_now() - subject.authenticated_at > PROOF_LASTS:
        longest = int(PROOF_LASTS.total_seconds())
        raise Problem(
            401,
            "proof-needed",
            "this asks for a fresh proof of who you are",
            hint="send your password, or your second factor if you have one, to `/v1/auth/step-up`, then try again",
            headers={
                "www-authenticate": f'Bearer error="insufficient_user_authentication", max_age="{longest}"',
            },
        )
    return subject

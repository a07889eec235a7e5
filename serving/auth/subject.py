"""The caller, from the bearer token of a request. The tenant comes from here and from nowhere else."""

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from serving.auth.access_tokens import AccessTokens
from serving.auth.repository import AuthRepository
from serving.auth.roles import scopes_of_role
from serving.kit.databases import Databases
from serving.kit.problems import Problem
from tekup.clock import utc_now
from tekup.directory.tokens import parse_token
from tekup.tenancy import TenantContext

TRUSTED_SECONDS = 1.0
"""A verified token is trusted this long without asking the database again: the most that a revocation takes."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request speaks for: one user or API token of one tenant."""

    tenant_id: UUID
    kind: Literal["user", "token"]
    id: UUID
    scopes: frozenset[str]
    role: str | None = None

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
        """The subject of a valid token of an active user or token in an active tenant."""
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

    async def _from_api_token(self, text: str) -> Subject | None:
        parsed = parse_token(text)
        if parsed is None:
            return None
        tenant_id, token_id, secret_hash = parsed
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = AuthRepository(session, tenant_id)
            stored = await repository.find_token(token_id)
            if stored is None or not hmac.compare_digest(stored.secret_hash, secret_hash):
                return None
            expired = stored.expires_at is not None and stored.expires_at <= utc_now()
            if expired or stored.revoked_at is not None or stored.tenant_status != "active":
                return None
            await repository.note_token_use(token_id)
        return Subject(tenant_id, "token", token_id, stored.scopes)

    async def _from_access_token(self, text: str) -> Subject | None:
        claims = self._access_tokens.verify(text)
        if claims is None:
            return None
        async with self._databases.operational(TenantContext.system(claims.tenant_id)) as session:
            member = await AuthRepository(session, claims.tenant_id).find_member(claims.user_id)
        if member is None or member.status != "active" or member.tenant_status != "active":
            return None
        scopes = claims.scopes & scopes_of_role(member.role)
        return Subject(claims.tenant_id, "user", claims.user_id, scopes, member.role)


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

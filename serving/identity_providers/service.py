"""Connecting providers, the way to one and back, and whose account it is that comes back."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from serving.auth.challenge_repository import Challenge, ChallengeRepository
from serving.auth.repository import AuthRepository
from serving.auth.service import GRANT_LIFETIME, PROVIDER_GRANT
from serving.auth.subject import Subject
from serving.auth.user_repository import UserRepository
from serving.identity_providers.protocol import Identity, ProviderClient, ProviderFailed, Trip, authorization_url
from serving.identity_providers.repository import ProviderRepository
from serving.identity_providers.schemas import IdentityProvider, IdentityProviderCreate, IdentityProviderUpdate
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from tekup.crypto.columns import SealedColumn
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal
from tekup.directory.opaque import decode, encode, parse_opaque
from tekup.directory.roles import beyond
from tekup.ids import uuid7
from tekup.tenancy import TenantContext

TRIP = "oi"
TRIP_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the secret by which it is known when it comes back."""

    url: str
    browser_secret: str


@dataclass(frozen=True, slots=True)
class ProviderDesk:
    """Ways through identity providers."""

    databases: Databases
    key: MasterKey
    client: ProviderClient

    async def connect(
        self, subject: Subject, body: IdentityProviderCreate, base: str, request_id: str
    ) -> IdentityProvider:
        """Connect a provider, once its metadata was read and named it."""
        try:
            await self.client.discover(body.issuer)
        except ProviderFailed as error:
            raise unusable_field("/issuer", error.what) from None
        provider_id = uuid7()
        secret = seal(self.key, subject.tenant_id, _place(provider_id), body.client_secret.get_secret_value())
        async with self.databases.operational(subject.context, read_only=False) as session:
            if body.default_role is not None:
                role = await UserRepository(session, subject.tenant_id).find_role(body.default_role)
                if role is None:
                    raise unusable_field("/default_role", "no such role")
                reason = beyond(subject.role, subject.scopes, role)
                if reason is not None:
                    raise Problem(403, "beyond-your-rights", reason, hint="ask somebody who may")
            repository = ProviderRepository(session, subject.tenant_id)
            values = body.model_dump(exclude={"client_secret"})
            await repository.add(id=provider_id, client_secret_sealed=secret, **values)
            await _audit(session, subject, "identity_provider.connect", provider_id, request_id, issuer=body.issuer)
            row = await repository.find(provider_id)
        return shown(row, base)

    async def list_all(self, subject: Subject, base: str) -> list[IdentityProvider]:
        """The tenant's providers."""
        async with self.databases.operational(subject.context) as session:
            rows = await ProviderRepository(session, subject.tenant_id).list_all()
        return [shown(row, base) for row in rows]

    async def change(
        self, subject: Subject, provider_id: UUID, body: IdentityProviderUpdate, base: str, request_id: str
    ) -> IdentityProvider:
        """Rename a provider, give it a new secret, or shut it."""
        values: dict[str, Any] = body.model_dump(exclude={"client_secret"}, exclude_none=True)
        if body.client_secret is not None:
            secret = body.client_secret.get_secret_value()
            values["client_secret_sealed"] = seal(self.key, subject.tenant_id, _place(provider_id), secret)
        async with self.databases.operational(subject.context, read_only=False) as session:
            repository = ProviderRepository(session, subject.tenant_id)
            if not await repository.change(provider_id, **values):
                raise not_found("identity provider")
            await _audit(session, subject, "identity_provider.change", provider_id, request_id, changed=sorted(values))
            row = await repository.find(provider_id)
        return shown(row, base)

    async def disconnect(self, subject: Subject, provider_id: UUID, request_id: str) -> None:
        """Forget a provider; nobody signs in through it any more."""
        async with self.databases.operational(subject.context, read_only=False) as session:
            if not await ProviderRepository(session, subject.tenant_id).delete(provider_id):
                raise not_found("identity provider")
            await _audit(session, subject, "identity_provider.disconnect", provider_id, request_id)

    async def depart(self, tenant_id: UUID, provider_id: UUID, base: str, link_to: UUID | None = None) -> Departure:
        """Begin a way to the provider: to sign in, or to link the account there to a user."""
        async with self.databases.operational(TenantContext.system(tenant_id)) as session:
            row = await ProviderRepository(session, tenant_id).find(provider_id)
        if row is None or not row.is_enabled:
            raise not_found("identity provider")
        try:
            provider = await self.client.discover(row.issuer)
        except ProviderFailed as error:
            raise Problem(502, "provider-failed", error.what, hint=error.hint) from None
        trip, browser_secret = Trip.new(), secrets.token_urlsafe(32)
        data = {
            "provider": str(provider_id),
            "nonce": trip.nonce,
            "verifier": trip.verifier,
            "browser": hashlib.sha256(browser_secret.encode()).hexdigest(),
        }
        async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            state = await ChallengeRepository(session, tenant_id).open(
                self.key, TRIP, TRIP_LIFETIME, user_id=link_to, data=data
            )
        return Departure(authorization_url(provider, row.client_id, redirect_uri(base), state, trip), browser_secret)

    async def arrive(self, state: str, code: str, issuer: str | None, browser_secret: str, base: str) -> str:
        """A code for the token endpoint, for the person whom the provider vouched for; good once, for a minute.

        Raises:
            Problem: the way was not begun by this browser, was used, or the provider does not vouch.
        """
        token = parse_opaque(f"{TRIP}_", state)
        if token is None:
            raise _trip_over()
        tenant_id = token.tenant_id
        async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            steps = ChallengeRepository(session, tenant_id)
            step = await steps.attempt(self.key, TRIP, token)
            is_first = step is not None and await steps.use(step.id)
            row = (
                None if step is None else await ProviderRepository(session, tenant_id).find(UUID(step.data["provider"]))
            )
        if step is None or not is_first or row is None or not row.is_enabled:
            raise _trip_over()
        came_back = hashlib.sha256(browser_secret.encode()).hexdigest()
        if not hmac.compare_digest(came_back, step.data["browser"]):
            raise _trip_over()
        identity = await self._redeem(tenant_id, row, step, code, issuer, base)
        user_id = await self._person(tenant_id, row, identity, step.user_id)
        methods = ["idp", *(["mfa"] if "mfa" in identity.methods else [])]
        async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            return await ChallengeRepository(session, tenant_id).open(
                self.key, PROVIDER_GRANT, GRANT_LIFETIME, user_id=user_id, data={"methods": " ".join(methods)}
            )

    async def _redeem(
        self, tenant_id: UUID, row: Any, step: Challenge, code: str, issuer: str | None, base: str
    ) -> Identity:
        try:
            provider = await self.client.discover(row.issuer)
            # mix-up: the answer must say that it is this provider's, where the provider says that it does (RFC 9207)
            if (issuer is not None or provider.tells_issuer) and issuer != row.issuer:
                raise ProviderFailed("the answer came from another provider")
            secret = unseal(self.key, tenant_id, _place(row.id), bytes(row.client_secret_sealed))
            trip = Trip(step.data["nonce"], step.data["verifier"])
            return await self.client.redeem(provider, row.client_id, secret, code, redirect_uri(base), trip)
        except ProviderFailed as error:
            raise Problem(401, "provider-refused", error.what, hint="begin again") from None

    async def _person(self, tenant_id: UUID, row: Any, identity: Identity, link_to: UUID | None) -> UUID:
        """The user whose account at the provider this is.

        It is known by the provider and its subject, never by an e-mail alone. An e-mail that the provider has verified
        accepts a user's invitation, or makes a new user where the tenant wants that. It never opens the account of
        somebody who already signs in here: he must link it himself, or whoever made that account first would share it.
        """
        try:
            async with self.databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
                providers, users = ProviderRepository(session, tenant_id), UserRepository(session, tenant_id)
                known = await providers.owner_of(row.id, identity.subject)
                if link_to is not None:
                    if known not in (None, link_to):
                        raise Problem(409, "identity-taken", "this account is linked to another user")
                    if known is None:
                        await providers.link(row.id, identity.subject, link_to)
                    return link_to
                if known is not None:
                    return known
                if identity.email is None or not identity.is_email_verified:
                    raise Problem(403, "identity-unknown", "nobody here is linked to this account")
                user = await users.find_by_email(identity.email)
                if user is not None and user.status != "invited":
                    raise Problem(
                        403,
                        "identity-not-linked",
                        "this e-mail signs in here in another way",
                        hint="sign in that way and link the account with POST /v1/me/identities/{provider_id}",
                    )
                if user is None and row.default_role is None:
                    raise Problem(403, "identity-unknown", "nobody here is linked to this account")
                if user is None:
                    user_id = await users.add_invited(identity.email, identity.name, row.default_role)
                else:
                    user_id = user.id
                await users.change(user_id, status="active")
                await providers.link(row.id, identity.subject, user_id)
                await AuthRepository(session, tenant_id).write_audit(
                    "user", user_id, "user.identity_linked", entity_type="user", entity_id=str(user_id)
                )
                return user_id
        except IntegrityError:
            raise _trip_over() from None


def provider_key(tenant_id: UUID, provider_id: UUID) -> str:
    """One path segment that names a provider before a tenant is known."""
    return encode(tenant_id.bytes + provider_id.bytes)


def read_provider_key(text: str) -> tuple[UUID, UUID]:
    """Tenant and provider of such a segment."""
    raw = decode(text)
    if raw is None or len(raw) != 32:
        raise not_found("identity provider")
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:])


def redirect_uri(base: str) -> str:
    """Where providers send the browser back to."""
    return f"{base}/v1/auth/identity-providers/callback"


def shown(row: Any, base: str) -> IdentityProvider:
    """A provider as it may be shown."""
    values = {name: value for name, value in row._mapping.items() if name in IdentityProvider.model_fields}
    key = provider_key(row.tenant_id, row.id)
    return IdentityProvider(
        **values, sign_in_url=f"{base}/v1/auth/identity-providers/{key}", redirect_uri=redirect_uri(base)
    )


async def _audit(session: Any, subject: Subject, action: str, provider_id: UUID, request_id: str, **more: Any) -> None:
    await AuthRepository(session, subject.tenant_id).write_audit(
        subject.kind, subject.id, action, entity_type="identity_provider", entity_id=str(provider_id), details=more,
        request_id=request_id,
    )  # fmt: skip


def _trip_over() -> Problem:
    return Problem(401, "sign-in-over", "this sign-in is over, or was begun elsewhere", hint="begin again")


def _place(provider_id: UUID) -> str:
    return f"identity_providers.client_secret:{provider_id}"


SEALED = SealedColumn("app.identity_providers", "client_secret_sealed", ("id",), ("id",), lambda row: _place(row["id"]))
"""For rotations of keys."""

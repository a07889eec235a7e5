"""Signing in with e-mail and password. HTTP is not known here, but for the problems that are raised."""

import asyncio
import math

from serving.auth.access_tokens import LIFETIME, AccessTokens
from serving.auth.repository import AuthRepository
from serving.auth.roles import scopes_of_role
from serving.auth.schemas import AccessToken, TenantChoice, TokenForm
from serving.auth.throttle import SignInThrottle
from serving.kit.databases import Databases
from serving.kit.problems import Problem, unusable_field
from tekup.db import Doors
from tekup.directory.users import SignIn, check_password
from tekup.tenancy import TenantContext

HASHES_AT_ONCE = 2


class SignInDesk:
    """Checks passwords off the event loop, a few at a time, and hands out access tokens."""

    def __init__(self, doors: Doors, databases: Databases, access_tokens: AccessTokens) -> None:
        self._doors, self._databases, self._access_tokens = doors, databases, access_tokens
        self._throttle = SignInThrottle()
        self._turn = asyncio.Semaphore(HASHES_AT_ONCE)

    async def sign_in(self, form: TokenForm, address: str, request_id: str) -> AccessToken:
        """An access token for the user of the form.

        Raises:
            Problem: 401 wrong e-mail or password, 409 several tenants, 422 unknown scope, 429 too many failures.
        """
        wait = self._throttle.wait(address, form.username)
        if wait > 0:
            raise Problem(
                429,
                "too-many-attempts",
                "too many failed sign-ins",
                hint=f"try again in {math.ceil(wait)} seconds",
                headers={"retry-after": str(math.ceil(wait))},
            )
        async with self._turn:
            found = await asyncio.to_thread(
                check_password, self._doors, form.username, form.password.get_secret_value()
            )
        if not found:
            self._throttle.note_failure(address, form.username)
            raise Problem(
                401,
                "sign-in-refused",
                "the e-mail or the password is wrong",
                headers={"www-authenticate": "Bearer"},
            )
        self._throttle.note_success(address, form.username)
        member = _choose(found, form)
        scopes = _narrow(scopes_of_role(member.role), form.scope)
        system = TenantContext.system(member.tenant_id)
        async with self._databases.operational(system, read_only=False) as session:
            repository = AuthRepository(session, member.tenant_id)
            await repository.note_sign_in(member.user_id)
            await repository.write_audit("user", member.user_id, "user.sign_in", request_id=request_id)
        return AccessToken(
            access_token=self._access_tokens.issue(member.tenant_id, member.user_id, member.role, scopes),
            expires_in=int(LIFETIME.total_seconds()),
            scope=" ".join(sorted(scopes)),
            tenant=TenantChoice(id=member.tenant_id, name=member.tenant_name),
            role=member.role,
        )


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


def _narrow(allowed: frozenset[str], asked: str | None) -> frozenset[str]:
    if asked is None:
        return allowed
    wanted = frozenset(asked.split())
    if not wanted or wanted - allowed:
        raise unusable_field("/scope", f"choose among: {' '.join(sorted(allowed))}")
    return wanted

"""HubSpot's OAuth for one simulated app: access tokens that end after half an hour, refresh tokens. No HTTP."""

import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from integrations.sandbox.exchange import Answer, Call, Clock
from integrations.sandbox.hubspot_answers import error
from integrations.sandbox.tenants import TENANTS

CLIENT_ID = "sandbox-hubspot-app"
CLIENT_SECRET = "sandbox-hubspot-app-secret"  # noqa: S105 (opens nothing but the sandbox)
LIFETIME = 1800


def refresh_token(slug: str) -> str:
    """Return the refresh token that the tenant's portal has given to the app."""
    return f"sandbox-hubspot-refresh-{slug}"


@dataclass
class HubspotGrants:
    """Which tenant each token speaks for, and until when. A refresh token stays the same until it is revoked."""

    clock: Clock
    _access: dict[str, tuple[str, float]] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)

    def slug_of(self, token: str) -> str | None:
        """Return the tenant of an access token that has not ended."""
        slug, ends = self._access.get(token, (None, 0.0))
        return slug if self.clock() < ends else None

    def has_expired(self, token: str) -> bool:
        """Whether an access token was good once and is no longer."""
        return token in self._access and self.clock() >= self._access[token][1]

    def issue(self, call: Call) -> Answer:
        """``POST /oauth/v1/token``, as a form."""
        body = dict(parse_qsl(call.body.decode()))
        if (body.get("client_id"), body.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return error(400, "BAD_CLIENT_ID", "missing or unknown client id")
        given = body.get("refresh_token", "")
        names = {refresh_token(tenant.slug): tenant.slug for tenant in TENANTS if "hubspot" in tenant.vendors}
        if body.get("grant_type") != "refresh_token" or given not in names or given in self._revoked:
            return error(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        token = f"sandbox-hubspot-access-{uuid.uuid4()}"
        self._access[token] = (names[given], self.clock() + LIFETIME)
        return Answer({"access_token": token, "refresh_token": given, "token_type": "bearer", "expires_in": LIFETIME})

    def revoke(self, call: Call) -> Answer:
        """``DELETE /oauth/v1/refresh-tokens/{token}``: the app was taken off; its access tokens end as well."""
        given = call.parts["token"]
        self._revoked.add(given)
        slug = given.removeprefix("sandbox-hubspot-refresh-")
        self._access = {token: held for token, held in self._access.items() if held[0] != slug}
        return Answer(None, 204)

"""Kit's OAuth for one simulated app: access tokens that end, refresh tokens that are used once. No HTTP."""

import secrets
from dataclasses import dataclass, field

from integrations.sandbox.exchange import Answer, Call, Clock
from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.tenants import TENANTS

CLIENT_ID = "sandbox-kit-app"
CLIENT_SECRET = "sandbox-kit-app-secret"  # noqa: S105 (opens nothing but the sandbox)
LIFETIME = 7200


@dataclass
class KitGrants:
    """Which tenant each token speaks for. A tenant's API key doubles as the authorization code of its account."""

    clock: Clock
    _access: dict[str, tuple[str, float]] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)

    def slug_of(self, token: str) -> str | None:
        """Return the tenant of an access token that has not ended."""
        slug, ends = self._access.get(token, (None, 0.0))
        return slug if self.clock() < ends else None

    def issue(self, call: Call) -> Answer:
        """``POST /v4/oauth/token``."""
        body = call.json()
        if (body.get("client_id"), body.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refuse(401, "invalid_client", "Client authentication failed")
        codes = {sandbox_credential("kit", tenant.slug): tenant.slug for tenant in TENANTS if "kit" in tenant.vendors}
        slug: str | None = None
        if body.get("grant_type") == "authorization_code":
            slug = codes.get(str(body.get("code")))
        elif body.get("grant_type") == "refresh_token":
            slug = self._refresh.pop(str(body.get("refresh_token")), None)
        if slug is None:
            return _refuse(400, "invalid_grant", "The authorization grant or refresh token is invalid or revoked")
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = (slug, self.clock() + LIFETIME)
        self._refresh[refresh] = slug
        return Answer(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "refresh_token": refresh,
                "scope": "public",
                "created_at": int(self.clock()),
            }
        )

    def revoke(self, call: Call) -> Answer:
        """``POST /v4/oauth/revoke``: either kind of token."""
        token = str(call.json().get("token"))
        self._access.pop(token, None)
        self._refresh.pop(token, None)
        return Answer({})


def _refuse(status: int, error: str, description: str) -> Answer:
    return Answer({"error": error, "error_description": description}, status)

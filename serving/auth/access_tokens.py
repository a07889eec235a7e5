"""Access tokens: short EdDSA-signed JWTs (RFC 9068). Whether their subject is still welcome is asked elsewhere.

The only place that signs or verifies them; the library alone would check neither `typ` nor `exp`.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning

from serving.auth.key_ring import KeyRing
from tekup.clock import utc_now
from tekup.ids import uuid7

ISSUER = "tekup"
AUDIENCE = "tekup-api"
LIFETIME = timedelta(minutes=15)
# RFC 9864 renames EdDSA to Ed25519; verifiers in use know the old name, and the key's curve says the rest
_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"
# nothing else is understood, so nothing else may stand there: no key or address of a key, no extension
_HEADER = {"alg", "typ", "kid"}


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says; a user's token names his session, a client's has none."""

    tenant_id: UUID
    subject_id: UUID
    session_id: UUID | None
    scopes: frozenset[str]


class AccessTokens:
    """Issues and verifies access tokens with the keys of a ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._claims = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            nbf={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            tid={"essential": True},
        )

    async def jwks(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set."""
        await self._ring.keep_fresh()
        return self._ring.public_set(_ALGORITHM)

    async def issue_to_user(
        self,
        tenant_id: UUID,
        user_id: UUID,
        session_id: UUID,
        role: str,
        scopes: Iterable[str],
        methods: Iterable[str],
        authenticated_at: datetime,
    ) -> str:
        """A token for one session of one user of one tenant."""
        more = {
            "sid": str(session_id),
            "role": role,
            "auth_time": int(authenticated_at.timestamp()),
            "amr": sorted(methods),
        }
        return await self._issue(tenant_id, user_id, scopes, more)

    async def issue_to_client(self, tenant_id: UUID, client_id: UUID, scopes: Iterable[str]) -> str:
        """A token for a client of a tenant (RFC 6749, 4.4)."""
        return await self._issue(tenant_id, client_id, scopes, {"client_id": str(client_id)})

    async def _issue(self, tenant_id: UUID, subject_id: UUID, scopes: Iterable[str], more: dict[str, Any]) -> str:
        await self._ring.keep_fresh()
        kid, key = self._ring.signing()
        now = int(utc_now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": str(uuid7()),
            "sub": str(subject_id),
            "tid": str(tenant_id),
            "scope": " ".join(sorted(scopes)),
            **more,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE, "kid": kid}, claims, key, algorithms=[_ALGORITHM])

    async def verify(self, text: str) -> AccessClaims | None:
        """What the token says, or None where it is forged, expired, for another use or audience or no token at all."""
        try:
            header = jws.extract_compact(text.encode()).headers()
            if set(header) != _HEADER or header["typ"] != _TYPE or not isinstance(header["kid"], str):
                return None
            await self._ring.keep_fresh(header["kid"])
            key = self._ring.verifying(header["kid"])
            if key is None:
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)
                token = jwt.decode(text, key, algorithms=[_ALGORITHM])
            self._claims.validate(token.claims)
            return _read(token.claims)
        except (JoseError, ValueError, TypeError, AttributeError, KeyError):
            return None


def _read(claims: dict[str, Any]) -> AccessClaims:
    kind: Literal["sid", "client_id"] = "sid" if "sid" in claims else "client_id"
    if kind == "client_id" and claims["client_id"] != claims["sub"]:
        raise ValueError("a client's token speaks for the client")
    session_id = UUID(claims["sid"]) if kind == "sid" else None
    scopes = frozenset(str(claims.get("scope", "")).split())
    return AccessClaims(UUID(claims["tid"]), UUID(claims["sub"]), session_id, scopes)

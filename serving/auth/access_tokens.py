"""Access tokens: short EdDSA-signed JWTs (RFC 9068). Whether their user is still welcome is asked elsewhere."""

import base64
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from tekup.clock import utc_now
from tekup.crypto.keys import MasterKey
from tekup.ids import uuid7

ISSUER = "tekup"
AUDIENCE = "tekup-api"
LIFETIME = timedelta(minutes=15)
# RFC 9864 renames EdDSA to Ed25519; verifiers in use know the old name, and the key's curve says the rest
_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says."""

    tenant_id: UUID
    user_id: UUID
    scopes: frozenset[str]


class AccessTokens:
    """Issues and verifies access tokens with a key that derives from the master key."""

    def __init__(self, master_key: MasterKey) -> None:
        seed = master_key.derive("jwt")
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _encode(public), "d": _encode(seed)})
        self._kid = self._key.thumbprint()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            tid={"essential": True},
        )

    @property
    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": _ALGORITHM}]}

    def issue(self, tenant_id: UUID, user_id: UUID, role: str, scopes: frozenset[str]) -> str:
        """A token for one user of one tenant."""
        now = utc_now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": str(uuid7()),
            "sub": str(user_id),
            "tid": str(tenant_id),
            "role": role,
            "scope": " ".join(sorted(scopes)),
        }
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._kid}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    def verify(self, text: str) -> AccessClaims | None:
        """What the token says, or None where it is forged, expired, for another audience or no token at all."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)
                token = jwt.decode(text, self._key, algorithms=[_ALGORITHM])
            if token.header.get("typ") != _TYPE or token.header.get("kid") != self._kid:
                return None
            self._claims.validate(token.claims)
            scopes = frozenset(str(token.claims.get("scope", "")).split())
            return AccessClaims(UUID(token.claims["tid"]), UUID(token.claims["sub"]), scopes)
        except (JoseError, ValueError, TypeError, AttributeError):
            return None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

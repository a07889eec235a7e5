"""OpenID Connect's authorization code flow with PKCE, as a client. Whose account it is in the end is not known here."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpcore
import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from serving.deliveries.sending import AddressRefused, GuardedBackend
from tekup.errors import TekupError

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures by a key that the provider publishes; none that a shared secret could make."""
_LARGEST_ANSWER = 1_000_000
_SECONDS = 10.0


class ProviderFailed(TekupError):
    """The provider can't be reached, or said what can't be believed."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of a provider's metadata the flow needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    tells_issuer: bool
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified ID token says of a person."""

    subject: str
    email: str | None
    is_email_verified: bool
    name: str
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trip:
    """Secrets of one way to the provider and back."""

    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Trip":
        """Fresh secrets of 256 bits."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class ProviderClient:
    """Speaks to providers over addresses that were judged (`serving.deliveries.sending`)."""

    def __init__(self, *, allows_private: bool) -> None:
        self._allows_private = allows_private
        self._pool = httpcore.AsyncConnectionPool(
            network_backend=GuardedBackend(allows_private), max_connections=20, keepalive_expiry=5.0
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def discover(self, issuer: str) -> Metadata:
        """The provider's metadata, which must call itself just what we call it.

        Raises:
            ProviderFailed: it can't be read, is another's, or lacks what the flow needs.
        """
        said = await self._ask("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise ProviderFailed("the provider's metadata names another issuer", hint="take it over exactly")
        try:
            return Metadata(
                issuer,
                self._url(said["authorization_endpoint"]),
                self._url(said["token_endpoint"]),
                self._url(said["jwks_uri"]),
                said.get("authorization_response_iss_parameter_supported") is True,
                "client_secret_basic" in said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
            )
        except KeyError as missing:
            raise ProviderFailed(f"the provider's metadata lacks {missing}") from None

    async def redeem(
        self, provider: Metadata, client_id: str, client_secret: str, code: str, redirect_uri: str, trip: Trip
    ) -> Identity:
        """Exchange the code for an ID token and read it.

        Raises:
            ProviderFailed: the provider refuses, or the token is forged, another's or of another trip.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": trip.verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if provider.takes_basic:
            pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        answer = await self._ask("POST", provider.token_endpoint, headers, urlencode(form).encode())
        keys = await self._ask("GET", provider.jwks_uri)
        return read_id_token(str(answer.get("id_token", "")), keys, provider.issuer, client_id, trip.nonce)

    def _url(self, text: object) -> str:
        parts = urlsplit(str(text))
        if parts.scheme != "https" and not (self._allows_private and parts.scheme == "http"):
            raise ProviderFailed("the provider's metadata names an address that is not https")
        return str(text)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> dict[str, Any]:
        timeouts = {"connect": _SECONDS, "read": _SECONDS, "write": _SECONDS, "pool": _SECONDS}
        try:
            async with self._pool.stream(
                method,
                self._url(url),
                headers=[("accept", "application/json"), *(headers or {}).items()],
                content=body,
                extensions={"timeout": timeouts},
            ) as response:
                text = b""
                async for chunk in response.aiter_stream():
                    text += chunk
                    if len(text) > _LARGEST_ANSWER:
                        raise ProviderFailed("the provider's answer is too large")
            said = orjson.loads(text)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise ProviderFailed(f"the provider can't be reached: {type(error).__name__}") from None
        except AddressRefused as refused:
            raise ProviderFailed(f"the provider's address is refused: {refused}") from None
        except orjson.JSONDecodeError:
            raise ProviderFailed("the provider's answer is no JSON") from None
        if response.status != 200 or not isinstance(said, dict):
            raise ProviderFailed(f"the provider answered {response.status}")
        return said


def authorization_url(provider: Metadata, client_id: str, redirect_uri: str, state: str, trip: Trip) -> str:
    """Where the browser goes: code flow, S256, and no more than who the person is."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid email profile",
        "state": state,
        "nonce": trip.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return provider.authorization_endpoint + joint + urlencode(asked)


def read_id_token(text: str, keys: dict[str, Any], issuer: str, client_id: str, nonce: str) -> Identity:
    """Verify an ID token (OpenID Connect Core, 3.1.3.7) and tell whom it names.

    Raises:
        ProviderFailed: it is unsigned, forged, expired, another provider's, another client's or of another trip.
    """
    registry = jwt.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        header = jws.extract_compact(text.encode()).headers()
        known = KeySet.import_key_set({"keys": [key for key in keys["keys"] if key.get("use", "sig") == "sig"]})
        if header.get("kid") is None and len(known.keys) != 1:
            raise ProviderFailed("the ID token does not say which key signed it")
        key = known if header.get("kid") is not None else known.keys[0]
        claims = jwt.decode(text, key, algorithms=ALGORITHMS).claims
        registry.validate(claims)
        audience = claims["aud"]
        if (isinstance(audience, list) and audience != [client_id]) or claims.get("azp", client_id) != client_id:
            raise ProviderFailed("the ID token is meant for others too")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderFailed("the ID token names nobody")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ProviderFailed("the provider's ID token can't be believed") from None
    email = claims.get("email")
    amr = claims.get("amr")
    return Identity(
        subject,
        email.strip().lower() if isinstance(email, str) else None,
        claims.get("email_verified") is True,
        str(claims.get("name") or "")[:200],
        frozenset(str(one) for one in amr) if isinstance(amr, list) else frozenset(),
    )

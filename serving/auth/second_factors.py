"""Second factors: codes of an authenticator app, recovery codes and passkeys. Repositories keep them."""

import hashlib
import hmac
import secrets
import struct
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pyotp
import webauthn
from webauthn.helpers import options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import InvalidAuthenticationResponse, InvalidJSONStructure, InvalidRegistrationResponse
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from serving.auth.factor_repository import FactorRepository
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal
from tekup.directory.opaque import decode

STEP_SECONDS = 30
RECOVERY_CODES = 10
CHALLENGE_LIFETIME = timedelta(minutes=5)
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 letters and digits that can't be taken for each other: 24 of them are 120 random bits, more than a hash needs."""
_MAC_BYTES = 16


class SecondFactors:
    """Makes and checks second factors for one deployment's pages."""

    def __init__(self, key: MasterKey, app_address: str) -> None:
        self._key = key
        self._challenge_key = key.derive("passkey challenge")
        self._origin = app_address
        self._rp_id = urlsplit(app_address).hostname or "localhost"

    def new_totp(self, tenant_id: UUID, user_id: UUID, email: str, tenant_name: str) -> tuple[bytes, str, str]:
        """A new app's secret sealed, in the clear, and as the address that an app reads from a picture."""
        secret = pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"TekUp {tenant_name}")
        return seal(self._key, tenant_id, place_of(user_id), secret), secret, address

    def totp_counter(self, tenant_id: UUID, user_id: UUID, sealed: bytes, code: str) -> int | None:
        """The time step of a right code, by this server's clock and in this half minute alone; else None."""
        secret = unseal(self._key, tenant_id, place_of(user_id), sealed)
        counter = int(time.time()) // STEP_SECONDS
        right = pyotp.TOTP(secret, interval=STEP_SECONDS).generate_otp(counter)
        return counter if hmac.compare_digest(right.encode(), code.encode()) else None

    async def check_code(self, repository: FactorRepository, user_id: UUID, text: str) -> bool:
        """Spend a code of the user's app, or one of his recovery codes; False for a wrong or spent one."""
        code = "".join(text.split()).replace("-", "").upper()
        if len(code) == 6 and code.isascii() and code.isdigit():
            row = await repository.find_totp(user_id)
            if row is None or row.secret_sealed is None:
                return False
            counter = self.totp_counter(repository.tenant_id, user_id, bytes(row.secret_sealed), code)
            return counter is not None and await repository.use_counter(user_id, counter)
        return await repository.use_recovery_code(user_id, _code_hash(code))

    def new_recovery_codes(self) -> tuple[list[str], list[bytes]]:
        """Recovery codes to show once, and their hashes."""
        codes = ["".join(secrets.choice(_CODE_LETTERS) for _ in range(24)) for _ in range(RECOVERY_CODES)]
        return ["-".join(c[i : i + 6] for i in range(0, 24, 6)) for c in codes], [_code_hash(c) for c in codes]

    def passkey_options(self) -> dict[str, Any]:
        """What `navigator.credentials.get` needs to sign anybody in."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=self._new_challenge(b"get"),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def new_passkey_options(
        self, tenant_id: UUID, user_id: UUID, email: str, name: str, known: list[bytes]
    ) -> dict[str, Any]:
        """What `navigator.credentials.create` needs for a passkey of this user; it will carry his tenant and id."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name="TekUp",
            user_id=tenant_id.bytes + user_id.bytes,
            user_name=email,
            user_display_name=name or email,
            challenge=self._new_challenge(user_id.bytes),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
        )
        return options_to_json_dict(options)

    def read_new_passkey(self, user_id: UUID, credential: dict[str, Any]) -> tuple[UUID, dict[str, Any]] | None:
        """The challenge's id and the stored form of a new passkey; None where it proves nothing."""
        challenge = self._challenge_in(credential, user_id.bytes)
        if challenge is None:
            return None
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (InvalidRegistrationResponse, InvalidJSONStructure, ValueError, KeyError, TypeError):
            return None
        return _challenge_id(challenge), {
            "credential_id": made.credential_id,
            "public_key": made.credential_public_key,
            "sign_count": made.sign_count,
            "is_backed_up": made.credential_backed_up,
        }

    def owner_of(self, credential: dict[str, Any]) -> tuple[UUID, UUID] | None:
        """The tenant and user that a used passkey claims; nothing is proven by it yet."""
        response = credential.get("response")
        handle = response.get("userHandle") if isinstance(response, dict) else None
        raw = decode(handle) if isinstance(handle, str) else None
        return (UUID(bytes=raw[:16]), UUID(bytes=raw[16:])) if raw is not None and len(raw) == 32 else None

    async def check_passkey(self, repository: FactorRepository, credential: dict[str, Any]) -> tuple[UUID, UUID] | None:
        """The challenge's id and the user of a passkey that was rightly used; None for a wrong one."""
        challenge = self._challenge_in(credential, b"get")
        identifier = credential.get("id")
        raw_id = decode(identifier) if isinstance(identifier, str) else None
        row = None if raw_id is None else await repository.find_passkey(raw_id)
        if challenge is None or row is None:
            return None
        try:
            used = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=bytes(row.public_key),
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
        except (InvalidAuthenticationResponse, InvalidJSONStructure, ValueError, KeyError, TypeError):
            return None
        if not await repository.note_passkey_use(row.id, row.sign_count, used.new_sign_count):
            return None
        return _challenge_id(challenge), row.user_id

    def _new_challenge(self, purpose: bytes) -> bytes:
        """A random id, the time until which it is good, and a MAC over both and the purpose: nothing to store yet."""
        body = secrets.token_bytes(16) + struct.pack(">Q", int(time.time() + CHALLENGE_LIFETIME.total_seconds()))
        return body + self._mac(body, purpose)

    def _challenge_in(self, credential: dict[str, Any], purpose: bytes) -> bytes | None:
        """The challenge that was answered, where we made it for this purpose and not too long ago."""
        response = credential.get("response")
        encoded = response.get("clientDataJSON") if isinstance(response, dict) else None
        client_data = decode(encoded) if isinstance(encoded, str) else None
        if client_data is None:
            return None
        try:
            challenge = parse_client_data_json(client_data).challenge
        except (InvalidJSONStructure, ValueError, TypeError):
            return None
        body, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        if len(body) != 24 or not hmac.compare_digest(mac, self._mac(body, purpose)):
            return None
        return challenge if struct.unpack(">Q", body[16:])[0] > time.time() else None

    def _mac(self, body: bytes, purpose: bytes) -> bytes:
        return hmac.digest(self._challenge_key, body + purpose, "sha256")[:_MAC_BYTES]


def _challenge_id(challenge: bytes) -> UUID:
    return UUID(bytes=challenge[:16])


def _code_hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def place_of(user_id: UUID) -> str:
    """Where a second factor's secret is sealed for."""
    return f"totp_factors.secret:{user_id}"

"""A software authenticator: makes and uses passkeys as a browser with a device would (WebAuthn level 2)."""

import base64
import hashlib
import json
import os
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

Json = dict[str, Any]
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def text_of(raw: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Authenticator:
    """One device at one page."""

    def __init__(self, origin: str, *, verifies: bool = True) -> None:
        self.origin, self.flags = origin, _PRESENT | (_VERIFIED if verifies else 0)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id, self.handle, self.count = os.urandom(32), b"", 0

    def create(self, options: Json) -> Json:
        """What `navigator.credentials.create` gives for these options."""
        self.handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)
        data = self._authenticator_data(options["rp"]["id"], _ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._credential({"attestationObject": text_of(attestation), "clientDataJSON": text_of(client_data)})

    def get(self, options: Json) -> Json:
        """What `navigator.credentials.get` gives for these options."""
        self.count += 1
        data = self._authenticator_data(options["rpId"])
        client_data = self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "authenticatorData": text_of(data),
                "clientDataJSON": text_of(client_data),
                "signature": text_of(signature),
                "userHandle": text_of(self.handle),
            }
        )

    def _authenticator_data(self, rp_id: str, more: int = 0) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([self.flags | more]) + struct.pack(">I", self.count)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _credential(self, response: Json) -> Json:
        identifier = text_of(self.credential_id)
        return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}

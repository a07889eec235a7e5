"""Challenges: a signed moment that a page gets with a form, and the sum it does before it may send it in."""

import base64
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

GOOD_FOR = timedelta(days=1)
_BODY = struct.Struct(">16sQ8s")
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Challenges:
    """Makes and reads challenges under one key."""

    key: bytes

    def make(self, form_id: UUID, now: datetime) -> str:
        """A new challenge for one form; no two are the same."""
        body = _BODY.pack(form_id.bytes, int(now.timestamp() * 1000), os.urandom(8))
        return base64.urlsafe_b64encode(self._mac(body) + body).decode().rstrip("=")

    def issued_at(self, challenge: str, form_id: UUID) -> datetime | None:
        """When it was made; None where it is not ours, or another form's."""
        try:
            raw = base64.b64decode(challenge + "=" * (-len(challenge) % 4), altchars=b"-_", validate=True)
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(body)):
                return None
            form, milliseconds, _ = _BODY.unpack(body)
        except (ValueError, struct.error):
            return None
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if form == form_id.bytes else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self.key, body, "sha256")[:_MAC_BYTES]


def is_solved(challenge: str, work: str, bits: int) -> bool:
    """Whether SHA-256 of ``challenge:work`` begins with ``bits`` zero bits.

    >>> is_solved("anything", "", 0)
    True
    """
    digest = hashlib.sha256(f"{challenge}:{work}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def make_key(tenant_id: UUID, form_id: UUID) -> str:
    """The public key of a new form: it says whose it is, and can't be guessed from another."""
    return "fm_" + base64.urlsafe_b64encode(tenant_id.bytes + form_id.bytes + os.urandom(6)).decode().rstrip("=")


def read_key(key: str) -> tuple[UUID, UUID] | None:
    """The tenant and the form that a key names; None for what is no key."""
    text = key.removeprefix("fm_")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return (UUID(bytes=raw[:16]), UUID(bytes=raw[16:32])) if len(raw) == 38 and key.startswith("fm_") else None

"""Cursors of keyset pagination: signed, and good only for the tenant and the question they were made for."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from serving.kit.problems import Problem

_MAC_BYTES = 16


class CursorSigner:
    """Makes and opens cursors with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, tenant_id: UUID, question: str, position: list[Any]) -> str:
        """A cursor after ``position``; ``question`` names the list with its filters and its order."""
        body = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(tenant_id, question, body) + body).decode().rstrip("=")

    def open(self, tenant_id: UUID, question: str, cursor: str) -> list[Any]:
        """The position in ``cursor``.

        Raises:
            Problem: 422 where it was altered, or made for another tenant, list, filter or order.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raw = b""
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(tenant_id, question, body)):
            raise Problem(
                422,
                "unusable-input",
                "the request can't be used",
                hint="ask for the first page again, without a cursor",
                errors=[{"pointer": "cursor", "detail": "not a cursor of this list with these filters"}],
            )
        position: list[Any] = json.loads(body)
        return position

    def _mac(self, tenant_id: UUID, question: str, body: bytes) -> bytes:
        message = tenant_id.bytes + hashlib.sha256(question.encode()).digest() + body
        return hmac.digest(self._key, message, "sha256")[:_MAC_BYTES]

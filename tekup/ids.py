"""Identifiers: time-ordered for new rows, derived for rows that have a natural key elsewhere."""

import os
import time
from uuid import UUID, uuid5

NAMESPACE = UUID("5b0c7a52-3f0e-5b64-9d6e-7e6b70000001")


def uuid7() -> UUID:
    """A time-ordered UUID, RFC 9562 version 7: it keeps an index's inserts at its right-hand end."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & ((1 << 62) - 1)
    return UUID(int=value)


def derived_uuid(*parts: object) -> UUID:
    """The same UUID for the same natural key, whichever process asks."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))

"""Seals: signed statements that a batch of entries is exactly this, and follows exactly that. No database here."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tekup.audit.merkle import hash_leaf

FIRST_PREVIOUS = bytes(32)
"""What the first seal of a tenant names as its predecessor."""
_SEAL, _REMOVAL = b"tekup audit seal v1\n", b"tekup audit removal v1\n"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal as it is stored: what it covers and who signed.

    ``horizon`` is the first transaction that is not covered: every entry below it that no earlier seal covers
    belongs to this one. ``entry_ids`` and ``leaves`` stand in the order that the root is made over.
    """

    database: str
    tenant_id: UUID
    number: int
    horizon: int
    entry_ids: tuple[UUID, ...]
    leaves: tuple[bytes, ...]
    root: bytes
    previous: bytes
    sealed_at: str
    key_id: str
    signature: bytes

    def statement(self) -> bytes:
        """What is signed, in canonical JSON."""
        return canonical(
            {
                "database": self.database,
                "tenant_id": str(self.tenant_id),
                "number": self.number,
                "horizon": self.horizon,
                "entry_count": len(self.entry_ids),
                "root": self.root.hex(),
                "previous": self.previous.hex(),
                "sealed_at": self.sealed_at,
                "key_id": self.key_id,
            }
        )

    def head(self) -> bytes:
        """The hash by which the next seal, and an exported head, name this one."""
        return hashlib.sha256(_SEAL + self.statement()).digest()


class SealingKey:
    """Signs seals. The seed derives from the master key; the public half is all that a verifier needs."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id_of(self.public)

    def sign_seal(self, statement: bytes) -> bytes:
        """The signature of a seal's statement."""
        return self._key.sign(_SEAL + statement)

    def sign_removal(self, statement: bytes) -> bytes:
        """The signature of a statement that entries were removed because their time was over."""
        return self._key.sign(_REMOVAL + statement)


class TrustedKeys:
    """The public keys that a verifier believes, by id."""

    def __init__(self, public_keys: Iterable[bytes]) -> None:
        self._keys = {key_id_of(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in public_keys}

    def knows(self, key_id: str) -> bool:
        """Whether a key with this name is trusted."""
        return key_id in self._keys

    def is_seal(self, seal: Sealed) -> bool:
        """Whether a trusted key signed the seal."""
        return self._holds(seal.key_id, seal.signature, _SEAL + seal.statement())

    def is_removal(self, key_id: str, signature: bytes, statement: bytes) -> bool:
        """Whether a trusted key signed the removal."""
        return self._holds(key_id, signature, _REMOVAL + statement)

    def _holds(self, key_id: str, signature: bytes, message: bytes) -> bool:
        key = self._keys.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def key_id_of(public: bytes) -> str:
    """The short name of a public key: the beginning of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def removal_statement(database: str, tenant_id: UUID, through: int, removed_at: str) -> bytes:
    """What is signed when the entries of all seals up to ``through`` are removed."""
    return canonical({"database": database, "tenant_id": str(tenant_id), "through": through, "removed_at": removed_at})


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces: the same bytes for the same content."""
    return orjson.dumps(dict(value), option=orjson.OPT_SORT_KEYS)


def leaf_of(content: bytes) -> bytes:
    """The leaf of an entry's canonical JSON."""
    return hash_leaf(content)

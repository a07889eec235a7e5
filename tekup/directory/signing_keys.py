"""The keys that sign access tokens: made, rotated with an overlap, and read by whoever signs or verifies."""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tekup.clock import utc_now
from tekup.crypto.sealing import NO_TENANT, seal, unseal
from tekup.db import Database, Doors, Role
from tekup.directory.opaque import decode, encode

PUBLISHED_BEFORE = timedelta(seconds=90)
"""A new key stands in the key set this long before it signs, so that every process and verifier knows it by then."""
KEPT_AFTER = timedelta(minutes=20)
"""An old key verifies this long after it signed for the last time: longer than any token lives."""
_SEED_BYTES = 32
_LOCK = 7_205_001


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """One Ed25519 key, with the time from which it signs and the one after which it is gone."""

    kid: str
    seed: bytes
    signs_from: datetime
    retires_at: datetime | None

    @property
    def jwk(self) -> dict[str, str | list[str]]:
        """The whole key as a JSON Web Key."""
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(_public(self.seed)), "d": encode(self.seed)}


def read_signing_keys(doors: Doors) -> list[SigningKey]:
    """Every live key, oldest first; the first one is made where there is none yet."""
    keys = _read(doors)
    if not any(key.signs_from <= utc_now() for key in keys):
        _make_first(doors)
        keys = _read(doors)
    return keys


def rotate_signing_key(doors: Doors) -> str:
    """Make a new signing key and let the present ones retire; returns the new key's id.

    The new key signs a little later, and tokens of the old one stay good until they expire: nobody is signed out.
    """
    read_signing_keys(doors)
    signs_from = utc_now() + PUBLISHED_BEFORE
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "update sign_in.signing_key set retires_at = %s where retires_at is null", (signs_from + KEPT_AFTER,)
        )
        connection.execute("delete from sign_in.signing_key where retires_at < now()")
        return _insert(doors, connection, signs_from)


def reseal_signing_keys(doors: Doors) -> int:
    """Seal the keys' seeds by the present master key, where one before it did; returns how many keys there are."""
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        rows = connection.execute("select kid, seed_sealed from sign_in.signing_key for update").fetchall()
        for kid, sealed in rows:
            seed = unseal(doors.master_key, NO_TENANT, _place(kid), bytes(sealed))
            connection.execute(
                "update sign_in.signing_key set seed_sealed = %s where kid = %s",
                (seal(doors.master_key, NO_TENANT, _place(kid), seed), kid),
            )
    return len(rows)


def _make_first(doors: Doors) -> None:
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        if connection.execute("select from sign_in.signing_key where signs_from <= now()").fetchone() is None:
            _insert(doors, connection, utc_now())


def _insert(doors: Doors, connection: psycopg.Connection, signs_from: datetime) -> str:
    seed = os.urandom(_SEED_BYTES)
    kid = _thumbprint(seed)
    sealed = seal(doors.master_key, NO_TENANT, _place(kid), encode(seed))
    connection.execute(
        "insert into sign_in.signing_key (kid, seed_sealed, signs_from) values (%s, %s, %s)", (kid, sealed, signs_from)
    )
    return kid


def _read(doors: Doors) -> list[SigningKey]:
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        rows = connection.execute(
            "select kid, seed_sealed, signs_from, retires_at from sign_in.signing_key "
            "where retires_at is null or retires_at > now() order by signs_from"
        ).fetchall()
    keys = []
    for kid, sealed, signs_from, retires_at in rows:
        seed = decode(unseal(doors.master_key, NO_TENANT, _place(kid), bytes(sealed)))
        assert seed is not None
        keys.append(SigningKey(kid, seed, signs_from, retires_at))
    return keys


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _thumbprint(seed: bytes) -> str:
    """RFC 7638: the hash of the public key's required members in order."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": encode(_public(seed))}
    return encode(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def _place(kid: str) -> str:
    return f"signing_key.seed:{kid}"

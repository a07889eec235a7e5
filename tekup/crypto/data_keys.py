"""Tenants' own keys, random and stored wrapped by the master key. What is sealed with them is told in `sealing`."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tekup.crypto.keys import MasterKey
from tekup.errors import SettingError

Purpose: TypeAlias = Literal["field", "pseudonym", "subject"]
"""What a key is for: sealing fields, naming persons without naming them, sealing what one person's erasure destroys."""
OpenTenant: TypeAlias = Callable[[UUID], AbstractContextManager[psycopg.Connection]]

TRUSTED_SECONDS = 10.0
"""For how long the newest version is believed to be the newest: the most that a rotation waits for other processes."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """32 random bytes and the version that says which."""

    version: int
    secret: bytes


class KeyDestroyed(SettingError):
    """The key was destroyed: what it sealed is gone for good."""


class DataKeys:
    """Finds, makes and opens the keys of tenants; opened ones are kept in the process."""

    def __init__(self, master: MasterKey, open_tenant: OpenTenant, reload: Callable[[], MasterKey]) -> None:
        self._master, self._open_tenant, self._reload = master, open_tenant, reload
        self._opened: OrderedDict[tuple[UUID, str, int], bytes] = OrderedDict()
        self._newest: dict[tuple[UUID, str], tuple[float, int]] = {}

    def newest(self, tenant_id: UUID, purpose: Purpose = "field") -> DataKey:
        """The key to seal with; the tenant's first one is made here."""
        until, version = self._newest.get((tenant_id, purpose), (0.0, 0))
        if time.monotonic() < until:
            return self.version(tenant_id, version, purpose)
        with self._open_tenant(tenant_id) as connection:
            row = _find_newest(connection, tenant_id, purpose, "")
            if row is None:
                self._master = self._reload()  # a rotation may have come meanwhile
                add_version(connection, self._master, tenant_id, purpose, 1)
                row = _find_newest(connection, tenant_id, purpose, "")
        assert row is not None
        version = int(row[0])
        self._newest[tenant_id, purpose] = (time.monotonic() + TRUSTED_SECONDS, version)
        return DataKey(version, self._remember(tenant_id, purpose, version, bytes(row[1])))

    def version(self, tenant_id: UUID, version: int, purpose: Purpose = "field") -> DataKey:
        """The key that something was sealed with.

        Raises:
            KeyDestroyed: it is stored no more.
        """
        held = self._opened.get((tenant_id, purpose, version))
        if held is not None:
            return DataKey(version, held)
        with self._open_tenant(tenant_id) as connection:
            row = connection.execute(
                "select wrapped_key from app.data_keys "
                "where tenant_id = %s and purpose = %s and subject = '' and version = %s",
                (tenant_id, purpose, version),
            ).fetchone()
        if row is None:
            raise _destroyed(tenant_id, purpose, version)
        return DataKey(version, self._remember(tenant_id, purpose, version, bytes(row[0])))

    def of_subject(self, tenant_id: UUID, subject: str, *, make: bool = False) -> bytes:
        """The key of one person; it is never kept in the process, so that destroying it destroys it everywhere.

        Raises:
            KeyDestroyed: there is none, and it was not to be made.
        """
        with self._open_tenant(tenant_id) as connection:
            if make:
                self._master = self._reload()
                add_version(connection, self._master, tenant_id, "subject", 1, subject=subject)
            row = _find_newest(connection, tenant_id, "subject", subject)
        if row is None:
            raise _destroyed(tenant_id, "subject", 1)
        return self._unwrap(tenant_id, "subject", bytes(row[1]))

    def look_again(self) -> None:
        """Ask anew which versions are the newest."""
        self._newest.clear()

    def _unwrap(self, tenant_id: UUID, purpose: Purpose, wrapped: bytes) -> bytes:
        try:
            return unwrap(self._master, tenant_id, purpose, wrapped)
        except SettingError:
            self._master = self._reload()  # the master key's file may hold a new one since
            return unwrap(self._master, tenant_id, purpose, wrapped)

    def _remember(self, tenant_id: UUID, purpose: Purpose, version: int, wrapped: bytes) -> bytes:
        secret = self._unwrap(tenant_id, purpose, wrapped)
        self._opened[tenant_id, purpose, version] = secret
        while len(self._opened) > _REMEMBERED:
            self._opened.popitem(last=False)
        return secret


def add_version(
    connection: psycopg.Connection,
    master: MasterKey,
    tenant_id: UUID,
    purpose: Purpose,
    version: int,
    *,
    subject: str = "",
) -> bool:
    """Store a new random key; returns whether it was, and is not where another process was faster."""
    return bool(
        connection.execute(
            "insert into app.data_keys (tenant_id, purpose, subject, version, wrapped_key, wrapped_by) "
            "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            (
                tenant_id,
                purpose,
                subject,
                version,
                wrap(master, tenant_id, purpose, os.urandom(32)),
                master.name,
            ),
        ).rowcount
    )


def wrap(master: MasterKey, tenant_id: UUID, purpose: str, secret: bytes) -> bytes:
    """Close a key (RFC 3394) for this tenant and purpose alone: moved elsewhere it won't open."""
    return aes_key_wrap(master.derive("wrap", str(tenant_id), purpose), secret)


def unwrap(master: MasterKey, tenant_id: UUID, purpose: str, wrapped: bytes) -> bytes:
    """Open a key that `wrap` closed under this master key or one before it.

    Raises:
        SettingError: another master key closed it, or it was moved or altered.
    """
    for candidate in (master, *master.previous):
        try:
            return aes_key_unwrap(candidate.derive("wrap", str(tenant_id), purpose), wrapped)
        except InvalidUnwrap:
            continue
    raise SettingError(
        f"a data key of tenant {tenant_id} can't be opened",
        hint="set TEKUP_MASTER_KEY to the key that closed it; keys before the present one follow it, after a comma",
    )


def _find_newest(
    connection: psycopg.Connection, tenant_id: UUID, purpose: Purpose, subject: str
) -> tuple[int, bytes] | None:
    return connection.execute(
        "select version, wrapped_key from app.data_keys where tenant_id = %s and purpose = %s and subject = %s "
        "order by version desc limit 1",
        (tenant_id, purpose, subject),
    ).fetchone()


def _destroyed(tenant_id: UUID, purpose: str, version: int) -> KeyDestroyed:
    return KeyDestroyed(
        f"the {purpose} key {version} of tenant {tenant_id} is gone",
        hint="it was destroyed with what it sealed; restore the operational database if that was not meant",
    )

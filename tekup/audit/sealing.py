"""Sealing, verifying and removing over tenants and both databases. When and for whom is decided elsewhere."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg

from tekup.audit import trail
from tekup.audit.heads import append_heads, read_heads
from tekup.audit.seals import Sealed, SealingKey, TrustedKeys
from tekup.audit.verification import Report, verify_chain
from tekup.db import Database, Doors, Role, bound


def seal_all(doors: Doors, tenant_ids: list[UUID], *, key: SealingKey) -> Iterator[Sealed]:
    """Seal everything that waits and is finished; each seal is a transaction of its own."""
    for database in Database:
        with doors.connect(database, Role.APP) as connection:
            for tenant_id in tenant_ids:
                while sealed := _seal_once(connection, database, tenant_id, key):
                    yield sealed


def _seal_once(connection: psycopg.Connection, database: Database, tenant_id: UUID, key: SealingKey) -> Sealed | None:
    try:
        with bound(connection, tenant_id, isolation="REPEATABLE READ"):
            return trail.seal_next(connection, database, tenant_id, key)
    except psycopg.errors.UniqueViolation:
        # another process sealed between this transaction's snapshot and its lock
        return None


def newest(seals: list[Sealed]) -> list[Sealed]:
    """The last of the seals for each database and tenant: a head stands for all before it."""
    return list({(seal.database, seal.tenant_id): seal for seal in seals}.values())


def keep_heads(path: Path, seals: list[Sealed]) -> None:
    """Append the newest heads of ``seals`` to the file."""
    append_heads(path, newest(seals))


def verify_tenant(
    doors: Doors, database: Database, tenant_id: UUID, trusted: TrustedKeys, heads_path: Path
) -> tuple[Report, int]:
    """What a verification of one tenant's trail in one database saw, and how many entries wait for their seal."""
    heads = read_heads(heads_path, database, tenant_id)
    with doors.tenant_transaction(database, Role.OWNER, tenant_id, isolation="REPEATABLE READ") as connection:
        report = verify_chain(trail.segments(connection, database, tenant_id, trusted), trusted, heads)
        return report, trail.unsealed(connection, database, tenant_id)


def remove_old(doors: Doors, tenant_id: UUID, *, before: datetime, key: SealingKey) -> int:
    """Remove the tenant's sealed entries from before ``before`` in both databases: how many."""
    removed = 0
    for database in Database:
        with doors.tenant_transaction(database, Role.OWNER, tenant_id) as connection:
            removed += trail.remove_sealed(connection, database, tenant_id, key, before=before)
    return removed

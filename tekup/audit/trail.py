"""The stored trail of one tenant: sealed, read back for verification and export, removed after its time.

What a seal says and how it is checked is `tekup.audit.seals`' and `tekup.audit.verification`'s.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tekup.audit.merkle import root_of
from tekup.audit.record import Entry, insert_statement, table_of
from tekup.audit.seals import (
    FIRST_PREVIOUS,
    Sealed,
    SealingKey,
    TrustedKeys,
    canonical,
    leaf_of,
    removal_statement,
)
from tekup.audit.verification import Segment, Stored
from tekup.clock import utc_now
from tekup.crypto.keys import MasterKey
from tekup.db import Database

ENTRIES_PER_SEAL = 2_000
_KEY_LABEL = "audit seal"
_UTC = """to_char({} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# every column as text: the hash is over exactly what the database says, whatever a client would make of it
_ENTRY = f"""
select tenant_id::text, id::text, actor_kind, actor_id, action, entity_type, entity_id, item_ids::text,
    item_count::text, outcome, purpose, route, address, request_id, trace_id, details::text,
    {_UTC.format("occurred_at")} as occurred_at, recorded_by, xid::text
from {{table}} as entry
"""  # noqa: S608  # the table is one of two
# of the columns, not of the texts that are selected by the same names: of those '9' comes after '10'
_IN_ORDER = "order by entry.xid, entry.id"
_SEAL = f"""
select tenant_id, number, horizon::text::bigint as horizon, entry_ids, leaves, root, previous,
    {_UTC.format("sealed_at")} as sealed_at, key_id, signature
from {{table}}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of one database's three tables."""

    database: Database

    @property
    def log(self) -> str:
        """Entries."""
        return table_of(self.database)

    @property
    def seal(self) -> str:
        """Seals."""
        return self.log.replace("_log", "_seal")

    @property
    def removal(self) -> str:
        """Signed removals."""
        return self.log.replace("_log", "_removal")


def sealing_key(master_key: MasterKey) -> SealingKey:
    """The key that signs seals."""
    return SealingKey(master_key.derive(_KEY_LABEL))


def append(connection: psycopg.Connection[Any], database: Database, entry: Entry) -> None:
    """Write one entry in the connection's open transaction of the entry's tenant."""
    connection.execute(insert_statement(database).encode(), entry.values())


def seal_next(
    connection: psycopg.Connection[Any], database: Database, tenant_id: UUID, key: SealingKey, *, most: int = 0
) -> Sealed | None:
    """Seal the tenant's oldest finished entries, or None where none waits. The transaction is REPEATABLE READ.

    An entry belongs to the seal whose horizon is the first above its transaction. Transactions below the snapshot's
    xmin are finished, so that nothing can appear behind a horizon later. A batch ends between two transactions.
    """
    tables, most = Tables(database), most or ENTRIES_PER_SEAL
    locked = connection.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 7203002))", (str(tenant_id),))
    if locked.fetchone() != (True,):
        return None
    before = last_seal(connection, database, tenant_id)
    low = before.horizon if before else 0
    high = _number(connection, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    rows = _entries(connection, tables, tenant_id, low, high, most + 1)
    if not rows:
        return None
    if len(rows) > most:
        last = int(rows[-1]["xid"])
        whole = [row for row in rows if int(row["xid"]) < last]
        # one transaction may be larger than a seal should be: it is sealed whole all the same
        high = last if whole else last + 1
        rows = whole or _entries(connection, tables, tenant_id, low, high, None)
    sealed = _sign(database, tenant_id, key, before, high, rows)
    connection.execute(
        f"insert into {tables.seal} (tenant_id, number, horizon, entry_ids, leaves, root, previous, sealed_at, "  # noqa: S608
        "last_occurred_at, key_id, public_key, signature) values "
        "(%s, %s, %s::text::xid8, %s, %s, %s, %s, %s, %s, %s, %s, %s)".encode(),
        (
            tenant_id, sealed.number, str(high), list(sealed.entry_ids), list(sealed.leaves), sealed.root,
            sealed.previous, sealed.sealed_at, max(row["occurred_at"] for row in rows), key.key_id, key.public,
            sealed.signature,
        ),
    )  # fmt: skip
    return sealed


def _sign(
    database: Database,
    tenant_id: UUID,
    key: SealingKey,
    before: Sealed | None,
    horizon: int,
    rows: Sequence[dict[str, Any]],
) -> Sealed:
    leaves = tuple(leaf_of(canonical(row)) for row in rows)
    unsigned = Sealed(
        database=database.value,
        tenant_id=tenant_id,
        number=before.number + 1 if before else 1,
        horizon=horizon,
        entry_ids=tuple(UUID(row["id"]) for row in rows),
        leaves=leaves,
        root=root_of(leaves),
        previous=before.head() if before else FIRST_PREVIOUS,
        sealed_at=_now(),
        key_id=key.key_id,
        signature=b"",
    )
    return Sealed(
        **{name: getattr(unsigned, name) for name in Sealed.__slots__ if name != "signature"},
        signature=key.sign_seal(unsigned.statement()),
    )


def last_seal(connection: psycopg.Connection[Any], database: Database, tenant_id: UUID) -> Sealed | None:
    """The tenant's newest seal."""
    query = _SEAL.format(table=Tables(database).seal) + " where tenant_id = %s order by number desc limit 1"
    row = connection.cursor(row_factory=dict_row).execute(query.encode(), (tenant_id,)).fetchone()
    return None if row is None else _sealed(database, row)


def segments(
    connection: psycopg.Connection[Any], database: Database, tenant_id: UUID, trusted: TrustedKeys
) -> Iterator[Segment]:
    """The tenant's seals in order, each with the entries that stand in its window now.

    An entry that is listed but stands in another window was altered: it is handed over with its seal. Entries may be
    gone only where a trusted key signed their removal.
    """
    tables, low = Tables(database), 0
    removed = _removed_through(connection, tables, tenant_id, trusted)
    query = _SEAL.format(table=tables.seal) + " where tenant_id = %s order by number"
    seals = connection.cursor(row_factory=dict_row).execute(query.encode(), (tenant_id,))
    for row in seals.fetchall():
        seal = _sealed(database, row)
        if seal.number <= removed:
            yield Segment(seal, None)
        else:
            found = _entries(connection, tables, tenant_id, low, seal.horizon, None)
            missing = set(seal.entry_ids) - {UUID(entry["id"]) for entry in found}
            if missing:
                found += _entries_by_id(connection, tables, tenant_id, list(missing))
            yield Segment(seal, [Stored(UUID(entry["id"]), canonical(entry)) for entry in found])
        low = seal.horizon


def unsealed(connection: psycopg.Connection[Any], database: Database, tenant_id: UUID) -> int:
    """How many entries wait for their seal."""
    before = last_seal(connection, database, tenant_id)
    return _number(
        connection,
        f"select count(*) from {table_of(database)} where tenant_id = %s and xid >= %s::text::xid8",  # noqa: S608
        (tenant_id, str(before.horizon if before else 0)),
    )


def _removed_through(connection: psycopg.Connection[Any], tables: Tables, tenant_id: UUID, trusted: TrustedKeys) -> int:
    """The last seal whose entries were removed after their time, by a statement that a trusted key signed; or 0."""
    rows = connection.execute(
        f"select through, {_UTC.format('removed_at')}, key_id, signature from {tables.removal} "  # noqa: S608
        "where tenant_id = %s".encode(),
        (tenant_id,),
    ).fetchall()
    name = tables.database.value
    return max(
        (
            through
            for through, removed_at, key_id, signature in rows
            if trusted.is_removal(key_id, bytes(signature), removal_statement(name, tenant_id, through, removed_at))
        ),
        default=0,
    )


def remove_sealed(
    connection: psycopg.Connection[Any], database: Database, tenant_id: UUID, key: SealingKey, *, before: datetime
) -> int:
    """Remove the entries of seals that end before ``before``, with a signed statement; the seals stay.

    The connection is the owner's, in a transaction of the tenant. Returns how many entries went.
    """
    tables = Tables(database)
    through = _number(
        connection,
        # a seal goes only when all before it may go, so that what is left is one unbroken end
        f"select coalesce(max(number), 0) from {tables.seal} as s where tenant_id = %s and not exists ("  # noqa: S608
        f"select from {tables.seal} as e where e.tenant_id = s.tenant_id and e.number <= s.number "
        "and e.last_occurred_at >= %s)",
        (tenant_id, before),
    )
    if through <= _removed_through(connection, tables, tenant_id, TrustedKeys([key.public])):
        return 0
    removed_at = _now()
    signature = key.sign_removal(removal_statement(database.value, tenant_id, through, removed_at))
    connection.execute(
        f"insert into {tables.removal} (tenant_id, through, removed_at, key_id, signature) "  # noqa: S608
        "values (%s, %s, %s, %s, %s)".encode(),
        (tenant_id, through, removed_at, key.key_id, signature),
    )
    done = connection.execute(
        f"delete from {tables.log} where tenant_id = %s and xid < "  # noqa: S608
        f"(select horizon from {tables.seal} where tenant_id = %s and number = %s)".encode(),
        (tenant_id, tenant_id, through),
    )
    return done.rowcount


def forget_tenant(connection: psycopg.Connection[Any], database: Database, tenant_id: UUID) -> None:
    """Remove the whole trail of a tenant that is being deleted; the connection is the owner's, in its transaction."""
    connection.execute(f"set local app.deleted_tenant = '{UUID(str(tenant_id))}'".encode())
    tables = Tables(database)
    for table in (tables.removal, tables.seal, tables.log):
        connection.execute(f"delete from {table} where tenant_id = %s".encode(), (tenant_id,))  # noqa: S608


def read_after(
    connection: psycopg.Connection[Any], database: Database, tenant_id: UUID, after: tuple[int, str], most: int
) -> list[dict[str, Any]]:
    """Entries in the order of their transactions, after ``after`` (transaction and id).

    Only of transactions below which all are finished, so that a reader who goes on from the last entry misses none.
    """
    xid, entry_id = after
    query = _ENTRY.format(table=table_of(database)) + (
        " where tenant_id = %s and (xid, id) > (%s::text::xid8, %s::text::uuid) "
        f"and xid < pg_snapshot_xmin(pg_current_snapshot()) {_IN_ORDER} limit %s"
    )
    cursor = connection.cursor(row_factory=dict_row)
    return cursor.execute(query.encode(), (tenant_id, str(xid), entry_id, most)).fetchall()


def _entries(
    connection: psycopg.Connection[Any], tables: Tables, tenant_id: UUID, low: int, high: int, most: int | None
) -> list[dict[str, Any]]:
    query = _ENTRY.format(table=tables.log) + (
        f" where tenant_id = %s and xid >= %s::text::xid8 and xid < %s::text::xid8 {_IN_ORDER} limit %s"
    )
    cursor = connection.cursor(row_factory=dict_row)
    return cursor.execute(query.encode(), (tenant_id, str(low), str(high), most)).fetchall()


def _entries_by_id(
    connection: psycopg.Connection[Any], tables: Tables, tenant_id: UUID, ids: list[UUID]
) -> list[dict[str, Any]]:
    query = _ENTRY.format(table=tables.log) + " where tenant_id = %s and id = any(%s)"
    return connection.cursor(row_factory=dict_row).execute(query.encode(), (tenant_id, ids)).fetchall()


def _sealed(database: Database, row: Mapping[str, Any]) -> Sealed:
    return Sealed(
        database=database.value,
        tenant_id=row["tenant_id"],
        number=row["number"],
        horizon=row["horizon"],
        entry_ids=tuple(row["entry_ids"]),
        leaves=tuple(bytes(leaf) for leaf in row["leaves"]),
        root=bytes(row["root"]),
        previous=bytes(row["previous"]),
        sealed_at=row["sealed_at"],
        key_id=row["key_id"],
        signature=bytes(row["signature"]),
    )


def _now() -> str:
    """The time in the form in which it is signed and read back."""
    return _stamp(utc_now())


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seal_of_row(database: Database, row: Mapping[str, Any]) -> Sealed:
    """The seal in a row whose values have the driver's types."""
    sealed_at: datetime = row["sealed_at"]
    told = {"horizon": int(row["horizon"]), "sealed_at": _stamp(sealed_at.astimezone(UTC))}
    return _sealed(database, dict(row) | told)


def _number(connection: psycopg.Connection[Any], query: str, parameters: tuple[Any, ...] = ()) -> int:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return int(row[0])

"""New keys for old: data keys are closed anew, sealed values sealed anew, a few at a time, while everything runs on."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import dict_row

from tekup.crypto.columns import SealedColumn, sealed_columns
from tekup.crypto.data_keys import TRUSTED_SECONDS, add_version, unwrap, wrap
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal, version_of
from tekup.db import Database, Doors, Role
from tekup.errors import TekupError

_ROUNDS = 20


class RotationUnfinished(TekupError):
    """Something goes on sealing with an old key."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """How a tenant's keys stand: sealed values by version of their key (0: of a derived key), keys of old masters."""

    newest: int
    values: Mapping[int, int]
    old_wraps: int

    @property
    def old_values(self) -> int:
        """Values that the newest key did not seal."""
        return sum(count for version, count in self.values.items() if version != self.newest)


def key_state(doors: Doors, tenant_id: UUID) -> KeyState:
    """How the tenant's keys stand now."""
    values: dict[int, int] = {}
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        for one in sealed_columns():
            query = sql.SQL("select {} from {} where tenant_id = {}").format(
                sql.Identifier(one.column), sql.Identifier(*one.table.split(".")), tenant_id
            )
            for (value,) in connection.execute(query):
                if value is not None:
                    version = version_of(bytes(value))
                    values[version] = values.get(version, 0) + 1
        row = connection.execute(
            "select coalesce(max(version) filter (where purpose = 'field'), 0), "
            "count(*) filter (where wrapped_by <> %s) from app.data_keys where tenant_id = %s",
            (doors.master_key.name, tenant_id),
        ).fetchone()
    assert row is not None
    return KeyState(row[0], values, row[1])


def rotate_data_keys(
    doors: Doors, tenant_ids: list[UUID], *, note: Callable[[str], None], settle_seconds: float = TRUSTED_SECONDS
) -> int:
    """A new data key for each tenant, and all values sealed with it; returns how many values were.

    Where an earlier rotation was cut short, that one is finished, and no further key made.

    Raises:
        RotationUnfinished: values are still being sealed with an old key.
    """
    for tenant_id in tenant_ids:
        state = key_state(doors, tenant_id)
        if not state.old_values:
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
                add_version(connection, doors.master_key, tenant_id, "field", state.newest + 1)
    # other processes seal with the version before until they look again
    time.sleep(settle_seconds)
    _data_keys(doors).look_again()
    done = 0
    for number, tenant_id in enumerate(tenant_ids, 1):
        for _ in range(_ROUNDS):
            done += _reseal(doors, tenant_id)
            state = key_state(doors, tenant_id)
            if not state.old_values:
                break
        else:
            raise RotationUnfinished(
                f"{state.old_values} values of tenant {tenant_id} are sealed with an old key",
                hint="run the same command again: it goes on from here",
            )
        note(f"{number}/{len(tenant_ids)} {tenant_id}: key {state.newest}, 0 values of old keys")
    return done


def rotate_master_key(doors: Doors, tenant_ids: list[UUID], *, note: Callable[[str], None]) -> int:
    """Close every data key by the present master key, and seal anew what keys derived from an old one sealed.

    The old master keys must still be known. Cut short, it goes on from where it was. Returns how many keys.
    """
    done = 0
    for number, tenant_id in enumerate(tenant_ids, 1):
        keys = _rewrap(doors, tenant_id)
        values = _reseal(doors, tenant_id, only_derived=True)
        done += keys
        left = key_state(doors, tenant_id)
        note(f"{number}/{len(tenant_ids)} {tenant_id}: {keys} keys, {values} values; {left.old_wraps} left")
    return done


def _rewrap(doors: Doors, tenant_id: UUID) -> int:
    master: MasterKey = doors.master_key
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        rows = connection.execute(
            "select purpose, subject, version, wrapped_key from app.data_keys "
            "where tenant_id = %s and wrapped_by <> %s for update",
            (tenant_id, master.name),
        ).fetchall()
        for purpose, subject, version, wrapped in rows:
            closed = wrap(master, tenant_id, purpose, unwrap(master, tenant_id, purpose, bytes(wrapped)))
            connection.execute(
                "update app.data_keys set wrapped_key = %s, wrapped_by = %s, wrapped_at = now() "
                "where tenant_id = %s and purpose = %s and subject = %s and version = %s",
                (closed, master.name, tenant_id, purpose, subject, version),
            )
    return len(rows)


def _reseal(doors: Doors, tenant_id: UUID, *, only_derived: bool = False) -> int:
    newest = _data_keys(doors).newest(tenant_id).version
    done = 0
    for column in sealed_columns():
        for row in _old_rows(doors, tenant_id, column, newest, only_derived):
            done += _reseal_row(doors, tenant_id, column, row)
    return done


def _old_rows(
    doors: Doors, tenant_id: UUID, column: SealedColumn, newest: int, only_derived: bool
) -> Iterator[dict[str, Any]]:
    names = sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys((*column.key, column.column))))
    query = sql.SQL("select {} from {} where tenant_id = {} and {} is not null").format(
        names, sql.Identifier(*column.table.split(".")), tenant_id, sql.Identifier(column.column)
    )
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        rows = connection.cursor(row_factory=dict_row).execute(query).fetchall()
    for row in rows:
        version = version_of(bytes(row[column.column]))
        if version == 0 if only_derived else version != newest:
            yield row


def _reseal_row(doors: Doors, tenant_id: UUID, column: SealedColumn, row: Mapping[str, Any]) -> int:
    """Seal one value anew, alone: whoever changes it meanwhile waits, and what he writes is not overwritten."""
    table, name = sql.Identifier(*column.table.split(".")), sql.Identifier(column.column)
    which = sql.SQL(" and ").join(sql.SQL("{} = {}").format(sql.Identifier(key), row[key]) for key in column.key)
    reads = sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys((*column.reads, column.column))))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        found = (
            connection.cursor(row_factory=dict_row)
            .execute(
                sql.SQL("select {} from {} where tenant_id = {} and {} for update").format(
                    reads, table, tenant_id, which
                )
            )
            .fetchone()
        )
        if found is None or found[column.column] is None:
            return 0
        place = column.place(found)
        clear = unseal(doors.master_key, tenant_id, place, bytes(found[column.column]))
        connection.execute(
            sql.SQL("update {} set {} = %s where tenant_id = {} and {}").format(table, name, tenant_id, which),
            (seal(doors.master_key, tenant_id, place, clear),),
        )
    return 1


def _data_keys(doors: Doors) -> Any:
    keys = doors.master_key.data_keys
    assert keys is not None
    return keys

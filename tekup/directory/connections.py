"""A tenant's vendor connections: the credential sealed, its state in the open. Calling the vendor is not done here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from tekup.crypto.columns import SealedColumn
from tekup.crypto.sealing import seal, unseal
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import uuid7
from tekup.settings import VENDORS


@dataclass(frozen=True, slots=True)
class Connection:
    """One vendor account of one tenant; the credential stays sealed until `open_credential`."""

    tenant_id: UUID
    vendor: str
    credential_sealed: bytes
    is_sandbox: bool
    status: str
    status_detail: str | None
    checked_at: datetime | None


def store_connection(doors: Doors, tenant_id: UUID, vendor: str, credential: str, *, is_sandbox: bool = False) -> None:
    """Store (or replace) the tenant's credential for ``vendor``, sealed.

    Raises:
        BadInput: an unknown vendor or an empty credential.
    """
    if vendor not in VENDORS:
        raise BadInput(f"unknown vendor {vendor!r}", hint=f"choose one of {', '.join(VENDORS)}")
    if not credential.strip():
        raise BadInput("the credential is empty", hint="paste the vendor's token or key")
    sealed = seal(doors.master_key, tenant_id, _place(vendor), credential.strip())
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "insert into app.connections (tenant_id, id, vendor, credential_sealed, is_sandbox) "
            "values (%s, %s, %s, %s, %s) on conflict (tenant_id, vendor) do update set "
            "credential_sealed = excluded.credential_sealed, is_sandbox = excluded.is_sandbox, "
            "status = 'unchecked', status_detail = null, updated_at = now()",
            (tenant_id, uuid7(), vendor, sealed, is_sandbox),
        )


def list_connections(doors: Doors, tenant_id: UUID) -> list[Connection]:
    """The tenant's connections, by vendor."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        return (
            connection.cursor(row_factory=class_row(Connection))
            .execute(
                "select tenant_id, vendor, credential_sealed, is_sandbox, status, status_detail, checked_at "
                "from app.connections order by vendor"
            )
            .fetchall()
        )


def open_credential(doors: Doors, connection: Connection) -> str:
    """The credential in clear text, for the call that needs it."""
    return unseal(
        doors.master_key, connection.tenant_id, _place(connection.vendor), bytes(connection.credential_sealed)
    )


def change_credential(doors: Doors, connection: Connection, change: Callable[[str], str]) -> str:
    """Replace the stored credential by what ``change`` makes of it, alone among all processes; return the new one.

    ``change`` runs while the row is locked, so that a refresh token that works once is used once.

    Raises:
        BadInput: the connection is gone.
    """
    place, tenant_id = _place(connection.vendor), connection.tenant_id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as database:
        row = database.execute(
            "select credential_sealed from app.connections where vendor = %s for update", (connection.vendor,)
        ).fetchone()
        if row is None:
            raise BadInput(f"the {connection.vendor} connection is gone", hint="tekup connect TENANT VENDOR")
        stored = unseal(doors.master_key, tenant_id, place, bytes(row[0]))
        changed = change(stored)
        if changed != stored:
            database.execute(
                "update app.connections set credential_sealed = %s, updated_at = now() where vendor = %s",
                (seal(doors.master_key, tenant_id, place, changed), connection.vendor),
            )
    return changed


def record_state(doors: Doors, tenant_id: UUID, vendor: str, status: str, detail: str | None) -> None:
    """Note what the last call to the vendor showed: working, refused or failing."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        connection.execute(
            "update app.connections set status = %s, status_detail = %s, checked_at = now(), updated_at = now() "
            "where vendor = %s",
            (status, detail, vendor),
        )


def _place(vendor: str) -> str:
    return f"connections.credential:{vendor}"


SEALED = SealedColumn(
    "app.connections", "credential_sealed", ("id",), ("vendor",), lambda row: _place(str(row["vendor"]))
)
"""For rotations."""

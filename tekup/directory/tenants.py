"""Tenants: made, listed, found and deleted. A tenant's own data is not touched here."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from tekup.audit.trail import forget_tenant as forget_trail
from tekup.db import Database, Doors, Role
from tekup.directory.extracts import remove_extracts
from tekup.errors import BadInput, TenantNotFound
from tekup.ids import uuid7

FORGET = "tekup.tenant_deletion"
"""Entry points of what removes a deleted tenant's traces: callables of the settings and the tenant's id."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer of the platform."""

    id: UUID
    name: str
    domain: str
    status: str
    created_at: datetime


def list_tenants(doors: Doors) -> list[Tenant]:
    """Every tenant that is not deleted, oldest first."""
    with doors.all_tenants_transaction(Database.OPERATIONAL, reason="list of tenants") as connection:
        return (
            connection.cursor(row_factory=class_row(Tenant))
            .execute(
                "select id, name, domain, status, created_at from app.tenants where status <> 'deleted' "
                "order by created_at, name"
            )
            .fetchall()
        )


def find_tenant(doors: Doors, key: str | UUID) -> Tenant:
    """The tenant with this id, domain or name (letter case ignored).

    Raises:
        TenantNotFound: none has it, or several share the name.
    """
    wanted = str(key).strip().lower()
    tenants = list_tenants(doors)
    found = [t for t in tenants if wanted in (str(t.id), t.domain.lower(), t.name.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise TenantNotFound(f"{len(found)} tenants are called {key!r}", hint="name one by its id or domain")
    known = ", ".join(t.domain for t in tenants[:12]) or "none yet"
    raise TenantNotFound(f"no tenant {key!r}", hint=f"known tenants: {known}; make one with `tekup tenant create`")


def create_tenant(
    doors: Doors,
    name: str,
    domain: str,
    *,
    tenant_id: UUID | None = None,
    settings: dict[str, object] | None = None,
    created_at: datetime | None = None,
) -> Tenant:
    """Make a tenant; an existing one with the same id is returned as it is.

    Raises:
        BadInput: the name or domain is empty, or the domain belongs to another tenant.
    """
    name, domain = name.strip(), domain.strip().lower()
    if not name or not domain:
        raise BadInput("a tenant needs a name and a domain", hint="tekup tenant create NAME --domain example.dk")
    tenant_id = tenant_id or uuid7()
    for other in list_tenants(doors):
        if other.id == tenant_id:
            return other
        if other.domain == domain:
            raise BadInput(f"the domain {domain} belongs to tenant {other.name} already", hint="choose another domain")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        row = (
            connection.cursor(row_factory=class_row(Tenant))
            .execute(
                "insert into app.tenants (id, name, domain, settings, created_at) "
                "values (%s, %s, %s, %s, coalesce(%s, now())) on conflict (id) do update set name = excluded.name "
                "returning id, name, domain, status, created_at",
                (tenant_id, name, domain, json.dumps(settings or {}), created_at),
            )
            .fetchone()
        )
    assert row is not None
    return row


def delete_tenant(doors: Doors, tenant: Tenant) -> None:
    """Delete a tenant with everything that belongs to it: what models learned of it, rows of both databases, extracts.

    What other packages keep outside the databases they remove themselves, by an entry point of `FORGET`; that comes
    first, since a deletion that failed can only be repeated while the tenant can still be found.
    """
    for entry in entry_points(group=FORGET):
        entry.load()(doors.settings, tenant.id)
    with doors.tenant_transaction(Database.WAREHOUSE, Role.OWNER, tenant.id) as connection:
        # nobody but the owner may remove entries of the audit trail
        forget_trail(connection, Database.WAREHOUSE, tenant.id)
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="deletion of a tenant") as connection:
        for schema, table in _tenant_tables(connection):
            connection.execute(f'delete from "{schema}"."{table}" where tenant_id = %s', (tenant.id,))  # noqa: S608  # names from the catalogue
    remove_extracts(doors.settings.lake, tenant.id)
    # last: while this row is there the tenant can be found, and a deletion that was cut short be done again
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        connection.execute("delete from app.tenants where id = %s", (tenant.id,))
        # what refers to no tenant, and what the deletion of its rows wrote: marks of what is gone, events
        for schema, table in _tenant_tables(connection):
            connection.execute(f'delete from "{schema}"."{table}" where tenant_id = %s', (tenant.id,))  # noqa: S608  # names from the catalogue


def _tenant_tables(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped "
        "where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and has_table_privilege(c.oid, 'delete')"
    ).fetchall()

"""A tenant's life once it is made: suspended, resumed, exported whole, deleted whole with proof."""

import contextlib
import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from tekup.db import Database, Doors, Role
from tekup.directory.extracts import extracts_prefix
from tekup.directory.tenants import Tenant, delete_tenant
from tekup.errors import BadInput, TekupError
from tekup.settings import Settings

TRACES = "tekup.tenant_traces"
"""Entry points of what counts a tenant's traces outside the databases: callables of the settings and the tenant."""
FORMAT = "tekup-tenant-export/1"
_REASON = "what a tenant has, counted or exported"
_ROUNDS = 3
_SECRET_WORDS = ("_hash", "_sealed", "secret", "wrapped_key")
_TABLES = """
select n.nspname, c.relname,
    (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema)'
and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
and has_table_privilege(c.oid, 'select')
order by n.nspname, c.relname
"""


class TenantNotGone(TekupError):
    """A deletion left something."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a tenant had and has: rows by table, files and other traces by place."""

    tenant_id: UUID
    before: dict[str, int]
    after: dict[str, int]
    deleted_at: datetime

    @property
    def left(self) -> dict[str, int]:
        """What is still there; empty is the proof."""
        return {place: count for place, count in self.after.items() if count}

    def as_json(self) -> str:
        """The report: every place that was looked at, with its counts."""
        places = {place: {"before": self.before.get(place, 0), "after": count} for place, count in self.after.items()}
        told = {"tenant_id": str(self.tenant_id), "deleted_at": self.deleted_at.isoformat(), "places": places}
        return json.dumps(told, indent=1)


def suspend_tenant(doors: Doors, tenant: Tenant) -> None:
    """Stop everything for a tenant: sign-ins, tokens, webhooks, pulls and schedules. Nothing is deleted."""
    _set_status(doors, tenant, "suspended")


def resume_tenant(doors: Doors, tenant: Tenant) -> None:
    """Let a suspended tenant go on; pulls go on from where they stopped."""
    _set_status(doors, tenant, "active")


def count_traces(doors: Doors, tenant: Tenant) -> dict[str, int]:
    """All that there is of a tenant: rows of every table of both databases, extracts, models' files, partitions."""
    counts: dict[str, int] = {}
    for database, connection in _connections(doors, tenant.id):
        for schema, name, _ in connection.execute(_TABLES.encode()).fetchall():
            row = connection.execute(
                sql.SQL("select count(*) from {} where tenant_id = {}").format(sql.Identifier(schema, name), tenant.id)
            ).fetchone()
            assert row is not None
            counts[f"{database}: {schema}.{name}"] = row[0]
    counts["lake"] = len(_extracts(doors.settings, tenant.id))
    for entry in entry_points(group=TRACES):
        count: Callable[[Settings, Tenant], int] = entry.load()
        counts[entry.name] = count(doors.settings, tenant)
    return counts


def delete_with_proof(doors: Doors, tenant: Tenant) -> Deletion:
    """Delete a tenant whole and count again what there is of it.

    It is suspended first, so that nothing is written while it goes. Killed on the way, it can be found and deleted
    again, since its own row goes last.

    Raises:
        TenantNotGone: something keeps writing rows of the tenant.
    """
    before = count_traces(doors, tenant)
    suspend_tenant(doors, tenant)
    for _ in range(_ROUNDS):
        delete_tenant(doors, tenant)
        done = Deletion(tenant.id, before, count_traces(doors, tenant), datetime.now(UTC))
        if not done.left:
            return done
    raise TenantNotGone(
        f"{sum(done.left.values())} traces of tenant {tenant.id} are left: {', '.join(sorted(done.left))}",
        hint="something that was under way wrote them; end it and run the same command again with the tenant's id",
    )


def export_tenant(doors: Doors, tenant: Tenant, folder: Path) -> dict[str, int]:
    """Write every table of the tenant as gzipped JSON lines, its extracts as they are, and a manifest; rows by file.

    Each database is read in one snapshot. Secrets, which are of no use elsewhere, are left out.

    Raises:
        BadInput: the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty", hint="name a new folder")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, tuple[int, str]] = {}
    for database, connection in _connections(doors, tenant.id, isolation="REPEATABLE READ"):
        for schema, name, columns in connection.execute(_TABLES.encode()).fetchall():
            if name == "data_keys":
                continue
            file = f"{database}/{schema}.{name}.jsonl.gz"
            files[file] = _write_table(connection, (schema, name), columns, tenant.id, folder / file)
    for path in _extracts(doors.settings, tenant.id):
        copy = folder / "lake" / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        files[f"lake/{path.name}"] = (0, hashlib.sha256(copy.read_bytes()).hexdigest())
    manifest = {
        "format": FORMAT,
        "tenant": {"id": str(tenant.id), "name": tenant.name, "domain": tenant.domain},
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {file: {"rows": rows, "sha256": digest} for file, (rows, digest) in files.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
    return {file: rows for file, (rows, _) in files.items()}


def _set_status(doors: Doors, tenant: Tenant, status: str) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        connection.execute(
            "update app.tenants set status = %s, updated_at = now() where id = %s and status <> %s",
            (status, tenant.id, status),
        )


def _connections(
    doors: Doors, tenant_id: UUID, *, isolation: str | None = None
) -> Iterator[tuple[Database, psycopg.Connection]]:
    """A transaction of each database, one after the other."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id, isolation=isolation) as connection:
        yield Database.OPERATIONAL, connection
    # what dbt built belongs to the role that may see every tenant; each query here names the one
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason=_REASON) as connection:
        yield Database.WAREHOUSE, connection


def _write_table(
    connection: psycopg.Connection, table: tuple[str, str], columns: list[str], tenant_id: UUID, path: Path
) -> tuple[int, str]:
    told = [name for name in columns if not any(word in name for word in _SECRET_WORDS)]
    query = sql.SQL("select row_to_json(t)::text from (select {} from {} where tenant_id = {}) as t").format(
        sql.SQL(", ").join(map(sql.Identifier, told)), sql.Identifier(*table), tenant_id
    )
    path.parent.mkdir(exist_ok=True)
    rows = 0
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(gzip.open(path, "wt", encoding="utf-8"))
        cursor = stack.enter_context(connection.cursor(name="export"))
        for (line,) in cursor.execute(query):
            file.write(line + "\n")
            rows += 1
    return rows, hashlib.sha256(path.read_bytes()).hexdigest()


def _extracts(settings: Settings, tenant_id: UUID) -> list[Path]:
    folder = Path(extracts_prefix(settings.lake, tenant_id))
    return sorted(path for path in folder.rglob("*") if path.is_file()) if "://" not in settings.lake else []

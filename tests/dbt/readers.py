"""One tenant's readers that never stop reading, and a watcher of the catalogue. Who builds meanwhile is a test's choice."""

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from tekup.db import Database, Doors, Role, bound

BUILT = "('staging', 'intermediate', 'marts')"
_READABLE = (
    "select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
    "join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped "
    f"where n.nspname in {BUILT} and c.relkind in ('r', 'v', 'm', 'p') and has_schema_privilege(n.oid, 'usage') "
    "and has_table_privilege(c.oid, 'select')"
)
_BARE = (
    "select n.nspname || '.' || c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
    f"where n.nspname in {BUILT} and ((c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity and "
    "exists (select from pg_policy as p where p.polrelid = c.oid))) or c.relkind = 'm' or (c.relkind = 'v' and "
    "not coalesce('security_invoker=true' = any(c.reloptions), false)))"
)


@dataclass
class Seen:
    """What readers and watcher met."""

    reads: int = 0
    rows: int = 0
    foreign: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    answered_without_tenant: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    bare: Counter[str] = field(default_factory=Counter)


@contextlib.contextmanager
def reading_all_the_while(doors: Doors, tenant_id: UUID) -> Iterator[Seen]:
    """Read every relation that is there, as reader and as the API, and look at the catalogue, until the block ends."""
    seen, done = Seen(), threading.Event()
    threads = [
        threading.Thread(target=_read, args=(doors, role, tenant_id, seen, done)) for role in (Role.READER, Role.APP)
    ] + [threading.Thread(target=_watch, args=(doors, seen, done))]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _read(doors: Doors, role: Role, tenant_id: UUID, seen: Seen, done: threading.Event) -> None:
    choose = random.Random(role)
    with doors.connect(Database.WAREHOUSE, role) as connection:
        while not done.is_set():
            relations = [row[0] for row in connection.execute(_READABLE).fetchall()]
            for relation in choose.sample(relations, len(relations)):
                _read_one(connection, relation, tenant_id, seen)
                if choose.random() < 0.1:
                    _read_without_tenant(connection, relation, seen)
                if done.is_set():
                    return


def _read_one(connection: psycopg.Connection, relation: str, tenant_id: UUID, seen: Seen) -> None:
    try:
        with bound(connection, tenant_id, read_only=True):
            row = connection.execute(
                f"select count(*), count(*) filter (where tenant_id is distinct from %s) from {relation}".encode(),
                (tenant_id,),
            ).fetchone()
    except psycopg.Error as error:
        seen.errors[type(error).__name__] += 1
        return
    assert row is not None
    seen.reads += 1
    seen.rows += row[0]
    if row[1]:
        seen.foreign[relation] += row[1]


def _read_without_tenant(connection: psycopg.Connection, relation: str, seen: Seen) -> None:
    try:
        rows = connection.execute(f"select tenant_id from {relation} limit 1".encode()).fetchall()
    except psycopg.Error:
        return
    if rows:
        seen.answered_without_tenant[relation] += 1


def _watch(doors: Doors, seen: Seen, done: threading.Event) -> None:
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        while not done.wait(0.005):
            seen.looks += 1
            seen.bare.update(row[0] for row in admin.execute(_BARE).fetchall())

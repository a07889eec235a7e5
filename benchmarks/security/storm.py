"""Random reads as one tenant, many at once, while builds run and die and sessions are cut off.

Which warehouse is read, and what a build is, is the caller's choice.
"""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from tekup.db import Database, Doors, Role, bound

BATCH = 100
"""Reads in one transaction: each takes a snapshot of its own."""
READERS = (Role.READER, Role.APP, Role.READER)

_READABLE = """
select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'v', 'p')
  and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
"""
# the forms are told apart by what they let the planner do: a scan, an index, a condition of the reader's, a join
_READS = """
do $$
declare
    relations text[] := {relations};
    mine uuid := '{tenant}';
    relation text;
    found bigint;
    strange bigint;
    reads bigint := 0;
    own bigint := 0;
    foreign_rows bigint := 0;
    gone bigint := 0;
begin
    for turn in 1..{batch} loop
        relation := relations[1 + floor(random() * cardinality(relations))];
        begin
            case floor(random() * 4)::int
                when 0 then execute format(
                    'select count(*), count(*) filter (where tenant_id is distinct from %L) from %s', mine, relation
                ) into found, strange;
                when 1 then execute format('select count(*), count(*) from %s where tenant_id <> %L', relation, mine)
                    into found, strange;
                when 2 then execute format(
                    'select count(*), count(*) filter (where x.tenant_id <> %L) from (select * from %s '
                    'order by tenant_id desc limit 20) as x', mine, relation
                ) into found, strange;
                else execute format(
                    'select count(*), count(*) filter (where b.tenant_id <> %L) from %s as a inner join %s as b '
                    'on b.ctid is not distinct from a.ctid', mine, relation, relation
                ) into found, strange;
            end case;
            reads := reads + 1;
            own := own + found;
            foreign_rows := foreign_rows + strange;
        exception when undefined_table or undefined_column or deadlock_detected or system_error then
            gone := gone + 1;
        end;
    end loop;
    raise notice 'read % % % %', reads, own, foreign_rows, gone;
end
$$
"""


@dataclass
class Seen:
    """What the readers met, and how the builds beside them ended."""

    reads: int = 0
    rows: int = 0
    foreign: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    builds: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0

    def __str__(self) -> str:
        """As one line."""
        return (f"{self.reads:,} reads of {self.rows:,} rows, {self.foreign} of another tenant; builds "
                f"{dict(self.builds)}, {self.cut_off} sessions cut off, errors {dict(self.errors)}")  # fmt: skip


def storm(
    doors: Doors,
    tenant_id: UUID,
    reads: int,
    build: Callable[[], subprocess.Popen[bytes]],
    *,
    seed: int,
    seconds: float,
) -> Seen:
    """Read until ``reads`` are done or the time is over, while builds start, end or are killed at random moments."""
    seen, done, lock = Seen(), threading.Event(), threading.Lock()
    threads = [
        threading.Thread(target=_read, args=(doors, role, tenant_id, reads, seen, done, lock)) for role in READERS
    ]
    for thread in threads:
        thread.start()
    dice, deadline = random.Random(seed), time.monotonic() + seconds
    while not done.is_set() and time.monotonic() < deadline:
        process = build()
        kill_after = dice.uniform(2, 25) if dice.random() < 0.6 else None
        _wait(process, done, deadline, kill_after)
        killed = process.poll() is None
        if killed:
            process.kill()
        process.communicate()
        seen.builds["killed" if killed else "ended" if process.returncode == 0 else "failed"] += 1
        seen.cut_off += _cut_off(doors)
    done.set()
    for thread in threads:
        thread.join()
    return seen


def _wait(process: subprocess.Popen[bytes], done: threading.Event, deadline: float, kill_after: float | None) -> None:
    until = min(deadline, time.monotonic() + kill_after) if kill_after else deadline
    while process.poll() is None and time.monotonic() < until and not done.is_set():
        time.sleep(0.05)


def _cut_off(doors: Doors) -> int:
    """End the sessions of readers, wherever they are in a transaction; they come back by themselves."""
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        ended = admin.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where usename in ('tekup_reader', 'tekup_app') and datname = current_database()"
        ).fetchone()
    return 0 if ended is None else int(ended[0])


def _read(
    doors: Doors, role: Role, tenant_id: UUID, wanted: int, seen: Seen, done: threading.Event, lock: threading.Lock
) -> None:
    while not done.is_set():
        try:
            with doors.connect(Database.WAREHOUSE, role) as connection:
                connection.add_notice_handler(
                    lambda notice: _note(str(notice.message_primary), wanted, seen, done, lock)
                )
                while not done.is_set():
                    names = [row[0] for row in connection.execute(_READABLE).fetchall()]
                    statement = _READS.format(
                        relations="array[" + ", ".join(f"$name${name}$name$" for name in names) + "]::text[]",
                        tenant=tenant_id,
                        batch=BATCH,
                    )
                    for _ in range(20):
                        with bound(connection, tenant_id, read_only=True):
                            connection.execute(statement.encode())
                        if done.is_set():
                            break
        except psycopg.Error as error:
            with lock:
                seen.errors[type(error).__name__] += 1


def _note(told: str, wanted: int, seen: Seen, done: threading.Event, lock: threading.Lock) -> None:
    if told.startswith("read "):
        reads, rows, foreign, gone = map(int, told.split()[1:])
        with lock:
            seen.reads += reads
            seen.rows += rows
            seen.foreign += foreign
            seen.errors["relation gone"] += gone
            if seen.reads >= wanted:
                done.set()

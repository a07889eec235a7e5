"""The operational database into its raw copies: windows of finished transactions, so that no late commit is lost.

The proof of the window is in docs/decisions/0004-operational-watermark.md. What proves a vendor's stream complete is in
`completeness`; here both sides are PostgreSQL, so that rows and stamps are compared one by one.
"""

import contextlib
import itertools
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from pipelines.sync.completeness import Completeness, is_due, last_verdicts, store_verdict
from pipelines.sync.journal import Standing, StreamResult, SyncRun, open_run
from pipelines.sync.sweeps import Reconciliation, store_finding
from pipelines.sync.vendors import Proof, PullResult
from tekup.db import Database, Doors, Role, bound

VENDOR = "operational"
ENTITIES = (
    "tenants",
    "application_data",
    "companies",
    "contacts",
    "pipelines",
    "stages",
    "campaigns",
    "campaign_spend",
    "leads",
    "deals",
    "activities",
    "touchpoints",
    "identities",
    "experiments",
    "experiment_exposures",
    "lead_feedback",
)
BATCH_ROWS = 50_000
_OWN_COLUMNS = ("deleted_at", "synced_at")
_BINARY_TRAILER = b"\xff\xff"
_BINARY_HEADER_LENGTH = 19


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One view of the source: ``high`` is the lowest transaction still in progress, taken before any row is read."""

    connection: psycopg.Connection
    high: int
    system: str


@dataclass(frozen=True, slots=True)
class _Window:
    """Stamps from ``low`` up to but without ``high``; ``after`` is the last row that an interrupted read stored."""

    low: int
    high: int
    after: tuple[str, str] | None = None


def pull_operational(
    doors: Doors,
    tenant_id: UUID,
    *,
    entities: Collection[str] = ENTITIES,
    full: bool = False,
    proof: Proof = "due",
    on_chunk: Callable[[StreamResult], None] | None = None,
) -> PullResult:
    """Bring the raw copies of the tenant's operational tables up to date, prove it, and say what was done.

    Reads one repeatable-read snapshot as the pipeline's role under the tenant's own policy, so it takes no lock and
    sees no other tenant. Rows come in batches of ``BATCH_ROWS``, each with its cursor in one transaction; an
    interrupted read goes on after its last batch. ``full`` compares every row's stamp as well and mends what differs.

    Raises:
        SyncBusy: another process pulls the same tenant.
        DatabaseUnavailable: one of the databases can't be reached.
    """
    done = PullResult()
    with open_run(doors, tenant_id, VENDOR, done.streams) as run, _snapshot(doors, tenant_id) as source:
        standings, verdicts = run.standings(), last_verdicts(run)
        done.verdicts.update(verdicts)
        for entity in entities:
            result = done.stream(entity)
            copy = _Copy(run, source, result, on_chunk)
            copy.read_windows(standings.get(entity))
            if full or proof == "always" or (proof == "due" and is_due(verdicts.get(entity), datetime.now(UTC))):
                found, done.verdicts[entity] = copy.prove(mends=full)
                if full:
                    done.reconciled[entity] = found
            result.finished_at = datetime.now(UTC)
            with bound(run.connection, tenant_id):
                run.note_stream(result)
    return done


@contextlib.contextmanager
def _snapshot(doors: Doors, tenant_id: UUID) -> Iterator[_Snapshot]:
    with doors.tenant_transaction(
        Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True, isolation="REPEATABLE READ"
    ) as connection:
        row = connection.execute(
            "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
            "(pg_control_system()).system_identifier::text"
        ).fetchone()
        assert row is not None
        yield _Snapshot(connection, int(row[0]), str(row[1]))


def _windows(cursor: dict[str, Any] | None, source: _Snapshot) -> list[_Window]:
    """What is to be read: the rest of an interrupted window, then from there up to now.

    A cluster that is another one, or went back in time, is read from its beginning.
    """
    if cursor is None or cursor.get("system") != source.system:
        return [_Window(0, source.high)]
    rest = cursor.get("rest")
    low = int(rest["high"] if rest else cursor["xid"])
    if low > source.high:
        return [_Window(0, source.high)]
    unread = [_Window(int(cursor["xid"]), low, (str(rest["xid"]), str(rest["id"])))] if rest else []
    return [*unread, _Window(low, source.high)]


class _Copy:
    """One entity's rows from the source's snapshot into its raw copy."""

    def __init__(
        self,
        run: SyncRun,
        source: _Snapshot,
        result: StreamResult,
        on_chunk: Callable[[StreamResult], None] | None,
    ) -> None:
        self._run, self._source, self._result = run, source, result
        self._on_chunk = on_chunk or (lambda result: None)
        self._target = run.connection
        self._columns = _columns(run.connection, result.stream)
        self._names = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        self._stage = sql.Identifier(f"incoming_{result.stream}")
        self._raw = sql.Identifier("raw_operational", result.stream)
        self._origin = sql.Identifier("app", result.stream)

    def read_windows(self, standing: Standing | None) -> None:
        """Read what is due, batch by batch."""
        for window in _windows(standing.cursor if standing else None, self._source):
            self._read(window)

    def prove(self, *, mends: bool) -> tuple[Reconciliation, Completeness]:
        """Compare each row's stamp with the source's; where ``mends``, bring over what differs and bury the rest.

        The snapshot is the one that was just read, so a difference is none of the moment.
        """
        with self._planned():
            self._prepare_stage()
            self._stage_stamps()
            missing, stale, vanished, count = self._differences()
            if mends and missing + stale + vanished:
                self._mend()
                self._run.commit_chunk(self._result, None, missing + stale, missing + stale + vanished)
            found = Reconciliation(missing, stale, vanished)
            if mends:
                store_finding(self._run, self._result.stream, found, self._result.started_at)
            left = 0 if mends else missing + stale + vanished
            detail = f"{missing} missing, {stale} out of date, {vanished} gone at the source" if left else None
            stored = count if mends else count - missing + vanished
            verdict = store_verdict(
                self._run, Completeness(self._result.stream, count, stored, count, stale, not left, detail)
            )
        return found, verdict

    @contextlib.contextmanager
    def _planned(self) -> Iterator[None]:
        """One transaction on the copy, without nested loops.

        Statistics that were gathered before a tenant's first pull promise that it has no row; a planner that believes
        them may compare each of its rows with each stamp.
        """
        with bound(self._target, self._run.tenant_id):
            self._target.execute("set local enable_nestloop = off")
            yield

    def _prepare_stage(self) -> None:
        """Inside a transaction: make the staging tables; an entity in which nothing moved needs none."""
        self._target.execute(
            sql.SQL("create temporary table if not exists {} (like {}) on commit delete rows").format(
                self._stage, self._raw
            )
        )
        self._target.execute(sql.SQL("alter table {} alter synced_at set default now()").format(self._stage))
        self._target.execute(
            "create temporary table if not exists incoming_stamps (id uuid not null, changed_xid xid8 not null) "
            "on commit delete rows"
        )

    def _read(self, window: _Window) -> None:
        """Copy a window in order of stamp and id; each batch commits with where to go on."""
        # closed on every way out: a COPY left open holds its connection's lock, and the rollback would wait for ever
        with contextlib.closing(self._rows(window)) as rows:
            more = True
            while more:
                first = next(rows, None)
                with self._planned():
                    read, changed, more = 0, 0, False
                    if first is not None:
                        self._prepare_stage()
                        more = self._fill_stage(itertools.chain((first,), rows))
                        read, changed = self._merge()
                    if more:
                        cursor = self._middle(window)
                    else:
                        cursor = {"xid": window.high, "system": self._source.system}
                        buried = self._bury(window)
                        read, changed = read + buried, changed + buried
                    self._run.commit_chunk(self._result, cursor, read, changed)
                self._on_chunk(self._result)

    def _rows(self, window: _Window) -> Generator[bytes, None, None]:
        """The window's rows as binary COPY sends them, one row a block, without header and trailer."""
        condition = [self._condition(window)]
        if window.after is not None:
            condition.append(
                sql.SQL("(changed_xid, id) > ({}::text::xid8, {}::uuid)").format(*map(sql.Literal, window.after))
            )
        select = sql.SQL("copy (select {} from {} where {} order by changed_xid, id) to stdout (format binary)").format(
            self._names, self._origin, sql.SQL(" and ").join(condition)
        )
        with self._source.connection.cursor().copy(select) as reader:
            is_first = True
            for block in reader:
                data = bytes(block)
                if is_first:
                    data, is_first = data[_BINARY_HEADER_LENGTH:], False
                if data and data != _BINARY_TRAILER:
                    yield data

    def _fill_stage(self, rows: Iterator[bytes]) -> bool:
        """Write up to a batch of rows; returns whether there may be more."""
        copy_in = sql.SQL("copy {} ({}) from stdin (format binary)").format(self._stage, self._names)
        count = 0
        with self._target.cursor().copy(copy_in) as writer:
            writer.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for data in rows:
                writer.write(data)
                count += 1
                self._result.received += len(data)
                if count == BATCH_ROWS:
                    break
            writer.write(_BINARY_TRAILER)
        return count == BATCH_ROWS

    def _middle(self, window: _Window) -> dict[str, Any]:
        row = self._target.execute(
            # by the stamp: a bare name in `order by` would be the text that is selected, of which '9' comes after '10'
            sql.SQL(
                "select s.changed_xid::text, s.id::text from {} s order by s.changed_xid desc, s.id desc limit 1"
            ).format(self._stage)
        ).fetchone()
        assert row is not None
        rest = {"high": window.high, "xid": row[0], "id": row[1]}
        return {"xid": window.low, "system": self._source.system, "rest": rest}

    def _merge(self) -> tuple[int, int]:
        row = self._target.execute(sql.SQL("select count(*) from {}").format(self._stage)).fetchone()
        assert row is not None
        updates = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
            for name in self._columns
            if name not in ("tenant_id", "id")
        )
        changed = self._target.execute(
            sql.SQL(
                "insert into {raw} as t ({names}) select {names} from {stage} on conflict (tenant_id, id) do update "
                "set {updates}, deleted_at = null, synced_at = now() where excluded.changed_xid > t.changed_xid "
                "or (excluded.changed_xid = t.changed_xid and t.deleted_at is not null)"
            ).format(raw=self._raw, names=self._names, stage=self._stage, updates=updates)
        ).rowcount
        return int(row[0]), changed

    def _bury(self, window: _Window) -> int:
        """Mark deleted rows. On equal stamps the live row wins: it was written again by the deleting transaction."""
        tombs = self._source.connection.execute(
            sql.SQL(
                "select distinct on (entity_id) entity_id, changed_xid::text, deleted_at from app.tombstones as t "
                "where entity = {} and {} order by entity_id, t.changed_xid desc"
            ).format(sql.Literal(self._result.stream), self._condition(window))
        ).fetchall()
        if not tombs:
            return 0
        ids = [tomb[0] for tomb in tombs]
        return self._target.execute(
            sql.SQL(
                "update {} as t set deleted_at = b.deleted_at, changed_xid = b.xid::xid8, synced_at = now() "
                "from unnest(%s::uuid[], %s::text[], %s::timestamptz[]) as b (id, xid, deleted_at) "
                "where t.id = b.id and t.id = any(%s) and t.tenant_id = current_setting('app.tenant_id')::uuid "
                "and t.deleted_at is null and t.changed_xid < b.xid::xid8"
            ).format(self._raw),
            (ids, [tomb[1] for tomb in tombs], [tomb[2] for tomb in tombs], ids),
        ).rowcount

    def _condition(self, window: _Window) -> sql.Composed:
        return sql.SQL(
            "tenant_id = {tenant} and changed_xid >= {low}::text::xid8 and changed_xid < {high}::text::xid8"
        ).format(
            tenant=sql.Literal(self._run.tenant_id),
            low=sql.Literal(str(window.low)),
            high=sql.Literal(str(window.high)),
        )

    def _stage_stamps(self) -> None:
        """Bring every row's id and stamp over; stamps of unfinished transactions are not in the copy yet."""
        select = sql.SQL("copy (select id, changed_xid from {} where {}) to stdout (format binary)").format(
            self._origin, self._condition(_Window(0, self._source.high))
        )
        with (
            self._source.connection.cursor().copy(select) as reader,
            self._target.cursor().copy("copy incoming_stamps from stdin (format binary)") as writer,
        ):
            for block in reader:
                writer.write(block)

    def _differences(self) -> tuple[int, int, int, int]:
        """Rows that are missing, out of date and gone, and how many the source has.

        A row that an unfinished transaction is changing is not in the stamps, and is neither gone nor out of date.
        """
        row = self._target.execute(
            sql.SQL(
                "select count(*) filter (where t.id is null or t.deleted_at is not null), "
                "count(*) filter (where t.deleted_at is null and t.changed_xid < s.changed_xid), count(*) "
                "from incoming_stamps as s left join {} as t on t.id = s.id and t.tenant_id = {}"
            ).format(self._raw, sql.Literal(self._run.tenant_id))
        ).fetchone()
        assert row is not None
        return row[0], row[1], len(self._gone()), row[2]

    def _gone(self) -> list[UUID]:
        """Stored rows that the source no longer has, whatever its transactions are doing."""
        rows = self._target.execute(
            sql.SQL(
                "select t.id from {} as t where t.tenant_id = {} and t.deleted_at is null "
                "and not exists (select from incoming_stamps as s where s.id = t.id)"
            ).format(self._raw, sql.Literal(self._run.tenant_id))
        ).fetchall()
        if not rows:
            return []
        there = self._source.connection.execute(
            sql.SQL("select id from {} where tenant_id = {} and id = any(%s)").format(
                self._origin, sql.Literal(self._run.tenant_id)
            ),
            ([row[0] for row in rows],),
        ).fetchall()
        return sorted({row[0] for row in rows} - {row[0] for row in there})

    def _mend(self) -> None:
        wanted = [
            row[0]
            for row in self._target.execute(
                sql.SQL(
                    "select s.id from incoming_stamps as s left join {} as t on t.id = s.id and t.tenant_id = {} "
                    "where t.id is null or t.deleted_at is not null or t.changed_xid < s.changed_xid"
                ).format(self._raw, sql.Literal(self._run.tenant_id))
            ).fetchall()
        ]
        select = sql.SQL("copy (select {} from {} where tenant_id = {} and id = any({})) to stdout (format binary)")
        copy_in = sql.SQL("copy {} ({}) from stdin (format binary)").format(self._stage, self._names)
        for start in range(0, len(wanted), BATCH_ROWS):
            part = wanted[start : start + BATCH_ROWS]
            asked = select.format(self._names, self._origin, sql.Literal(self._run.tenant_id), sql.Literal(part))
            self._target.execute(sql.SQL("truncate {}").format(self._stage))
            with (
                self._source.connection.cursor().copy(asked) as reader,
                self._target.cursor().copy(copy_in) as writer,
            ):
                for block in reader:
                    writer.write(block)
            # a deletion that a lost tombstone can't undo carries a stamp that would win over the living row
            self._target.execute(
                sql.SQL("delete from {} where tenant_id = {} and id = any(%s)").format(
                    self._raw, sql.Literal(self._run.tenant_id)
                ),
                (part,),
            )
            self._merge()
        self._target.execute(
            sql.SQL("update {} set deleted_at = now(), synced_at = now() where tenant_id = {} and id = any(%s)").format(
                self._raw, sql.Literal(self._run.tenant_id)
            ),
            (self._gone(),),
        )


def _columns(target: psycopg.Connection, entity: str) -> list[str]:
    rows = target.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
        "order by attnum",
        (f"raw_operational.{entity}",),
    ).fetchall()
    return [row[0] for row in rows if row[0] not in _OWN_COLUMNS]

"""One vendor's streams into their raw tables: pages fetched ahead, loaded in chunks, each chunk one transaction.

What a row's merge decides is in `rows`, full reads are in `sweeps`, the proof of completeness in `completeness`.
"""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from integrations.source import Cursor, Page, Record, Source
from pipelines.sync.ahead import fetch_ahead
from pipelines.sync.collecting import seldom_collecting
from pipelines.sync.completeness import Completeness, is_due, last_verdicts, prove
from pipelines.sync.journal import VOID, Standing, StreamResult, SyncRun, open_run
from pipelines.sync.rows import Batch, erase_children, merge_batches, names_as_parent
from pipelines.sync.suppression import without_erased
from pipelines.sync.sweeps import Reconciliation, Sweep, begin_sweep, drop_sweep, finish_sweep, note_seen, open_sweeps
from pipelines.sync.webhooks import mark_folded, waiting
from tekup.contracts.events import PullFinished
from tekup.db import Database, Doors, Role, bound
from tekup.errors import CredentialRefused, PermissionLacking, TekupError, VendorError
from tekup.outbox import emit

CHUNK_ROWS = 5_000
FAILING_STREAMS = 2
"""After so many streams have failed one after the other it is the vendor that fails, and the rest is not tried."""

Proof: TypeAlias = Literal["due", "always", "never"]
OnChunk: TypeAlias = Callable[[StreamResult], None]


class AccountChanged(TekupError):
    """The credential opens another account than the one that the stored rows came from."""


@dataclass(slots=True)
class PullResult:
    """What a pull did: per stream in the order of reading, and what was proven or reconciled."""

    streams: dict[str, StreamResult] = field(default_factory=dict)
    verdicts: dict[str, Completeness] = field(default_factory=dict)
    reconciled: dict[str, Reconciliation] = field(default_factory=dict)

    def stream(self, name: str) -> StreamResult:
        """The stream's result, made where it is first asked for."""
        return self.streams.setdefault(name, StreamResult(name))


def pull_vendor(
    doors: Doors,
    tenant_id: UUID,
    source: Source,
    *,
    streams: Collection[str] | None = None,
    full: bool = False,
    accept_losses: bool = False,
    adopt: bool = False,
    proof: Proof = "due",
    on_chunk: OnChunk | None = None,
) -> PullResult:
    """Bring the tenant's raw tables of ``source`` up to date, stream by stream, prove it, and say what was done.

    Resumes each stream after its last committed chunk. Repeating a page changes nothing. ``streams`` reads these alone
    (a side by its parent). ``full`` then reads every stream from its beginning as well, mends what was missed and marks
    what the vendor no longer tells; it resumes, too. A stream that the credential may not read is marked blocked and
    costs the others nothing. ``adopt`` lets another account's rows take the place of the stored ones.

    Raises:
        SyncBusy: another process pulls the same tenant and source.
        AccountChanged: the credential opens another account, and ``adopt`` was not given. Nothing is written.
        CredentialRefused: the vendor refuses the credential.
        VendorError: a stream failed for good, after the others were tried; what was committed stays.
    """
    done = PullResult()
    with seldom_collecting(), open_run(doors, tenant_id, source.vendor, done.streams) as run:
        # with the lock held: whoever is erased from here on waits for this pull, and erases what it stores
        source = without_erased(doors, tenant_id, source)
        is_new_account = _check_account(run, source, adopt)
        pull = _Pull(run, source, done, on_chunk, accept_losses or is_new_account, streams)
        pull.fold_inbox(doors)
        pull.read_streams(full=full)
        if proof != "never":
            pull.prove_streams(always=proof == "always" or full)
        pull.end()
        _tell_end(doors, run, done)
    return done


def fold_webhooks(doors: Doors, tenant_id: UUID, source: Source, *, on_chunk: OnChunk | None = None) -> PullResult:
    """Read the objects that waiting webhook deliveries name as they are now, and merge them; cursors stay.

    An object of a stream that can't be read one by one is left to the next pull.

    Raises:
        SyncBusy, AccountChanged, CredentialRefused, VendorError: as for ``pull_vendor``; the deliveries go on waiting.
    """
    done = PullResult()
    with open_run(doors, tenant_id, source.vendor, done.streams) as run:
        source = without_erased(doors, tenant_id, source)
        _check_account(run, source, False)
        pull = _Pull(run, source, done, on_chunk, False, None)
        pull.fold_inbox(doors)
        pull.end()
    return done


def _tell_end(doors: Doors, run: SyncRun, done: PullResult) -> None:
    """Emit that the pull ended. One that is killed before has not ended, and its repetition tells it."""
    changed = sum(result.rows_changed for result in done.streams.values())
    told = PullFinished(pull_id=run.run_id, vendor=run.vendor, rows_changed=changed)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, run.tenant_id) as connection:
        emit(connection, run.tenant_id, told, run.run_id)


def _check_account(run: SyncRun, source: Source, adopt: bool) -> bool:
    """Remember the account at the first pull, and refuse another one; True where another one was just adopted."""
    identity = source.identity()
    with bound(run.connection, run.tenant_id):
        row = run.connection.execute(
            "insert into ops.sync_account as a (tenant_id, vendor, identity) values (%s, %s, %s) "
            "on conflict (tenant_id, vendor) do update set identity = a.identity returning a.identity",
            (run.tenant_id, run.vendor, identity),
        ).fetchone()
        assert row is not None
        if row[0] == identity:
            return False
        if not adopt:
            raise AccountChanged(
                f"the {run.vendor} credential opens {identity}, the stored rows came from {row[0]}",
                hint="connect the former account again, or replace its rows: tekup pull TENANT VENDOR --adopt",
            )
        run.connection.execute(
            "update ops.sync_account set identity = %s, adopted_at = now() where tenant_id = %s and vendor = %s",
            (identity, run.tenant_id, run.vendor),
        )
        # the other account's cursors say nothing about this one
        run.connection.execute(
            "update ops.sync_cursor set cursor = %s where tenant_id = %s and vendor = %s",
            (Jsonb(VOID), run.tenant_id, run.vendor),
        )
    return True


@dataclass(slots=True)
class _Chunk:
    """Pages joined up to the chunk size; the last page's cursor stands for all."""

    tables: dict[str, Batch] = field(default_factory=dict)
    cursor: Cursor | None = None
    fields: set[str] = field(default_factory=set)
    size: int = 0

    def add(self, stream: str, page: Page) -> None:
        self._extend(stream, page.records, page.replaces)
        for side in page.sides:
            self._extend(side.stream, side.records, side.replaces)
        self.cursor = page.cursor
        self.fields |= page.fields

    def _extend(self, stream: str, records: list[Record], replaces: Sequence[str]) -> None:
        batch = self.tables.setdefault(stream, Batch(stream, [], []))
        batch.records.extend(records)
        batch.replaces.extend(replaces)
        self.size += len(records)


class _Pull:
    """One run's work on one source."""

    def __init__(
        self,
        run: SyncRun,
        source: Source,
        done: PullResult,
        on_chunk: OnChunk | None,
        accept_losses: bool,
        only: Collection[str] | None,
    ) -> None:
        self._run, self._source, self._done = run, source, done
        self._on_chunk = on_chunk or (lambda result: None)
        self._accept_losses = accept_losses
        self._streams = [
            stream
            for stream in source.streams
            if only is None or stream in only or set(source.sides.get(stream, ())) & set(only)
        ]
        self._standings = run.standings()
        self._sweeps = open_sweeps(run)
        self._fields = _known_fields(run)
        self._unmet: set[str] = set()

    def read_streams(self, *, full: bool) -> None:
        """Read every stream; what fails is raised once the others were tried."""
        first: VendorError | None = None
        failed_in_a_row = 0
        for stream in self._streams:
            for side in self._source.sides.get(stream, ()):
                self._done.stream(side)
            try:
                self._read(stream, full=full)
            except PermissionLacking as error:
                self._done.stream(stream).blocked = error.what
            except CredentialRefused:
                raise
            except VendorError as error:
                first, failed_in_a_row = first or error, failed_in_a_row + 1
                if failed_in_a_row == FAILING_STREAMS:
                    break
                continue
            failed_in_a_row = 0
        if first is not None:
            raise first

    def fold_inbox(self, doors: Doors) -> None:
        """Read what waiting webhook deliveries name; each lot is marked once its rows are committed."""
        while (taken := waiting(doors, self._run.tenant_id, self._source.vendor)).deliveries:
            for stream, identifiers in taken.hints.items():
                # a stream that can't be read by object, or not at all, is the next pull's business
                with contextlib.suppress(ValueError, PermissionLacking):
                    pages = self._source.fetch(stream, identifiers)
                    self._take(stream, _erasing(pages, set(taken.erased.get(stream, ()))), None, keeps_cursor=True)
            mark_folded(doors, self._run.tenant_id, taken)
            if not taken.has_more:
                break

    def prove_streams(self, *, always: bool) -> None:
        """Compare with the vendor those streams whose proof is due."""
        self._done.verdicts.update(last_verdicts(self._run))
        now = datetime.now(UTC)
        for stream in self._streams:
            if not always and not is_due(self._done.verdicts.get(stream), now):
                continue
            result = self._done.stream(stream)
            verdict = prove(self._run, self._source, result, functools.partial(self._catch_up, stream))
            if verdict is not None:
                self._done.verdicts[stream] = verdict

    def end(self) -> None:
        """Store each stream's last figures."""
        standings = self._run.standings()
        now = datetime.now(UTC)
        with bound(self._run.connection, self._run.tenant_id):
            for result in self._done.streams.values():
                result.finished_at = now
                result.revision = standings[result.stream].revision if result.stream in standings else 0
                self._run.note_stream(result)

    def _read(self, stream: str, *, full: bool) -> None:
        standing, sweep = self._standings.get(stream), self._sweeps.get(stream)
        if standing is not None and (standing.cursor == VOID or _is_forgotten(standing, self._source.memory_days)):
            standing = None
        if standing is None:
            sweep = begin_sweep(self._run, stream)
            if sweep is None:
                self._unmet |= {stream, *self._source.sides.get(stream, ())}
        self._take(stream, self._source.pages(stream, standing.cursor if standing else None), sweep)
        self._finish(stream, sweep)
        if full and standing is not None and sweep is None:
            sweep = begin_sweep(self._run, stream)
            self._take(stream, self._source.pages(stream, None), sweep)
            self._finish(stream, sweep)

    def _catch_up(self, stream: str) -> None:
        cursor = self._run.standings()[stream].cursor
        self._take(stream, self._source.pages(stream, cursor), None)

    def _finish(self, stream: str, sweep: Sweep | None) -> None:
        if sweep is None:
            return
        sides = self._source.sides.get(stream, ())
        try:
            found, children = finish_sweep(
                self._run,
                sweep,
                sides,
                append_only=stream in self._source.append_only,
                accept_losses=self._accept_losses,
            )
        except VendorError:
            drop_sweep(self._run, stream)
            raise
        self._done.reconciled[stream] = found
        for name, gone in {stream: found.vanished, **children}.items():
            if gone:
                with bound(self._run.connection, self._run.tenant_id):
                    self._run.commit_chunk(self._done.stream(name), None, 0, gone)

    def _take(self, stream: str, pages: Iterator[Page], sweep: Sweep | None, *, keeps_cursor: bool = False) -> None:
        """Load the pages of one stream in chunks, and report each."""
        result = self._done.stream(stream)
        trusted = sweep is not None or keeps_cursor
        for chunk in _chunks(stream, fetch_ahead(pages), result):
            if keeps_cursor:
                chunk.cursor = None
            self._load(stream, chunk, sweep, trusted)
            self._on_chunk(result)

    def _load(self, stream: str, chunk: _Chunk, sweep: Sweep | None, trusted: bool) -> None:
        run, batches = self._run, list(chunk.tables.values())
        with bound(run.connection, run.tenant_id):
            merged = merge_batches(run, batches, trusted=trusted, unmet=self._unmet)
            if sweep is not None and batches[0].records:
                note_seen(run, sweep, batches[0].records, merged[0].added, merged[0].changed - merged[0].added)
            self._note_fields(stream, chunk.fields)
            for number, (batch, counts) in enumerate(zip(batches, merged, strict=True)):
                result = self._done.stream(batch.stream)
                cursor = chunk.cursor if number == 0 else None
                run.commit_chunk(result, cursor, len(batch.records), counts.changed, is_side=number > 0)
            self._erase_children(stream, batches[0].records)

    def _erase_children(self, stream: str, records: list[Record]) -> None:
        erased = [r.object_id for r in records if r.reason == "erased"]
        parents = [name for one in erased for name in names_as_parent(stream, one)]
        for side in self._source.sides.get(stream, ()) if erased else ():
            if gone := erase_children(self._run, side, parents):
                self._run.commit_chunk(self._done.stream(side), None, 0, gone, is_side=True)

    def _note_fields(self, stream: str, fields: set[str]) -> None:
        """Remember the fields' names; on a stream that was read before, report those that are new."""
        known = self._fields.setdefault(stream, set())
        unknown = sorted(fields - known)
        if not unknown:
            return
        if stream in self._standings:
            self._done.stream(stream).new_fields += unknown
        known.update(unknown)
        self._run.connection.execute(
            "insert into ops.sync_field (tenant_id, vendor, stream, field, run_id) "
            "select %s::uuid, %s, %s, name, %s::uuid from unnest(%s::text[]) as name on conflict do nothing",
            (self._run.tenant_id, self._run.vendor, stream, self._run.run_id, unknown),
        )


def _erasing(pages: Iterator[Page], erased: set[str]) -> Iterator[Page]:
    """The same pages; of what the vendor said that it erased, and really is gone, the payload goes as well."""
    for page in pages:
        records = [
            msgspec.structs.replace(record, reason="erased")
            if record.deleted and record.object_id in erased
            else record
            for record in page.records
        ]
        yield replace(page, records=records)


def _is_forgotten(standing: Standing, memory_days: float | None) -> bool:
    """Whether the vendor can no longer tell what has changed since."""
    return memory_days is not None and datetime.now(UTC) - standing.updated_at > timedelta(days=memory_days)


def _known_fields(run: SyncRun) -> dict[str, set[str]]:
    with bound(run.connection, run.tenant_id):
        rows = run.connection.execute(
            "select stream, array_agg(field) from ops.sync_field where tenant_id = %s and vendor = %s group by stream",
            (run.tenant_id, run.vendor),
        ).fetchall()
    return {stream: set(names) for stream, names in rows}


def _chunks(stream: str, pages: Iterator[Page], result: StreamResult) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for page in pages:
        result.pages += 1
        result.requests += page.requests
        result.retries += page.retries
        result.throttled_ms += page.throttled_ms
        result.received += page.received
        result.expected = page.expected if page.expected is not None else result.expected
        chunk.add(stream, page)
        if chunk.size >= CHUNK_ROWS:
            yield chunk
            chunk = _Chunk()
    if chunk.tables:
        yield chunk

"""Whether what is stored is what the vendor has: counts, a probe of contents, and the account's ledger.

Reading what changed is done elsewhere; here it is only proven.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from psycopg import sql

from integrations.source import Record, Source
from pipelines.sync.journal import StreamResult, SyncRun
from pipelines.sync.rows import Batch, digest_of, merge_batches, raw_table
from tekup.db import bound

EVERY = timedelta(hours=20)
"""How often a stream is proven. Counting at each hourly pull would cost the vendor more requests than the pull."""
PROBED = 10
SETTLED = timedelta(minutes=10)
"""An object that changed so recently may rightly differ from what was stored a moment ago."""


@runtime_checkable
class Ledger(Protocol):
    """A source whose account states a balance that its transactions must add up to."""

    ledger_stream: str

    def balance(self) -> dict[str, int]:
        """Return minor units by currency, in lower case."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How one stream compares with the vendor."""

    stream: str
    vendor_count: int | None
    stored_count: int
    probed: int
    differing: int
    is_complete: bool
    detail: str | None
    checked_at: datetime | None = None


def last_verdicts(run: SyncRun) -> dict[str, Completeness]:
    """What the last proof of each stream found."""
    with bound(run.connection, run.tenant_id):
        rows = run.connection.execute(
            "select stream, vendor_count, stored_count, probed_count, differing_count, is_complete, detail, checked_at "
            "from ops.completeness where tenant_id = %s and vendor = %s",
            (run.tenant_id, run.vendor),
        ).fetchall()
    return {row[0]: Completeness(*row) for row in rows}


def is_due(verdict: Completeness | None, now: datetime) -> bool:
    """Whether a stream should be proven: never done, long ago, or wanting when last done."""
    return verdict is None or not verdict.is_complete or verdict.checked_at is None or now - verdict.checked_at >= EVERY


def prove(run: SyncRun, source: Source, result: StreamResult, catch_up: Callable[[], None]) -> Completeness | None:
    """Compare one stream with the vendor, mend what the probe finds, and store the verdict.

    ``catch_up`` reads the stream's changes once more: a count that differs may only be younger than the pull. None
    where the vendor tells nothing to compare with.

    Raises:
        VendorError: the vendor can't be asked.
    """
    if result.blocked is not None:
        return _store(run, Completeness(result.stream, None, _stored(run, result.stream), 0, 0, False, result.blocked))
    told = source.count(result.stream)
    stored = _stored(run, result.stream)
    if told is not None and told != stored:
        catch_up()
        told, stored = source.count(result.stream), _stored(run, result.stream)
    probed, differing = _probe(run, source, result, stored)
    ledger = _compare_ledger(run, source, result.stream)
    if ledger:
        catch_up()
        ledger = _compare_ledger(run, source, result.stream)
    if told is None and probed == 0 and ledger is None:
        return None
    troubles = []
    if told is not None and told != stored:
        troubles.append(f"the vendor has {told:,}, stored are {stored:,}")
    if differing:
        troubles.append(f"{differing} of {probed} probed objects were out of date and are mended")
    if ledger:
        troubles.append(ledger)
    return _store(
        run,
        Completeness(result.stream, told, stored, probed, differing, not troubles, "; ".join(troubles) or None),
    )


def _stored(run: SyncRun, stream: str) -> int:
    with bound(run.connection, run.tenant_id):
        row = run.connection.execute(
            sql.SQL("select count(*) from {} where tenant_id = %s and deleted_at is null").format(
                raw_table(run.vendor, stream)
            ),
            (run.tenant_id,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def _probe(run: SyncRun, source: Source, result: StreamResult, stored: int) -> tuple[int, int]:
    """Read some of the ``stored`` objects again; returns how many, and how many had other content."""
    with bound(run.connection, run.tenant_id):
        # an offset at random walks an index, which even for a million rows is far cheaper than sorting at random
        known: dict[str, bytes] = dict(
            run.connection.execute(
                sql.SQL(
                    "select object_id, payload_hash from {} where tenant_id = %s and deleted_at is null "
                    "order by object_id limit %s offset floor(random() * greatest(0, %s))::bigint"
                ).format(raw_table(run.vendor, result.stream)),
                (run.tenant_id, PROBED, stored - PROBED),
            ).fetchall()
        )
    if not known:
        return 0, 0
    try:
        pages = list(source.fetch(result.stream, list(known)))
    except ValueError:
        return 0, 0
    limit = result.started_at - SETTLED
    stale: list[Record] = []
    for page in pages:
        result.requests += page.requests
        stale += [record for record in page.records if _may_differ(record, known, limit)]
    if not stale:
        return len(known), 0
    # the vendor may tell the same in another order here than in a list: what was written is what differed
    with bound(run.connection, run.tenant_id):
        (merged,) = merge_batches(run, [Batch(result.stream, stale, [])], trusted=True)
        run.commit_chunk(result, None, len(stale), merged.changed)
    return len(known), merged.changed


def _may_differ(record: Record, known: dict[str, bytes], settled_before: datetime) -> bool:
    if record.object_id not in known:
        return False
    is_recent = record.modified_at is not None and record.modified_at > settled_before
    return not is_recent and (record.deleted or digest_of(record) != bytes(known[record.object_id]))


def _compare_ledger(run: SyncRun, source: Source, stream: str) -> str | None:
    """What is wrong with the sum of the ledger's entries, empty where nothing is, None where there is no ledger."""
    if not isinstance(source, Ledger) or source.ledger_stream != stream:
        return None
    with bound(run.connection, run.tenant_id):
        rows = run.connection.execute(
            sql.SQL(
                "select payload ->> 'currency', sum((payload ->> 'net')::numeric)::bigint from {} "
                "where tenant_id = %s and deleted_at is null group by 1"
            ).format(raw_table(run.vendor, stream)),
            (run.tenant_id,),
        ).fetchall()
    stored = {currency: amount for currency, amount in rows if amount}
    told = {currency: amount for currency, amount in source.balance().items() if amount}
    wrong = sorted(c for c in stored.keys() | told.keys() if stored.get(c, 0) != told.get(c, 0))
    return "; ".join(
        f"the account's balance is {told.get(c, 0)} {c} in minor units, its entries add up to {stored.get(c, 0)}"
        for c in wrong
    )


def store_verdict(run: SyncRun, found: Completeness) -> Completeness:
    """Inside a transaction: store a verdict; returned with its time."""
    row = run.connection.execute(
        "insert into ops.completeness (tenant_id, vendor, stream, run_id, vendor_count, stored_count, "
        "probed_count, differing_count, is_complete, detail) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (tenant_id, vendor, stream) do update set run_id = excluded.run_id, "
        "vendor_count = excluded.vendor_count, stored_count = excluded.stored_count, "
        "probed_count = excluded.probed_count, differing_count = excluded.differing_count, "
        "is_complete = excluded.is_complete, detail = excluded.detail, checked_at = now() returning checked_at",
        (
            run.tenant_id, run.vendor, found.stream, run.run_id, found.vendor_count, found.stored_count,
            found.probed, found.differing, found.is_complete, found.detail,
        ),
    ).fetchone()  # fmt: skip
    assert row is not None
    return replace(found, checked_at=row[0])


def _store(run: SyncRun, found: Completeness) -> Completeness:
    with bound(run.connection, run.tenant_id):
        return store_verdict(run, found)

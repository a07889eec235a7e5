"""Batches of questions in the database: stored before they are sent, closed with all answers. It calls no vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from integrations.openai.answers import Answer
from integrations.openai.requests import MAX_OUTPUT_TOKENS
from pipelines.enrichment.store import LEAD_COLUMNS, LEAD_CONTACT, Question, Store
from tekup.db import bound
from tekup.ids import uuid7


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is not closed: being prepared, uploaded but not known to have started, or running."""

    batch_key: UUID
    status: Literal["preparing", "uploaded", "running"]
    request_count: int
    input_file: str | None
    vendor_id: str | None
    created_at: datetime


def find_open(store: Store) -> OpenBatch | None:
    """The tenant's open batch; there is one at most."""
    with bound(store.connection, store.tenant_id):
        return (
            store.connection.cursor(row_factory=class_row(OpenBatch))
            .execute(
                "select batch_key, status, request_count, input_file, vendor_id, created_at "
                "from ml.lead_enrichment_batch where tenant_id = %s and status in ('preparing', 'uploaded', 'running')",
                (store.tenant_id,),
            )
            .fetchone()
        )


def prepare(store: Store, questions: list[Question]) -> OpenBatch | None:
    """Commit a batch and its pending questions together; None where none of them is ours to ask."""
    batch_key = uuid7()
    with bound(store.connection, store.tenant_id):
        count = len(store.claim_within(questions, batch_key))
        if count:
            store.connection.execute(
                "insert into ml.lead_enrichment_batch (tenant_id, batch_key, run_id, status, model, request_count) "
                "values (%s, %s, %s, 'preparing', %s, %s)",
                (store.tenant_id, batch_key, store.run_id, store.model, count),
            )
    return find_open(store) if count else None


def questions_of(store: Store, batch: OpenBatch) -> list[Question]:
    """The batch's questions, made again from the leads as they are now; one that changed since is not among them."""
    with bound(store.connection, store.tenant_id):
        rows = store.connection.execute(
            f"select distinct on (answer.cache_key) answer.cache_key, {LEAD_COLUMNS} "  # noqa: S608  # fixed text
            "from ml.lead_enrichment as answer inner join ml.lead_enrichment_lead as link "
            "on link.tenant_id = answer.tenant_id and link.cache_key = answer.cache_key "
            "inner join raw_operational.leads as lead on lead.tenant_id = link.tenant_id "
            f"and lead.id = link.lead_id and lead.deleted_at is null {LEAD_CONTACT} "
            "where answer.tenant_id = %s and answer.batch_key = %s and answer.status = 'pending' "
            "order by answer.cache_key, lead.created_at desc",
            (store.tenant_id, batch.batch_key),
        ).fetchall()
        return store.questions_within([(row[0], row[1:]) for row in rows])


def note_uploaded(store: Store, batch: OpenBatch, input_file: str) -> None:
    """The file is there; from now on the vendor may have the batch even where its answer never arrives."""
    _change(store, batch, "status = 'uploaded', input_file = %s", input_file)


def note_running(store: Store, batch: OpenBatch, vendor_id: str) -> None:
    """The vendor has the batch, under this id."""
    _change(store, batch, "status = 'running', vendor_id = %s", vendor_id)


def close(store: Store, batch: OpenBatch, answers: Mapping[str, Answer], reason: str | None) -> list[Answer]:
    """Store a batch's answers, give back what it did not answer, and close it, all in one transaction."""
    with bound(store.connection, store.tenant_id):
        most: dict[str, int] = dict(
            store.connection.execute(
                "select cache_key, reserved_tokens from ml.lead_enrichment "
                "where tenant_id = %s and batch_key = %s and status = 'pending'",
                (store.tenant_id, batch.batch_key),
            ).fetchall()
        )
        # lines of leads that were erased since count for the budget: they were paid for
        reached = [(key, answer) for key, answer in answers.items() if answer.is_reached]
        if reached:
            store.save_within(
                [(key, answer, most.get(key, MAX_OUTPUT_TOKENS)) for key, answer in reached], batch.batch_key
            )
        _give_back(store, batch, reason or "its batch ended without an answer")
        store.connection.execute(
            "update ml.lead_enrichment_batch set status = 'collected', answered_count = %s, reason = %s, "
            "finished_at = now() where tenant_id = %s and batch_key = %s",
            (len(reached), reason, store.tenant_id, batch.batch_key),
        )
    return [answer for key, answer in reached if key in most]


def abandon(store: Store, batch: OpenBatch, reason: str, *, maybe_billed: bool) -> None:
    """Close a batch without answers; ``maybe_billed`` charges its questions at their most."""
    with bound(store.connection, store.tenant_id):
        if maybe_billed:
            row = store.connection.execute(
                "select coalesce(sum(reserved_tokens), 0) from ml.lead_enrichment "
                "where tenant_id = %s and batch_key = %s and status = 'pending'",
                (store.tenant_id, batch.batch_key),
            ).fetchone()
            assert row is not None
            store.charge_within(int(row[0]), batch.batch_key)
        _give_back(store, batch, reason)
        store.connection.execute(
            "update ml.lead_enrichment_batch set status = 'abandoned', reason = %s, finished_at = now() "
            "where tenant_id = %s and batch_key = %s",
            (reason[:200], store.tenant_id, batch.batch_key),
        )


def _give_back(store: Store, batch: OpenBatch, reason: str) -> None:
    """What was never answered counts no attempt and waits for another run."""
    store.connection.execute(
        "update ml.lead_enrichment set status = 'failed', reason = %s, attempts = attempts - 1, "
        "reserved_tokens = 0, batch_key = null, run_id = %s "
        "where tenant_id = %s and batch_key = %s and status = 'pending'",
        (reason[:200], store.run_id, store.tenant_id, batch.batch_key),
    )


def _change(store: Store, batch: OpenBatch, what: str, value: str) -> None:
    with bound(store.connection, store.tenant_id):
        store.connection.execute(
            f"update ml.lead_enrichment_batch set {what} where tenant_id = %s and batch_key = %s".encode(),  # noqa: S608  # fixed text
            (value, store.tenant_id, batch.batch_key),
        )

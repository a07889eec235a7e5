"""Takes a tenant's batch from its questions to its answers, from wherever it stopped. Its SQL is elsewhere."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from integrations.openai.answers import Answer
from integrations.openai.batches import BatchState, OpenaiBatches
from integrations.openai.client import Rejected
from integrations.openai.requests import batch_line
from pipelines.enrichment import batch_store
from pipelines.enrichment.batch_store import OpenBatch
from pipelines.enrichment.store import Question, Store
from tekup.errors import VendorError

BATCH_SIZE = 10_000
"""Questions a batch; the vendor takes 50,000 and 200 MB, and one of ours is about 3 kB."""
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a run waits for a batch before it leaves it to the next run."""

    seconds: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pauses(self) -> Iterator[float]:
        """Yield growing pauses between looks until the time is up."""
        started, pause = self.clock(), _FIRST_PAUSE
        while self.clock() - started + pause <= self.seconds:
            yield pause
            pause = min(pause * 1.5, _LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Turn:
    """How a batch fared in this run: its answers once it is over, else in words how far it is."""

    answers: list[Answer]
    is_open: bool
    told: str


def start(store: Store, batches: OpenaiBatches, questions: list[Question]) -> OpenBatch | None:
    """Commit a batch of these questions and hand it to the vendor; None where nothing could be handed over.

    Raises:
        VendorError: the vendor can't take it now; the batch stays and the next run goes on with it.
    """
    batch = batch_store.prepare(store, questions)
    return None if batch is None else hand_over(store, batches, batch)


def hand_over(store: Store, batches: OpenaiBatches, batch: OpenBatch) -> OpenBatch | None:
    """Bring a batch that a run left behind to the vendor, once: what it may have already is looked for first.

    Raises:
        VendorError: as for `start`.
    """
    if batch.status == "preparing":
        questions = batch_store.questions_of(store, batch)
        if not questions:
            batch_store.abandon(store, batch, "its leads changed before it was sent", maybe_billed=False)
            return None
        lines = (batch_line(question.key, question.text, store.model) for question in questions)
        file = batches.upload(lines, str(batch.batch_key))
        batch_store.note_uploaded(store, batch, file)
        batch = replace(batch, status="uploaded", input_file=file)
    if batch.status == "uploaded":
        state = _begun(store, batches, batch)
        if state is None:
            return None
        batch_store.note_running(store, batch, state.vendor_id)
        batch = replace(batch, status="running", vendor_id=state.vendor_id)
    return batch


def _begun(store: Store, batches: OpenaiBatches, batch: OpenBatch) -> BatchState | None:
    mark = str(batch.batch_key)
    state = batches.find(mark, batch.created_at.timestamp())
    if state is not None:
        return state
    try:
        return batches.create(str(batch.input_file), mark)
    except Rejected as fault:
        batch_store.abandon(store, batch, fault.what, maybe_billed=False)
        batches.forget(batch.input_file)
        return None


def take_turn(
    store: Store, batches: OpenaiBatches, batch: OpenBatch, patience: Patience, is_allowed: Callable[[], bool]
) -> Turn:
    """Look at a running batch until it is over or patience ends, and store what it brought.

    Raises:
        VendorError: the vendor can't say, or a file can't be read; nothing is lost.
    """
    pauses = patience.pauses()
    while True:
        state = batches.look(str(batch.vendor_id))
        if state is None:
            batch_store.abandon(store, batch, "the vendor does not know the batch any more", maybe_billed=True)
            return Turn([], False, "lost at the vendor")
        if state.is_over:
            return _collect(store, batches, batch, state)
        pause = next(pauses, None)
        if pause is None:
            done = state.completed + state.failed
            return Turn([], True, f"{state.vendor_id} is running, {done} of {batch.request_count} are done")
        patience.sleep(pause)
        if not is_allowed():
            cancel(store, batches, batch)
            return Turn([], False, "cancelled, since consent was withdrawn")


def cancel(store: Store, batches: OpenaiBatches, batch: OpenBatch) -> None:
    """Stop a batch and take its file back. What the vendor had done by then may be billed, so it is charged in full.

    Raises:
        VendorError: the vendor can't be told; the batch stays open.
    """
    vendor_id = batch.vendor_id
    if batch.status == "uploaded":
        state = batches.find(str(batch.batch_key), batch.created_at.timestamp())
        vendor_id = None if state is None else state.vendor_id
    if vendor_id is not None:
        batches.cancel(vendor_id)
    batches.forget(batch.input_file)
    batch_store.abandon(store, batch, "consent was withdrawn", maybe_billed=vendor_id is not None)


def _collect(store: Store, batches: OpenaiBatches, batch: OpenBatch, state: BatchState) -> Turn:
    told_by_vendor = batches.answers(state)
    if state.completed and not told_by_vendor:
        batch_store.abandon(store, batch, "the vendor has forgotten its answers", maybe_billed=True)
        return Turn([], False, f"{state.vendor_id} {state.phase}, but its answers are gone")
    answers = batch_store.close(store, batch, told_by_vendor, state.reason)
    batches.forget(state.input_file, state.output_file, state.error_file)
    if state.phase == "failed":
        raise VendorError(
            f"openai could not work on the batch {state.vendor_id}: {state.reason or 'no reason told'}",
            hint="check the tenant's model and the project's batch limits",
        )
    told = f"{state.vendor_id} {state.phase}, {len(answers)} of {batch.request_count} were answered"
    return Turn(answers, False, f"{told}: {state.reason}" if state.reason else told)

"""One run of one tenant's enrichment: forget, note, ask, store, report. Consent, SQL and batches are elsewhere.

It loads the vendor's SDK, which takes a second: whoever needs it imports it late.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from integrations.openai.answers import Answer
from integrations.openai.batches import OpenaiBatches
from integrations.openai.client import OpenaiClient, Unanswered
from pipelines.enrichment import backfill, batch_store
from pipelines.enrichment.backfill import Patience
from pipelines.enrichment.consent import Consent, read_consent, withdraw_consent
from pipelines.enrichment.store import STALE_SECONDS, Question, Store, open_store
from pipelines.resources.platform import Platform
from tekup.directory.connections import Connection, open_credential, record_state
from tekup.directory.tenants import Tenant
from tekup.errors import CredentialRefused, TekupError, VendorError

BATCH_FROM = 500
"""From so many waiting texts on they go by batch: half the price, and no hour of single calls."""
_GROUP = 16
_THREADS = 4
_PAGE = 500
_FAILED_IN_A_ROW = 5


@dataclass(slots=True)
class Report:
    """What a run did. ``cached`` leads had their answer already; outcomes and ``waiting`` count texts."""

    skipped: str | None = None
    leads: int = 0
    cached: int = 0
    asked: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    given_up: int = 0
    erased: int = 0
    tokens_used: int = 0
    tokens_left: int = 0
    is_budget_used_up: bool = False
    batch: str | None = None
    state: str = ""
    trouble: TekupError | None = None

    @property
    def answered(self) -> int:
        """How many texts got an answer that can be used."""
        return self.outcomes.get("answered", 0)

    def count(self, answer: Answer) -> None:
        """Note one outcome."""
        self.asked += 1
        self.outcomes[answer.outcome] = self.outcomes.get(answer.outcome, 0) + 1


@dataclass(frozen=True, slots=True)
class Run:
    """What one run's steps share."""

    store: Store
    client: OpenaiClient
    consent: Callable[[], Consent]
    report: Report

    def fitting(self, questions: Sequence[Question]) -> list[Question]:
        """As many questions as the consent and its budget allow now, each counted at its most."""
        consent = self.consent()
        if not consent.is_given:
            self.report.skipped = "consent was withdrawn"
            return []
        left, fitting = self.store.tokens_left(consent.monthly_tokens), []
        for question in questions:
            left -= question.most_tokens
            if left < 0:
                break
            fitting.append(question)
        self.report.is_budget_used_up = bool(questions) and not fitting
        return fitting


def enrich_tenant(
    platform: Platform,
    tenant: Tenant,
    *,
    by_batch: bool = False,
    patience: Patience | None = None,
    stale_seconds: float = STALE_SECONDS,
) -> Report:
    """Ask about every lead's text that has no answer, as far as consent and budget go.

    What belongs to deleted leads is forgotten first, with or without consent. An answer that can't be used is stored
    with its reason and breaks nothing; trouble with the vendor ends the run, is in the report, and loses nothing.

    Raises:
        EnrichmentBusy: another process works on the same tenant.
        DatabaseUnavailable: a database can't be reached.
    """
    report = Report()
    consent = read_consent(platform.doors, tenant.id)
    with open_store(platform.doors, tenant.id, consent.model, stale_seconds=stale_seconds) as store:
        store.link(only_known=not consent.is_given)
        report.erased = store.erase()
        connection = platform.connection(tenant, "openai")
        if not consent.is_given:
            report.skipped = "no consent: tekup enrich TENANT --on --budget TOKENS gives it"
            try:
                _stop_batch(platform, connection, store)
            except VendorError as error:
                report.trouble = error
        elif connection is None:
            report.skipped = "no openai connection: tekup connect TENANT openai"
        else:
            report.cached = store.counts().answered
            _work(platform, connection, store, report, by_batch, patience or Patience())
        _measure(store, report, read_consent(platform.doors, tenant.id))
    return report


def switch_off(platform: Platform, tenant: Tenant) -> str | None:
    """Withdraw the tenant's consent and stop its batch at the vendor; returns what could not be stopped, in words.

    The consent is gone from the first moment, so that a run under way stops by itself.
    """
    consent = read_consent(platform.doors, tenant.id)
    withdraw_consent(platform.doors, tenant.id)
    try:
        with open_store(platform.doors, tenant.id, consent.model) as store:
            _stop_batch(platform, platform.connection(tenant, "openai"), store)
    except TekupError as error:
        return error.what
    return None


def _stop_batch(platform: Platform, connection: Connection | None, store: Store) -> None:
    """Cancel what is out without consent: the one thing that the vendor is told then.

    Raises:
        VendorError: the vendor can't be told.
    """
    batch = batch_store.find_open(store)
    if batch is None or connection is None:
        return
    client = _opened(platform, connection, store.model)
    try:
        backfill.cancel(store, OpenaiBatches(client), batch)
    finally:
        client.close()


def _work(
    platform: Platform, connection: Connection, store: Store, report: Report, by_batch: bool, patience: Patience
) -> None:
    """Ask, and note how the connection fared."""
    tenant_id = connection.tenant_id
    client = _opened(platform, connection, store.model)
    run = Run(store, client, lambda: read_consent(platform.doors, tenant_id), report)
    try:
        is_batch_open = _by_batch(run, by_batch, patience)
        if report.skipped is None and not (is_batch_open and store.counts().waiting > BATCH_FROM):
            _one_by_one(run)
    except VendorError as error:
        report.trouble = error
        status = "refused" if isinstance(error, CredentialRefused) else "failing"
        record_state(platform.doors, tenant_id, "openai", status, error.what)
    else:
        if report.asked:
            record_state(platform.doors, tenant_id, "openai", "working", None)
    finally:
        client.close()


def _by_batch(run: Run, is_wanted: bool, patience: Patience) -> bool:
    """Go on with the open batch, then make others while many texts wait; says whether one is still open."""
    batches = OpenaiBatches(run.client)
    batch = batch_store.find_open(run.store)
    if batch is not None:
        batch = backfill.hand_over(run.store, batches, batch)
    while True:
        if batch is None:
            if not is_wanted and run.store.counts().waiting <= BATCH_FROM:
                return False
            questions = run.fitting(run.store.waiting(backfill.BATCH_SIZE))
            batch = backfill.start(run.store, batches, questions) if questions else None
            if batch is None:
                return False
        turn = backfill.take_turn(run.store, batches, batch, patience, lambda: run.consent().is_given)
        run.report.batch = turn.told
        for answer in turn.answers:
            run.report.count(answer)
        if turn.is_open:
            return True
        batch = None


def _one_by_one(run: Run) -> None:
    seen: set[str] = set()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="enrich") as pool:
        while True:
            questions = [question for question in run.store.waiting(_PAGE) if question.key not in seen]
            if not questions and not run.store.link():
                return
            while questions:
                group = run.fitting(questions[:_GROUP])
                if not group:
                    return
                seen.update(question.key for question in group)
                _ask(run, pool, run.store.claim(group))
                questions = questions[len(group) :]


def _ask(run: Run, pool: ThreadPoolExecutor, group: Sequence[Question]) -> None:
    """Ask a group's questions side by side and store each answer as it comes.

    Raises:
        VendorError: the vendor failed, or turned away every question of a group for the same kind of reason.
    """
    trouble: VendorError | None = None
    failed: list[Answer] = []
    asked = {pool.submit(run.client.ask, question.text): question for question in group}
    for future in as_completed(asked):
        question = asked[future]
        try:
            answer = future.result()
        except VendorError as error:
            run.store.release(question, error.what, maybe_billed=isinstance(error, Unanswered))
            trouble = trouble or error
            continue
        run.store.save(question, answer)
        run.report.count(answer)
        failed += [answer] if answer.outcome == "failed" else []
    if trouble is None and len(failed) == len(group) >= _FAILED_IN_A_ROW:
        trouble = VendorError(
            f"openai turns every question away: {failed[0].reason}",
            hint="check the tenant's model and the key's rights",
        )
    if trouble is not None:
        raise trouble


def _measure(store: Store, report: Report, consent: Consent) -> None:
    counts = store.counts()
    report.leads, report.waiting, report.given_up = counts.leads, counts.waiting, counts.given_up
    report.tokens_left = max(0, store.tokens_left(consent.monthly_tokens))
    report.tokens_used = store.tokens_of_run()
    report.state = store.state()


def _opened(platform: Platform, connection: Connection, model: str) -> OpenaiClient:
    return OpenaiClient(open_credential(platform.doors, connection), platform.api_base(connection), model=model)

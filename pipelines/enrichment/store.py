"""The cache of questions and answers, its ledger and its lock: all SQL of direct questions. It calls no vendor."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg

from integrations.openai.answers import Answer
from integrations.openai.requests import most_tokens, versions
from pipelines.enrichment.minimise import LeadText, minimised
from tekup.db import Database, Doors, Role, bound
from tekup.errors import TekupError
from tekup.ids import uuid7

MOST_ATTEMPTS = 3
"""After as many unusable answers a text is left alone."""
STALE_SECONDS = 900.0
"""How long a question may be out before another process asks it again: longer than all of the SDK's retries take."""
_MINIMISER = 1
_LINK_ROWS = 2_000
LEAD_COLUMNS = """
lead.company_name, lead.job_title, lead.message, lead.full_name, lead.email,
contact.first_name, contact.last_name, contact.email, contact.phone
"""
LEAD_CONTACT = """
left join raw_operational.contacts as contact
    on contact.tenant_id = lead.tenant_id and contact.id = lead.contact_id
"""
_WAITS = """
(
    answer.cache_key is null
    or (answer.status = 'pending' and answer.batch_key is null
        and answer.asked_at < now() - make_interval(secs => %(stale)s))
    or (answer.status in ('refused', 'incomplete', 'malformed', 'out_of_bounds', 'failed')
        and answer.attempts < %(most)s and answer.run_id <> %(run)s)
)
"""


class EnrichmentBusy(TekupError):
    """Another process is enriching the same tenant's leads."""


@dataclass(frozen=True, slots=True)
class Question:
    """One text to ask about, under its cache key."""

    key: str
    text: str

    @property
    def most_tokens(self) -> int:
        """What asking it may cost at most."""
        return most_tokens(self.text)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the tenant's leads with something to read stand."""

    leads: int
    answered: int
    waiting: int
    given_up: int


@dataclass(frozen=True, slots=True)
class Store:
    """One tenant's cache on a warehouse connection that holds its lock, for one run with one model."""

    connection: psycopg.Connection
    tenant_id: UUID
    run_id: UUID
    model: str
    stale_seconds: float = STALE_SECONDS

    @property
    def version(self) -> str:
        """What an answer depends on besides the text."""
        return f"{versions()}.{_MINIMISER} {self.model}"

    def key_of(self, text: str) -> str:
        """The cache key of a minimised text."""
        return cache_key(self.tenant_id, self.model, text)

    def erase(self) -> int:
        """Forget what belongs to leads that are gone, and answers that no lead has any more; returns the answers."""
        own = {"tenant": self.tenant_id}
        with bound(self.connection, self.tenant_id):
            self.connection.execute(
                "delete from ml.lead_enrichment_lead as link where tenant_id = %(tenant)s and not exists ("
                "select from raw_operational.leads as lead where lead.tenant_id = link.tenant_id "
                "and lead.id = link.lead_id and lead.deleted_at is null)",
                own,
            )
            return self.connection.execute(
                "delete from ml.lead_enrichment as answer where tenant_id = %(tenant)s "
                "and not exists (select from ml.lead_enrichment_lead as link "
                "where link.tenant_id = answer.tenant_id and link.cache_key = answer.cache_key) "
                "and not exists (select from ml.lead_enrichment_lead as link "
                "where link.tenant_id = answer.tenant_id and link.answered_key = answer.cache_key)",
                own,
            ).rowcount

    def link(self, *, only_known: bool = False) -> int:
        """Note the question of each lead that is new or was changed; returns how many were looked at.

        A changed text loses its answer at once; a new prompt or model keeps the old one until there is another.
        ``only_known`` looks at leads only that have been noted before, so that withdrawn consent reads no new text.
        """
        seen = 0
        with bound(self.connection, self.tenant_id), self.connection.cursor(name="leads_to_link") as leads:
            leads.itersize = _LINK_ROWS
            leads.execute(
                f"select lead.id, lead.changed_xid::text, {LEAD_COLUMNS} "  # noqa: S608  # fixed text
                f"from raw_operational.leads as lead {LEAD_CONTACT} left join ml.lead_enrichment_lead as link "
                "on link.tenant_id = lead.tenant_id and link.lead_id = lead.id "
                "where lead.tenant_id = %(tenant)s and lead.deleted_at is null "
                "and (link.lead_id is not null or not %(only_known)s) "
                "and (link.version is distinct from %(version)s or link.changed_xid <> lead.changed_xid)",
                {"tenant": self.tenant_id, "version": self.version, "only_known": only_known},
            )
            while rows := leads.fetchmany(_LINK_ROWS):
                self._note(rows)
                seen += len(rows)
        return seen

    def _note(self, rows: list[tuple[object, ...]]) -> None:
        links = []
        for lead_id, xid, *parts in rows:
            text = text_of(parts)
            key = None if text is None else self.key_of(text)
            links.append((lead_id, xid, key, None if text is None else _digest(str(self.tenant_id), text)))
        self.connection.execute(
            "insert into ml.lead_enrichment_lead as link "
            "(tenant_id, lead_id, changed_xid, cache_key, text_hash, version, answered_key) "
            "select %s, new.lead_id, new.xid::xid8, new.key, new.hash, %s, answer.cache_key "
            "from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) as new (lead_id, xid, key, hash) "
            "left join ml.lead_enrichment as answer "
            "on answer.tenant_id = %s and answer.cache_key = new.key and answer.status = 'answered' "
            "on conflict (tenant_id, lead_id) do update set changed_xid = excluded.changed_xid, "
            "cache_key = excluded.cache_key, text_hash = excluded.text_hash, version = excluded.version, "
            "answered_key = coalesce(excluded.answered_key, "
            "case when link.text_hash = excluded.text_hash then link.answered_key end), linked_at = now()",
            (self.tenant_id, self.version, *(list(column) for column in zip(*links, strict=True)), self.tenant_id),
        )

    def counts(self) -> Counts:
        """How the leads stand; waiting and given-up ones are counted by text."""
        with bound(self.connection, self.tenant_id):
            leads = self.connection.execute(
                "select count(*), count(*) filter (where answered_key = cache_key) from ml.lead_enrichment_lead "
                "where tenant_id = %s and cache_key is not null",
                (self.tenant_id,),
            ).fetchone()
            texts = self.connection.execute(
                f"select count(distinct link.cache_key) filter (where {_WAITS}), "  # noqa: S608  # fixed text
                "count(distinct link.cache_key) filter (where answer.attempts >= %(most)s "
                "and answer.status not in ('pending', 'answered')) "
                "from ml.lead_enrichment_lead as link left join ml.lead_enrichment as answer "
                "on answer.tenant_id = link.tenant_id and answer.cache_key = link.cache_key "
                "where link.tenant_id = %(tenant)s and link.cache_key is not null",
                self._limits(),
            ).fetchone()
        assert leads is not None
        assert texts is not None
        return Counts(leads[0], leads[1], texts[0], texts[1])

    def waiting(self, limit: int) -> list[Question]:
        """Texts that have no answer and may be asked about, those of the newest leads first."""
        with bound(self.connection, self.tenant_id):
            rows = self.connection.execute(
                f"select * from (select distinct on (link.cache_key) link.cache_key, lead.created_at, {LEAD_COLUMNS} "  # noqa: S608  # fixed text
                "from ml.lead_enrichment_lead as link "
                "inner join raw_operational.leads as lead "
                "on lead.tenant_id = link.tenant_id and lead.id = link.lead_id and lead.deleted_at is null "
                f"{LEAD_CONTACT} left join ml.lead_enrichment as answer "
                "on answer.tenant_id = link.tenant_id and answer.cache_key = link.cache_key "
                "where link.tenant_id = %(tenant)s and link.cache_key is not null and link.version = %(version)s "
                f"and {_WAITS} order by link.cache_key, lead.created_at desc) as found "
                "order by created_at desc nulls last, cache_key limit %(limit)s",
                {**self._limits(), "version": self.version, "limit": limit},
            ).fetchall()
            return self.questions_within([(row[0], row[2:]) for row in rows])

    def questions_within(self, rows: Sequence[tuple[str, Sequence[object]]]) -> list[Question]:
        """The texts of keys, inside the caller's transaction.

        One whose person was renamed since has another key by now: its lead is noted anew by the next `link`.
        """
        found, outdated = [], []
        for key, parts in rows:
            text = text_of(parts)
            if text is not None and self.key_of(text) == key:
                found.append(Question(key, text))
            else:
                outdated.append(key)
        if outdated:
            self.connection.execute(
                "update ml.lead_enrichment_lead set version = 'outdated' where tenant_id = %s and cache_key = any(%s)",
                (self.tenant_id, outdated),
            )
        return found

    def tokens_left(self, monthly: int) -> int:
        """What the calendar month's budget (UTC) still allows, questions that are out counted at their most."""
        with bound(self.connection, self.tenant_id):
            row = self.connection.execute(
                "select coalesce((select sum(input_tokens + output_tokens) from ml.lead_enrichment_call "
                "where tenant_id = %(tenant)s and called_at >= date_trunc('month', now(), 'UTC')), 0) "
                "+ coalesce((select sum(reserved_tokens) from ml.lead_enrichment "
                "where tenant_id = %(tenant)s and status = 'pending'), 0)",
                {"tenant": self.tenant_id},
            ).fetchone()
        assert row is not None
        return monthly - int(row[0])

    def tokens_of_run(self) -> int:
        """What this run's answers cost."""
        with bound(self.connection, self.tenant_id):
            row = self.connection.execute(
                "select coalesce(sum(input_tokens + output_tokens), 0) from ml.lead_enrichment_call "
                "where tenant_id = %s and run_id = %s",
                (self.tenant_id, self.run_id),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def claim(self, questions: Sequence[Question], batch_key: UUID | None = None) -> list[Question]:
        """Commit the questions as pending before they are asked; returns those that are ours to ask."""
        with bound(self.connection, self.tenant_id):
            return self.claim_within(questions, batch_key)

    def claim_within(self, questions: Sequence[Question], batch_key: UUID | None) -> list[Question]:
        """`claim` inside the caller's transaction. A question that a dead process left is charged at its most."""
        keys = [question.key for question in questions]
        self.connection.execute(
            "insert into ml.lead_enrichment_call "
            "(tenant_id, call_id, run_id, model, outcome, input_tokens, output_tokens) "
            "select tenant_id, gen_random_uuid(), run_id, model, 'unknown', reserved_tokens, 0 "
            "from ml.lead_enrichment where tenant_id = %(tenant)s and cache_key = any(%(keys)s) "
            "and status = 'pending' and batch_key is null "
            "and asked_at < now() - make_interval(secs => %(stale)s)",
            {**self._limits(), "keys": keys},
        )
        rows = self.connection.execute(
            "insert into ml.lead_enrichment as answer "  # noqa: S608  # fixed text
            "(tenant_id, cache_key, status, attempts, model, versions, run_id, batch_key, reserved_tokens) "
            "select %(tenant)s, new.key, 'pending', 1, %(model)s, %(versions)s, %(run)s, %(batch)s, new.tokens "
            "from unnest(%(keys)s::text[], %(tokens)s::int[]) as new (key, tokens) "
            "on conflict (tenant_id, cache_key) do update set status = 'pending', attempts = answer.attempts + 1, "
            "reason = null, run_id = excluded.run_id, batch_key = excluded.batch_key, "
            "reserved_tokens = excluded.reserved_tokens, asked_at = now() "
            f"where {_WAITS} returning cache_key",
            {
                **self._limits(),
                "model": self.model,
                "versions": versions(),
                "batch": batch_key,
                "keys": keys,
                "tokens": [question.most_tokens for question in questions],
            },
        ).fetchall()
        ours = {row[0] for row in rows}
        return [question for question in questions if question.key in ours]

    def save(self, question: Question, answer: Answer) -> None:
        """Commit an answer with its cost. The cost counts even where the question was taken over meanwhile."""
        with bound(self.connection, self.tenant_id):
            self.save_within([(question.key, answer, question.most_tokens)], None)

    def save_within(self, results: Sequence[tuple[str, Answer, int]], batch_key: UUID | None) -> int:
        """Store answers with their keys and highest costs, inside the caller's transaction; says how many were ours."""
        rows = [
            (key, answer.outcome, answer.reason, *_values(answer), *_cost(answer, most), answer.request_id)
            for key, answer, most in results
        ]
        keys, outcomes, reasons, language, industry, seniority, intent, summary, tokens_in, tokens_out, requests = (
            list(column) for column in zip(*rows, strict=True)
        )
        ours = self.connection.execute(
            "update ml.lead_enrichment as answer set status = new.status, reason = new.reason, reserved_tokens = 0, "
            "batch_key = null, language = new.language, industry = new.industry, seniority = new.seniority, "
            "intent = new.intent, summary = new.summary, answered_at = now() "
            "from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], "
            "%s::text[]) as new (key, status, reason, language, industry, seniority, intent, summary) "
            "where tenant_id = %s and cache_key = new.key and answer.status = 'pending' "
            "and (run_id = %s or batch_key = %s) returning cache_key, answer.status",
            (keys, outcomes, reasons, language, industry, seniority, intent, summary,
             self.tenant_id, self.run_id, batch_key),
        ).fetchall()  # fmt: skip
        self.connection.execute(
            "update ml.lead_enrichment_lead set answered_key = cache_key where tenant_id = %s and cache_key = any(%s)",
            (self.tenant_id, [row[0] for row in ours if row[1] == "answered"]),
        )
        self.connection.execute(
            "insert into ml.lead_enrichment_call (tenant_id, call_id, run_id, batch_key, model, outcome, "
            "input_tokens, output_tokens, request_id) "
            "select %s, gen_random_uuid(), %s, %s, %s, new.* "
            "from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[]) as new",
            (self.tenant_id, self.run_id, batch_key, self.model, outcomes, tokens_in, tokens_out, requests),
        )
        return len(ours)

    def charge_within(self, tokens: int, batch_key: UUID | None) -> None:
        """Charge what may have been billed, inside the caller's transaction."""
        self.connection.execute(
            "insert into ml.lead_enrichment_call (tenant_id, call_id, run_id, batch_key, model, outcome, "
            "input_tokens, output_tokens) values (%s, gen_random_uuid(), %s, %s, %s, 'unknown', %s, 0)",
            (self.tenant_id, self.run_id, batch_key, self.model, tokens),
        )

    def release(self, question: Question, reason: str, *, maybe_billed: bool) -> None:
        """Give back a question that was not answered: it waits for the next run and counts no attempt."""
        with bound(self.connection, self.tenant_id):
            self.connection.execute(
                "update ml.lead_enrichment set status = 'failed', reason = %s, attempts = attempts - 1, "
                "reserved_tokens = 0 where tenant_id = %s and cache_key = %s and status = 'pending' and run_id = %s",
                (reason[:200], self.tenant_id, question.key, self.run_id),
            )
            if maybe_billed:
                self.charge_within(question.most_tokens, None)

    def state(self) -> str:
        """A word that changes when any lead's answer does."""
        with bound(self.connection, self.tenant_id):
            row = self.connection.execute(
                "select count(*)::text || ' ' || coalesce(max(answered_at)::text, '') "
                "from ml.lead_enrichment_answer where tenant_id = %s",
                (self.tenant_id,),
            ).fetchone()
        assert row is not None
        return str(row[0])

    def _limits(self) -> dict[str, object]:
        return {
            "tenant": self.tenant_id,
            "run": self.run_id,
            "stale": self.stale_seconds,
            "most": MOST_ATTEMPTS,
        }


@contextmanager
def open_store(doors: Doors, tenant_id: UUID, model: str, *, stale_seconds: float = STALE_SECONDS) -> Iterator[Store]:
    """The tenant's cache, alone among all processes; a killed holder's lock goes with its connection.

    Raises:
        EnrichmentBusy: another process holds it.
    """
    with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as connection:
        digest = hashlib.blake2b(f"enrich\x1f{tenant_id}".encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "big", signed=True)
        connection.execute("set lock_timeout = '2s'")  # the server needs a moment to notice that a holder was killed
        try:
            connection.execute("select pg_advisory_lock(%s)", (key,))
        except psycopg.errors.LockNotAvailable:
            raise EnrichmentBusy(
                f"leads of tenant {tenant_id} are being enriched by another process", hint="wait for it to end"
            ) from None
        connection.execute("set lock_timeout = 0")
        yield Store(connection, tenant_id, uuid7(), model, stale_seconds)


def cache_key(tenant_id: UUID, model: str, text: str) -> str:
    """The key of a minimised text: another tenant's, prompt's, schema's or model's is another."""
    return _digest(str(tenant_id), versions(), model, text)


def text_of(parts: Sequence[object]) -> str | None:
    """The minimised text of a lead's columns, in the order of `LEAD_COLUMNS`."""
    company, title, message, full_name, email, first, last, contact_email, phone = (
        None if part is None else str(part) for part in parts
    )
    both = f"{first or ''} {last or ''}".strip()
    return minimised(LeadText(company, title, message, names=(full_name, both), known=(email, contact_email, phone)))


def _values(answer: Answer) -> tuple[str | None, ...]:
    found = answer.enrichment
    if found is None:
        return (None,) * 5
    return found.language, found.industry, found.seniority, found.intent, found.summary


def _cost(answer: Answer, most: int) -> tuple[int, int]:
    """Input and output tokens; the most that it may have cost where the vendor did not tell."""
    if answer.input_tokens is None or answer.output_tokens is None:
        return most, 0
    return answer.input_tokens, answer.output_tokens


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

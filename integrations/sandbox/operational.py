"""The simulated tenant's rows in the shape of the operational tables. Vendors' objects are made elsewhere."""

from dataclasses import dataclass

import numpy as np
import orjson
import polars as pl

from integrations.sandbox import vocabulary as words
from integrations.sandbox.frames import DAY, HOUR, NEVER, Ints, choose, dates, instants, pick
from integrations.sandbox.identifiers import key_of, uuids
from integrations.sandbox.journeys import Journeys
from integrations.sandbox.marketing import Campaigns, assign_campaigns
from integrations.sandbox.outcomes import Outcomes
from integrations.sandbox.people import Companies, People
from integrations.sandbox.tenants import TenantSpec

STAGES = (
    ("Ny", 0.10, False, False), ("Kvalificeret", 0.25, False, False), ("Møde", 0.45, False, False),
    ("Tilbud", 0.65, False, False), ("Vundet", 1.0, True, False), ("Tabt", 0.0, False, True),
)  # fmt: skip
_UTM = {
    "paid_search": ("google", "cpc", "https://www.google.com/"),
    "paid_social": ("facebook", "paid_social", "https://www.facebook.com/"),
    "organic_search": (None, None, "https://www.google.com/"),
    "email": ("kit", "email", None),
    "referral": (None, "referral", "https://partner.example/"),
    "display": ("gdn", "display", "https://news.example/"),
    "direct": (None, None, None),
    "events": ("event", "offline", None),
}
_KINDS = {
    "paid_search": "click", "paid_social": "click", "organic_search": "visit", "email": "email_click",
    "referral": "visit", "display": "view", "direct": "visit", "events": "meeting",
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Everything drawn for one tenant, and the ids that its rows share."""

    tenant: TenantSpec
    now: int
    journeys: Journeys
    companies: Companies
    people: People
    outcomes: Outcomes
    campaigns: Campaigns
    campaign: Ints
    lead_ids: pl.Series
    contact_ids: pl.Series
    company_ids: pl.Series

    def own(self, count: int) -> pl.Series:
        return pl.repeat(self.tenant.id, count, eager=True).alias("tenant_id")

    def ids(self, entity: str, count: int) -> pl.Series:
        return uuids(key_of(self.tenant.slug, entity), count)


def anonymous_ids(tenant: TenantSpec, people: int) -> pl.Series:
    """Return the cookie of each person."""
    return "a-" + uuids(key_of(tenant.slug, "anonymous"), people).str.slice(0, 18)


def build_companies(drawn: Drawn) -> pl.DataFrame:
    """One row per company that at least one lead works for."""
    count = len(drawn.companies.name)
    seen = np.full(count, drawn.now, dtype=np.int64)
    known = drawn.people.company >= 0
    np.minimum.at(seen, drawn.people.company[known], drawn.journeys.lead_created[known])
    frame = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.company_ids,
            "name": drawn.companies.name,
            "domain": drawn.companies.domain,
            "industry": pick(words.INDUSTRIES, drawn.companies.industry),
            "employee_count": pl.Series(drawn.companies.employees).cast(pl.Int32),
            "country": drawn.companies.country,
            "city": drawn.companies.city,
            "created_at": instants(seen),
            "updated_at": instants(seen),
        }
    )
    return frame.filter(pl.Series(seen < drawn.now))


def build_contacts(drawn: Drawn) -> pl.DataFrame:
    """One row per person behind the leads; the dirty tenant holds some people twice."""
    people, outcomes = drawn.people, drawn.outcomes
    count = len(people.who)
    is_own = people.who == np.arange(count)
    rank = np.zeros(count, dtype=np.int64)
    np.maximum.at(rank, people.who, np.where(outcomes.won != NEVER, 2, np.where(outcomes.qualified != NEVER, 1, 0)))
    latest = np.zeros(count, dtype=np.int64)
    np.maximum.at(latest, people.who, last_change(drawn))
    frame = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.contact_ids,
            "company_id": pick(drawn.company_ids, people.company),
            "email": people.email,
            "first_name": people.first_name,
            "last_name": people.last_name,
            "phone": people.phone,
            "job_title": people.title,
            "language": pick(("da", "en"), (~people.is_danish).astype(np.int64)),
            "lifecycle_stage": pick(("lead", "opportunity", "customer"), rank),
            "has_marketing_consent": pl.Series(people.has_consent),
            "created_at": instants(drawn.journeys.lead_created),
            "updated_at": instants(latest),
        }
    ).filter(pl.Series(is_own))
    if not drawn.tenant.is_dirty:
        return frame
    twice = frame.gather_every(17).with_columns(
        id=drawn.ids("duplicate-contacts", len(frame.gather_every(17))),
        email=pl.col("email").str.to_uppercase(),
        phone=pl.lit(None, dtype=pl.String),
        job_title=pl.lit(None, dtype=pl.String),
        created_at=pl.col("created_at") + pl.duration(minutes=5),
        updated_at=pl.col("created_at") + pl.duration(minutes=5),
    )
    limit = instants(np.array([drawn.now]))[0]
    return pl.concat([frame, twice.filter(pl.col("created_at") < limit)])


def last_change(drawn: Drawn) -> Ints:
    """Return when each lead last moved."""
    outcomes = drawn.outcomes
    moves = [drawn.journeys.lead_created, outcomes.contacted, outcomes.qualified, outcomes.won, outcomes.lost]
    return np.asarray(np.maximum.reduce(moves), dtype=np.int64)


def build_leads(drawn: Drawn) -> pl.DataFrame:
    """One row per lead; value_cents is known for won leads only."""
    people, outcomes, journeys = drawn.people, drawn.outcomes, drawn.journeys
    count = len(people.who)
    status = np.select(
        [
            outcomes.won != NEVER,
            outcomes.lost != NEVER,
            outcomes.qualified != NEVER,
            outcomes.contacted != NEVER,
        ],
        [3, 4, 2, 1],
        0,
    ).astype(np.int64)
    company = people.company
    industry = np.where(company >= 0, drawn.companies.industry[np.maximum(company, 0)], -1)
    employees = np.where(company >= 0, drawn.companies.employees[np.maximum(company, 0)], -1)
    is_missing = np.arange(count) % (4 if drawn.tenant.is_dirty else 12) == 0
    employees = np.where(is_missing, -1, employees)
    final = drawn.campaign[_final_touch(journeys)]
    people_count = len(journeys.became_lead)
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.lead_ids,
            "contact_id": pick(drawn.contact_ids, people.who),
            "company_id": pick(drawn.company_ids, company),
            "campaign_id": pick(drawn.campaigns.table["id"], final),
            "anonymous_id": pick(anonymous_ids(drawn.tenant, people_count), journeys.lead_person),
            "email": people.email,
            "full_name": people.first_name + " " + people.last_name,
            "company_name": pick(drawn.companies.name, company),
            "job_title": people.title,
            "message": people.message,
            "source": pick(words.CHANNELS, journeys.lead_source),
            "landing_page": pick(words.LANDING_PAGES, journeys.lead_page),
            "country": people.country,
            "language": pick(("da", "en"), (~people.is_danish).astype(np.int64)),
            "industry": pick(words.INDUSTRIES, industry),
            "employee_count": pl.Series(employees).set(pl.Series(employees < 0), None).cast(pl.Int32),
            "status": pick(("new", "contacted", "qualified", "won", "lost"), status),
            "has_marketing_consent": pl.Series(people.has_consent),
            "value_cents": pl.Series(outcomes.amount_cents).set(pl.Series(outcomes.won == NEVER), None),
            "currency": pick(("DKK", "EUR"), outcomes.is_euro.astype(np.int64)),
            "created_at": instants(journeys.lead_created),
            "contacted_at": instants(outcomes.contacted),
            "qualified_at": instants(outcomes.qualified),
            "won_at": instants(outcomes.won),
            "lost_at": instants(outcomes.lost),
            "updated_at": instants(last_change(drawn)),
        }
    )


def _final_touch(journeys: Journeys) -> Ints:
    """Return, per lead, the row of the touch that became the lead."""
    ends = np.flatnonzero(journeys.is_last)
    row = np.full(len(journeys.became_lead), -1, dtype=np.int64)
    row[journeys.person[ends]] = ends
    return row[journeys.lead_person]


def build_pipelines(drawn: Drawn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per pipeline, and one per stage of it."""
    begin = instants(np.array([drawn.now - drawn.tenant.days_old * DAY]))
    pipeline = drawn.ids("pipelines", 1)
    pipelines = pl.DataFrame(
        {
            "tenant_id": drawn.own(1),
            "id": pipeline,
            "name": ["Salg"],
            "is_default": [True],
            "created_at": begin,
            "updated_at": begin,
        }
    )
    count = len(STAGES)
    stages = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.ids("stages", count),
            "pipeline_id": pl.repeat(pipeline[0], count, eager=True),
            "name": [stage[0] for stage in STAGES],
            "position": pl.Series(range(count), dtype=pl.Int16),
            "probability": [stage[1] for stage in STAGES],
            "is_won": [stage[2] for stage in STAGES],
            "is_lost": [stage[3] for stage in STAGES],
            "created_at": pl.repeat(begin[0], count, eager=True),
            "updated_at": pl.repeat(begin[0], count, eager=True),
        }
    )
    return pipelines, stages


def build_deals(drawn: Drawn, rng: np.random.Generator, stages: pl.DataFrame) -> pl.DataFrame:
    """One row per qualified lead: open, won or lost."""
    outcomes, people = drawn.outcomes, drawn.people
    rows = np.flatnonzero(outcomes.qualified != NEVER)
    count = len(rows)
    won, lost, opened = outcomes.won[rows], outcomes.lost[rows], outcomes.qualified[rows]
    status = np.where(won != NEVER, 1, np.where(lost != NEVER, 2, 0)).astype(np.int64)
    stage = np.where(status == 1, 4, np.where(status == 2, 5, choose(rng, (0.1, 0.4, 0.3, 0.2), count)))
    closed = np.maximum(won, lost)
    company = pick(drawn.companies.name, people.company[rows])
    person = pick(people.first_name + " " + people.last_name, rows)
    name = pl.DataFrame({"c": company, "p": person}).select(pl.coalesce("c", "p").alias("name")).to_series()
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.ids("deals", count),
            "pipeline_id": pl.repeat(stages["pipeline_id"][0], count, eager=True),
            "stage_id": pick(stages["id"], stage.astype(np.int64)),
            "lead_id": pick(drawn.lead_ids, rows),
            "contact_id": pick(drawn.contact_ids, people.who[rows]),
            "company_id": pick(drawn.company_ids, people.company[rows]),
            "name": name + " · " + drawn.tenant.name,
            "amount_cents": outcomes.amount_cents[rows],
            "currency": pick(("DKK", "EUR"), outcomes.is_euro[rows].astype(np.int64)),
            "status": pick(("open", "won", "lost"), status),
            "expected_close_date": dates(opened + 30 * DAY),
            "closed_at": instants(closed),
            "created_at": instants(opened),
            "updated_at": instants(np.maximum(opened, closed)),
        }
    )


def build_activities(drawn: Drawn, rng: np.random.Generator) -> pl.DataFrame:
    """One row per call, e-mail, meeting, note or task with a contacted lead."""
    contacted = np.flatnonzero(drawn.outcomes.contacted != NEVER)
    repeats = 1 + rng.poisson(0.7, len(contacted))
    lead = np.repeat(contacted, repeats)
    starts = np.concatenate(([0], np.cumsum(repeats)[:-1])).astype(np.int64) if len(repeats) else repeats
    order = np.arange(len(lead)) - np.repeat(starts, repeats)
    moment = drawn.outcomes.contacted[lead] + (order * rng.exponential(4 * DAY, len(lead))).astype(np.int64)
    kind = np.where(order == 0, choose(rng, (0.55, 0.45), len(lead)), choose(rng, (0.3, 0.3, 0.2, 0.1, 0.1), len(lead)))
    duration = np.where((kind == 0) | (kind == 2), rng.integers(60, 2400, len(lead)), -1)
    outcome = np.where(kind == 0, choose(rng, (0.55, 0.25, 0.2), len(lead)), -1)
    kept = moment < drawn.now
    lead, moment, kind, duration, outcome = (
        lead[kept],
        moment[kept],
        kind[kept],
        duration[kept],
        outcome[kept],
    )
    subjects = ("Opkald", "E-mail", "Møde", "Note", "Opfølgning")
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(len(lead)),
            "id": drawn.ids("activities", len(kept)).filter(pl.Series(kept)),
            "kind": pick(("call", "email", "meeting", "note", "task"), kind.astype(np.int64)),
            "lead_id": pick(drawn.lead_ids, lead),
            "contact_id": pick(drawn.contact_ids, drawn.people.who[lead]),
            "deal_id": pl.repeat(None, len(lead), dtype=pl.String, eager=True),
            "subject": pick(subjects, kind.astype(np.int64)),
            "body": pl.repeat(None, len(lead), dtype=pl.String, eager=True),
            "outcome": pick(("connected", "no_answer", "left_message"), outcome.astype(np.int64)),
            "duration_seconds": pl.Series(duration).set(pl.Series(duration < 0), None).cast(pl.Int32),
            "occurred_at": instants(moment),
            "created_at": instants(moment),
            "updated_at": instants(moment),
        }
    )


def build_touchpoints(drawn: Drawn, rng: np.random.Generator) -> pl.DataFrame:
    """One row per touch: of people who never became leads, of leads before (anonymous) and after (known)."""
    journeys = drawn.journeys
    extra = rng.poisson(0.55, len(journeys.lead_person))
    owner = np.repeat(np.arange(len(extra)), extra)
    later = journeys.lead_created[owner] + (rng.exponential(12 * DAY, len(owner))).astype(np.int64) + HOUR
    kept = later < drawn.now
    owner, later = owner[kept], later[kept]
    channel_later = np.array([3, 6, 0, 5])[choose(rng, (0.55, 0.25, 0.1, 0.1), len(owner))]
    campaign_later = assign_campaigns(rng, drawn.campaigns, channel_later, later)
    formed = np.zeros(len(journeys.person), dtype=bool)
    formed[_final_touch(journeys)] = True
    lead = np.concatenate((np.full(len(journeys.person), -1), owner))
    person = np.concatenate((journeys.person, journeys.lead_person[owner]))
    channel = np.concatenate((journeys.channel, channel_later))
    campaign = np.concatenate((drawn.campaign, campaign_later))
    page = np.concatenate((journeys.page, np.zeros(len(owner), dtype=np.int64)))
    device = np.concatenate((journeys.device, np.zeros(len(owner), dtype=np.int64)))
    moment = np.concatenate((journeys.occurred, later))
    is_form = np.concatenate((formed, np.zeros(len(owner), dtype=bool)))
    count = len(person)
    frame = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.ids("touchpoints", count),
            "anonymous_id": pick(anonymous_ids(drawn.tenant, len(journeys.became_lead)), person),
            "lead_id": pick(drawn.lead_ids, lead),
            "contact_id": pick(drawn.contact_ids, np.where(lead >= 0, drawn.people.who[np.maximum(lead, 0)], -1)),
            "campaign_id": pick(drawn.campaigns.table["id"], campaign),
            "kind": pick(
                [*(_KINDS[c] for c in words.CHANNELS), "form"],
                np.where(is_form, len(words.CHANNELS), channel),
            ),
            "channel": pick(words.CHANNELS, channel),
            "utm_source": pick([_UTM[c][0] for c in words.CHANNELS], channel),
            "utm_medium": pick([_UTM[c][1] for c in words.CHANNELS], channel),
            "utm_campaign": pick(drawn.campaigns.table["utm_campaign"], campaign),
            "utm_content": pl.repeat(None, count, dtype=pl.String, eager=True),
            "utm_term": pl.repeat(None, count, dtype=pl.String, eager=True),
            "landing_page": pick(words.LANDING_PAGES, page),
            "referrer": pick([_UTM[c][2] for c in words.CHANNELS], channel),
            "device": pick(words.DEVICES, device),
            "occurred_at": instants(moment),
            "created_at": instants(moment),
            "updated_at": instants(moment),
        }
    )
    return frame.sort("anonymous_id", "occurred_at", "id")


def build_identities(drawn: Drawn) -> pl.DataFrame:
    """One row per lead: which cookie turned out to be whom."""
    journeys = drawn.journeys
    count = len(journeys.lead_person)
    cookies = pick(anonymous_ids(drawn.tenant, len(journeys.became_lead)), journeys.lead_person)
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": drawn.ids("identities", count),
            "anonymous_id": cookies,
            "lead_id": drawn.lead_ids,
            "contact_id": pick(drawn.contact_ids, drawn.people.who),
            "kind": pl.repeat("cookie", count, eager=True),
            "value": cookies,
            "first_seen_at": instants(journeys.lead_first),
            "created_at": instants(journeys.lead_created),
            "updated_at": instants(journeys.lead_created),
        }
    )


def build_application_data(drawn: Drawn) -> pl.DataFrame:
    """One row per application that the tenant uses."""
    rows = [
        ("crm", {"default_view": "pipeline"}),
        ("lead-platform", {"lookback_days": 30}),
        ("inbox", {"signature": True}),
    ]
    begin = instants(np.array([drawn.now - drawn.tenant.days_old * DAY]))[0]
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(len(rows)),
            "id": drawn.ids("application_data", len(rows)),
            "app_name": [row[0] for row in rows],
            "data": [orjson.dumps(row[1]).decode() for row in rows],
            "created_at": pl.repeat(begin, len(rows), eager=True),
            "updated_at": pl.repeat(begin, len(rows), eager=True),
        }
    )

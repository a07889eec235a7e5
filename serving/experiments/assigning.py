"""Giving variants and keeping exposures: the first of each person, however often it is told."""

from typing import Any

from sqlalchemy import Row

from serving.auth.subject import Subject
from serving.experiments.repository import ExperimentRepository
from serving.experiments.schemas import (
    AssignmentRequest,
    Assignments,
    ExposureCreate,
    ExposureReceipt,
    ExposureVerdict,
    Whose,
)
from serving.kit.databases import Databases
from serving.models.crm import contacts_without_people
from serving.models.operational import leads_without_people
from serving.touchpoints.service import is_bot
from tekup.clock import utc_now
from tekup.experiments.assignment import Plan, Variant, assign
from tekup.ids import uuid7
from tekup.tenancy import TenantContext


def plan_of(row: Row[Any]) -> Plan:
    """What assignment needs, of a stored experiment; its id is the salt."""
    variants = [Variant(variant["name"], float(variant.get("weight", 1))) for variant in row.variants]
    return Plan(str(row.id), variants, row.layer, row.traffic_from, row.traffic_to, row.audience)


async def give_variants(
    databases: Databases, subject: Subject, asked: AssignmentRequest, user_agent: str | None
) -> Assignments:
    """The variants of one unit, with the exposures that the request tells of, in one transaction."""
    wanted = set(asked.expose)
    async with databases.operational(_looking_up(subject), read_only=not wanted) as session:
        repository = ExperimentRepository(session, subject.tenant_id)
        given: dict[str, str] = {}
        rows = await repository.assigning(asked.unit)
        for row in rows:
            variant = row.decision or assign(plan_of(row), asked.unit_id, asked.attributes)
            if variant is not None:
                given[row.key] = variant
        if wanted and not (user_agent and is_bot(user_agent)) and await _is_known(repository, asked):
            exposed = [
                _exposure(row, asked, given[row.key])
                for row in rows
                if row.status == "running" and row.key in wanted and row.key in given
            ]
            if exposed:
                await repository.add_exposures(exposed)
    return Assignments(variants=given, ids={row.key: row.id for row in rows if row.key in given})


async def keep_exposures(
    databases: Databases, subject: Subject, items: list[ExposureCreate], user_agent: str | None
) -> ExposureReceipt:
    """Store what may be stored, and say of each what became of it."""
    if user_agent and is_bot(user_agent):
        return ExposureReceipt(stored=0, verdicts=["bot"] * len(items))
    async with databases.operational(_looking_up(subject), read_only=False) as session:
        repository = ExperimentRepository(session, subject.tenant_id)
        known = await repository.called({item.experiment for item in items})
        leads = await repository.known(leads_without_people, {item.lead_id for item in items if item.lead_id})
        contacts = await repository.known(
            contacts_without_people, {item.contact_id for item in items if item.contact_id}
        )
        verdicts: list[ExposureVerdict] = []
        rows: dict[int, dict[str, Any]] = {}
        for place, item in enumerate(items):
            verdict = _refusal(known.get(item.experiment), item)
            if verdict is None and item.lead_id is not None and item.lead_id not in leads:
                verdict = "unknown_lead"
            if verdict is None and item.contact_id is not None and item.contact_id not in contacts:
                verdict = "unknown_contact"
            if verdict is None:
                rows[place] = _exposure(known[item.experiment], item, item.variant) | {
                    "exposed_at": item.exposed_at or utc_now()
                }
            verdicts.append(verdict or "known")
        added = await repository.add_exposures(list(rows.values())) if rows else set()
    for place, row in rows.items():
        if row["id"] in added:
            verdicts[place] = "stored"
    return ExposureReceipt(stored=len(added), verdicts=verdicts)


def _looking_up(subject: Subject) -> TenantContext:
    """Leads and contacts are only looked for, which shows nobody who they are."""
    return subject.context.with_permission("leads:read").with_permission("contacts:read")


def _refusal(experiment: Row[Any] | None, item: ExposureCreate) -> ExposureVerdict | None:
    if experiment is None:
        return "unknown_experiment"
    if experiment.status != "running":
        return "not_running"
    if experiment.unit != item.unit:
        return "wrong_unit"
    plan = plan_of(experiment)
    # whether he is of the audience was known when he was given the variant
    everybody = Plan(plan.salt, plan.variants, plan.layer, plan.traffic_from, plan.traffic_to)
    return None if assign(everybody, item.unit_id) == item.variant else "other_variant"


async def _is_known(repository: ExperimentRepository, whose: Whose) -> bool:
    """A visitor is known by his cookie alone; a lead or contact must be stored."""
    leads = await repository.known(leads_without_people, {whose.lead_id} if whose.lead_id else set())
    contacts = await repository.known(contacts_without_people, {whose.contact_id} if whose.contact_id else set())
    return whose.anonymous_id is not None or bool(leads or contacts)


def _exposure(experiment: Row[Any], whose: Whose, variant: str) -> dict[str, Any]:
    ids = {"anonymous_id": whose.anonymous_id, "lead_id": whose.lead_id, "contact_id": whose.contact_id}
    return {"id": uuid7(), "experiment_id": experiment.id, "variant": variant, "exposed_at": utc_now(), **ids}

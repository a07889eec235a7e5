"""Building links that keep the tenant's rules of naming, and setting these."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.subject import Subject
from serving.kit.audit import note_change
from serving.kit.databases import Databases
from serving.kit.problems import Problem, unusable_field
from serving.links.naming import build_link, fault_of_campaign, fault_of_word
from serving.links.repository import LinkRepository
from serving.links.schemas import UtmLink, UtmLinkRequest, UtmRules, UtmRulesUpdate
from serving.outbox import emit
from tekup.contracts.workspace_events import UtmRulesChanged


async def get_rules(databases: Databases, subject: Subject) -> UtmRules:
    """The rules as they stand; without any, all names are allowed."""
    async with databases.operational(subject.context) as session:
        return await _rules(LinkRepository(session, subject.tenant_id))


async def set_rules(databases: Databases, subject: Subject, body: UtmRulesUpdate, request_id: str) -> UtmRules:
    """Put rules in place of those there are, with event and audit. Campaigns that stand already keep their names."""
    values = body.model_dump(mode="json")
    async with databases.operational(subject.context, read_only=False) as session:
        row = await LinkRepository(session, subject.tenant_id).set_rules(values)
        await emit(session, subject.tenant_id, UtmRulesChanged(), subject.tenant_id, request_id)
        note_change(session, "utm_rules.set", "utm_rules", subject.tenant_id, details={"fields": sorted(values)})
    return UtmRules(**values, updated_at=row.updated_at)


async def build(databases: Databases, subject: Subject, body: UtmLinkRequest) -> UtmLink:
    """A link.

    Raises:
        Problem: 422 that names each name that breaks a rule, and how it should be.
    """
    async with databases.operational(subject.context) as session:
        repository = LinkRepository(session, subject.tenant_id)
        rules = await _rules(repository)
        campaign, campaign_id = await _campaign(repository, body)
    faults = {
        "/source": fault_of_word(body.source, rules.sources),
        "/medium": fault_of_word(body.medium, rules.mediums),
        "/campaign": fault_of_campaign(campaign, rules) if body.campaign is not None else None,
    }
    errors = [{"pointer": place, "detail": fault} for place, fault in faults.items() if fault is not None]
    if errors:
        raise Problem(422, "unusable-input", "the names break the tenant's rules", errors=errors)
    values: dict[str, str | None] = {
        "utm_source": body.source, "utm_medium": body.medium, "utm_campaign": campaign, "utm_content": body.content,
        "utm_term": body.term,
    }  # fmt: skip
    return UtmLink.model_validate({"url": build_link(body.url, values), "campaign_id": campaign_id, **values})


async def check_campaign_name(session: AsyncSession, tenant_id: UUID, name: str | None) -> None:
    """Refuse a campaign's UTM name that breaks the rules, where there are any.

    Raises:
        Problem: 422 that says how it should be.
    """
    row = await LinkRepository(session, tenant_id).rules() if name is not None else None
    if name is not None and row is not None:
        fault = fault_of_campaign(name, UtmRulesUpdate(separator=row.separator, parts=row.parts))
        if fault is not None:
            raise unusable_field("/utm_campaign", fault)


async def _rules(repository: LinkRepository) -> UtmRules:
    row = await repository.rules()
    if row is None:
        return UtmRules(updated_at=None)
    return UtmRules(**{name: row._mapping[name] for name in UtmRules.model_fields})


async def _campaign(repository: LinkRepository, body: UtmLinkRequest) -> tuple[str, UUID | None]:
    if body.campaign is not None:
        return body.campaign, await repository.campaign_called(body.campaign)
    assert body.campaign_id is not None  # one of both is given
    found = await repository.campaign(body.campaign_id)
    if found is None:
        raise unusable_field("/campaign_id", "no such campaign")
    if found.utm_campaign is None:
        raise unusable_field("/campaign_id", "the campaign has no UTM name; give it one, or send campaign")
    return str(found.utm_campaign), found.id

"""The records as GraphQL knows them: the fields of their shapes, and the ways from one to another."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import Parent

from serving.crm import field_schemas, resources
from serving.crm import schemas as crm
from serving.graphql.context import Info
from serving.graphql.shapes import of_model, told
from serving.kpis.schemas import KpiDay as KpiDayShape
from serving.kpis.schemas import KpiMonth as KpiMonthShape
from serving.leads.schemas import Lead as LeadShape
from serving.records.resource import Resource
from serving.records.service import version_of
from serving.scores.schemas import Reason as ReasonShape
from serving.scores.schemas import Score as ScoreShape

USUAL = 10


@strawberry.type
class Record:
    """What every record of the CRM has."""

    id: UUID

    @told("Changes with each write; send it as `if_match`.")
    def version(self, root: Parent[Any]) -> str:
        return version_of(root)


@of_model(ReasonShape)
class Reason:
    pass


@of_model(ScoreShape)
class Score:
    reasons: list[Reason]


@of_model(LeadShape)
class Lead:
    @told("The score with its reasons and model; null before the first batch.")
    async def score(self, info: Info, root: Parent[LeadShape]) -> Score | None:
        return await info.context.load_score(root.id)  # type: ignore[no-any-return]

    @strawberry.field
    async def contact(self, info: Info, root: Parent[LeadShape]) -> "Contact | None":
        return await info.context.load(resources.CONTACT, root.contact_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def company(self, info: Info, root: Parent[LeadShape]) -> "Company | None":
        return await info.context.load(resources.COMPANY, root.company_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def campaign(self, info: Info, root: Parent[LeadShape]) -> "Campaign | None":
        return await info.context.load(resources.CAMPAIGN, root.campaign_id)  # type: ignore[no-any-return]

    @told("The latest of them.")
    async def deals(self, info: Info, root: Parent[LeadShape], first: int = USUAL) -> "list[Deal] | None":
        return await info.context.load_of(resources.DEAL, "lead_id", root.id, first)

    @told("The latest of them.")
    async def activities(self, info: Info, root: Parent[LeadShape], first: int = USUAL) -> "list[Activity] | None":
        return await info.context.load_of(resources.ACTIVITY, "lead_id", root.id, first)


@of_model(crm.Company)
class Company(Record):
    @strawberry.field
    async def parent(self, info: Info, root: Parent[crm.Company]) -> "Company | None":
        return await info.context.load(resources.COMPANY, root.parent_id)  # type: ignore[no-any-return]

    @told("The latest of them.")
    async def subsidiaries(self, info: Info, root: Parent[crm.Company], first: int = USUAL) -> "list[Company] | None":
        return await info.context.load_of(resources.COMPANY, "parent_id", root.id, first)

    @told("The latest of them.")
    async def contacts(self, info: Info, root: Parent[crm.Company], first: int = USUAL) -> "list[Contact] | None":
        return await info.context.load_of(resources.CONTACT, "company_id", root.id, first)

    @told("The latest of them.")
    async def deals(self, info: Info, root: Parent[crm.Company], first: int = USUAL) -> "list[Deal] | None":
        return await info.context.load_of(resources.DEAL, "company_id", root.id, first)


@of_model(crm.Contact)
class Contact(Record):
    @strawberry.field
    async def company(self, info: Info, root: Parent[crm.Contact]) -> "Company | None":
        return await info.context.load(resources.COMPANY, root.company_id)  # type: ignore[no-any-return]

    @told("The latest of them.")
    async def deals(self, info: Info, root: Parent[crm.Contact], first: int = USUAL) -> "list[Deal] | None":
        return await info.context.load_of(resources.DEAL, "contact_id", root.id, first)

    @told("The latest of them.")
    async def activities(self, info: Info, root: Parent[crm.Contact], first: int = USUAL) -> "list[Activity] | None":
        return await info.context.load_of(resources.ACTIVITY, "contact_id", root.id, first)


@of_model(crm.Pipeline)
class Pipeline(Record):
    @told("The latest of them.")
    async def stages(self, info: Info, root: Parent[crm.Pipeline], first: int = USUAL) -> "list[Stage] | None":
        return await info.context.load_of(resources.STAGE, "pipeline_id", root.id, first)

    @told("The latest of them.")
    async def deals(self, info: Info, root: Parent[crm.Pipeline], first: int = USUAL) -> "list[Deal] | None":
        return await info.context.load_of(resources.DEAL, "pipeline_id", root.id, first)


@of_model(crm.Stage)
class Stage(Record):
    @strawberry.field
    async def pipeline(self, info: Info, root: Parent[crm.Stage]) -> "Pipeline | None":
        return await info.context.load(resources.PIPELINE, root.pipeline_id)  # type: ignore[no-any-return]

    @told("The latest of them.")
    async def deals(self, info: Info, root: Parent[crm.Stage], first: int = USUAL) -> "list[Deal] | None":
        return await info.context.load_of(resources.DEAL, "stage_id", root.id, first)


@of_model(crm.Deal)
class Deal(Record):
    @strawberry.field
    async def pipeline(self, info: Info, root: Parent[crm.Deal]) -> "Pipeline | None":
        return await info.context.load(resources.PIPELINE, root.pipeline_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def stage(self, info: Info, root: Parent[crm.Deal]) -> "Stage | None":
        return await info.context.load(resources.STAGE, root.stage_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def contact(self, info: Info, root: Parent[crm.Deal]) -> "Contact | None":
        return await info.context.load(resources.CONTACT, root.contact_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def company(self, info: Info, root: Parent[crm.Deal]) -> "Company | None":
        return await info.context.load(resources.COMPANY, root.company_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def lead(self, info: Info, root: Parent[crm.Deal]) -> "Lead | None":
        return await info.context.load_lead(root.lead_id)  # type: ignore[no-any-return]

    @told("The latest of them.")
    async def activities(self, info: Info, root: Parent[crm.Deal], first: int = USUAL) -> "list[Activity] | None":
        return await info.context.load_of(resources.ACTIVITY, "deal_id", root.id, first)


@of_model(crm.Activity)
class Activity(Record):
    @strawberry.field
    async def lead(self, info: Info, root: Parent[crm.Activity]) -> "Lead | None":
        return await info.context.load_lead(root.lead_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def contact(self, info: Info, root: Parent[crm.Activity]) -> "Contact | None":
        return await info.context.load(resources.CONTACT, root.contact_id)  # type: ignore[no-any-return]

    @strawberry.field
    async def deal(self, info: Info, root: Parent[crm.Activity]) -> "Deal | None":
        return await info.context.load(resources.DEAL, root.deal_id)  # type: ignore[no-any-return]


@of_model(crm.Campaign)
class Campaign(Record):
    @told("The latest of them.")
    async def spend(self, info: Info, root: Parent[crm.Campaign], first: int = USUAL) -> "list[Spend] | None":
        return await info.context.load_of(resources.SPEND, "campaign_id", root.id, first)


@of_model(crm.Spend)
class Spend(Record):
    @strawberry.field
    async def campaign(self, info: Info, root: Parent[crm.Spend]) -> "Campaign | None":
        return await info.context.load(resources.CAMPAIGN, root.campaign_id)  # type: ignore[no-any-return]


@of_model(field_schemas.CustomField)
class CustomField(Record):
    pass


@of_model(KpiDayShape)
class KpiDay:
    pass


@of_model(KpiMonthShape)
class KpiMonth:
    pass


@strawberry.type
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None = strawberry.field(description="Send it as `after`, with the same filter and sort.")


KINDS: dict[str, tuple[Resource, type]] = {
    "company": (resources.COMPANY, Company),
    "contact": (resources.CONTACT, Contact),
    "pipeline": (resources.PIPELINE, Pipeline),
    "stage": (resources.STAGE, Stage),
    "deal": (resources.DEAL, Deal),
    "activity": (resources.ACTIVITY, Activity),
    "campaign": (resources.CAMPAIGN, Campaign),
    "spend": (resources.SPEND, Spend),
    "custom_field": (resources.CUSTOM_FIELD, CustomField),
}
"""Each kind of record under the name that fields of the schema begin or end with."""

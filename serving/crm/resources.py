"""The resources of the CRM: each record's table, shapes, filters and events on one screen."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.crm import field_schemas, schemas, settling
from serving.models import crm as tables
from serving.records.resource import Events, Resource, Told
from tekup.contracts import crm_events as told
from tekup.contracts.events import ContactCreated, TaskScheduled

COMPANY = Resource(
    noun="company",
    plural="companies",
    table=tables.companies,
    read=schemas.Company,
    create=schemas.CompanyCreate,
    update=schemas.CompanyUpdate,
    filters={"domain": str, "industry": str, "country": str, "owner_id": UUID, "parent_id": UUID},
    searched=("name", "domain", "city"),
    orders=("created_at", "updated_at", "name"),
    has_tags=True,
    custom_entity="company",
    settle=settling.settle_company,
    events=Events(
        created=lambda row: [told.CompanyCreated(company_id=row.id)],
        changed=lambda before, row, fields: [told.CompanyChanged(company_id=row.id, fields=fields)],
        deleted=lambda row: [told.CompanyDeleted(company_id=row.id)],
    ),
)

CONTACT = Resource(
    noun="contact",
    plural="contacts",
    table=tables.contacts,
    masked=tables.contacts_without_people,
    seen_with=("persons:read", "contacts:write"),
    read=schemas.Contact,
    create=schemas.ContactCreate,
    update=schemas.ContactUpdate,
    filters={"email": schemas.Email, "company_id": UUID, "owner_id": UUID, "lifecycle_stage": str},
    searched=("email", "first_name", "last_name", "phone", "job_title"),
    has_tags=True,
    custom_entity="contact",
    events=Events(
        created=lambda row: [ContactCreated(contact_id=row.id, company_id=row.company_id)],
        changed=lambda before, row, fields: [told.ContactChanged(contact_id=row.id, fields=fields)],
        deleted=lambda row: [told.ContactDeleted(contact_id=row.id)],
    ),
)

PIPELINE = Resource(
    noun="pipeline",
    plural="pipelines",
    table=tables.pipelines,
    read=schemas.Pipeline,
    create=schemas.PipelineCreate,
    update=schemas.PipelineUpdate,
    filters={"is_default": bool},
    orders=("created_at", "updated_at", "name"),
    settle=settling.settle_pipeline,
)

STAGE = Resource(
    noun="stage",
    plural="stages",
    permission="pipelines",
    table=tables.stages,
    read=schemas.Stage,
    create=schemas.StageCreate,
    update=schemas.StageUpdate,
    filters={"pipeline_id": UUID},
    orders=("position", "created_at", "updated_at"),
)


def _tell_deal_created(row: Row[Any]) -> Told:
    made = told.DealCreated(deal_id=row.id, pipeline_id=row.pipeline_id, stage_id=row.stage_id, status=row.status)
    return [made] if row.owner_id is None else [made, told.DealAssigned(deal_id=row.id, owner_id=row.owner_id)]


def _tell_deal_changed(before: Row[Any], row: Row[Any], fields: list[str]) -> Told:
    moved = told.DealStageChanged(
        deal_id=row.id, from_stage_id=before.stage_id, to_stage_id=row.stage_id, status=row.status
    )
    events: Told = [told.DealChanged(deal_id=row.id, fields=fields)]
    if before.stage_id != row.stage_id:
        events.append(moved)
    if row.owner_id is not None and row.owner_id != before.owner_id:
        events.append(told.DealAssigned(deal_id=row.id, owner_id=row.owner_id))
    return events


DEAL = Resource(
    noun="deal",
    plural="deals",
    table=tables.deals,
    read=schemas.Deal,
    create=schemas.DealCreate,
    update=schemas.DealUpdate,
    filters={
        "status": schemas.DealStatus, "pipeline_id": UUID, "stage_id": UUID, "owner_id": UUID, "contact_id": UUID,
        "company_id": UUID, "lead_id": UUID,
    },
    searched=("name",),
    orders=("created_at", "updated_at", "name"),
    has_tags=True,
    custom_entity="deal",
    settle=settling.settle_deal,
    events=Events(
        created=_tell_deal_created,
        changed=_tell_deal_changed,
        deleted=lambda row: [told.DealDeleted(deal_id=row.id)],
    ),
)  # fmt: skip


def _tell_activity_created(row: Row[Any]) -> Told:
    links = {"lead_id": row.lead_id, "contact_id": row.contact_id}
    if row.kind == "task" and row.due_at is not None:
        return [TaskScheduled(task_id=row.id, due_at=row.due_at, **links)]
    return [told.ActivityLogged(activity_id=row.id, kind=row.kind, deal_id=row.deal_id, **links)]


def _tell_activity_changed(before: Row[Any], row: Row[Any], fields: list[str]) -> Told:
    if before.completed_at is None and row.completed_at is not None:
        return [told.TaskCompleted(task_id=row.id, lead_id=row.lead_id, completed_at=row.completed_at)]
    if "due_at" in fields and row.due_at is not None and row.completed_at is None:
        return _tell_activity_created(row)
    return [told.ActivityChanged(activity_id=row.id, fields=fields)]


ACTIVITY = Resource(
    noun="activity",
    plural="activities",
    table=tables.activities,
    read=schemas.Activity,
    create=schemas.ActivityCreate,
    update=schemas.ActivityUpdate,
    filters={
        "kind": schemas.ActivityKind, "lead_id": UUID, "contact_id": UUID, "deal_id": UUID, "owner_id": UUID,
    },
    searched=("subject", "body"),
    orders=("occurred_at", "created_at", "updated_at"),
    settle=settling.settle_activity,
    events=Events(created=_tell_activity_created, changed=_tell_activity_changed),
)  # fmt: skip

CAMPAIGN = Resource(
    noun="campaign",
    plural="campaigns",
    table=tables.campaigns,
    read=schemas.Campaign,
    create=schemas.CampaignCreate,
    update=schemas.CampaignUpdate,
    filters={"channel": str, "status": schemas.CampaignStatus, "utm_campaign": str},
    searched=("name", "utm_campaign"),
    orders=("created_at", "updated_at", "name"),
    settle=settling.settle_campaign,
    events=Events(
        created=lambda row: [told.CampaignCreated(campaign_id=row.id, channel=row.channel)],
        changed=lambda before, row, fields: [told.CampaignChanged(campaign_id=row.id, fields=fields)],
        deleted=lambda row: [told.CampaignDeleted(campaign_id=row.id)],
    ),
)

SPEND = Resource(
    noun="day of spend",
    plural="campaign_spend",
    permission="campaigns",
    table=tables.campaign_spend,
    read=schemas.Spend,
    create=schemas.SpendCreate,
    update=schemas.SpendUpdate,
    filters={"campaign_id": UUID},
    orders=("spend_date", "created_at", "updated_at"),
    settle=settling.settle_spend,
)

CUSTOM_FIELD = Resource(
    noun="custom field",
    plural="custom_fields",
    permission="tenant",
    table=tables.custom_fields,
    read=field_schemas.CustomField,
    create=field_schemas.CustomFieldCreate,
    update=field_schemas.CustomFieldUpdate,
    filters={"entity": str},
    settle=settling.settle_custom_field,
)

RESOURCES = (COMPANY, CONTACT, PIPELINE, STAGE, DEAL, ACTIVITY, CAMPAIGN, SPEND, CUSTOM_FIELD)

"""The HubSpot objects of a simulated tenant, made from its operational rows. Serving is elsewhere."""

import polars as pl

from integrations.sandbox.hubspot_frames import archived, build_further, object_ids
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import Drawn

PIPELINE_ID = "default"
STAGE_IDS = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "contractsent",
    "closedwon",
    "closedlost",
)
TICKET_STAGES = {"1": "Ny", "2": "Venter på kunde", "3": "Venter på os", "4": "Lukket"}
_CHANNEL_SOURCES = {
    "paid_search": "PAID_SEARCH",
    "paid_social": "PAID_SOCIAL",
    "organic_search": "ORGANIC_SEARCH",
    "email": "EMAIL_MARKETING",
    "referral": "REFERRALS",
    "display": "OTHER_CAMPAIGNS",
    "direct": "DIRECT_TRAFFIC",
    "events": "OFFLINE",
}


def build_crm(drawn: Drawn, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the ``hubspot_*`` frames, one per kind of object; none for tenants without HubSpot.

    Ids are numeric text; ``tekup_id`` is the custom property that carries the operational id; ``contact_ref`` and
    ``company_ref`` are the associations.
    """
    if "hubspot" not in drawn.tenant.vendors:
        return {}
    companies = tables["companies"].sort("created_at", "id")
    contacts = tables["contacts"].sort("created_at", "id")
    deals = tables["deals"].sort("created_at", "id")
    sources = tables["leads"].sort("created_at").unique("contact_id", keep="first", maintain_order=True)
    companies = companies.with_columns(object_id=object_ids(drawn, "companies", len(companies)))
    contacts = contacts.with_columns(object_id=object_ids(drawn, "contacts", len(contacts)))
    deals = deals.with_columns(object_id=object_ids(drawn, "deals", len(deals)))
    company_ref = companies.select(company_id="id", company_ref="object_id", company_name="name")
    contact_ref = contacts.select(contact_id="id", contact_ref="object_id")
    stage = tables["stages"].select(stage_id="id", dealstage=pl.Series(STAGE_IDS))
    source = sources.select(contact_id="contact_id", channel="source")
    contacts = contacts.join(company_ref, on="company_id", how="left", maintain_order="left").join(
        source, left_on="id", right_on="contact_id", how="left", maintain_order="left"
    )
    deals = (
        deals.join(company_ref, on="company_id", how="left", maintain_order="left")
        .join(contact_ref, on="contact_id", how="left", maintain_order="left")
        .join(stage, on="stage_id", how="left", maintain_order="left")
    )
    owner = key_of(drawn.tenant.natural_key, "owners") % 100_000_000
    return {
        "hubspot_companies": companies.select(
            "tenant_id",
            "object_id",
            "created_at",
            "updated_at",
            archived(len(companies)).alias("archived"),
            "name",
            "domain",
            "industry",
            pl.col("employee_count").cast(pl.String).alias("numberofemployees"),
            "country",
            "city",
            pl.col("id").alias("tekup_id"),
        ),
        "hubspot_contacts": contacts.select(
            "tenant_id",
            "object_id",
            "created_at",
            "updated_at",
            archived(len(contacts)).alias("archived"),
            "email",
            pl.col("first_name").alias("firstname"),
            pl.col("last_name").alias("lastname"),
            "phone",
            pl.col("job_title").alias("jobtitle"),
            pl.col("lifecycle_stage").alias("lifecyclestage"),
            pl.col("company_name").alias("company"),
            pl.col("language").alias("hs_language"),
            pl.col("channel").replace_strict(_CHANNEL_SOURCES, default=None).alias("hs_analytics_source"),
            pl.col("id").alias("tekup_id"),
            "company_ref",
        ),
        "hubspot_deals": deals.select(
            "tenant_id",
            "object_id",
            "created_at",
            "updated_at",
            archived(len(deals)).alias("archived"),
            pl.col("name").alias("dealname"),
            (pl.col("amount_cents") / 100).cast(pl.Decimal(18, 2)).cast(pl.String).alias("amount"),
            pl.col("currency").alias("deal_currency_code"),
            "dealstage",
            pl.lit(PIPELINE_ID).alias("pipeline"),
            pl.coalesce("closed_at", pl.col("expected_close_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
            .dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
            .alias("closedate"),
            (pl.col("status") == "won").cast(pl.String).alias("hs_is_closed_won"),
            (owner + pl.int_range(pl.len(), dtype=pl.Int64) % 3).cast(pl.String).alias("hubspot_owner_id"),
            pl.col("id").alias("tekup_id"),
            "contact_ref",
            "company_ref",
        ),
        **build_further(drawn, contacts, deals, tables["activities"]),
    }

"""What a simulated tenant's HubSpot holds beside people and deals: tickets, goods, quotes, engagements. No serving.

Everything follows from the operational rows; nothing is drawn anew. Volume stays modest: one activity in four was noted
in the CRM.
"""

import numpy as np
import polars as pl

from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import Drawn

_PRODUCTS = (("Grundpakke", 4_900), ("Standardpakke", 12_500), ("Komplet løsning", 39_000), ("Serviceaftale", 1_900))
_ACTIVITIES_A_NOTE = 4
_CONTACTS_A_TICKET = 20
_KINDS = {"call": "calls", "email": "emails", "meeting": "meetings", "note": "notes", "task": "tasks"}


def object_ids(drawn: Drawn, entity: str, count: int) -> pl.Series:
    """Return ids as the vendor writes them; tenants with the same natural key get the same ones."""
    base = 10_000_000_000 + key_of(drawn.tenant.natural_key, "hubspot", entity) % 80_000_000_000
    return pl.Series(base + np.arange(count, dtype=np.int64)).cast(pl.String)


def archived(count: int) -> pl.Series:
    """Return which objects lie in the recycle bin: about one in 250, never the first ones."""
    return pl.Series((np.arange(count) % 251) == 240)


def build_further(
    drawn: Drawn, contacts: pl.DataFrame, deals: pl.DataFrame, activities: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Return the further ``hubspot_*`` frames; contacts and deals carry their ``object_id`` and references."""
    products = _products(drawn, deals)
    return {
        "hubspot_tickets": _tickets(drawn, contacts),
        "hubspot_products": products,
        "hubspot_line_items": _line_items(drawn, deals, products),
        "hubspot_quotes": _quotes(drawn, deals),
        **_engagements(drawn, contacts, deals, activities),
    }


def _placed(drawn: Drawn, kind: str, frame: pl.DataFrame, *columns: pl.Expr) -> pl.DataFrame:
    """Return the common columns, then the kind's own."""
    return frame.select(
        pl.lit(drawn.tenant.id).alias("tenant_id"),
        object_ids(drawn, kind, len(frame)).alias("object_id"),
        "created_at",
        "updated_at",
        archived(len(frame)).alias("archived"),
        *columns,
    )


def _tickets(drawn: Drawn, contacts: pl.DataFrame) -> pl.DataFrame:
    frame = contacts.gather_every(_CONTACTS_A_TICKET).with_row_index("place")
    return _placed(
        drawn,
        "tickets",
        frame,
        pl.concat_str(pl.lit("Henvendelse fra "), "first_name", ignore_nulls=True).alias("subject"),
        pl.lit("0").alias("hs_pipeline"),
        (pl.col("place") % 4 + 1).cast(pl.String).alias("hs_pipeline_stage"),
        pl.when(pl.col("place") % 3 == 0).then(pl.lit("HIGH")).otherwise(pl.lit("LOW")).alias("hs_ticket_priority"),
        pl.col("object_id").alias("contact_ref"),
        pl.col("company_ref"),
    )


def _products(drawn: Drawn, deals: pl.DataFrame) -> pl.DataFrame:
    count = len(_PRODUCTS) if len(deals) else 0
    first = deals["created_at"].min()
    frame = pl.DataFrame(
        {
            "name": [name for name, _ in _PRODUCTS][:count],
            "price": [f"{price}.00" for _, price in _PRODUCTS][:count],
            "created_at": pl.repeat(first, count, dtype=deals.schema["created_at"], eager=True),
            "updated_at": pl.repeat(first, count, dtype=deals.schema["created_at"], eager=True),
        }
    )
    sku = pl.concat_str(pl.lit("TU-"), pl.int_range(1, count + 1, dtype=pl.Int64).cast(pl.String)).alias("hs_sku")
    return _placed(drawn, "products", frame, pl.col("name"), pl.col("price"), sku)


def _line_items(drawn: Drawn, deals: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    won = deals.filter(pl.col("status") == "won")
    chosen = products.select("name", hs_product_id="object_id").with_row_index("place")
    frame = won.drop("name").with_columns((pl.int_range(pl.len()) % len(_PRODUCTS)).cast(pl.UInt32).alias("place"))
    frame = frame.join(chosen, on="place", how="left", maintain_order="left")
    amount = (pl.col("amount_cents") / 100).cast(pl.Decimal(18, 2)).cast(pl.String)
    return _placed(
        drawn,
        "line_items",
        frame,
        pl.col("name"),
        pl.lit("1").alias("quantity"),
        amount.alias("price"),
        amount.alias("amount"),
        pl.col("hs_product_id"),
        pl.col("object_id").alias("deal_ref"),
    )


def _quotes(drawn: Drawn, deals: pl.DataFrame) -> pl.DataFrame:
    frame = deals.filter(pl.col("dealstage").is_in(["contractsent", "closedwon"])).gather_every(2)
    return _placed(
        drawn,
        "quotes",
        frame,
        pl.concat_str(pl.lit("Tilbud: "), "name").alias("hs_title"),
        pl.lit("APPROVAL_NOT_NEEDED").alias("hs_status"),
        pl.col("expected_close_date").cast(pl.String).alias("hs_expiration_date"),
        pl.col("object_id").alias("deal_ref"),
        pl.col("contact_ref"),
        pl.col("company_ref"),
    )


def _engagements(
    drawn: Drawn, contacts: pl.DataFrame, deals: pl.DataFrame, activities: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    people = contacts.select("company_ref", contact_id="id", contact_ref="object_id")
    bargains = deals.select("contact_id", deal_ref="object_id").unique("contact_id", keep="first", maintain_order=True)
    noted = activities.sort("occurred_at", "id").gather_every(_ACTIVITIES_A_NOTE).drop("deal_id")
    noted = noted.join(people, on="contact_id", how="left", maintain_order="left")
    noted = noted.join(bargains, on="contact_id", how="left", maintain_order="left")
    moment = pl.col("occurred_at").dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
    duration = (pl.col("duration_seconds").cast(pl.Int64) * 1000).cast(pl.String)
    own: dict[str, tuple[pl.Expr, ...]] = {
        "call": (
            pl.col("subject").alias("hs_call_title"),
            duration.alias("hs_call_duration"),
            pl.col("outcome").alias("hs_call_disposition"),
            pl.lit("COMPLETED").alias("hs_call_status"),
        ),
        "email": (
            pl.col("subject").alias("hs_email_subject"),
            pl.lit("EMAIL").alias("hs_email_direction"),
            pl.lit("SENT").alias("hs_email_status"),
        ),
        "meeting": (
            pl.col("subject").alias("hs_meeting_title"),
            moment.alias("hs_meeting_start_time"),
            pl.lit("COMPLETED").alias("hs_meeting_outcome"),
        ),
        "note": (pl.col("subject").alias("hs_note_body"),),
        "task": (pl.col("subject").alias("hs_task_subject"), pl.lit("COMPLETED").alias("hs_task_status")),
    }
    references = ("contact_ref", "company_ref", "deal_ref")
    return {
        f"hubspot_{name}": _placed(
            drawn,
            name,
            noted.filter(pl.col("kind") == kind),
            moment.alias("hs_timestamp"),
            *own[kind],
            *(pl.col(reference) for reference in references),
        )
        for kind, name in _KINDS.items()
    }

"""The rows that lead models learn from and score: features, labels, what salespeople said. No model is known here."""

from uuid import UUID

import polars as pl

from pipelines.models.scoring_settings import read_scoring_settings
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from tekup.errors import TekupError

LABEL = "is_won_90d"
TIME = "as_of_at"
TENANT = "tenant_id"
LEAD = "lead_id"
NOT_FEATURES = (LEAD, "lead_count_so_far")
"""Columns that are no features: a count that only grows tells the date and the tenant, not the lead."""
HELD_OUT = 0.2
"""The latest share of each tenant's leads, on which a model that never saw them is judged."""
WEIGHT = "teaching_weight"
BORNE_OUT = {"too_high": 0, "too_low": 1}
"""The outcome that bears a word out: a lead that was said to be worse than its score, and was not won."""
WEIGHT_BORNE_OUT = 2.0
_FEEDBACK = """
select distinct on (said.lead_id) said.lead_id, said.verdict
from raw_operational.lead_feedback as said
left join raw_operational.leads as lead on lead.tenant_id = said.tenant_id and lead.id = said.lead_id
where said.deleted_at is null and said.given_at < coalesce(lead.won_at, lead.lost_at, 'infinity')
order by said.lead_id, said.given_at desc, said.id
"""


class TooFewLeads(TekupError):
    """There are not enough leads with a known outcome to learn from."""


def read_features(platform: Platform) -> pl.DataFrame:
    """Every tenant's feature rows from the lake, one row per tenant and lead."""
    frame = platform.lake.query("lead_features", [tenant.id for tenant in platform.tenants()])
    if frame.is_empty():
        raise TooFewLeads("there are no lead features yet", hint="run the pull and the marts first: `tekup run`")
    return frame.sort(TENANT, TIME, LEAD)


def read_feedback(platform: Platform, tenant_id: UUID) -> pl.DataFrame:
    """One tenant's newest word on each lead: ``lead_id``, ``verdict`` (agree, too_high, too_low).

    A word that came when the lead was won or lost already is left out: it repeats the outcome.
    """
    return read_tenant_frame(platform.doors, tenant_id, _FEEDBACK)


def read_words(platform: Platform) -> pl.DataFrame:
    """Every tenant's newest word on each lead, with ``tenant_id``."""
    schema = {TENANT: pl.String, LEAD: pl.String, "verdict": pl.String}
    said = [
        read_feedback(platform, tenant.id).select(pl.lit(str(tenant.id)).alias(TENANT), LEAD, "verdict")
        for tenant in platform.tenants()
    ]
    return pl.concat([pl.DataFrame(schema=schema), *said])


def weigh(labelled: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """``labelled`` with how much each lead teaches, ``teaching_weight``.

    A lead whose outcome bore out the word that its score was wrong counts `WEIGHT_BORNE_OUT`, any other 1. A word is
    never a label, and takes no weight from an outcome that contradicts it: what happened outweighs what was thought.
    """
    expected = pl.col("verdict").replace_strict(BORNE_OUT, default=None, return_dtype=labelled.schema[LABEL])
    weight = pl.when(expected == pl.col(LABEL)).then(WEIGHT_BORNE_OUT).otherwise(1.0).alias(WEIGHT)
    return (
        labelled.join(words, on=[TENANT, LEAD], how="left", maintain_order="left").with_columns(weight).drop("verdict")
    )


def read_apart(platform: Platform) -> tuple[str, ...]:
    """The tenants whose settings say ``{"scoring": {"is_pooled": false}}``: their leads teach nobody else's model."""
    return tuple(tenant for tenant, told in read_scoring_settings(platform).items() if not told.is_pooled)


def mature(frame: pl.DataFrame) -> pl.DataFrame:
    """Each tenant's leads whose outcome is known of their whole cohort, as `scoring.outcomes.mature` tells for one.

    A win is known at once and a loss only when its window has passed: with the wins of the last 90 days, and without
    their losses, a model would learn too much hope.
    """
    newest = pl.col(TIME).filter(pl.col(LABEL) == 0).max().over(TENANT)
    return frame.filter(pl.col(LABEL).is_not_null() & (pl.col(TIME) <= newest))


def split_late(labelled: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each tenant's earlier leads, and its latest `HELD_OUT` of them."""
    is_late = pl.col(TIME) >= pl.col(TIME).quantile(1 - HELD_OUT).over(TENANT)
    return labelled.filter(~is_late), labelled.filter(is_late)


def dropped(frame: pl.DataFrame) -> tuple[str, ...]:
    """The columns of ``frame`` that training ignores."""
    return tuple(name for name in NOT_FEATURES if name in frame.columns)

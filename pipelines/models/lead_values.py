"""Grades by what a lead is worth and how many a tenant can work. How likely it is won, `lead_training` teaches."""

import polars as pl
import structlog

from pipelines.models.lead_features import LEAD, TENANT, split_late
from pipelines.models.scoring_settings import read_scoring_settings
from pipelines.resources.platform import Platform
from scoring import LeadModel
from scoring.kinds import DEAL_VALUE
from tekup.errors import BadInput

LEAST_DEALS = 20
"""A tenant with fewer won deals of a known value is graded by probability: its worth would be others' worth."""
VALUE = "value_cents"
_log = structlog.get_logger("scoring")


def read_capacity(platform: Platform) -> dict[str, float]:
    """By tenant: the share of its leads that it can work, where its settings say ``{"scoring": {"capacity": 0.1}}``."""
    settings = read_scoring_settings(platform)
    return {tenant: told.capacity for tenant, told in settings.items() if told.capacity is not None}


def read_deals(platform: Platform, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``frame`` whose lead was won at a known value, with ``value_cents`` in the tenant's own currency."""
    parts = []
    for tenant in platform.tenants():
        won = platform.lake.read(tenant.id, "conversions")
        if won is not None:
            worth = won.filter(pl.col(VALUE) > 0).select(LEAD, pl.col(VALUE).cast(pl.Float64))
            parts.append(frame.filter(pl.col(TENANT) == str(tenant.id)).join(worth, on=LEAD, how="inner"))
    return pl.concat(parts) if parts else frame.clear().with_columns(pl.lit(0.0).alias(VALUE))


def grade_by_value(
    platform: Platform, model: LeadModel, frame: pl.DataFrame
) -> tuple[LeadModel, str | None, tuple[str, ...]]:
    """The model that knows what leads are worth by the live value model, that model's version, and who is graded by it.

    A tenant is graded by expected value once `LEAST_DEALS` of its won leads have a known value, in the shares of its
    capacity where it told one. Before that, and as long as no value model is live or none fits these features, leads
    are graded by probability.
    """
    registry = platform.registry_of(DEAL_VALUE)
    version = registry.live_version()
    if version is None:
        return model, None, ()
    worth, late = registry.load(version), split_late(frame)[1]
    deals = read_deals(platform, frame)
    enough = set(deals.group_by(TENANT).len().filter(pl.col("len") >= LEAST_DEALS)[TENANT]) & set(late[TENANT])
    told = read_capacity(platform)
    try:
        valued = model.with_value(worth, late, capacity={tenant: told.get(tenant) for tenant in enough})
    except BadInput as error:
        _log.warning("the live value model can't be used; leads are graded by probability", why=str(error))
        return model, None, ()
    return valued, version, tuple(sorted(enough))

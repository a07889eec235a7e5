"""Grades by what a lead is worth and how many a tenant can work. How likely it is won, `lead_training` teaches."""

import json
from collections.abc import Collection

import polars as pl
import structlog

from pipelines.models.lead_features import LEAD, TENANT, TIME, split_late
from pipelines.resources.platform import Platform
from scoring import LeadModel, value
from tekup.errors import BadInput

LEAST_DEALS = 20
"""A tenant with fewer won deals of a known value is graded by probability: its worth would be others' worth."""
MOST_CAPACITY = 0.25
_VALUE = "value_cents"
_CAPACITY = "select settings -> 'scoring' -> 'capacity' from raw_operational.tenants where deleted_at is null"
_log = structlog.get_logger("scoring")


def read_capacity(platform: Platform) -> dict[str, float]:
    """By tenant: the share of its leads that it can work, where its settings say ``{"scoring": {"capacity": 0.1}}``.

    What is no number above 0 and up to `MOST_CAPACITY` is logged and counts as not said.
    """
    told = {}
    for tenant in platform.tenants():
        with platform.warehouse(tenant.id, read_only=True) as connection:
            row = connection.execute(_CAPACITY).fetchone()
        share = None if row is None else row[0]
        if isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= MOST_CAPACITY:
            told[str(tenant.id)] = float(share)
        elif share is not None:
            _log.warning("scoring.capacity can't be used", tenant=tenant.domain, capacity=json.dumps(share))
    return told


def read_deals(platform: Platform, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``frame`` whose lead was won at a known value, with ``value_cents`` in the tenant's own currency."""
    parts = []
    for tenant in platform.tenants():
        won = platform.lake.read(tenant.id, "conversions")
        if won is not None:
            worth = won.filter(pl.col(_VALUE) > 0).select(LEAD, pl.col(_VALUE).cast(pl.Float64))
            parts.append(frame.filter(pl.col(TENANT) == str(tenant.id)).join(worth, on=LEAD, how="inner"))
    return pl.concat(parts) if parts else frame.clear().with_columns(pl.lit(0.0).alias(_VALUE))


def grade_by_value(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, *, apart: Collection[str], seed: int
) -> tuple[LeadModel, tuple[str, ...]]:
    """The model that grades by expected value the tenants that told their capacity, and which these are.

    A tenant that did not, or has fewer than `LEAST_DEALS` deals, is graded by probability, as all are where deals teach
    no value. A tenant that stays ``apart`` teaches no value to others, and its leads are ranked by what theirs taught.
    """
    capacity = read_capacity(platform)
    if not capacity:
        return model, ()
    deals = read_deals(platform, frame)
    enough = set(deals.group_by(TENANT).len().filter(pl.col("len") >= LEAST_DEALS)[TENANT])
    chosen = {tenant: share for tenant, share in capacity.items() if tenant in enough}
    shared = deals.filter(~pl.col(TENANT).is_in(list(apart)))
    if not chosen or shared.height < LEAST_DEALS:
        return model, ()
    try:
        worth = value.train(
            shared.select(*model.features, TENANT, TIME, _VALUE), label=_VALUE, time=TIME, tenant=TENANT, seed=seed
        )
    except BadInput as error:
        _log.warning("deals teach no value; leads are graded by probability", why=str(error))
        return model, ()
    return model.with_value(worth, split_late(frame)[1], capacity=chosen), tuple(sorted(chosen))

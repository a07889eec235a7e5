"""A tenant's touches and conversions as attribution takes them, from the lake. Nothing is credited or written here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.models.attribution_settings import AttributionSettings
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from tekup.errors import BadInput

NOTHING = "(not set)"
"""The unit of a touch that names none."""
DIRECT = "direct"
_SEEDS = (20_261, 7_203)
_Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]
_TOUCHES: _Schema = {
    "touchpoint_id": pl.String, "person_id": pl.String, "occurred_at": pl.Datetime("us", "UTC"), "channel": pl.String,
    "campaign_id": pl.String, "kind": pl.String,
}  # fmt: skip
_CONVERSIONS: _Schema = {
    "lead_id": pl.String, "person_id": pl.String, "converted_at": pl.Datetime("us", "UTC"), "value_cents": pl.Int64,
    "currency": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inputs:
    """``touches``: person_id, occurred_at, channel (the unit), touch_id, campaign_id, touch_type.

    ``conversions``: person_id, converted_at, value (cents), conversion_id, currency, converted_date (the tenant's day)
    and, where the settings ask for it, lead_at and opportunity_at.
    """

    touches: pl.DataFrame
    conversions: pl.DataFrame

    @property
    def newest(self) -> datetime | None:
        """The last moment that anything is known of: who was met shortly before may still convert."""
        ends = [self.touches["occurred_at"].max(), self.conversions["converted_at"].max()]
        known = [end for end in ends if isinstance(end, datetime)]
        return max(known, default=None)

    def digest(self) -> list[int]:
        """Numbers that change with any row, in whatever order the rows stand."""
        return [
            int(frame.hash_rows(seed=seed).cast(pl.UInt64).cast(pl.Int128).sum()) if frame.height else 0
            for frame in (self.touches, self.conversions)
            for seed in _SEEDS
        ] + [self.touches.height, self.conversions.height]


def read_as_of(told: str) -> date | datetime:
    """A day, or a moment with its offset from UTC.

    Raises:
        BadInput: it is neither.

    >>> read_as_of("2026-10-31")
    datetime.date(2026, 10, 31)
    """
    try:
        if len(told) <= len("2026-10-31"):
            return date.fromisoformat(told)
        moment = datetime.fromisoformat(told)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(f"as_of is {told!r}", hint="give a day or a moment with its offset: 2026-10-31T23:59:59+01:00")
    return moment


def end_of(as_of: date | datetime, timezone: str) -> datetime:
    """The moment itself, or the last one of the day in a timezone; in UTC."""
    if isinstance(as_of, datetime):
        return as_of.astimezone(UTC)
    next_day = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), ZoneInfo(timezone))
    return next_day.astimezone(UTC) - timedelta(microseconds=1)


def read_inputs(
    platform: Platform, tenant_id: UUID, settings: AttributionSettings, as_of: datetime | None = None
) -> Inputs:
    """What had happened up to ``as_of`` (None: all there is). A tenant without an extract has empty frames."""
    found = platform.lake.read(tenant_id, "touchpoints")
    touches = (
        _empty(_TOUCHES) if found is None else found.select(pl.col(name).cast(of) for name, of in _TOUCHES.items())
    )
    found = platform.lake.read(tenant_id, "conversions")
    converted = (
        _empty(_CONVERSIONS)
        if found is None
        else found.select(pl.col(name).cast(of) for name, of in _CONVERSIONS.items())
    )
    if as_of is not None:
        touches = touches.filter(pl.col("occurred_at") <= as_of)
        converted = converted.filter(pl.col("converted_at") <= as_of)
    touches = _name_units(platform, tenant_id, touches, settings.unit)
    if settings.needs_stages:
        converted = _add_stages(platform, tenant_id, converted)
    day = pl.col("converted_at").dt.convert_time_zone(settings.timezone).dt.date()
    return Inputs(
        touches.rename({"touchpoint_id": "touch_id", "kind": "touch_type"}),
        converted.rename({"lead_id": "conversion_id", "value_cents": "value"}).with_columns(converted_date=day),
    )


def _empty(schema: _Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


def _name_units(platform: Platform, tenant_id: UUID, touches: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Put the chosen unit's name in the place of the channel; direct visits stay direct."""
    if unit == "channel":
        return touches
    if unit == "campaign":
        names = read_tenant_frame(
            platform.doors, tenant_id, "select campaign_id, campaign_name as unit from marts.dim_campaign"
        )
        named = touches.join(names.with_columns(pl.col("campaign_id").cast(pl.String)), on="campaign_id", how="left",
                             maintain_order="left")  # fmt: skip
    else:
        names = read_tenant_frame(
            platform.doors,
            tenant_id,
            f"select touchpoint_id, {unit} as unit from marts.fct_touchpoint",  # noqa: S608  # one of UNITS
        )
        named = touches.join(names.with_columns(pl.col("touchpoint_id").cast(pl.String)), on="touchpoint_id",
                             how="left", maintain_order="left")  # fmt: skip
    nameless = pl.when(pl.col("channel") == DIRECT).then(pl.lit(DIRECT)).otherwise(pl.lit(NOTHING))
    return named.with_columns(channel=pl.coalesce("unit", nameless)).drop("unit")


def _add_stages(platform: Platform, tenant_id: UUID, conversions: pl.DataFrame) -> pl.DataFrame:
    """When each won lead was made and when it was qualified, which is when it became an opportunity."""
    stages = read_tenant_frame(
        platform.doors,
        tenant_id,
        "select lead_id, created_at as lead_at, qualified_at as opportunity_at from marts.fct_lead where is_won",
    )
    return conversions.join(
        stages.with_columns(pl.col("lead_id").cast(pl.String)), on="lead_id", how="left", maintain_order="left"
    )

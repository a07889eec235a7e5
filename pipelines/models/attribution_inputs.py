"""A tenant's touches and conversions as attribution takes them, from the lake. Nothing is credited or written here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.models.attribution_settings import AttributionSettings
from pipelines.models.attribution_sums import sum_journeys
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from tekup.errors import BadInput

NOTHING = "(not set)"
"""The unit of a touch that names none."""
DIRECT = "direct"
_SEEDS = (20_261, 7_203)
_Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]
TOUCHES: _Schema = {
    "touchpoint_id": pl.String, "person_id": pl.String, "occurred_at": pl.Datetime("us", "UTC"), "channel": pl.String,
    "campaign_id": pl.String, "kind": pl.String,
}  # fmt: skip
CONVERSIONS: _Schema = {
    "lead_id": pl.String, "person_id": pl.String, "converted_at": pl.Datetime("us", "UTC"), "value_cents": pl.Int64,
    "currency": pl.String,
}  # fmt: skip


class Source(Protocol):
    """A tenant's touches and conversions, wherever they are kept, and the sums over their journeys."""

    @property
    def newest(self) -> datetime | None:
        """The last moment that anything is known of: who was met shortly before may still convert."""

    def digest(self) -> list[int]:
        """Numbers that change with any row, in whatever order the rows stand."""

    def sum_all(self, settings: AttributionSettings, as_of: datetime | None) -> dict[str, pl.DataFrame]:
        """By currency of the conversions, the sums of attribution_sums.py; open journeys are open ``as_of``."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Frames in this process.

    ``touches``: person_id, occurred_at, channel (the unit), touch_id, campaign_id, touch_type.
    ``conversions``: person_id, converted_at, value (cents), conversion_id, currency, converted_date (the tenant's day)
    and, where the settings ask for it, lead_at and opportunity_at.
    """

    touches: pl.DataFrame
    conversions: pl.DataFrame

    @property
    def newest(self) -> datetime | None:
        """The last moment that anything is known of."""
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

    def currencies(self) -> list[str]:
        """The currencies of the conversions, by the alphabet."""
        without = self.conversions["currency"].null_count()
        if without:
            raise BadInput(f"{without} conversions have no currency", hint="give the tenant a reporting currency")
        found: list[str] = self.conversions["currency"].unique().sort().to_list()
        return found

    def people(self) -> pl.Series:
        """Whoever touched or converted; null stands for rows of nobody."""
        return pl.concat([self.touches["person_id"], self.conversions["person_id"]]).unique()

    def of(self, people: pl.Series) -> "Inputs":
        """The rows of these people alone."""
        wanted = people.to_frame("person_id")
        return Inputs(
            *(frame.join(wanted, on="person_id", how="semi", nulls_equal=True, maintain_order="left")
              for frame in (self.touches, self.conversions))
        )  # fmt: skip

    def sum_all(
        self, settings: AttributionSettings, as_of: datetime | None, currencies: Sequence[str] | None = None
    ) -> dict[str, pl.DataFrame]:
        """By currency of the conversions (or these ones), the sums of attribution_sums.py."""
        return {
            currency: sum_journeys(self.touches, converted, settings, as_of)
            for currency in (self.currencies() if currencies is None else currencies)
            for converted in (self.conversions.filter(pl.col("currency") == currency),)
        }


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
    touches = _empty(TOUCHES) if found is None else found.select(pl.col(name).cast(of) for name, of in TOUCHES.items())
    found = platform.lake.read(tenant_id, "conversions")
    converted = (
        _empty(CONVERSIONS)
        if found is None
        else found.select(pl.col(name).cast(of) for name, of in CONVERSIONS.items())
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
    named = read_unit_names(platform, tenant_id, unit)
    if named is None:
        return touches
    names, key = named
    joined = touches.join(names, on=key, how="left", maintain_order="left")
    nameless = pl.when(pl.col("channel") == DIRECT).then(pl.lit(DIRECT)).otherwise(pl.lit(NOTHING))
    return joined.with_columns(channel=pl.coalesce("unit", nameless)).drop("unit")


def read_unit_names(platform: Platform, tenant_id: UUID, unit: str) -> tuple[pl.DataFrame, str] | None:
    """The names of the chosen unit (``unit``), and the column of touches that finds them; None for channels."""
    if unit == "channel":
        return None
    if unit == "campaign":
        key, query = "campaign_id", "select campaign_id, campaign_name as unit from marts.dim_campaign"
    else:
        key = "touchpoint_id"
        query = f"select touchpoint_id, {unit} as unit from marts.fct_touchpoint"  # noqa: S608  # one of UNITS
    return read_tenant_frame(platform.doors, tenant_id, query).with_columns(pl.col(key).cast(pl.String)), key


def _add_stages(platform: Platform, tenant_id: UUID, conversions: pl.DataFrame) -> pl.DataFrame:
    return conversions.join(read_stages(platform, tenant_id), on="lead_id", how="left", maintain_order="left")


def read_stages(platform: Platform, tenant_id: UUID) -> pl.DataFrame:
    """When each won lead was made and when it was qualified, which is when it became an opportunity."""
    stages = read_tenant_frame(
        platform.doors,
        tenant_id,
        "select lead_id, created_at as lead_at, qualified_at as opportunity_at from marts.fct_lead where is_won",
    )
    return stages.with_columns(pl.col("lead_id").cast(pl.String))

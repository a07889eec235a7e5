"""A tenant's touches and conversions as Spark reads them from the lake, and sums its workers count. No credit here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from attribution import spark
from pipelines.models.attribution_inputs import (
    CONVERSIONS,
    DIRECT,
    NOTHING,
    TOUCHES,
    read_stages,
    read_unit_names,
)
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.models.attribution_sums import sum_journeys
from pipelines.resources.platform import Platform

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class SparkInputs:
    """Frames on a cluster with the columns of `Inputs`: no row of them comes into this process."""

    touches: "DataFrame"
    conversions: "DataFrame"

    @property
    def newest(self) -> datetime | None:
        """The last moment that anything is known of."""
        from pyspark.sql import functions as F

        ends = [
            frame.agg(F.unix_micros(F.max(name))).collect()[0][0]
            for frame, name in ((self.touches, "occurred_at"), (self.conversions, "converted_at"))
        ]
        known = [end for end in ends if end is not None]
        return datetime.fromtimestamp(max(known) / 1e6, UTC) if known else None

    def digest(self) -> list[int]:
        """Numbers that change with any row, in whatever order the rows stand."""
        from pyspark.sql import functions as F

        found: list[int] = []
        for frame in (self.touches, self.conversions):
            mark = F.xxhash64(*sorted(frame.columns)).cast("decimal(38, 0)")
            found += [int(number or 0) for number in frame.agg(F.sum(mark), F.count(F.lit(1))).collect()[0]]
        return found

    def sum_all(self, settings: AttributionSettings, as_of: datetime | None) -> dict[str, pl.DataFrame]:
        """By currency of the conversions, the sums of attribution_sums.py."""

        def count(touches: pl.DataFrame, conversions: pl.DataFrame) -> pl.DataFrame:
            return sum_journeys(touches, conversions, settings, as_of)

        currencies = sorted(row[0] for row in self.conversions.select("currency").distinct().collect())
        return {
            currency: spark.sum_people(
                self.touches, self.conversions.where(self.conversions["currency"] == currency), count
            )
            for currency in currencies
        }


def open_spark_inputs(
    platform: Platform, tenant_id: UUID, settings: AttributionSettings, as_of: datetime | None = None
) -> SparkInputs:
    """What had happened up to ``as_of`` (None: all there is); the session is of TEKUP_SPARK_MASTER.

    Raises:
        MissingEngine: Spark or Java is not installed.
    """
    session = spark.start_session(platform.settings.spark_master)
    from pyspark.sql import functions as F

    touches = _read(session, platform, tenant_id, "touchpoints", tuple(TOUCHES))
    conversions = _read(session, platform, tenant_id, "conversions", tuple(CONVERSIONS))
    if as_of is not None:
        touches = touches.where(F.col("occurred_at") <= F.lit(as_of))
        conversions = conversions.where(F.col("converted_at") <= F.lit(as_of))
    named = read_unit_names(platform, tenant_id, settings.unit)
    if named is not None:
        names, key = named
        nameless = F.when(F.col("channel") == DIRECT, DIRECT).otherwise(NOTHING)
        joined = touches.join(_hand_over(session, names), on=key, how="left")
        touches = joined.withColumn("channel", F.coalesce(F.col("unit"), nameless)).drop("unit")
    if settings.needs_stages:
        conversions = conversions.join(_hand_over(session, read_stages(platform, tenant_id)), on="lead_id", how="left")
    day = F.to_date(F.from_utc_timestamp("converted_at", settings.timezone))
    return SparkInputs(
        touches.withColumnsRenamed({"touchpoint_id": "touch_id", "kind": "touch_type"}),
        conversions.withColumnsRenamed({"lead_id": "conversion_id", "value_cents": "value"}).withColumn(
            "converted_date", day
        ),
    )


def _read(
    session: "SparkSession", platform: Platform, tenant_id: UUID, dataset: str, names: tuple[str, ...]
) -> "DataFrame":
    from pyspark.sql import functions as F

    kinds = {"occurred_at": "timestamp", "converted_at": "timestamp", "value_cents": "bigint"}
    if not platform.lake.holds(tenant_id, dataset):
        schema = ", ".join(f"{name} {kinds.get(name, 'string')}" for name in names)
        return session.createDataFrame([], schema)
    extract = session.read.parquet(platform.lake.address(tenant_id, dataset))
    return extract.select(*(F.col(name).cast(kinds.get(name, "string")) for name in names))


def _hand_over(session: "SparkSession", frame: pl.DataFrame) -> "DataFrame":
    return session.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))

"""Chooses where a tenant's journeys are built and counted: in this process, or on Spark. Crediting is the same."""

from datetime import datetime
from uuid import UUID

from pipelines.models.attribution_inputs import Source, read_inputs
from pipelines.models.attribution_settings import AttributionSettings
from pipelines.resources.platform import Platform


def open_inputs(
    platform: Platform, tenant_id: UUID, settings: AttributionSettings, as_of: datetime | None = None
) -> Source:
    """What had happened up to ``as_of`` (None: all there is), where TEKUP_COMPUTE_ENGINE wants it.

    Raises:
        MissingEngine: Spark or Java is wanted and not installed.
    """
    if platform.settings.compute_engine == "spark":
        from pipelines.models.attribution_spark import open_spark_inputs

        return open_spark_inputs(platform, tenant_id, settings, as_of)
    return read_inputs(platform, tenant_id, settings, as_of)

"""Keeps the tenant partitions equal to the list of tenants. Tenants are made and deleted elsewhere."""

import dagster as dg

from pipelines.partitions import TENANTS, tenant_partitions
from pipelines.resources.platform import Platform


@dg.sensor(
    name="tenant_partitions",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each new tenant and deletes those of tenants that are gone.",
)
def watch_tenants(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Compare the partitions with the tenants and ask for the difference."""
    wanted = {tenant.domain for tenant in platform.tenants()}
    known = set(context.instance.get_dynamic_partitions(TENANTS))
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if wanted - known:
        requests.append(tenant_partitions.build_add_request(sorted(wanted - known)))
    if known - wanted:
        requests.append(tenant_partitions.build_delete_request(sorted(known - wanted)))
    return dg.SensorResult(dynamic_partitions_requests=requests)

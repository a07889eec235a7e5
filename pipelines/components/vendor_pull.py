"""A vendor's pull as assets, one partition a tenant. Pages are read in `integrations` and merged in `sync`."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from integrations.registry import open_source
from integrations.source import Source
from pipelines.automation import OWNERS, RAW_FRESHNESS
from pipelines.partitions import tenant_partitions
from pipelines.resources.platform import Platform
from pipelines.sync.journal import StreamResult
from pipelines.sync.vendors import pull_vendor
from tekup.directory.connections import Connection, open_credential, record_state
from tekup.directory.tenants import Tenant
from tekup.errors import CredentialRefused, TekupError, VendorError


class VendorPull(dg.Component, dg.Model, dg.Resolvable):
    """Assets ``raw/<vendor>/<stream>`` that pull one tenant's account of ``vendor``."""

    vendor: str
    streams: list[str]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        vendor = self.vendor
        specs = [
            dg.AssetSpec(
                ["raw", vendor, stream],
                description=f"One row per tenant and {vendor} object of stream {stream}, as the vendor sent it.",
                group_name=vendor,
                owners=OWNERS,
                kinds={vendor, "postgres"},
                skippable=True,
                freshness_policy=RAW_FRESHNESS,
            )
            for stream in self.streams
        ]

        @dg.multi_asset(
            name=f"pull_{vendor}",
            specs=specs,
            partitions_def=tenant_partitions,
            required_resource_keys={"platform"},
        )
        def pull(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
            platform: Platform = context.resources.platform
            tenant = platform.tenant(context.partition_key)
            connection = platform.connection(tenant, vendor)
            if connection is None:
                context.log.info(f"{tenant.name} has no {vendor} connection")
                return
            for result in _pull(platform, tenant, connection, context):
                yield describe_result(["raw", vendor, result.stream], result)

        return dg.Definitions(assets=[pull])


def _pull(
    platform: Platform, tenant: Tenant, connection: Connection, context: dg.AssetExecutionContext
) -> list[StreamResult]:
    """Pull with the tenant's credential and note how the connection fared."""
    vendor = connection.vendor
    try:
        results = pull_connection(platform, connection)
    except TekupError as error:
        raise dg.Failure(
            description=f"{vendor} of {tenant.name}: {error.what}",
            metadata={"hint": error.hint or "", "tenant": tenant.domain},
            allow_retries=not isinstance(error, CredentialRefused),
        ) from error
    context.log.info(f"{vendor} of {tenant.name}: {sum(r.rows_changed for r in results)} rows changed")
    return results


@contextmanager
def opened(platform: Platform, connection: Connection) -> Iterator[Source]:
    """The vendor's source for one connection; how the block's calls fared is stored as the connection's state."""
    vendor, tenant_id = connection.vendor, connection.tenant_id
    source = open_source(vendor, open_credential(platform.doors, connection), platform.api_base(connection))
    try:
        yield source
    except VendorError as error:
        status = "refused" if isinstance(error, CredentialRefused) else "failing"
        record_state(platform.doors, tenant_id, vendor, status, error.what)
        raise
    finally:
        source.close()
    record_state(platform.doors, tenant_id, vendor, "working", None)


def pull_connection(platform: Platform, connection: Connection, *, full: bool = False) -> list[StreamResult]:
    """Pull one connection's streams and store its state, whether the pull succeeds or fails."""
    with opened(platform, connection) as source:
        return pull_vendor(platform.doors, connection.tenant_id, source, full=full)


def describe_result(key: list[str], result: StreamResult) -> dg.MaterializeResult[None]:
    """A stream's sync as a materialization; the data version moves only when a row changed."""
    return dg.MaterializeResult(
        asset_key=key,
        data_version=dg.DataVersion(str(result.revision)),
        metadata={
            "dagster/row_count": result.rows_read,
            "rows_changed": result.rows_changed,
            "requests": result.requests,
            "retries": result.retries,
            "throttled_ms": result.throttled_ms,
        },
    )

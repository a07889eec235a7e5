"""A vendor's pull as assets, one partition a tenant. Pages are read in `integrations` and merged in `sync`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from integrations.credentials import parse_credential
from integrations.registry import open_source
from integrations.source import Source
from pipelines.automation import OWNERS, RAW_FRESHNESS
from pipelines.partitions import tenant_partitions
from pipelines.resources.platform import Platform
from pipelines.sync.completeness import Completeness
from pipelines.sync.journal import StreamResult
from pipelines.sync.progress import Progress
from pipelines.sync.vendors import Proof, PullResult, fold_webhooks, pull_vendor
from pipelines.sync.webhooks import is_waiting
from tekup.directory.connections import Connection, change_credential, open_credential, record_state
from tekup.errors import CredentialRefused, TekupError, VendorError

COMPLETE = "complete"
"""The check of each stream that says whether what is stored is what the vendor has."""


class PullConfig(dg.Config):
    """How a pull is done; the defaults are what the hourly schedule wants."""

    reconcile: bool = False
    """Read everything again, mend what was missed and mark what the vendor no longer has."""


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
        checks = [
            dg.AssetCheckSpec(
                COMPLETE,
                asset=["raw", vendor, stream],
                description="Counts, a probe of contents and the account's ledger agree with the vendor.",
            )
            for stream in self.streams
        ]

        @dg.multi_asset(
            name=f"pull_{vendor}",
            specs=specs,
            check_specs=checks,
            can_subset=True,
            partitions_def=tenant_partitions,
            required_resource_keys={"platform"},
        )
        def pull(
            context: dg.AssetExecutionContext, config: PullConfig
        ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
            platform: Platform = context.resources.platform
            tenant = platform.tenant(context.partition_key)
            connection = platform.connection(tenant, vendor)
            if connection is None:
                context.log.info(f"{tenant.name} has no {vendor} connection")
                return
            wanted = {key.path[-1] for key in context.selected_asset_keys}
            try:
                done = pull_connection(
                    platform, connection, streams=wanted, full=config.reconcile, progress=Progress(context.log.info)
                )
            except TekupError as error:
                raise dg.Failure(
                    description=f"{vendor} of {tenant.name}: {error.what}",
                    metadata={"hint": error.hint or "", "tenant": tenant.domain},
                    allow_retries=not isinstance(error, CredentialRefused),
                ) from error
            changed = sum(result.rows_changed for result in done.streams.values())
            context.log.info(f"{vendor} of {tenant.name}: {changed:,} rows changed")
            yield from describe_pull(vendor, done, wanted)

        return dg.Definitions(assets=[pull])


@contextmanager
def opened(platform: Platform, connection: Connection) -> Iterator[Source]:
    """The vendor's source for one connection; how the block's calls fared is stored as the connection's state."""
    vendor, tenant_id = connection.vendor, connection.tenant_id
    text = open_credential(platform.doors, connection)
    # an access token that the source renews is stored before it is used: a refresh token may work only once
    source = open_source(
        vendor,
        text,
        platform.api_base(connection),
        keep=lambda change: parse_credential(
            change_credential(platform.doors, connection, lambda stored: change(parse_credential(stored)).text())
        ),
    )
    try:
        yield source
    except VendorError as error:
        status = "refused" if isinstance(error, CredentialRefused) else "failing"
        record_state(platform.doors, tenant_id, vendor, status, error.what)
        raise
    finally:
        source.close()
    record_state(platform.doors, tenant_id, vendor, "working", None)


def pull_connection(
    platform: Platform,
    connection: Connection,
    *,
    streams: set[str] | None = None,
    full: bool = False,
    accept_losses: bool = False,
    adopt: bool = False,
    proof: Proof = "due",
    progress: Progress | None = None,
) -> PullResult:
    """Pull one connection's streams, waiting webhooks first, and store its state, however the pull ends."""
    with opened(platform, connection) as source:
        return pull_vendor(
            platform.doors,
            connection.tenant_id,
            source,
            streams=streams,
            full=full,
            accept_losses=accept_losses,
            adopt=adopt,
            proof=proof,
            on_chunk=progress,
        )


def fold_connection(platform: Platform, connection: Connection) -> PullResult:
    """Read what waiting webhooks of one connection name, and nothing else; where none waits, nobody is asked."""
    if not is_waiting(platform.doors, connection.tenant_id, connection.vendor):
        return PullResult()
    with opened(platform, connection) as source:
        return fold_webhooks(platform.doors, connection.tenant_id, source)


def describe_pull(
    vendor: str, done: PullResult, wanted: set[str]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """A pull as materializations and verdicts of the streams that were asked for."""
    for name, result in done.streams.items():
        if name in wanted:
            yield describe_result(["raw", vendor, name], result)
    for name, verdict in done.verdicts.items():
        if name in wanted:
            yield _describe_verdict(["raw", vendor, name], verdict)


def describe_result(key: list[str], result: StreamResult) -> dg.MaterializeResult[None]:
    """A stream's sync as a materialization; the data version moves only when a row changed."""
    metadata: dict[str, dg.MetadataValue | int | float | str] = {
        "dagster/row_count": result.rows_read,
        "rows_changed": result.rows_changed,
        "pages": result.pages,
        "requests": result.requests,
        "retries": result.retries,
        "throttled_ms": result.throttled_ms,
        "bytes_received": result.received,
        "lag_seconds": round((datetime.now(UTC) - result.started_at).total_seconds(), 1),
    }
    if result.new_fields:
        metadata["new_fields"] = ", ".join(result.new_fields)
    if result.blocked:
        metadata["blocked"] = result.blocked
    return dg.MaterializeResult(asset_key=key, data_version=dg.DataVersion(str(result.revision)), metadata=metadata)


def _describe_verdict(key: list[str], verdict: Completeness) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=COMPLETE,
        asset_key=key,
        passed=verdict.is_complete,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "vendor_count": "not told" if verdict.vendor_count is None else verdict.vendor_count,
            "stored_count": verdict.stored_count,
            "probed": verdict.probed,
            "differing": verdict.differing,
            "detail": verdict.detail or "",
            "checked_at": str(verdict.checked_at),
        },
    )

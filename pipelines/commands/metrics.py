"""`tekup metrics`: how the syncs fare, in Prometheus' text format. What the API counts is on its own /metrics."""

import time
from collections.abc import Iterator

import click
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tekup.db import Database, Doors

# the last run of each stream that has ended, and what was last proven of it
_LAST_RUNS = """
select distinct on (run.tenant_id, run.vendor, run.stream)
    tenant.domain, run.vendor, run.stream, run.rows_read, run.rows_changed, run.pages, run.requests, run.retries,
    run.throttled_ms / 1000.0, run.bytes_received, extract(epoch from now() - run.started_at),
    extract(epoch from run.finished_at - run.started_at), (run.blocked is null)::int, proof.is_complete::int
from ops.sync_stream_run as run
inner join raw_operational.tenants as tenant on tenant.tenant_id = run.tenant_id
left join ops.completeness as proof
    on proof.tenant_id = run.tenant_id and proof.vendor = run.vendor and proof.stream = run.stream
where run.finished_at is not null
order by run.tenant_id, run.vendor, run.stream, run.started_at desc
"""
_METRICS = (
    ("rows_read", "Rows that the last finished sync of a stream read."),
    ("rows_changed", "Rows that it changed."),
    ("pages", "Pages that it read."),
    ("requests", "Requests that it sent, tries that failed among them."),
    ("retries", "Requests that were tried again."),
    ("throttled_seconds", "Time that the vendor made it wait."),
    ("received_bytes", "Bytes that it received."),
    ("lag_seconds", "Age of the moment up to which a stream is known to be whole."),
    ("duration_seconds", "Time that the last finished sync took."),
    ("readable", "0 where the credential may not read the stream."),
    ("complete", "0 where rows are known to be missing or out of date, by the last proof."),
)


class SyncCollector(Collector):
    """Reads the record of syncs at each scrape; every figure is labelled by tenant, source and stream."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family a figure."""
        labels = ("tenant", "source", "stream")
        families = [GaugeMetricFamily(f"tekup_sync_{name}", text, labels=labels) for name, text in _METRICS]
        with self._doors.all_tenants_transaction(Database.WAREHOUSE, reason="operator's metrics") as connection:
            rows = connection.execute(_LAST_RUNS).fetchall()
        for domain, vendor, stream, *figures in rows:
            for family, figure in zip(families, figures, strict=True):
                if figure is not None:
                    family.add_metric((domain, vendor, stream), float(figure))
        yield from families

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return []


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Serve them to Prometheus on this port until Ctrl-C.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen. They name tenants: keep it inside."
)
def metrics(port: int | None, host: str) -> None:
    """Print the figures of each tenant's last syncs, or serve them to Prometheus."""
    from tekup.commands.tenant import prepared_doors

    registry = CollectorRegistry()
    registry.register(SyncCollector(prepared_doors()))
    if port is None:
        click.echo(generate_latest(registry).decode(), nl=False)
        return
    server, thread = start_http_server(port, host, registry)
    click.echo(f"metrics on http://{host}:{port}/metrics")
    try:
        while thread.is_alive():
            time.sleep(1)
    except KeyboardInterrupt:
        server.shutdown()

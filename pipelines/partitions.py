"""How work is divided: one partition a tenant where work is per tenant. Time is a watermark, never a partition."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

TENANTS = "tenants"

tenant_partitions = dg.DynamicPartitionsDefinition(name=TENANTS)
"""Keys are tenants' domains; the tenant sensor adds and deletes them."""


def run_each(
    domains: Iterable[str], moment: str, run_config: Mapping[str, Any] | None = None
) -> Iterator[dg.RunRequest]:
    """One run a tenant, keyed by its ``moment``, so that a repeated tick of a schedule starts nothing twice."""
    for domain in domains:
        yield dg.RunRequest(
            run_key=f"{domain}:{moment}", partition_key=domain, run_config=run_config, tags={"tenant": domain}
        )

"""How work is divided: one partition a tenant where work is per tenant. Time is a watermark, never a partition."""

import dagster as dg

TENANTS = "tenants"

tenant_partitions = dg.DynamicPartitionsDefinition(name=TENANTS)
"""Keys are tenants' domains; the tenant sensor adds and deletes them."""

"""Kinds of assets that a few lines of YAML make. What they run lives in `sync`, `resources` and the packages."""

from pipelines.components.tenant_dbt import TenantDbt
from pipelines.components.vendor_pull import VendorPull

__all__ = ["TenantDbt", "VendorPull"]

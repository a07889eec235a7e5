"""What is kept of a tenant outside the databases and the lake: files of models, and its partition in Dagster."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.partitions import TENANTS
from tekup.directory.tenants import Tenant, find_tenant
from tekup.errors import TenantNotFound
from tekup.settings import Settings

if TYPE_CHECKING:
    import dagster as dg


def count_model_files(settings: Settings, tenant: Tenant) -> int:
    """Files of any model that are named after the tenant's id or its key."""
    from scoring.adaptation import key_of

    if settings.models_url is not None and "://" in settings.models_url:
        return 0
    folder = Path(settings.models_url or settings.home_path / "models")
    names = (str(tenant.id), key_of(str(tenant.id)))
    files = folder.rglob("*") if folder.is_dir() else ()
    return sum(path.is_file() and any(name in path.name for name in names) for path in files)


def count_partitions(settings: Settings, tenant: Tenant) -> int:
    """Whether Dagster knows the tenant as a partition."""
    instance = _instance(settings)
    if instance is None:
        return 0
    with instance:
        return int(instance.has_dynamic_partition(TENANTS, tenant.domain))


def forget_partition(settings: Settings, tenant_id: object) -> None:
    """Remove the tenant's partition, so that no schedule asks for it; the record of its runs names its domain alone."""
    from tekup.db import Doors

    instance = _instance(settings)
    if instance is not None:
        with instance, contextlib.suppress(TenantNotFound):
            domain = find_tenant(Doors(settings), str(tenant_id)).domain
            if instance.has_dynamic_partition(TENANTS, domain):
                instance.delete_dynamic_partition(TENANTS, domain)


def _instance(settings: Settings) -> "dg.DagsterInstance | None":
    """The instance under TEKUP_HOME, None where none was ever made."""
    folder = settings.home_path / "dagster"
    if not (folder / "dagster.yaml").exists():
        return None
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(folder)  # by which its event log finds its files
    return dg.DagsterInstance.from_config(str(folder))

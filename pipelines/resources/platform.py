"""The one resource that assets ask for: databases, lake and model registry of the process's settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import dagster as dg
import psycopg

from integrations.ecb.rates import ALL_DAYS
from pipelines.resources.lake import Lake
from tekup.db import Database, Doors, Role
from tekup.directory.connections import Connection, list_connections
from tekup.directory.tenants import Tenant, find_tenant, list_tenants
from tekup.settings import Settings, current_settings

if TYPE_CHECKING:
    from scoring.distributed import DaskTrainer
    from scoring.kinds import Kind
    from scoring.model import LeadModel
    from scoring.registry import Artefact, Registry

_M = TypeVar("_M", bound="Artefact")


class Platform:
    """Opened lazily, so that definitions load with no database, no network and no environment."""

    def __init__(self, settings: Settings | None = None, *, sandbox_url: str | None = None) -> None:
        self._settings = settings
        self._sandbox_url = sandbox_url

    @cached_property
    def settings(self) -> Settings:
        """The process's settings, or those it was made with."""
        return self._settings or current_settings()

    @cached_property
    def doors(self) -> Doors:
        """The databases, prepared."""
        doors = Doors(self.settings)
        doors.prepare()
        return doors

    @cached_property
    def lake(self) -> Lake:
        """The Parquet extracts."""
        return Lake(self.settings.lake)

    @cached_property
    def registry(self) -> "Registry[LeadModel]":
        """The lead-score models. Imported here: what scoring stands on takes seconds, and few commands need it."""
        from scoring.kinds import LEAD_SCORE

        return self.registry_of(LEAD_SCORE)

    def registry_of(self, kind: "Kind[_M]") -> "Registry[_M]":
        """The models of one kind."""
        from scoring.registry import Registry

        return Registry(self.settings.models_of(kind.name), kind.read)

    @contextmanager
    def trainer(self) -> "Iterator[DaskTrainer | None]":
        """Who grows the trees of very many rows, as TEKUP_TRAINING_ENGINE says; None is this process.

        Raises:
            EngineMissing: Dask is wanted and not installed.
        """
        if self.settings.training_engine == "local":
            yield None
            return
        from scoring.distributed import DaskTrainer

        with DaskTrainer(self.settings.dask_scheduler) as trainer:
            yield trainer

    def api_base(self, connection: Connection) -> str | None:
        """Where to reach a connection's vendor; None means the vendor's own address."""
        given = self.settings.vendor_api_base(connection.vendor)
        if given is not None or not connection.is_sandbox:
            return given
        return f"{self._sandbox}/{connection.vendor}"

    def exchange_rates(self) -> str:
        """Where euro reference rates are read: a path or an address."""
        if self.has_sandbox_rates:
            return f"{self._sandbox}/ecb/stats/eurofxref/eurofxref-hist.csv"
        return self.settings.exchange_rates or ALL_DAYS

    @property
    def has_sandbox_rates(self) -> bool:
        """Whether rates are simulated, as the vendors are: no source is set and a tenant is on the sandbox."""
        return self.settings.exchange_rates is None and any(
            connection.is_sandbox for tenant in self.tenants() for connection in list_connections(self.doors, tenant.id)
        )

    @property
    def _sandbox(self) -> str:
        return self._sandbox_url or f"http://127.0.0.1:{self.settings.sandbox_port}"

    def tenants(self) -> list[Tenant]:
        """Every tenant that is active: what is suspended is neither pulled nor computed."""
        return [tenant for tenant in list_tenants(self.doors) if tenant.status == "active"]

    def tenant(self, partition_key: str) -> Tenant:
        """The tenant of a partition."""
        return find_tenant(self.doors, partition_key)

    def connection(self, tenant: Tenant, vendor: str) -> Connection | None:
        """The tenant's connection to a vendor, where it has one."""
        found = [c for c in list_connections(self.doors, tenant.id) if c.vendor == vendor]
        return found[0] if found else None

    @contextmanager
    def warehouse(self, tenant_id: UUID, *, read_only: bool = False) -> Iterator[psycopg.Connection]:
        """One transaction of one tenant in the warehouse."""
        with self.doors.tenant_transaction(
            Database.WAREHOUSE, Role.PIPELINE, tenant_id, read_only=read_only
        ) as connection:
            yield connection


class PlatformResource(dg.ConfigurableResource[Platform]):
    """Hands assets the platform of this process."""

    def create_resource(self, context: dg.InitResourceContext) -> Platform:
        return platform()


_current: list[Platform] = []


def platform() -> Platform:
    """The process's platform; `use_platform` replaces it for a command or a test with settings of its own."""
    if not _current:
        _current.append(Platform())
    return _current[0]


def use_platform(made: Platform) -> None:
    """Make assets of this process work on ``made``."""
    _current[:] = [made]

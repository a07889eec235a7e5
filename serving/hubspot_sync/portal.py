"""A tenant's portal as a run needs it: opened, with what must be known before values can be translated."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from integrations.credentials import parse_credential
from integrations.hubspot.writing import UNIQUE_ID, HubspotWriter
from integrations.retry import RetryPolicy
from serving.auth.subject import Subject
from serving.crm.resources import COMPANY, CONTACT, DEAL
from serving.hubspot_sync.deciding import Policy
from serving.hubspot_sync.fields import OPT_OUT, REFERENCES, Field, Lookups, choose, stages_alike
from serving.hubspot_sync.marking import TRACE
from serving.hubspot_sync.repository import SyncRepository
from serving.kit.databases import Databases
from serving.records.resource import Resource
from serving.records.service import Shelf
from tekup.crypto.keys import MasterKey
from tekup.db import Doors
from tekup.directory.connections import change_credential, list_connections, open_credential
from tekup.errors import BadInput
from tekup.ids import derived_uuid
from tekup.tenancy import EVERYTHING, SYSTEM, TenantContext

RESOURCES: Mapping[str, Resource] = {"contacts": CONTACT, "companies": COMPANY, "deals": DEAL}
PLATFORM = derived_uuid("reaction", "hubspot sync")


def open_writer(doors: Doors, tenant_id: UUID, retry: RetryPolicy | None = None) -> HubspotWriter:
    """The way to the tenant's portal.

    Raises:
        BadInput: the tenant has no connection to HubSpot.
    """
    found = [one for one in list_connections(doors, tenant_id) if one.vendor == "hubspot"]
    if not found:
        raise BadInput("the tenant has no connection to HubSpot", hint="tekup connect TENANT hubspot")
    connection, settings = found[0], doors.settings
    base = settings.vendor_api_base("hubspot")
    if base is None and connection.is_sandbox:
        base = f"http://127.0.0.1:{settings.sandbox_port}/hubspot"
    return HubspotWriter(
        open_credential(doors, connection),
        base,
        keep=lambda change: parse_credential(
            change_credential(doors, connection, lambda stored: change(parse_credential(stored)).text())
        ),
        retry=retry,
    )


@dataclass(frozen=True)
class Bench:
    """Where one run of one kind works."""

    tenant_id: UUID
    kind: str
    sync: Any
    """What the tenant wants of the kind, as it is stored."""
    policy: Policy
    writer: HubspotWriter
    fields: tuple[Field, ...]
    lookups: Lookups
    others: tuple[str, ...]
    """The kinds that this one names and that are synchronised as well."""
    shelf: Shelf
    master_key: MasterKey
    currency: str
    """The tenant's own: that of amounts of which nothing says another."""

    @property
    def context(self) -> TenantContext:
        """The product's own work."""
        return TenantContext.system(self.tenant_id)

    @property
    def names(self) -> list[str]:
        """The properties that are read."""
        more = [OPT_OUT] if self.kind == "contacts" else []
        return [*(field.property for field in self.fields), *more]


async def set_up(
    databases: Databases,
    master_key: MasterKey,
    tenant_id: UUID,
    kind: str,
    sync: Any,
    writer: HubspotWriter,
    *,
    only_looks: bool = False,
) -> Bench:
    """Learn what a run must know. Where records go out the portal gets the property that carries their ids."""
    resource = RESOURCES[kind]
    async with databases.operational(TenantContext.system(tenant_id)) as session:
        repository = SyncRepository(session, tenant_id)
        users, stages = await repository.users(), await repository.stages()
        custom = await repository.custom_kinds(str(resource.custom_entity))
        currency = (await repository.tenant()).currency
        on = {one.kind for one in await repository.syncs() if one.direction != "off"}
    may_out = sync.direction in ("out", "both")

    def learn() -> tuple[set[str], dict[str, str], list[Any]]:
        known = writer.properties(kind)
        if may_out and UNIQUE_ID not in known and not only_looks:
            writer.make_unique_id(kind)
        return known, writer.owners(), writer.pipelines() if kind == "deals" else []

    known, owners, pipelines = await asyncio.to_thread(learn)
    lookups = Lookups(owners, users, stages_alike(stages, pipelines, sync.stages), custom)
    subject = Subject(tenant_id, "token", PLATFORM, EVERYTHING, SYSTEM)
    return Bench(
        tenant_id,
        kind,
        sync,
        Policy(sync.rule, sync.direction in ("in", "both"), may_out),
        writer,
        tuple(choose(kind, sync.fields, known, lookups)),
        lookups,
        tuple(dict.fromkeys(other for other in REFERENCES[kind].values() if other in on)),
        Shelf(resource, databases, subject, TRACE, ("system", "hubspot_sync")),
        master_key,
        currency,
    )

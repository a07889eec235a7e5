"""The processes of the soak: what writes, what works. Which are killed when is the soak's affair."""

import asyncio
import random
import sys
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.consumers.runner import ConsumerRunner
from serving.consumers.sequencer import run_sequencer
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.contracts.events import LeadStatusChanged
from tekup.db import Database, Doors, Role, bound
from tekup.directory.tenants import create_tenant, list_tenants
from tekup.outbox import emit
from tekup.settings import current_settings

EVENTS_A_TRANSACTION = 5
DOMAINS = ("soak-one.example", "soak-two.example")
_TABLE = """
drop table if exists app.soak_effects;
create table app.soak_effects (
    tenant_id uuid not null, n bigint generated always as identity, event_id uuid not null, key text not null,
    step integer not null
);
alter table app.soak_effects enable row level security;
alter table app.soak_effects force row level security;
create policy tenant_isolation on app.soak_effects to tekup_owner, tekup_app
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
grant select, insert on app.soak_effects to tekup_app;
"""
_EFFECT = text(
    "insert into app.soak_effects (tenant_id, event_id, key, step) values (:tenant_id, :event_id, :key, :step)"
)


def prepare(doors: Doors, keys: int) -> list[UUID]:
    """Two tenants with ``keys`` aggregates each, and the table of effects."""
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        connection.execute(_TABLE)
    tenants = [create_tenant(doors, domain, domain).id for domain in DOMAINS]
    for tenant_id in tenants:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
            connection.execute(
                "insert into app.leads (tenant_id, full_name, employee_count) "
                "select %s, 'soak', 0 from generate_series(1, %s)",
                (tenant_id, keys),
            )
    return tenants


def write(doors: Doors, steps: int) -> None:
    """Count every aggregate up to ``steps``, some counts a transaction, and emit each."""
    tenants = [tenant.id for tenant in list_tenants(doors) if tenant.domain in DOMAINS]
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        while True:
            left = 0
            for tenant_id in random.sample(tenants, len(tenants)):
                with bound(connection, tenant_id):
                    open_keys = connection.execute(
                        "select id from app.leads where employee_count < %s", (steps,)
                    ).fetchall()
                left += len(open_keys)
                for (key,) in random.sample(open_keys, min(len(open_keys), 10)):
                    with bound(connection, tenant_id):
                        row = connection.execute(
                            "select employee_count from app.leads where id = %s for update", (key,)
                        ).fetchone()
                        assert row is not None
                        reached = min(row[0] + EVENTS_A_TRANSACTION, steps)
                        connection.execute("update app.leads set employee_count = %s where id = %s", (reached, key))
                        for step in range(row[0] + 1, reached + 1):
                            emit(
                                connection, tenant_id, LeadStatusChanged(lead_id=key, before=str(step), after="x"), key
                            )
            if not left:
                return


async def _effect(session: AsyncSession, event: Event) -> None:
    values = {
        "tenant_id": event.tenant_id,
        "event_id": event.id,
        "key": event.key,
        "step": int(event.payload["from"]),
    }
    await session.execute(_EFFECT, values)


async def work(doors: Doors) -> None:
    """Number events and do their effects, until killed."""
    databases = Databases(doors)
    wake = Wake(doors.url(Database.OPERATIONAL, Role.APP))
    consumer = ConsumerRunner(databases, Consumer("soak", {"LeadStatusChanged": _effect}), wake)
    await asyncio.gather(wake.run(), run_sequencer(databases), consumer.run())


if __name__ == "__main__":
    doors = Doors(current_settings())
    if sys.argv[1] == "writer":
        write(doors, int(sys.argv[2]))
    else:
        asyncio.run(work(doors))

"""Consumers: each effect once and in order, failures parked by key, dead letters, replays, several workers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers import desk
from serving.consumers.consumer import Consumer
from serving.consumers.runner import ConsumerRunner
from serving.consumers.sequencer import sequence_once
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.contracts.events import LeadStatusChanged
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import uuid7
from tekup.outbox import emit
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants

KEY_ONE, KEY_TWO = uuid7(), uuid7()


def tell(doors: Doors, tenant_id: UUID, lead_id: UUID, *steps: int) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        for step in steps:
            emit(connection, tenant_id, LeadStatusChanged(lead_id=lead_id, before=str(step), after="x"), lead_id)


def run(doors: Doors, body: Callable[[Databases], Coroutine[Any, Any, Any]]) -> Any:
    async def whole() -> Any:
        databases = Databases(doors)
        try:
            while await sequence_once(databases) > 0:
                pass
            return await body(databases)
        finally:
            await databases.close()

    return asyncio.run(whole())


def follower(
    seen: list[tuple[UUID, str]], name: str = "test", fails: Callable[[Event], bool] = lambda event: False
) -> Consumer:
    """A consumer whose effect is a tag on the tenant's settings and a line in ``seen`` (which a rollback leaves)."""

    async def handle(session: AsyncSession, event: Event) -> None:
        seen.append((event.aggregate_id, event.payload["from"]))
        if fails(event):
            raise ValueError("this one fails")
        await session.execute(
            text(
                "insert into app.application_data (tenant_id, app_name, data) "
                "values (:tenant_id, :name, jsonb_build_object('step', cast(:step as text)))"
            ),
            {"tenant_id": event.tenant_id, "name": f"effect-{name}", "step": event.payload["from"]},
        )

    return Consumer(name, {"LeadStatusChanged": handle}, pauses=(0.0, 0.0))


def effects(doors: Doors, tenant_id: UUID, name: str = "test") -> list[str]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        rows = connection.execute(
            "select data->>'step' from app.application_data where app_name = %s order by created_at, data->>'step'",
            (f"effect-{name}",),
        ).fetchall()
    return [row[0] for row in rows]


async def drain(databases: Databases, consumer: Consumer, batch: int = 3) -> None:
    runner = ConsumerRunner(databases, consumer, Wake(""), batch)
    while await runner.run_once():
        pass


def test_each_tenants_events_take_effect_once_and_in_order(doors: Doors, two_tenants: TwoTenants) -> None:
    a, b = two_tenants.a.id, two_tenants.b.id
    tell(doors, a, KEY_ONE, *range(8))
    tell(doors, b, KEY_ONE, 100, 101)
    seen: list[tuple[UUID, str]] = []
    run(doors, lambda databases: drain(databases, follower(seen)))
    run(doors, lambda databases: drain(databases, follower(seen)))
    assert [step for _, step in seen if int(step) < 100] == [str(step) for step in range(8)]
    assert [step for _, step in seen if int(step) >= 100] == ["100", "101"]
    assert (effects(doors, a), effects(doors, b)) == ([str(step) for step in range(8)], ["100", "101"])


def test_a_failing_event_holds_up_its_key_alone_and_dies_after_its_tries(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 1, 2, 3)
    tell(doors, a, KEY_TWO, 10, 11)
    seen: list[tuple[UUID, str]] = []
    bad = follower(seen, fails=lambda event: event.payload["from"] == "2")
    run(doors, lambda databases: drain(databases, bad, batch=100))
    assert effects(doors, a) == ["1", "10", "11"]
    parked = run(doors, lambda databases: desk.list_parked(databases, TenantContext.system(a))).items
    assert [(p.event_type, p.state, p.attempts) for p in parked] == [
        ("LeadStatusChanged", "dead", 3),
        ("LeadStatusChanged", "waiting", 0),
    ]
    assert parked[0].error == "ValueError: this one fails"
    assert parked[0].key == f"lead/{KEY_ONE}"
    assert run(doors, lambda databases: desk.list_parked(databases, TenantContext.system(two_tenants.b.id))).items == []
    # what comes later waits in line, while the other key goes on
    tell(doors, a, KEY_ONE, 4)
    tell(doors, a, KEY_TWO, 12)
    run(doors, lambda databases: drain(databases, bad))
    assert effects(doors, a) == ["1", "10", "11", "12"]

    # mended: the key's events follow in order
    run(doors, lambda databases: desk.retry(databases, TenantContext.system(a), "test", parked[0].event_id))
    good: list[tuple[UUID, str]] = []
    run(doors, lambda databases: drain(databases, follower(good)))
    assert [step for _, step in good] == ["2", "3", "4"]
    assert run(doors, lambda databases: desk.list_parked(databases, TenantContext.system(a))).items == []


def test_a_discarded_event_lets_its_key_go_on(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 1, 2)
    bad = follower([], fails=lambda event: event.payload["from"] == "1")
    run(doors, lambda databases: drain(databases, bad))
    first, second = run(doors, lambda databases: desk.list_parked(databases, TenantContext.system(a))).items
    with pytest.raises(BadInput, match="behind another"):
        run(doors, lambda databases: desk.retry(databases, TenantContext.system(a), "test", second.event_id))
    run(doors, lambda databases: desk.discard(databases, TenantContext.system(a), "test", first.event_id))
    run(doors, lambda databases: drain(databases, bad))
    assert effects(doors, a) == ["2"]
    with pytest.raises(BadInput, match="no such"):
        run(doors, lambda databases: desk.discard(databases, TenantContext.system(a), "test", first.event_id))


def test_a_replay_does_effects_again_from_a_position(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, *range(5))
    run(doors, lambda databases: drain(databases, follower([])))
    assert run(doors, lambda databases: desk.replay(databases, TenantContext.system(a), "test", 4)) == 2
    run(doors, lambda databases: drain(databases, follower([])))
    assert sorted(effects(doors, a)) == ["0", "1", "2", "3", "3", "4", "4"]
    with pytest.raises(BadInput, match="no consumer"):
        run(doors, lambda databases: desk.replay(databases, TenantContext.system(a), "nobody", 1))
    with pytest.raises(BadInput, match="between 1 and 5"):
        run(doors, lambda databases: desk.replay(databases, TenantContext.system(a), "test", 9))


def test_two_workers_share_the_tenants_and_double_nothing(doors: Doors, two_tenants: TwoTenants) -> None:
    a, b = two_tenants.a.id, two_tenants.b.id
    for tenant_id in (a, b):
        tell(doors, tenant_id, KEY_ONE, *range(40))

    async def both(databases: Databases) -> None:
        await asyncio.gather(*(drain(databases, follower([]), 7) for _ in range(4)))
        await drain(databases, follower([]))

    run(doors, both)
    for tenant_id in (a, b):
        assert sorted(effects(doors, tenant_id), key=int) == [str(step) for step in range(40)]


def test_a_suspended_tenants_events_wait(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 1)

    def set_status(status: str) -> None:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, a) as connection:
            connection.execute("update app.tenants set status = %s", (status,))

    set_status("suspended")
    try:
        run(doors, lambda databases: drain(databases, follower([])))
        assert effects(doors, a) == []
    finally:
        set_status("active")
    run(doors, lambda databases: drain(databases, follower([])))
    assert effects(doors, a) == ["1"]


def test_old_events_go_when_every_consumer_has_passed_them(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    tell(doors, a, KEY_ONE, 1, 2, 3)
    run(doors, lambda databases: drain(databases, follower([], fails=lambda event: event.payload["from"] == "2")))

    def prune(databases: Databases) -> Coroutine[Any, Any, list[Any]]:
        return databases.call("select app.prune_events(now() + interval '1 hour', 100)")

    run(doors, prune)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, a) as connection:
        left = connection.execute(
            "select payload->>'from' from app.events where event_type = 'LeadStatusChanged' order by pos"
        ).fetchall()
    assert left == [("2",), ("3",)]

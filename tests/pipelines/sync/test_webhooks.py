"""The inbox of webhooks: nothing that waits is forgotten, what came meanwhile is not marked, nothing erased stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from pipelines.sync.webhooks import (
    KEPT_DAYS,
    describe_inbox,
    find_mail,
    mark_folded,
    replay,
    waiting,
)
from tekup.db import Database, Doors, Role
from tekup.ids import uuid7
from tests.fixtures.database import TwoTenants


@pytest.fixture(autouse=True)
def empty_inbox(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant.id) as connection:
            connection.execute("delete from app.webhook_delivery")


def arrive(
    doors: Doors,
    tenant_id: UUID,
    key: str,
    *hints: tuple[str, str],
    vendor: str = "hubspot",
    is_erasure: bool = False,
    payload: Any = None,
) -> None:
    """Put one event into the inbox, as the API's role does."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "insert into app.webhook_delivery as d "
            "(tenant_id, id, vendor, dedupe_key, event_type, hints, is_erasure, payload, received_at) "
            "values (%s, %s, %s, %s, 'test', %s, %s, %s, clock_timestamp()) "
            "on conflict (tenant_id, vendor, dedupe_key) do update "
            "set arrivals = d.arrivals + 1, folded_at = null, attempts = 0, attempted_at = null",
            (
                tenant_id,
                uuid7(),
                vendor,
                key,
                orjson.dumps(hints).decode(),
                is_erasure,
                orjson.dumps(payload or {"key": key}).decode(),
            ),
        )


def stored(doors: Doors, tenant_id: UUID, columns: str) -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        return connection.execute(f"select {columns} from app.webhook_delivery order by dedupe_key").fetchall()


def age(doors: Doors, tenant_id: UUID, statement: str) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        connection.execute(f"update app.webhook_delivery set {statement}")


class TestWaiting:
    def test_each_object_is_named_once_the_longest_waiting_first(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for key, number in (("1", "7"), ("2", "9"), ("3", "7")):
            arrive(doors, two_tenants.a.id, key, ("contacts", number))
        arrive(doors, two_tenants.a.id, "4", ("contacts", "7"), ("companies", "7"))
        taken = waiting(doors, two_tenants.a.id, "hubspot")
        assert taken.hints == {"contacts": ["7", "9"], "companies": ["7"]}
        assert taken.erased == {}
        assert (len(taken.deliveries), taken.has_more) == (4, False)

    def test_other_tenants_and_vendors_mail_is_not_taken(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        arrive(doors, two_tenants.b.id, "1", ("contacts", "2"))
        arrive(doors, two_tenants.a.id, "1", ("customers", "cus_1"), vendor="stripe")
        assert waiting(doors, two_tenants.a.id, "hubspot").hints == {"contacts": ["1"]}
        assert waiting(doors, two_tenants.b.id, "hubspot").hints == {"contacts": ["2"]}
        assert waiting(doors, two_tenants.b.id, "stripe").deliveries == ()

    def test_more_than_the_bound_is_taken_in_turns(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for number in range(5):
            arrive(doors, two_tenants.a.id, str(number), ("contacts", str(number)))
        turns = []
        while (taken := waiting(doors, two_tenants.a.id, "hubspot", limit=2)).deliveries:
            turns.append(taken.hints["contacts"])
            mark_folded(doors, two_tenants.a.id, taken)
        assert turns == [["0", "1"], ["2", "3"], ["4"]]

    def test_what_was_taken_and_never_marked_is_taken_again(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        first = waiting(doors, two_tenants.a.id, "hubspot")
        assert waiting(doors, two_tenants.a.id, "hubspot") == first


class TestMarking:
    def test_marked_deliveries_wait_no_more(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        assert mark_folded(doors, two_tenants.a.id, waiting(doors, two_tenants.a.id, "hubspot")) == 1
        assert waiting(doors, two_tenants.a.id, "hubspot").deliveries == ()

    def test_what_came_while_folding_stays_waiting(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for key in ("old", "again"):
            arrive(doors, two_tenants.a.id, key, ("contacts", key))
        taken = waiting(doors, two_tenants.a.id, "hubspot")
        arrive(doors, two_tenants.a.id, "new", ("contacts", "new"))
        arrive(doors, two_tenants.a.id, "again", ("contacts", "again"))
        assert mark_folded(doors, two_tenants.a.id, taken) == 1
        assert waiting(doors, two_tenants.a.id, "hubspot").hints == {"contacts": ["again", "new"]}

    def test_one_tenants_mark_never_touches_anothers(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for tenant in (two_tenants.a, two_tenants.b):
            arrive(doors, tenant.id, "1", ("contacts", "1"))
        taken = waiting(doors, two_tenants.a.id, "hubspot")
        assert mark_folded(doors, two_tenants.b.id, taken) == 0
        assert mark_folded(doors, two_tenants.a.id, taken) == 1

    def test_an_erased_person_is_erased_from_the_inbox_too(self, doors: Doors, two_tenants: TwoTenants) -> None:
        told = {"propertyValue": "anna@example.dk"}
        for tenant in (two_tenants.a, two_tenants.b):
            arrive(doors, tenant.id, "1", ("contacts", "7"), payload=told)
            arrive(doors, tenant.id, "2", ("contacts", "8"), payload=told)
        mark_folded(doors, two_tenants.a.id, waiting(doors, two_tenants.a.id, "hubspot"))
        arrive(doors, two_tenants.a.id, "3", ("contacts", "7"), is_erasure=True)
        taken = waiting(doors, two_tenants.a.id, "hubspot")
        assert taken.erased == taken.hints == {"contacts": ["7"]}
        mark_folded(doors, two_tenants.a.id, taken)
        assert [row[0] for row in stored(doors, two_tenants.a.id, "payload")] == [{}, told, {}]
        assert [row[0] for row in stored(doors, two_tenants.b.id, "payload")] == [told, told]

    def test_what_was_folded_a_month_ago_is_removed_and_what_waits_never(
        self, doors: Doors, two_tenants: TwoTenants
    ) -> None:
        for key in ("old", "waiting"):
            arrive(doors, two_tenants.a.id, key, ("contacts", "1"))
        age(doors, two_tenants.a.id, f"folded_at = now() - interval '{KEPT_DAYS + 1} days' where dedupe_key = 'old'")
        arrive(doors, two_tenants.a.id, "new", ("deals", "1"), vendor="hubspot")
        mark_folded(doors, two_tenants.a.id, waiting(doors, two_tenants.a.id, "stripe"))
        assert [row[0] for row in stored(doors, two_tenants.a.id, "dedupe_key")] == ["new", "waiting"]


class TestReplay:
    def test_folded_deliveries_wait_again_from_a_time_on(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for key in ("1", "2"):
            arrive(doors, two_tenants.a.id, key, ("contacts", key))
        mark_folded(doors, two_tenants.a.id, waiting(doors, two_tenants.a.id, "hubspot"))
        assert replay(doors, two_tenants.a.id, "hubspot", datetime.now(UTC) + timedelta(hours=1)) == 0
        assert replay(doors, two_tenants.a.id, "stripe") == 0
        assert replay(doors, two_tenants.a.id, "hubspot") == 2
        assert waiting(doors, two_tenants.a.id, "hubspot").hints == {"contacts": ["1", "2"]}


class TestFindingMail:
    def test_each_tenant_and_vendor_with_mail_is_found(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        arrive(doors, two_tenants.a.id, "2", ("contacts", "1"))
        arrive(doors, two_tenants.b.id, "1", ("customers", "cus_1"), vendor="stripe")
        found = [(m.tenant_id, m.vendor, m.count) for m in find_mail(doors)]
        assert found == [(two_tenants.a.id, "hubspot", 2), (two_tenants.b.id, "stripe", 1)]

    def test_a_fold_that_fails_is_asked_for_ever_less_often(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        for attempts, pause in ((1, 15), (2, 30), (3, 60), (30, 3600)):
            age(
                doors, two_tenants.a.id, f"attempts = {attempts}, attempted_at = now() - interval '{pause - 5} seconds'"
            )
            assert find_mail(doors) == []
            age(doors, two_tenants.a.id, f"attempted_at = now() - interval '{pause + 1} seconds'")
            assert [m.attempts for m in find_mail(doors)] == [attempts]

    def test_new_mail_is_due_whatever_failed_before(self, doors: Doors, two_tenants: TwoTenants) -> None:
        arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
        waiting(doors, two_tenants.a.id, "hubspot")
        assert find_mail(doors) == []
        arrive(doors, two_tenants.a.id, "2", ("contacts", "2"))
        assert [m.count for m in find_mail(doors)] == [2]

    def test_the_look_across_tenants_sees_no_payload_and_no_hint(self, doors: Doors) -> None:
        for column in ("payload", "hints", "dedupe_key"):
            with (
                doors.all_tenants_transaction(Database.OPERATIONAL, reason="test") as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(f"select {column} from app.webhook_delivery")


def test_the_api_may_put_deliveries_in_and_not_read_them(doors: Doors, two_tenants: TwoTenants) -> None:
    for statement in ("select payload from app.webhook_delivery", "delete from app.webhook_delivery"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection,
        ):
            connection.execute(statement)


def test_the_inbox_is_described_by_vendor(doors: Doors, two_tenants: TwoTenants) -> None:
    arrive(doors, two_tenants.a.id, "1", ("contacts", "1"))
    mark_folded(doors, two_tenants.a.id, waiting(doors, two_tenants.a.id, "hubspot"))
    arrive(doors, two_tenants.a.id, "2", ("contacts", "1"))
    (state,) = describe_inbox(doors, two_tenants.a.id)
    assert (state.vendor, state.waiting, state.folded) == ("hubspot", 1, 1)
    assert state.oldest_waiting == state.newest

"""Vendors' pages into raw tables: once in effect, whatever happens on the way. Real SDKs, real HTTP, real database."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from integrations.source import Page, Record, Side
from pipelines.sync.journal import SyncBusy, open_run
from pipelines.sync.vendors import PullResult, pull_vendor
from tekup.db import Database, Doors, Role
from tekup.errors import VendorError
from tests.fixtures.database import TwoTenants
from tests.integrations.running import Sandbox
from tests.pipelines.sync.scripted import OnePage, tag

# these two share their HubSpot and Stripe ids, so that a lost tenant key would mix them
SLUG_A, SLUG_B = "fjord-software", "byg-og-bo"


def rows_of(doors: Doors, tenant_id: UUID, table: str, columns: str = "object_id, payload") -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return connection.execute(f"select {columns} from {table} where deleted_at is null order by 1").fetchall()


def changed(done: PullResult) -> int:
    return sum(result.rows_changed for result in done.streams.values())


def test_two_tenants_with_the_same_ids_keep_their_own_rows(
    doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG_A))
    pull_vendor(doors, two_tenants.b.id, sandbox.hubspot(SLUG_B))
    a = dict(rows_of(doors, two_tenants.a.id, "raw_hubspot.contacts"))
    b = dict(rows_of(doors, two_tenants.b.id, "raw_hubspot.contacts"))
    shared = set(a) & set(b)
    assert shared, "the world must hold shared ids for this test to mean anything"
    assert all(a[key] != b[key] for key in shared)


def test_the_end_of_a_pull_is_told_to_its_tenant_alone(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> None:
    def told(tenant_id: UUID) -> list[tuple[str, int]]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
            return connection.execute(
                "select payload ->> 'vendor', (payload ->> 'rows_changed')::integer from app.events "
                "where event_type = 'PullFinished' order by seq"
            ).fetchall()

    before = told(two_tenants.a.id), told(two_tenants.b.id)
    first = pull_vendor(doors, two_tenants.a.id, sandbox.kit(SLUG_A))
    pull_vendor(doors, two_tenants.a.id, sandbox.kit(SLUG_A))
    assert told(two_tenants.a.id)[len(before[0]) :] == [("kit", changed(first)), ("kit", 0)]
    assert told(two_tenants.b.id) == before[1]


def test_the_raw_rows_are_what_the_vendor_holds(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> None:
    pull_vendor(doors, two_tenants.a.id, sandbox.stripe(SLUG_A))
    truth = sandbox.world.vendors["stripe_invoices"]
    tenant = next(t for t in sandbox.world.operational["tenants"].iter_rows(named=True) if SLUG_A in t["domain"])
    stored = rows_of(doors, two_tenants.a.id, "raw_stripe.invoices", "object_id")
    assert len(stored) == truth.filter(truth["tenant_id"] == tenant["id"]).height > 0


def test_a_second_pull_changes_nothing_and_asks_little(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> None:
    first = pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG_A))
    second = pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG_A))
    assert changed(first) > 100
    assert changed(second) == 0
    assert {r.stream: r.revision for r in second.streams.values()} == {
        r.stream: r.revision for r in first.streams.values()
    }


def test_a_full_pull_after_an_incremental_one_finds_nothing_it_missed(
    doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox
) -> None:
    pull_vendor(doors, two_tenants.a.id, sandbox.stripe(SLUG_A))
    sandbox.pass_time(60)
    sandbox.advance(SLUG_A, "stripe", created=3, changed=5)
    sandbox.pass_time(60)
    assert changed(pull_vendor(doors, two_tenants.a.id, sandbox.stripe(SLUG_A))) >= 8
    again = pull_vendor(doors, two_tenants.a.id, sandbox.stripe(SLUG_A), full=True)
    assert changed(again) == 0
    assert {(r.missing, r.stale, r.vanished) for r in again.reconciled.values()} == {(0, 0, 0)}


def test_repeated_and_doubled_rows_count_once(doors: Doors, two_tenants: TwoTenants) -> None:
    page = Page([tag(1, "one"), tag(1, "one, renamed"), tag(2, "two")], {"at": 1})
    first = pull_vendor(doors, two_tenants.a.id, OnePage(page, page)).streams["tags"]
    assert first.rows_read == 6
    assert [row[1]["name"] for row in rows_of(doors, two_tenants.a.id, "raw_kit.tags")] == ["one, renamed", "two"]
    second = pull_vendor(doors, two_tenants.a.id, OnePage(page)).streams["tags"]
    assert (second.rows_read, second.rows_changed) == (3, 0)


def test_the_latest_version_wins_though_the_page_takes_several_statements(
    doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sync.rows._STATEMENT_ROWS", 2)
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    rows = [tag(1, "late", modified_at=late), *(tag(n, "x") for n in (2, 3, 4)), tag(1, "early", modified_at=early)]
    first = pull_vendor(doors, two_tenants.a.id, OnePage(Page(rows, {}))).streams["tags"]
    assert (first.rows_read, first.rows_changed) == (5, 4)
    assert rows_of(doors, two_tenants.a.id, "raw_kit.tags")[0][1]["name"] == "late"


def test_the_same_told_in_another_order_is_no_change(doors: Doors, two_tenants: TwoTenants) -> None:
    told = [Record("1", b'{"id": 1, "name": "one", "n": 1.0}'), Record("1", b'{"name":"one","n":1,"id":1}')]
    assert changed(pull_vendor(doors, two_tenants.a.id, OnePage(Page(told[:1], {})))) == 1
    source = OnePage(Page(told[1:], {}), there=1)
    source.held = {"1": told[1]}
    again = pull_vendor(doors, two_tenants.a.id, source, full=True)
    assert changed(again) == 0
    assert (again.reconciled["tags"].stale, again.verdicts["tags"].is_complete) == (0, True)


def test_a_deleted_row_is_kept_and_marked_and_comes_back(doors: Doors, two_tenants: TwoTenants) -> None:
    gone = Record("1", b"", deleted=True)
    pull_vendor(doors, two_tenants.a.id, OnePage(Page([tag(1, "one")], {})))
    pull_vendor(doors, two_tenants.a.id, OnePage(Page([gone], {})))
    assert rows_of(doors, two_tenants.a.id, "raw_kit.tags") == []
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, two_tenants.a.id) as connection:
        row = connection.execute("select payload ->> 'name', deleted_at from raw_kit.tags").fetchone()
    assert row is not None
    assert row[0] == "one"
    assert row[1] is not None
    pull_vendor(doors, two_tenants.a.id, OnePage(Page([tag(1, "one")], {})))
    assert len(rows_of(doors, two_tenants.a.id, "raw_kit.tags")) == 1


def test_what_was_committed_before_a_failure_stays_with_its_cursor(
    doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            assert cursor in (None, {"page": 1})
            if cursor is None:
                yield Page([tag(1, "one")], {"page": 1})
                raise VendorError("the vendor answered 503", hint="wait")
            yield Page([tag(2, "two")], {"page": 2})

    monkeypatch.setattr("pipelines.sync.vendors.CHUNK_ROWS", 1)
    with pytest.raises(VendorError):
        pull_vendor(doors, two_tenants.a.id, Failing())
    with doors.tenant_transaction(Database.WAREHOUSE, Role.READER, two_tenants.a.id) as connection:
        told = connection.execute("select status, error, hint, rows_changed from ops.sync_run").fetchone()
    assert told == ("failed", "the vendor answered 503", "wait", 1)
    pull_vendor(doors, two_tenants.a.id, Failing())
    assert [row[0] for row in rows_of(doors, two_tenants.a.id, "raw_kit.tags")] == ["1", "2"]


def test_associations_that_are_gone_are_marked(doors: Doors, two_tenants: TwoTenants) -> None:
    def pairs(*keys: str, of: tuple[str, ...]) -> Page:
        told = Side("tag_subscribers", [Record(key, json.dumps({"pair": key}).encode()) for key in keys], of)
        return Page([tag(1, "a"), tag(2, "b")], {}, sides=(told,))

    pull_vendor(doors, two_tenants.a.id, OnePage(pairs("1:10", "1:11", "2:20", of=("1", "2"))))
    pull_vendor(doors, two_tenants.a.id, OnePage(pairs("1:11", of=("1",))))
    stored = rows_of(doors, two_tenants.a.id, "raw_kit.tag_subscribers")
    assert [row[0] for row in stored] == ["1:11", "2:20"]


def test_the_children_of_a_parent_are_found_by_an_index_under_row_level_security(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, two_tenants.a.id) as connection:
        connection.execute("set local enable_seqscan = off")
        plan = connection.execute(
            "explain select * from raw_hubspot.contact_companies where tenant_id = %s and parent_id = '1'",
            (two_tenants.a.id,),
        ).fetchall()
    assert any("Index Cond" in line and "parent_id" in line for (line,) in plan), plan


def test_two_pulls_of_the_same_source_exclude_each_other(doors: Doors, two_tenants: TwoTenants) -> None:
    with open_run(doors, two_tenants.a.id, "kit", {}):
        with pytest.raises(SyncBusy, match="another process"):
            pull_vendor(doors, two_tenants.a.id, OnePage(Page([tag(1, "one")], {})))
        pull_vendor(doors, two_tenants.b.id, OnePage(Page([tag(1, "one")], {})))


def test_a_run_that_was_killed_is_marked_by_the_next(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, two_tenants.a.id) as connection:
        connection.execute(
            "insert into ops.sync_run (tenant_id, run_id, vendor, status) "
            "values (%s, gen_random_uuid(), 'kit', 'running')",
            (two_tenants.a.id,),
        )
    pull_vendor(doors, two_tenants.a.id, OnePage(Page([tag(1, "one")], {})))
    with doors.tenant_transaction(Database.WAREHOUSE, Role.READER, two_tenants.a.id) as connection:
        states = connection.execute("select status, error from ops.sync_run order by started_at, status").fetchall()
    assert sorted(states) == [("failed", "interrupted"), ("succeeded", None)]


def test_a_pull_cut_off_at_any_commit_ends_as_an_undisturbed_one(
    doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [Page([tag(n, f"tag {n}")], {"done": n}) for n in range(1, 8)]

    class Resuming(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            yield from pages[max(0, (cursor["done"] if cursor else 0) - 1) :]  # one page is sent again

    monkeypatch.setattr("pipelines.sync.vendors.CHUNK_ROWS", 1)
    killed = 0
    for cut in range(1, 8):
        chunks = 0

        def end_backend(result: object, at: int = cut) -> None:
            nonlocal chunks
            chunks += 1
            if chunks == at:
                with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as killer:
                    killer.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity "
                        "where usename = current_user and pid <> pg_backend_pid() and datname = current_database()"
                    )

        try:
            pull_vendor(doors, two_tenants.a.id, Resuming(), full=True, on_chunk=end_backend)
        except psycopg.OperationalError:
            killed += 1
    assert killed >= 5
    pull_vendor(doors, two_tenants.a.id, Resuming())
    assert [row[1]["name"] for row in rows_of(doors, two_tenants.a.id, "raw_kit.tags")] == [
        f"tag {n}" for n in range(1, 8)
    ]


def test_no_thread_is_left_when_a_load_fails(doors: Doors, two_tenants: TwoTenants) -> None:
    bad = Record("1", b"{")
    with pytest.raises(psycopg.DataError):
        pull_vendor(doors, two_tenants.a.id, OnePage(*(Page([bad], {}) for _ in range(40))))
    assert [thread.name for thread in threading.enumerate() if thread.name == "fetch-ahead"] == []


def test_a_nul_in_a_vendors_text_costs_its_character_only(doors: Doors, two_tenants: TwoTenants) -> None:
    text = Record("1", rb'{"real": "a\u0000b", "written": "a\\u0000b", "mixed": "\\\u0000"}')
    pull_vendor(doors, two_tenants.a.id, OnePage(Page([text], {})))
    assert rows_of(doors, two_tenants.a.id, "raw_kit.tags") == [
        ("1", {"real": "a\ufffdb", "written": "a\\u0000b", "mixed": "\\\ufffd"})
    ]

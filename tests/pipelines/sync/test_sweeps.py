"""Full reads find and mend what incremental ones missed, also when they are killed on the way."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from integrations.source import Page, Record, Side
from pipelines.sync.vendors import AccountChanged, fold_webhooks, pull_vendor
from pipelines.sync.webhooks import Waiting
from tekup.db import Database, Doors, Role
from tekup.errors import CredentialRefused, PermissionLacking, VendorError
from tests.fixtures.database import TwoTenants
from tests.integrations.running import Sandbox
from tests.pipelines.sync.scripted import OnePage, tag


def stored(doors: Doors, tenant_id: UUID, table: str = "raw_kit.tags") -> dict[str, str | None]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return dict(connection.execute(f"select object_id, delete_reason from {table}").fetchall())


def told(*numbers: int, **more: Any) -> Page:
    return Page([tag(number, f"tag {number}") for number in numbers], {"done": True}, **more)


def test_what_a_full_read_no_longer_tells_is_marked_and_what_it_missed_is_added(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, OnePage(told(1, 2, 3)))
    pull_vendor(doors, two_tenants.b.id, OnePage(told(1, 2, 3)))

    class Healing(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            if cursor is None:
                yield Page([tag(1, "tag 1"), tag(2, "tag 2, changed unseen"), tag(4, "tag 4")], {"done": True})

    done = pull_vendor(doors, tenant, Healing(), full=True)
    found = done.reconciled["tags"]
    assert (found.missing, found.stale, found.vanished) == (1, 1, 1)
    assert stored(doors, tenant) == {"1": None, "2": None, "3": "vanished", "4": None}
    assert set(stored(doors, two_tenants.b.id).values()) == {None}
    with doors.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant) as connection:
        row = connection.execute("select missing_count, stale_count, vanished_count from ops.reconciliation").fetchone()
    assert row == (1, 1, 1)


def test_children_go_with_their_vanished_parent(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    pairs = [Record(key, json.dumps({"pair": key}).encode()) for key in ("1:10", "2:20", "tags/2:21")]
    pull_vendor(doors, tenant, OnePage(told(1, 2, sides=(Side("tag_subscribers", pairs, ("1", "2")),))))
    done = pull_vendor(doors, tenant, OnePage(told(1)), full=True)
    assert done.reconciled["tags"].vanished == 1
    assert stored(doors, tenant, "raw_kit.tag_subscribers") == {
        "1:10": None, "2:20": "vanished", "tags/2:21": "vanished",
    }  # fmt: skip
    assert done.streams["tag_subscribers"].rows_changed == 2


def test_a_sweep_killed_on_the_way_goes_on_and_ends_as_an_undisturbed_one(
    doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, OnePage(told(1, 2, 3, 4, 5, 6)))
    monkeypatch.setattr("pipelines.sync.vendors.CHUNK_ROWS", 1)
    left = [1, 2, 4, 5]

    class Walking(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            at = -1 if cursor is None else cursor.get("at", len(left))
            for place in range(at + 1, len(left)):
                yield Page([tag(left[place], f"tag {left[place]}")], {"at": place})

    def die(result: object) -> None:
        with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as killer:
            killer.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = current_user and pid <> pg_backend_pid() and datname = current_database()"
            )

    with pytest.raises(psycopg.OperationalError):
        pull_vendor(doors, tenant, Walking(), full=True, on_chunk=die)
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            pull_vendor(doors, tenant, Walking(), on_chunk=die)
    done = pull_vendor(doors, tenant, Walking())
    assert done.reconciled["tags"].vanished == 2
    assert stored(doors, tenant) == {"1": None, "2": None, "3": "vanished", "4": None, "5": None, "6": "vanished"}


def test_a_sweep_that_fails_before_its_first_page_buries_nothing(doors: Doors, two_tenants: TwoTenants) -> None:
    class Failing(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            if cursor is None:
                raise VendorError("the vendor answered 503")
            yield from super().pages(stream, cursor)

    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, OnePage(told(1, 2, 3)))
    with pytest.raises(VendorError):
        pull_vendor(doors, tenant, Failing(told(3)), full=True)
    done = pull_vendor(doors, tenant, OnePage(told(1, 3)))
    assert done.reconciled["tags"].vanished == 1
    assert stored(doors, tenant) == {"1": None, "2": "vanished", "3": None}


def test_a_vendor_that_suddenly_shows_little_buries_nothing_unless_told(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, OnePage(told(*range(150))))
    with pytest.raises(VendorError, match="no longer shows 149 of 150"):
        pull_vendor(doors, tenant, OnePage(told(1)), full=True)
    assert set(stored(doors, tenant).values()) == {None}
    pull_vendor(doors, tenant, OnePage(told(1)), full=True, accept_losses=True)
    assert sum(reason == "vanished" for reason in stored(doors, tenant).values()) == 149


def test_an_append_only_stream_keeps_what_the_vendor_forgets(doors: Doors, two_tenants: TwoTenants) -> None:
    class Log(OnePage):
        append_only = frozenset({"tags"})

    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, Log(told(1, 2)))
    pull_vendor(doors, tenant, Log(told(2)), full=True)
    assert stored(doors, tenant) == {"1": None, "2": None}


def test_whoever_was_away_for_longer_than_the_vendor_remembers_reads_everything(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    class Forgetful(OnePage):
        memory_days = 29.0

    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, Forgetful(told(1, 2)))
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        connection.execute("update ops.sync_cursor set updated_at = now() - interval '30 days'")
    source = Forgetful(told(2))
    pull_vendor(doors, tenant, source)
    assert source.asked[0] is None
    assert stored(doors, tenant) == {"1": "vanished", "2": None}


def test_another_account_is_refused_until_it_is_adopted(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, OnePage(told(*range(200))))
    with pytest.raises(AccountChanged, match="account 2"):
        pull_vendor(doors, tenant, OnePage(told(7), account="account 2"))
    assert set(stored(doors, tenant).values()) == {None}
    pull_vendor(doors, tenant, OnePage(told(7, 300), account="account 2"), adopt=True)
    assert {key for key, reason in stored(doors, tenant).items() if reason is None} == {"7", "300"}
    pull_vendor(doors, tenant, OnePage(told(7, 300), account="account 2"))


def test_re_ordered_pages_neither_revive_nor_bury_nor_turn_back(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    early, late = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2))
    gone = Record("1", b"", late, deleted=True, reason="archived")
    pull_vendor(doors, tenant, OnePage(Page([gone], {}), Page([tag(1, "old", modified_at=early)], {})))
    assert stored(doors, tenant) == {"1": "archived"}
    newer = tag(2, "new", modified_at=late)
    old_grave = Record("2", b"", early, deleted=True, reason="archived")
    pull_vendor(
        doors, tenant, OnePage(Page([newer], {}), Page([old_grave], {}), Page([tag(2, "old", modified_at=early)], {}))
    )
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        row = connection.execute("select payload ->> 'name', deleted_at from raw_kit.tags where object_id = '2'")
        assert row.fetchone() == ("new", None)


def test_a_stream_that_may_not_be_read_is_marked_and_costs_the_others_nothing(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    class Partial(OnePage):
        streams = ("forms", "tags")

        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            if stream == "forms":
                raise PermissionLacking("kit does not let this credential read forms", hint="allow it")
            yield told(1)

    done = pull_vendor(doors, two_tenants.a.id, Partial())
    assert done.streams["forms"].blocked == "kit does not let this credential read forms"
    assert not done.verdicts["forms"].is_complete
    assert stored(doors, two_tenants.a.id) == {"1": None}


def test_one_failing_stream_costs_no_other_and_a_dead_vendor_is_not_asked_on(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    class Sick(OnePage):
        streams = ("forms", "tags", "sequences", "segments", "purchases")

        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            self.asked.append({"stream": stream})
            if stream != "tags":
                raise VendorError(f"no {stream}")
            yield told(1)

    source = Sick()
    with pytest.raises(VendorError, match="no forms"):
        pull_vendor(doors, two_tenants.a.id, source)
    assert stored(doors, two_tenants.a.id) == {"1": None}
    assert [one and one["stream"] for one in source.asked] == ["forms", "tags", "sequences", "segments"]

    class Refused(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            raise CredentialRefused("no", hint="another key")
            yield

    with pytest.raises(CredentialRefused):
        pull_vendor(doors, two_tenants.a.id, Refused())


def test_a_count_that_stays_wrong_is_told_and_one_that_catches_up_is_not(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    done = pull_vendor(doors, tenant, OnePage(told(1, 2), there=3))
    assert done.verdicts["tags"].detail == "the vendor has 3, stored are 2"

    class Late(OnePage):
        def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
            yield told(3) if self.asked else told(2)
            self.asked.append(cursor)

    done = pull_vendor(doors, tenant, Late(there=3))
    assert done.verdicts["tags"].is_complete
    again = OnePage(there=99)
    assert pull_vendor(doors, tenant, again).verdicts["tags"].is_complete  # not yet due
    assert not pull_vendor(doors, tenant, again, proof="always").verdicts["tags"].is_complete


def test_a_probe_finds_and_mends_what_differs(doors: Doors, two_tenants: TwoTenants) -> None:
    source = OnePage(told(1, 2))
    source.held = {"1": tag(1, "tag 1"), "2": tag(2, "tag 2, changed unseen")}
    done = pull_vendor(doors, two_tenants.a.id, source)
    verdict = done.verdicts["tags"]
    assert (verdict.probed, verdict.differing, verdict.is_complete) == (2, 1, False)
    assert pull_vendor(doors, two_tenants.a.id, OnePage(), proof="never").verdicts == {}
    source = OnePage()
    source.held = {"1": tag(1, "tag 1"), "2": tag(2, "tag 2, changed unseen")}
    assert pull_vendor(doors, two_tenants.a.id, source).verdicts["tags"].is_complete


def test_new_fields_are_kept_and_reported(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    first = pull_vendor(doors, tenant, OnePage(told(1, fields=frozenset({"id", "name"}))))
    assert first.streams["tags"].new_fields == []
    second = pull_vendor(doors, tenant, OnePage(told(1, fields=frozenset({"id", "name", "colour"}))))
    assert second.streams["tags"].new_fields == ["colour"]
    assert pull_vendor(doors, tenant, OnePage(told(fields=frozenset({"colour"})))).streams["tags"].new_fields == []


def test_an_erased_object_loses_its_payload_and_its_childrens(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    pairs = [Record(key, json.dumps({"pair": key}).encode()) for key in ("1:10", "tags/1:11", "2:20")]
    pull_vendor(doors, tenant, OnePage(told(1, 2, sides=(Side("tag_subscribers", pairs, ("1", "2")),))))
    gone = Record("1", b"", deleted=True, reason="erased")
    pull_vendor(doors, tenant, OnePage(Page([gone], {"done": True})))
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        rows = {
            table: connection.execute(
                f"select object_id, payload = '{{}}', delete_reason from raw_kit.{table} order by 1"
            ).fetchall()
            for table in ("tags", "tag_subscribers")
        }
    assert rows == {
        "tags": [("1", True, "erased"), ("2", False, None)],
        "tag_subscribers": [("1:10", True, "erased"), ("2:20", False, None), ("tags/1:11", True, "erased")],
    }


def test_what_a_webhook_names_is_read_at_once_and_what_was_erased_loses_its_payload(
    doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = two_tenants.a.id
    pull_vendor(doors, tenant, sandbox.hubspot("fjord-software"))
    changed, archived, erased = list(stored(doors, tenant, "raw_hubspot.contacts"))[:3]
    path = "/hubspot/crm/v3/objects/contacts"
    header = {"Authorization": "Bearer sandbox-hubspot-fjord-software"}
    new_name = {"properties": {"firstname": "Åse"}}
    assert sandbox.http.patch(f"{path}/{changed}", headers=header, json=new_name).status_code == 200
    assert sandbox.http.delete(f"{path}/{archived}", headers=header).status_code == 204
    sandbox.post("hubspot", "fjord-software", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": erased})
    hints = {"contacts": [changed, archived, erased], "forms": ["no-such-form"]}
    lots = [Waiting("hubspot", ((uuid4(), 1),), hints, {"contacts": [changed, erased]}, has_more=True)]
    folded: list[Waiting] = []
    empty = Waiting("hubspot", (), {}, {}, has_more=False)
    monkeypatch.setattr("pipelines.sync.vendors.waiting", lambda *_: lots.pop() if lots else empty)
    monkeypatch.setattr("pipelines.sync.vendors.mark_folded", lambda *given: folded.append(given[2]))
    cursors = cursors_of(doors, tenant)
    fold_webhooks(doors, tenant, sandbox.hubspot("fjord-software"))
    assert len(folded) == 1
    reasons = stored(doors, tenant, "raw_hubspot.contacts")
    assert (reasons[changed], reasons[archived], reasons[erased]) == (None, "archived", "erased")
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        found = dict(connection.execute("select object_id, payload from raw_hubspot.contacts").fetchall())
    assert found[changed]["properties"]["firstname"] == "Åse"
    assert found[erased] == {}
    assert cursors_of(doors, tenant) == cursors


def cursors_of(doors: Doors, tenant_id: UUID) -> list[tuple[str, object]]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return connection.execute("select stream, cursor from ops.sync_cursor order by stream").fetchall()

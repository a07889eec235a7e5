"""Kit: every stream is read whole, later reads bring what changed, and nothing is asked that need not be."""

import orjson
import pytest

from integrations.kit.client import KitSource
from integrations.sandbox.identifiers import sandbox_credential, tenant_uuid
from integrations.sandbox.world import World
from integrations.source import Cursor, Record
from tekup.errors import PermissionLacking, VendorError
from tests.integrations.kit.stored import Stored, read_fresh
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
LISTS = ("custom_fields", "tags", "forms", "sequences", "segments")
DAY = 86_400


def _read(source: KitSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    records, last = [], cursor or {}
    for page in source.pages(stream, cursor):
        records += page.records
        last = page.cursor
    return records, last


def _remove(sandbox: Sandbox, kind: str, number: int | str) -> None:
    header = {"X-Kit-Api-Key": sandbox_credential("kit", SLUG)}
    assert sandbox.http.delete(f"/kit/_pages/{kind}/{number}", headers=header).status_code == 204


def test_a_first_read_brings_every_state(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["kit_subscribers"].filter(tenant_id=tenant_uuid(SLUG))
    records, cursor = _read(sandbox.kit(SLUG), "subscribers")
    states = {record.object_id: orjson.loads(record.payload)["state"] for record in records}
    assert states == {str(number): state for number, state in mine.select("id", "state").iter_rows()}
    assert len(set(states.values())) > 1
    assert cursor["phase"] == "done"


def test_a_first_read_says_how_many_there_will_be_and_that_it_is_full(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    pages = list(source.pages("subscribers", None))
    assert pages[0].expected == sum(len(page.records) for page in pages)
    assert all("full" in page.cursor for page in pages[:-1])
    assert "full" not in pages[-1].cursor


def test_a_subscriber_carries_its_own_fields_and_where_it_came_from(sandbox: Sandbox) -> None:
    page = next(iter(sandbox.kit(SLUG).pages("subscribers", None)))
    subscriber = orjson.loads(page.records[0].payload)
    assert {"attribution", "location", "canceled_at"} <= subscriber.keys()
    assert "tags" not in subscriber, "it would grow old unnoticed"
    assert {"email_address", "fields.language", "fields.role"} <= page.fields


def test_a_field_that_is_new_at_kit_is_told(sandbox: Sandbox) -> None:
    sandbox.post("kit", SLUG, "/v4/custom_fields", {"label": "Shoe size"})
    page = next(iter(sandbox.kit(SLUG).pages("subscribers", None)))
    assert "fields.shoe_size" in page.fields
    assert "shoe_size" in orjson.loads(page.records[0].payload)["fields"]


def test_a_later_read_brings_what_changed_in_the_last_days(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    _, cursor = _read(source, "subscribers")
    sandbox.pass_time(10 * DAY)
    done = sandbox.advance(SLUG, "kit", created=2, changed=2, archived=3)
    sandbox.pass_time(60)
    records, cursor = _read(source, "subscribers", cursor)
    expected = {name.split("/")[1] for names in done.values() for name in names}
    assert expected <= {record.object_id for record in records}
    gone = {name.split("/")[1] for name in done["archived"]}
    states = {orjson.loads(record.payload)["state"] for record in records if record.object_id in gone}
    assert states == {"cancelled", "bounced", "complained"}
    sandbox.pass_time(10 * DAY)
    again, cursor = _read(source, "subscribers", cursor)
    assert {record.object_id for record in again} == expected, "the days before the last read are read twice"
    assert _read(source, "subscribers", cursor)[0] == []


@pytest.mark.parametrize("stream", LISTS)
def test_what_is_gone_from_a_list_leaves_a_tombstone(sandbox: Sandbox, stream: str) -> None:
    source = sandbox.kit(SLUG)
    records, cursor = _read(source, stream)
    assert len(records) > 1
    assert all(orjson.loads(record.payload)["id"] == int(record.object_id) for record in records)
    _remove(sandbox, stream, records[0].object_id)
    later, cursor = _read(source, stream, cursor)
    assert [(r.object_id, r.reason) for r in later if r.deleted] == [(records[0].object_id, "vanished")]
    assert not [record for record in _read(source, stream, cursor)[0] if record.deleted]


def test_archived_forms_are_read_too(sandbox: Sandbox) -> None:
    records, _ = _read(sandbox.kit(SLUG), "forms")
    assert {orjson.loads(record.payload)["archived"] for record in records} == {True, False}


def test_broadcasts_carry_their_figures_and_only_recent_ones_are_told_again(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    records, cursor = _read(source, "broadcasts")
    assert all(orjson.loads(record.payload)["stats"]["recipients"] >= 0 for record in records)
    later, _ = _read(source, "broadcasts", cursor)
    assert 0 < len(later) <= 3 < len(records)


def test_figures_that_grew_while_nobody_looked_are_told_however_long_that_was(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    _, cursor = _read(source, "broadcasts")
    recent = {record.object_id for record in _read(source, "broadcasts", cursor)[0]}
    sandbox.pass_time(90 * DAY)
    assert {record.object_id for record in _read(source, "broadcasts", cursor)[0]} == recent


def test_a_later_read_of_purchases_ends_where_the_known_ones_begin(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.kit.transport.PAGE_ROWS", 2)
    source = sandbox.kit(SLUG)
    records, cursor = _read(source, "purchases")
    assert len(records) > 4
    assert {"status", "total", "products"} <= orjson.loads(records[0].payload).keys()
    sandbox.advance(SLUG, "kit", created=6, changed=0, archived=0)
    before = len(sandbox.requests(vendor="kit"))
    later, cursor = _read(source, "purchases", cursor)
    new = {record.object_id for record in later} - {record.object_id for record in records}
    assert len(new) == 3
    assert len(sandbox.requests(vendor="kit")) - before == 2
    assert cursor["highest"] == max(int(record.object_id) for record in later)


@pytest.mark.parametrize("stream", KitSource.streams)
def test_a_fetched_object_reads_as_the_list_tells_it_and_a_gone_one_is_a_tombstone(
    sandbox: Sandbox, stream: str
) -> None:
    source = sandbox.kit(SLUG)
    listed = read_fresh(source, stream).rows[stream]
    wanted = [*list(listed)[:2], list(listed)[-1]]
    missing = "1:999999" if ":" in wanted[0] else "999999"
    records = [record for page in source.fetch(stream, [*wanted, missing]) for record in page.records]
    assert {r.object_id: r.payload for r in records if not r.deleted} == {name: listed[name] for name in wanted}
    assert [(r.object_id, r.reason) for r in records if r.deleted] == [(missing, "vanished")]


def test_a_name_that_is_no_number_is_a_tombstone_and_reaches_no_other_address(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    for stream, name in (("subscribers", "1/../../account"), ("tag_subscribers", "x:y/../../account"), ("tags", "")):
        (record,) = [record for page in source.fetch(stream, [name]) for record in page.records]
        assert record.deleted


def test_the_vendors_count_is_what_a_read_brings(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    fresh = read_fresh(source)
    assert {stream: source.count(stream) for stream in source.streams} == {
        stream: len(rows) for stream, rows in fresh.rows.items()
    }


def test_an_account_is_told_by_its_number(sandbox: Sandbox) -> None:
    assert sandbox.kit(SLUG).identity() == "account 1"
    assert sandbox.kit("fjord-software").identity() == "account 2"


def test_a_pull_with_nothing_new_costs_the_fewest_requests(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source)
    before = len(sandbox.requests(vendor="kit"))
    later = sandbox.kit(SLUG)
    stored.read(later)
    log = sandbox.requests(vendor="kit")[before:]
    parents = sum(len(stored.rows[kind]) for kind in ("tags", "forms", "sequences"))
    figures = [entry for entry in log if entry["path"].endswith("/stats")]
    assert 0 < len(figures) <= 3
    # one per list (8), one per tag, form and sequence, one per recent broadcast
    assert len(log) == 8 + parents + len(figures)


def test_after_any_history_later_reads_hold_what_a_first_read_would(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    stored = read_fresh(source)
    for turn in range(6):
        sandbox.pass_time(DAY / 2)
        sandbox.advance(SLUG, "kit", created=turn % 3, changed=turn, archived=turn % 2 + 1)
        if turn == 3:
            _remove(sandbox, "tags", next(iter(stored.rows["tags"])))
        stored.read(source)
    fresh = read_fresh(source)
    for stream in source.streams:
        assert stored.rows[stream] == fresh.rows[stream], stream


def test_a_stream_that_may_not_be_read_says_so_and_costs_the_others_nothing(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, vendor="kit", path="/v4/purchases", times=0)
    source = sandbox.kit(SLUG)
    with pytest.raises(PermissionLacking, match="does not let this credential read purchases"):
        list(source.pages("purchases", None))
    checked = source.check()
    assert checked["account"] == "Nordlys Solar"
    assert [stream for stream in source.streams if checked[stream] != "ok"] == ["purchases"]


def test_an_answer_of_another_shape_is_one_clear_error(sandbox: Sandbox) -> None:
    source = KitSource(sandbox_credential("stripe", SLUG), f"{sandbox.url}/stripe", retry=sandbox.retry())
    source._transport._http.headers["Authorization"] = f"Bearer {sandbox_credential('stripe', SLUG)}"
    with pytest.raises(VendorError, match="kit's answer is no page of customers"):
        list(source._transport.each("/v1/customers", "customers"))


def test_a_read_that_was_cut_off_goes_on_where_it_was(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.kit.transport.PAGE_ROWS", 20)
    source = sandbox.kit(SLUG)
    whole = read_fresh(source)
    cut = Stored()
    for stream in source.streams:
        while "phase" not in cut.cursors.get(stream, {}) or cut.cursors[stream]["phase"] != "done":
            cut.take(stream, next(iter(sandbox.kit(SLUG).pages(stream, cut.cursors.get(stream)))))
    assert cut.rows == whole.rows

"""Kit: all states are read, later reads go back whole days, figures of old broadcasts stay."""

import orjson

from integrations.kit.client import KitSource
from integrations.sandbox.identifiers import tenant_uuid
from integrations.sandbox.world import World
from integrations.source import Cursor, Record
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _read(source: KitSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    records, last = [], cursor or {}
    for page in source.pages(stream, cursor):
        records += page.records
        last = page.cursor
    return records, last


def test_a_first_read_brings_every_state(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["kit_subscribers"].filter(tenant_id=tenant_uuid(SLUG))
    records, cursor = _read(sandbox.kit(SLUG), "subscribers")
    states = {record.object_id: orjson.loads(record.payload)["state"] for record in records}
    assert states == {str(number): state for number, state in mine.select("id", "state").iter_rows()}
    assert len(set(states.values())) > 1
    assert cursor["phase"] == "done"


def test_a_later_read_brings_what_changed_in_the_last_days(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    _, cursor = _read(source, "subscribers")
    sandbox.pass_time(10 * 86_400)
    done = sandbox.advance(SLUG, "kit", created=2, changed=2, archived=1)
    sandbox.pass_time(60)
    records, cursor = _read(source, "subscribers", cursor)
    expected = {name.split("/")[1] for names in done.values() for name in names}
    assert expected <= {record.object_id for record in records}
    sandbox.pass_time(10 * 86_400)
    again, cursor = _read(source, "subscribers", cursor)
    assert {record.object_id for record in again} == expected, "the days before the last read are read twice"
    assert _read(source, "subscribers", cursor)[0] == []


def test_tags_of_a_subscriber_are_pairs(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["kit_tag_subscribers"].filter(tenant_id=tenant_uuid(SLUG))
    records, cursor = _read(sandbox.kit(SLUG), "tag_subscribers")
    pairs = mine.select("tag_id", "subscriber_id").iter_rows()
    assert {record.object_id for record in records} == {f"{tag}:{subscriber}" for tag, subscriber in pairs}
    sandbox.pass_time(10 * 86_400)
    done = sandbox.advance(SLUG, "kit", created=1, changed=0, archived=0)
    later, _ = _read(sandbox.kit(SLUG), "tag_subscribers", cursor)
    assert done["created"][0].split("/")[1] in [record.object_id.split(":")[1] for record in later]
    assert len(later) < len(records) / 4


def test_broadcasts_carry_their_figures_and_only_recent_ones_are_told_again(sandbox: Sandbox) -> None:
    source = sandbox.kit(SLUG)
    records, cursor = _read(source, "broadcasts")
    assert all(orjson.loads(record.payload)["stats"]["recipients"] >= 0 for record in records)
    later, _ = _read(source, "broadcasts", cursor)
    assert 0 < len(later) <= 3 < len(records)

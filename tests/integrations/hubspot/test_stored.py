"""After any history the raw tables hold what the portal holds, object by object and pair by pair. Real database."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.hubspot.kinds import KINDS, association_stream
from pipelines.sync.vendors import pull_vendor
from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.fixtures.raw_tables import empty_raw_tables
from tests.integrations.hubspot.reading import OBJECTS, SLUG, change, link, make
from tests.integrations.running import Sandbox

MERGED_KINDS = ("contacts", "companies", "deals", "tickets")


@pytest.fixture(autouse=True)
def empty_warehouse(doors: Doors) -> Iterator[None]:
    yield
    empty_raw_tables(doors)


def _stored(doors: Doors, tenants: TwoTenants, table: str) -> dict[str, tuple[Any, str | None]]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenants.a.id) as connection:
        rows = connection.execute(f"select object_id, payload, delete_reason from raw_hubspot.{table}").fetchall()
    return {name: (payload, reason) for name, payload, reason in rows}


def _live(doors: Doors, tenants: TwoTenants, table: str) -> dict[str, Any]:
    return {name: payload for name, (payload, reason) in _stored(doors, tenants, table).items() if reason is None}


def _happen(sandbox: Sandbox, chance: random.Random) -> None:
    """Let one thing happen in the portal."""
    held = sandbox.get("hubspot", SLUG, "/_sandbox/truth").json()["objects"]
    kind = chance.choice(list(KINDS))
    live = list(held[kind]["live"])
    what = chance.choice(("make", "change", "change", "archive", "merge", "erase", "link", "unlink"))
    if what == "make" or len(live) < 4:
        make(sandbox, kind, name=f"Ny {chance.random()}")
    elif what == "change":
        body = {"properties": {"hubspot_owner_id": str(chance.randrange(99)), "amount": str(chance.randrange(9))}}
        change(sandbox, "PATCH", f"{OBJECTS}/{kind}/{chance.choice(live)}", body)
    elif what == "archive":
        change(sandbox, "DELETE", f"{OBJECTS}/{kind}/{chance.choice(live)}")
    elif what == "merge" and kind in MERGED_KINDS:
        one, two = chance.sample(live, 2)
        change(sandbox, "POST", f"{OBJECTS}/{kind}/merge", {"primaryObjectId": one, "objectIdToMerge": two})
    elif what == "erase":
        someone = chance.choice(list(held["contacts"]["live"]))
        change(sandbox, "POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": someone})
    else:
        _tie(sandbox, chance, held, what == "unlink")


def _tie(sandbox: Sandbox, chance: random.Random, held: Any, is_cut: bool) -> None:
    kind = chance.choice([kind for kind in KINDS.values() if kind.pairs])
    other = chance.choice(kind.pairs)
    if is_cut:
        pairs = sandbox.get("hubspot", SLUG, "/_sandbox/truth").json()["associations"].get(f"{kind.name}/{other}")
        if pairs:
            one, two = chance.choice(pairs)
            body = {"inputs": [{"from": {"id": one}, "to": [{"id": two}]}]}
            change(sandbox, "POST", f"/crm/v4/associations/{kind.name}/{other}/batch/archive", body)
        return
    one, two = chance.choice(list(held[kind.name]["live"])), chance.choice(list(held[other]["live"]))
    if one != two:
        link(sandbox, kind.name, one, other, two)


def _assert_objects_are_the_portals(doors: Doors, tenants: TwoTenants, told: Any) -> None:
    for kind in KINDS:
        stored, truth = _live(doors, tenants, kind), told["objects"][kind]["live"]
        assert stored.keys() == truth.keys(), kind
        assert {name: item["properties"] for name, item in stored.items()} == {
            name: item["properties"] for name, item in truth.items()
        }


@pytest.mark.parametrize("seed", [1, 2])
def test_the_raw_tables_are_the_portal_after_any_history(
    doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox, seed: int
) -> None:
    chance = random.Random(seed)
    pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG))
    for _ in range(4):
        for _ in range(25):
            sandbox.pass_time(chance.randrange(1, 900))
            _happen(sandbox, chance)
        sandbox.pass_time(400)
        pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG))
    told = sandbox.get("hubspot", SLUG, "/_sandbox/truth").json()
    erased = set(told["objects"]["contacts"]["erased"])
    assert erased, "the history must hold what only a full read can find"
    assert erased & set(_live(doors, two_tenants, "contacts")) != set()
    done = pull_vendor(doors, two_tenants.a.id, sandbox.hubspot(SLUG), full=True)
    _assert_objects_are_the_portals(doors, two_tenants, told)
    assert done.reconciled["contacts"].vanished > 0
    for kind in KINDS:
        stored = _stored(doors, two_tenants, kind)
        assert {stored[name][1] for name in told["objects"][kind]["archived"]} <= {"archived"}
        assert {stored[name][1] for name in told["objects"][kind]["merged"] if name in stored} <= {"merged"}
    expected: dict[str, set[str]] = {}
    for kind_of in KINDS.values():
        for other in kind_of.pairs:
            stream = association_stream(kind_of.name, other)
            names = "{0}:{1}" if stream != "associations" else f"{kind_of.name}/{{0}}:{other}/{{1}}"
            pairs = told["associations"].get(f"{kind_of.name}/{other}", [])
            expected.setdefault(stream, set()).update(names.format(*pair) for pair in pairs)
    for stream, names_told in expected.items():
        live = {name for name in _live(doors, two_tenants, stream) if not name.startswith("2-")}
        assert live == names_told, stream
    assert {name: verdict.detail for name, verdict in done.verdicts.items() if not verdict.is_complete} == {}

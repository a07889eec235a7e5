"""Random histories: the vendors' data change, requests fail, pulls are killed; in the end raw tables tell the truth.

The truth is read from the sandbox by a bare HTTP client, row by row, and compared whole.
"""

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from integrations.sandbox.identifiers import sandbox_credential
from integrations.source import Source
from pipelines.sync.journal import StreamResult
from pipelines.sync.vendors import pull_vendor
from tekup.db import Database, Doors, Role
from tekup.errors import TekupError
from tests.fixtures.database import TwoTenants
from tests.integrations.running import Sandbox

SLUG = "fjord-software"
ROUNDS = 10
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 429, "retry_after": 2.0},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503, "times": 3},
    {"kind": "status", "status": 500, "times": 9},
    {"kind": "reset", "times": 2},
    {"kind": "truncate"},
    {"kind": "invalid_json"},
    {"kind": "content_type", "times": 2},
)
HUBSPOT_KINDS = ("contacts", "companies", "deals", "tickets")
STRIPE_KINDS = ("customers", "subscriptions", "invoices", "charges", "refunds", "payment_intents")


class Histories:
    """One tenant's account at one vendor, and what may happen to it."""

    def __init__(self, sandbox: Sandbox, chance: random.Random) -> None:
        self.sandbox, self.chance = sandbox, chance
        self.erased: set[str] = set()

    def change(self, vendor: str) -> None:
        """Let a few things happen at the vendor."""
        pick = self.chance.randint
        counts = {"created": pick(0, 3), "changed": pick(0, 4), "archived": pick(0, 2)}
        self.sandbox.advance(SLUG, vendor, **counts, **({"rounds": pick(0, 4)} if vendor == "stripe" else {}))
        if vendor == "hubspot":
            contacts = [item["id"] for item in self.hubspot("contacts")]
            keep, gone, erased = self.chance.sample(contacts, 3)
            self.sandbox.post(
                vendor, SLUG, "/crm/v3/objects/contacts/merge", {"primaryObjectId": keep, "objectIdToMerge": gone}
            )
            if pick(0, 1):
                self.sandbox.post(vendor, SLUG, "/crm/v3/objects/contacts/gdpr-delete", {"objectId": erased})
                self.erased.add(erased)

    def trouble(self, vendor: str) -> None:
        """Spoil one of the next requests."""
        self.sandbox.fault(**{**self.chance.choice(FAULTS), "vendor": vendor, "nth": self.chance.randint(1, 40)})

    def truth(self, vendor: str) -> dict[str, dict[str, Any]]:
        """What the vendor has now: stream, object id, and what must be stored of it."""
        if vendor == "hubspot":
            return {kind: {item["id"]: item["properties"] for item in self.hubspot(kind)} for kind in HUBSPOT_KINDS}
        if vendor == "stripe":
            return {kind: {item["id"]: _plain_list(item) for item in self.stripe(kind)} for kind in STRIPE_KINDS}
        people = {str(item["id"]): item["email_address"] for item in self.kit("subscribers", status="all")}
        tags = [item["id"] for item in self.kit("tags")]
        worn = {
            f"{tag}:{item['id']}": tag
            for tag in tags
            for item in self.kit("subscribers", path=f"tags/{tag}/subscribers", status="all")
        }
        return {"subscribers": people, "tag_subscribers": worn}

    def hubspot(self, kind: str) -> Iterator[Any]:
        names = [one["name"] for one in self._get("hubspot", f"/crm/v3/properties/{kind}", {})["results"]]
        after: str | None = None
        while True:
            query: dict[str, Any] = {"limit": 100, "properties": names, **({"after": after} if after else {})}
            answer = self._get("hubspot", f"/crm/v3/objects/{kind}", query)
            yield from answer["results"]
            after = answer.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return

    def stripe(self, kind: str) -> Iterator[Any]:
        query: dict[str, Any] = {"limit": 100, **({"status": "all"} if kind == "subscriptions" else {})}
        while True:
            answer = self._get("stripe", f"/v1/{kind}", query)
            yield from answer["data"]
            if not answer["has_more"]:
                return
            query["starting_after"] = answer["data"][-1]["id"]

    def kit(self, name: str, path: str | None = None, **query: Any) -> Iterator[Any]:
        while True:
            answer = self._get("kit", f"/v4/{path or name}", {"per_page": 1000, **query})
            yield from answer[name]
            if not answer["pagination"]["has_next_page"]:
                return
            query["after"] = answer["pagination"]["end_cursor"]

    def _get(self, vendor: str, path: str, query: dict[str, Any]) -> Any:
        header = {"Authorization": f"Bearer {sandbox_credential(vendor, SLUG)}"}
        if vendor == "kit":
            header = {"X-Kit-Api-Key": sandbox_credential(vendor, SLUG)}
        answer = self.sandbox.http.get(f"/{vendor}{path}", headers=header, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def stored(doors: Doors, tenant_id: UUID, vendor: str, streams: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return {
            stream: {
                row[0]: _kept(vendor, stream, row[1])
                for row in connection.execute(
                    f"select object_id, payload from raw_{vendor}.{stream} where deleted_at is null"
                ).fetchall()
            }
            for stream in streams
        }


def _kept(vendor: str, stream: str, payload: dict[str, Any]) -> Any:
    if vendor == "hubspot":
        return payload["properties"]
    if vendor == "stripe":
        return _plain_list(payload)
    return payload["email_address"] if stream == "subscribers" else payload["tag_id"]


def _plain_list(item: dict[str, Any]) -> dict[str, Any]:
    """An object without what a pull asks the list to expand, and the first ten of a nested list that it completes."""
    plain = {name: value for name, value in item.items() if name not in ("tax_ids", "discounts")}
    for name in {"items", "lines"} & plain.keys():
        plain[name] = plain[name]["data"][:10]
    return plain


def pull_once(
    doors: Doors, tenant_id: UUID, source: Source, chance: random.Random, *, dies: bool, full: bool = False
) -> None:
    """Pull, perhaps cut off after a random number of commits; whatever fails is left as it is."""
    chunks, last = 0, chance.randint(1, 25)

    def die(result: StreamResult) -> None:
        nonlocal chunks
        chunks += 1
        if dies and chunks == last:
            with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as killer:
                killer.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where usename = current_user and pid <> pg_backend_pid() and datname = current_database()"
                )

    with contextlib.suppress(psycopg.OperationalError, TekupError):
        pull_vendor(doors, tenant_id, source, full=full, proof="never", on_chunk=die)
    source.close()


@pytest.mark.parametrize("vendor", ["hubspot", "stripe", "kit"])
@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_history_the_raw_tables_are_what_the_vendor_has(
    doors: Doors,
    two_tenants: TwoTenants,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    vendor: str,
    seed: int,
) -> None:
    monkeypatch.setattr("pipelines.sync.vendors.CHUNK_ROWS", 20)
    chance = random.Random(f"{vendor} {seed}")
    history = Histories(sandbox, chance)
    tenant = two_tenants.a.id
    for number in range(ROUNDS):
        history.trouble(vendor)
        source: Source = getattr(sandbox, vendor)(SLUG)
        pull_once(doors, tenant, source, chance, dies=chance.random() < 0.5, full=number == ROUNDS // 2)
        sandbox.http.delete("/_control/faults")
        sandbox.pass_time(chance.choice((1, 60, 3_600, 30 * 3_600)))
        history.change(vendor)
        sandbox.pass_time(chance.choice((0, 1, 400)))
    sandbox.pass_time(60)
    done = pull_vendor(doors, tenant, getattr(sandbox, vendor)(SLUG), full=vendor == "kit")
    told = history.truth(vendor)
    found = stored(doors, tenant, vendor, told)
    for stream, rows in told.items():
        # what the vendor erases it tells by webhook or not at all; a full read finds it
        assert found[stream].keys() - history.erased == rows.keys(), stream
        differing = [key for key, value in rows.items() if _plain(found[stream][key]) != _plain(value)]
        assert differing == [], stream
    for verdict in done.verdicts.values():
        assert verdict.is_complete or (verdict.stream == "contacts" and history.erased), verdict
    again = pull_vendor(doors, tenant, getattr(sandbox, vendor)(SLUG), full=True)
    wrong = {name: one for name, one in again.reconciled.items() if one.missing + one.stale + one.vanished}
    assert wrong.keys() <= ({"contacts"} if history.erased else set()), wrong
    assert all(one.missing + one.stale == 0 for one in wrong.values())
    assert {stream: rows.keys() for stream, rows in stored(doors, tenant, vendor, told).items()} == {
        stream: rows.keys() for stream, rows in told.items()
    }
    assert all(verdict.is_complete for verdict in again.verdicts.values()), again.verdicts


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)

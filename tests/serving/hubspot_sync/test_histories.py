"""Random histories on both sides, with runs that die, throttling and two tenants: both sides end alike, and rest."""

import random
from typing import Any
from uuid import UUID

import pytest

from integrations.hubspot.writing import HubspotWriter
from tests.serving.hubspot_sync.twins import Twin

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KINDS = ("companies", "contacts")
STEPS = 14
_WRITES = {"update", "upsert", "archive", "associate", "dissociate"}


class Killed(Exception):
    """A run that ends here, as by SIGKILL: nothing that it had not committed is there."""


class Dying:
    """A writer whose process dies before or after one of its calls."""

    def __init__(self, writer: HubspotWriter, chance: random.Random) -> None:
        self._writer, self._chance = writer, chance

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._writer, name)
        if name not in _WRITES and name not in ("read", "links"):
            return found

        def call(*arguments: Any) -> Any:
            moment = self._chance.random()
            if moment < 0.1:
                raise Killed(f"before {name}")
            answer = found(*arguments)
            if name in _WRITES and moment > 0.6:
                raise Killed(f"after {name}")
            return answer

        return call


class History:
    """What happens to one tenant and its portal."""

    def __init__(self, twin: Twin, seed: int) -> None:
        self.twin, self.chance, self.count, self.kills = twin, random.Random(seed), 0, 0

    def fresh(self) -> str:
        self.count += 1
        return f"p{self.count}@{self.twin.slug}.example"

    def step(self) -> None:
        self.chance.choice([self.make_here, self.make_there, self.change_here, self.change_here, self.change_there,
                            self.change_there, self.remove_here, self.remove_there])()  # fmt: skip
        self.chance.choice([self.twin.pull, self.twin.consume, self.run, self.run, self.throttle])()

    def make_here(self) -> None:
        company = self.twin.create("companies", name=f"Firma {self.count}", domain=f"f{self.count}.example")
        self.twin.create("contacts", email=self.fresh(), first_name="Her", company_id=str(company))

    def make_there(self) -> None:
        self.twin.create_there("contacts", email=self.fresh(), firstname="Der")

    def change_here(self) -> None:
        found = self.twin.rows("select id from app.contacts order by id")
        if found:
            name = self.chance.choice(["first_name", "last_name"])
            self.twin.change("contacts", self.chance.choice(found)[0], **{name: f"H{self.chance.random():.6f}"})

    def change_there(self) -> None:
        found = sorted(self.twin.there("contacts"))
        if found:
            name = self.chance.choice(["firstname", "lastname"])
            self.twin.set_there("contacts", self.chance.choice(found), **{name: f"D{self.chance.random():.6f}"})

    def remove_here(self) -> None:
        found = self.twin.rows("select id from app.contacts order by id")
        if found:
            self.twin.delete("contacts", self.chance.choice(found)[0])

    def remove_there(self) -> None:
        found = sorted(self.twin.there("contacts"))
        if found:
            body = {"inputs": [{"id": self.chance.choice(found)}]}
            path = "/crm/v3/objects/contacts/batch/archive"
            assert self.twin.sandbox.post("hubspot", self.twin.slug, path, body).status_code == 204

    def throttle(self) -> None:
        self.twin.sandbox.fault(
            kind="status", vendor="hubspot", tenant=self.twin.slug, path="/batch/", status=429, retry_after=2, times=2
        )
        self.run()
        self.twin.sandbox.http.delete("/_control/faults")

    def run(self) -> None:
        whole = self.twin.opens
        self.twin.opens = lambda doors, tenant: Dying(self.twin.writer(), self.chance)  # type: ignore[return-value]
        try:
            self.twin.exchange(*KINDS)
        except Killed:
            self.kills += 1
        finally:
            self.twin.opens = whole


def names_here(twin: Twin) -> dict[str, tuple[Any, ...]]:
    rows = twin.rows(
        "select r.object_id, c.email, c.first_name, c.last_name, c.id from app.contacts c "
        "left join app.hubspot_records r on r.record_id = c.id and not r.is_gone"
    )
    assert len({row[0] for row in rows}) == len(rows), rows
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def names_there(twin: Twin) -> dict[str, tuple[Any, ...]]:
    return {
        number: (one.get("email"), one.get("firstname"), one.get("lastname"))
        for number, one in twin.there("contacts").items()
    }


@pytest.mark.parametrize("seed", [3, 11])
def test_both_sides_end_alike_and_rest(a: Twin, b: Twin, seed: int) -> None:
    histories = [History(a, seed), History(b, seed + 1)]
    for twin in (a, b):
        twin.switch("both", KINDS, rule="newest")
    for _ in range(STEPS):
        for history in histories:
            history.step()
            a.sandbox.pass_time(1)
    a.sandbox.http.delete("/_control/faults")
    for twin in (a, b):
        for _ in range(3):
            twin.round()
    assert sum(history.kills for history in histories) > 0
    for twin in (a, b):
        assert names_here(twin) == names_there(twin)
        carried = [one["tekup_id"] for one in twin.there("contacts").values()]
        assert len(carried) == len(set(carried))
        assert {UUID(one) for one in carried} == {row[0] for row in twin.rows("select id from app.contacts")}
        twin.forget_requests()
        told = twin.events()
        twin.round()
        assert twin.writes() == []
        assert twin.events() == told
        assert twin.rows("select count(*) from app.hubspot_records where state <> 'settled'") == [(0,)]

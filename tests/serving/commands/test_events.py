"""`tekup events` as a person uses it: the log, the consumers, a dead letter mended."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from serving.commands import events as commands
from tekup.contracts.events import LeadStatusChanged
from tekup.db import Database, Doors, Role
from tekup.ids import uuid7
from tekup.outbox import emit
from tests.fixtures.database import TwoTenants
from tests.serving.events.conftest import clear_log


@pytest.fixture
def parked(doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A tenant with one event that a consumer gave up on; the event's id."""
    monkeypatch.setattr(commands, "prepared_doors", lambda: doors)
    clear_log(doors, two_tenants, keeps_heads=True)
    lead = uuid7()
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        told = LeadStatusChanged(lead_id=lead, before="new", after="won")
        event_id = emit(connection, two_tenants.a.id, told, lead)
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        while connection.execute("select app.sequence_events(1000)").fetchone() != (0,):
            connection.commit()  # events of other tenants may wait as well
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute(
            "insert into app.event_cursors (tenant_id, consumer, pos) select tenant_id, 'webhooks', pos from app.events"
        )
        connection.execute(
            "insert into app.event_parked "
            "(tenant_id, consumer, event_id, pos, key, event_type, state, attempts, error, next_try_at) "
            "select tenant_id, 'webhooks', id, pos, 'lead/' || aggregate_id, event_type, 'dead', 7, "
            "'ValueError: no', 'infinity' from app.events"
        )
    yield str(event_id)
    clear_log(doors, two_tenants, keeps_heads=True)


def run(*words: str) -> str:
    done = CliRunner().invoke(commands.events, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_dead_letter_is_found_and_tried_again(parked: str, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.domain
    assert "LeadStatusChanged" in run("list", tenant)
    line = json.loads(run("list", tenant, "--json").splitlines()[-1])
    assert (line["id"], line["data"]["to"]) == (parked, "won")
    assert "dead 1" in run("consumers", tenant)
    shown = run("dead-letters", tenant)
    assert parked in shown
    assert "ValueError: no" in shown
    assert run("dead-letters", two_tenants.b.domain) == "none\n"
    run("retry", tenant, "webhooks", parked)
    assert run("dead-letters", tenant) == "none\n"
    assert "waiting" in run("dead-letters", tenant, "--waiting")
    run("discard", tenant, "webhooks", parked, "--yes")
    assert run("dead-letters", tenant, "--waiting") == "none\n"
    assert "1 events again" in run("replay", tenant, "webhooks", "--from", str(line["sequence"]))

"""Whom a tenant has erased is not brought back: not by the vendors' next pull, a full read, a webhook or a file."""

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from integrations.sandbox.identifiers import sandbox_credential
from pipelines.components.vendor_pull import pull_connection
from pipelines.importing.loading import import_file
from pipelines.importing.mapping import Map
from pipelines.resources.platform import Platform
from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, store_connection
from tekup.errors import BadInput
from tekup.ids import uuid7
from tekup.privacy.erasing import erase_person
from tekup.privacy.ledger import forget_erasure
from tekup.privacy.persons import parse_subject
from tekup.privacy.requests import Requests
from tests.fixtures.database import TwoTenants
from tests.fixtures.raw_tables import empty_raw_tables
from tests.integrations.running import Sandbox
from tests.paths import ROOT

SLUG = "fjord-software"
PEOPLE = {"kit": ("subscribers", "email_address"), "stripe": ("customers", "email")}


@pytest.fixture(autouse=True)
def nothing_left(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            for table in ("connections", "erased_identifier", "privacy_request", "leads", "contacts", "users"):
                connection.execute(f"delete from app.{table}")
    empty_raw_tables(doors)


def erase(doors: Doors, tenant_id: UUID, subject: str) -> Any:
    return erase_person(doors, tenant_id, Requests(doors, tenant_id).ask("erase", subject, "test").id)


def pull(doors: Doors, sandbox: Sandbox, tenant_id: UUID, vendor: str, **more: Any) -> Any:
    platform = Platform(doors.settings, sandbox_url=sandbox.url)
    (connection,) = [one for one in list_connections(doors, tenant_id) if one.vendor == vendor]
    return pull_connection(platform, connection, **more)


def stored(doors: Doors, tenant_id: UUID, query: str, *values: object) -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return connection.execute(query.encode(), values).fetchall()


@pytest.mark.parametrize("vendor", ["kit", "stripe"])
def test_the_next_full_read_leaves_him_out_and_is_complete(
    doors: Doors, sandbox: Sandbox, two_tenants: TwoTenants, vendor: str
) -> None:
    stream, field = PEOPLE[vendor]
    for tenant in (two_tenants.a, two_tenants.b):
        store_connection(doors, tenant.id, vendor, sandbox_credential(vendor, SLUG), is_sandbox=True)
        pull(doors, sandbox, tenant.id, vendor)
    table = f"raw_{vendor}.{stream}"
    (email, number), *_ = stored(
        doors,
        two_tenants.a.id,
        f"select payload ->> '{field}', object_id from {table} where payload ->> '{field}' is not null order by 2",
    )
    erase(doors, two_tenants.a.id, email)
    mentions = f"select count(*) from {table} where payload::text ilike %s"
    assert stored(doors, two_tenants.a.id, mentions, f"%{email}%") == [(0,)]
    done = pull(doors, sandbox, two_tenants.a.id, vendor, full=True)
    assert [one.detail for one in done.verdicts.values() if not one.is_complete] == []
    assert done.reconciled[stream].missing == done.reconciled[stream].stale == 0
    found = stored(doors, two_tenants.a.id, f"select payload, delete_reason from {table} where object_id = %s", number)
    assert found == [({}, "erased")]
    everything = (
        "select count(*) from (select payload from raw_kit.subscribers union all select payload from raw_kit.purchases "
        "union all select payload from raw_stripe.customers union all select payload from raw_stripe.invoices "
        "union all select payload from raw_stripe.charges union all select payload from raw_stripe.events) as t "
        "where payload::text ilike %s"
    )
    assert stored(doors, two_tenants.a.id, everything, f"%{email}%") == [(0,)]
    assert stored(doors, two_tenants.b.id, mentions, f"%{email}%") == [(1,)]


def test_what_was_predicted_of_his_subscription_goes_with_him(doors: Doors, two_tenants: TwoTenants) -> None:
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            for table, number, payload in (
                ("customers", "cus_9", {"id": "cus_9", "email": "per@kunde.example"}),
                ("subscriptions", "sub_9", {"id": "sub_9", "customer": "cus_9"}),
                ("subscriptions", "sub_8", {"id": "sub_8", "customer": "cus_8"}),
            ):
                connection.execute(
                    f"insert into raw_stripe.{table} (tenant_id, object_id, payload, payload_hash, run_id) "
                    "values (%s, %s, %s, '1', %s)".encode(),
                    (tenant.id, number, json.dumps(payload), uuid7()),
                )
            connection.execute(
                "insert into ml.subscription_churn (tenant_id, subscription_id, model_version, input_hash, "
                "probability, probability_low, probability_high, has_enough_data, is_out_of_distribution, reasons) "
                "select %s, id, 'churn-1', 1, 0.2, 0, 1, true, false, '[]' from unnest(array['sub_8', 'sub_9']) as id",
                (tenant.id,),
            )
    erase(doors, two_tenants.a.id, "per@kunde.example")
    left = "select subscription_id from ml.subscription_churn order by 1"
    assert stored(doors, two_tenants.a.id, left) == [("sub_8",)]
    assert stored(doors, two_tenants.b.id, left) == [("sub_8",), ("sub_9",)]
    for tenant in (two_tenants.a, two_tenants.b):
        stored(doors, tenant.id, "delete from ml.subscription_churn returning 1")


def test_hubspots_contact_stays_away_with_its_notes_and_comes_back_when_allowed(
    doors: Doors, sandbox: Sandbox, two_tenants: TwoTenants
) -> None:
    tenant = two_tenants.a.id
    store_connection(doors, tenant, "hubspot", sandbox_credential("hubspot", SLUG), is_sandbox=True)
    streams = {"contacts", "notes", "calls", "emails", "deals"}
    pull(doors, sandbox, tenant, "hubspot", streams=streams, proof="never")
    (number, email), *_ = stored(
        doors,
        tenant,
        "select split_part(split_part(a.object_id, ':', 2), '/', 2), c.payload -> 'properties' ->> 'email' "
        "from raw_hubspot.associations a join raw_hubspot.contacts c "
        "on c.object_id = split_part(split_part(a.object_id, ':', 2), '/', 2) "
        "where a.object_id like '%%:contacts/%%' and c.payload -> 'properties' ->> 'email' is not null order by 1",
    )
    about = (
        "select 'contact' from raw_hubspot.contacts where object_id = %(n)s and deleted_at is null union all "
        "select 'pair' from raw_hubspot.deal_contacts where object_id like '%%:' || %(n)s and deleted_at is null "
        "union all select 'association' from raw_hubspot.associations where deleted_at is null "
        "and object_id like '%%:contacts/' || %(n)s union all select 'history' from raw_hubspot.property_history "
        "where deleted_at is null and object_id like 'contacts/' || %(n)s || ':%%'"
    )

    def kinds() -> set[str]:
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
            return {row[0] for row in connection.execute(about.encode(), {"n": number})}

    assert {"contact", "association"} <= kinds()
    erase(doors, tenant, email)
    assert kinds() == set()
    pull(doors, sandbox, tenant, "hubspot", streams=streams, full=True, proof="never")
    assert kinds() == set()
    assert forget_erasure(doors, tenant, parse_subject(email)) > 2
    pull(doors, sandbox, tenant, "hubspot", streams={"contacts"}, full=True, proof="never")
    assert "contact" in kinds()


def test_a_file_leaves_him_out_and_loads_the_others(doors: Doors, two_tenants: TwoTenants, tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("key,created_at,email\n1,2026-01-01,Ane@ex.dk\n2,2026-01-01,b@ex.dk\n3,2026-01-01,\n")
    for tenant in (two_tenants.a, two_tenants.b):
        import_file(doors, tenant.id, "leads", leads, Map())
    erase(doors, two_tenants.a.id, "ane@ex.dk")
    again = import_file(doors, two_tenants.a.id, "leads", leads, Map())
    assert (again.rows, again.erased, again.rejects) == (2, 1, [])
    # the same key without an address is the same row, and a deal of it stays without its lead
    leads.write_text("key,created_at\n1,2026-01-01\n")
    assert import_file(doors, two_tenants.a.id, "leads", leads, Map()).erased == 1
    deals = tmp_path / "deals.csv"
    deals.write_text("key,lead_key,name,status,created_at\n9,1,Big,open,2026-01-01\n")
    assert import_file(doors, two_tenants.a.id, "deals", deals, Map()).rows == 1
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, two_tenants.a.id) as connection:
        assert connection.execute("select lead_id from app.deals").fetchall() == [(None,)]
        connection.execute("delete from app.deals")
    assert import_file(doors, two_tenants.b.id, "leads", leads, Map()).erased == 0


def test_who_may_sign_in_is_not_erased_by_accident(doors: Doors, two_tenants: TwoTenants) -> None:
    from tekup.directory.users import create_user

    create_user(doors, two_tenants.a.id, "chef@alfa.example", "correct horse battery")
    with pytest.raises(BadInput, match="may sign in"):
        erase(doors, two_tenants.a.id, "chef@alfa.example")


SCRIPT = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from uuid import UUID
    from tekup.db import Doors
    from tekup.privacy import erasing
    from tekup.privacy.requests import Requests
    from tekup.settings import read_settings
    home, database, warehouse, tenant, request, deadly = sys.argv[1:]
    doors = Doors(read_settings(home=Path(home), database_url=database or None, warehouse_url=warehouse or None))
    # dies as the n-th transaction of the erasure has committed: between any two steps, and in the middle of them
    opened = [0]
    whole = Doors.tenant_transaction
    import contextlib
    @contextlib.contextmanager
    def counted(self, *arguments, **more):
        with whole(self, *arguments, **more) as connection:
            yield connection
        opened[0] += 1
        if opened[0] == int(deadly):
            os.kill(os.getpid(), signal.SIGKILL)
    Doors.tenant_transaction = counted
    erasing.erase_person(doors, UUID(tenant), UUID(request))
    print(opened[0])
    """
)


@pytest.mark.slow
def test_killed_at_any_step_it_goes_on_to_the_same_end(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant, lead = two_tenants.a.id, uuid7()

    def put_back() -> None:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant) as connection:
            connection.execute("delete from app.erased_identifier")
            connection.execute(
                "insert into app.leads (tenant_id, id, email, full_name, anonymous_id) "
                "values (%s, %s, 'ulla@sikker.example', 'Ulla Sikker', 'ck-ulla') on conflict do nothing",
                (tenant, lead),
            )
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
            connection.execute(
                "insert into ml.lead_score_input (tenant_id, lead_id, input_hash, features) "
                "values (%s, %s, 1, %s) on conflict do nothing",
                (tenant, lead, json.dumps({"note": "Ulla Sikker"})),
            )

    def left() -> list[Any]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant) as connection:
            found = connection.execute("select id from app.leads where id = %s", (lead,)).fetchall()
        return [*found, *stored(doors, tenant, "select lead_id from ml.lead_score_input where lead_id = %s", lead)]

    settings = doors.settings
    base = [str(settings.home), settings.database_url or "", settings.warehouse_url or "", str(tenant)]
    killed = 0
    for deadly in (2, 9, 15, 20):
        put_back()
        request = Requests(doors, tenant).ask("erase", "ulla@sikker.example", "test")
        arguments = [sys.executable, "-c", SCRIPT, *base, str(request.id), str(deadly)]
        ended = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, text=True)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        killed += ended.returncode != 0
        erase_person(doors, tenant, request.id)
        assert left() == []
        assert Requests(doors, tenant).find(request.id).status == "done"
    assert killed == 4

"""Who is one person with whom, through builds between which links and records come and go."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from tekup.db import Database
from tests.dbt.conftest import Warehouse
from tests.dbt.rows import CONTACT, insert, vendor_row

IDENTITY = ("int_person_record", "int_shared_mailbox", "int_person_link", "dim_person_identity")
GUEST = UUID("00000000-0000-0000-0000-000000000051")


@pytest.fixture(scope="module")
def guests(warehouse: Warehouse) -> Iterator[Warehouse]:
    """In both tenants a contact, its lead without an address, the lead's cookie with a touch, and a Kit subscriber.

    The tests build some of what depends on persons; afterwards the rest is brought up to them.
    """
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
        for tenant in (warehouse.a, warehouse.b):
            own = {"tenant_id": tenant, "id": GUEST, "created_at": "2026-04-01", "updated_at": "2026-04-01"}
            insert(connection, "raw_operational.contacts", [{**own, "email": "Guest@X.dk", "first_name": "Gæst"}])
            insert(connection, "raw_operational.leads", [{**own, "status": "new", "contact_id": GUEST, "source": "x"}])
            insert(connection, "raw_operational.identities",
                   [{**own, "anonymous_id": "g1", "lead_id": GUEST, "kind": "cookie", "value": "g1",
                     "first_seen_at": "2026-04-01"}])  # fmt: skip
            touch = {**own, "anonymous_id": "g1", "kind": "visit", "channel": "email", "occurred_at": "2026-04-01"}
            insert(connection, "raw_operational.touchpoints", [touch])
            insert(connection, "raw_kit.subscribers", [vendor_row(tenant, "51", {"email_address": " guest@x.dk"})])
    warehouse.build("build", "--select", "int_person_record+", "snap_contact", "--exclude", "tag:after_models")
    yield warehouse
    warehouse.build("run", "--select", "int_person_record+", "--exclude", "tag:after_models")


def change(warehouse: Warehouse, statement: str, *values: object) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change links") as connection:
        connection.execute(statement.encode(), values)
    warehouse.build("run", "--select", *IDENTITY, "dim_contact", "fct_touchpoint")


def persons(warehouse: Warehouse, tenant: UUID) -> dict[object, object]:
    """Whose each of the guest's records is, and whose the touch."""
    found = warehouse.rows(
        f"select source_system, person_id from marts.dim_person_identity where tenant_id = '{tenant}' "
        f"and source_id in ('{GUEST}', 'g1', '51') union all "
        f"select 'touch', person_id from marts.fct_touchpoint where tenant_id = '{tenant}' and anonymous_id = 'g1'"
    )
    return {system: person for system, person in found}  # noqa: C416


def test_cookie_lead_contact_and_address_are_one_person(guests: Warehouse) -> None:
    together = dict.fromkeys(("contact", "lead", "cookie", "kit", "touch"), f"contact:{GUEST}")
    assert persons(guests, guests.a) == persons(guests, guests.b) == together


def test_a_removed_link_parts_the_persons_again_and_only_in_its_own_tenant(guests: Warehouse) -> None:
    together = persons(guests, guests.b)
    change(guests, "update raw_operational.leads set contact_id = null, synced_at = now() "
                   "where tenant_id = %s and id = %s", guests.a, GUEST)  # fmt: skip
    apart = dict.fromkeys(("lead", "cookie", "touch"), f"lead:{GUEST}")
    assert persons(guests, guests.a) == {**together, **apart}
    assert persons(guests, guests.b) == together
    change(guests, "update raw_operational.leads set contact_id = id, synced_at = now() "
                   "where tenant_id = %s and id = %s", guests.a, GUEST)  # fmt: skip
    assert persons(guests, guests.a) == together


def test_a_deleted_contact_leaves_the_person_to_the_records_that_are_left(guests: Warehouse) -> None:
    change(guests, "update raw_operational.contacts set deleted_at = now(), synced_at = now() "
                   "where tenant_id = %s and id = %s", guests.a, GUEST)  # fmt: skip
    assert persons(guests, guests.a) == {
        "kit": "kit:51", **dict.fromkeys(("lead", "cookie", "touch"), f"lead:{GUEST}")
    }  # fmt: skip
    assert guests.rows(f"select tenant_id from marts.dim_contact where contact_id = '{GUEST}'") == [(guests.b,)]


def test_a_person_whose_only_record_goes_while_a_build_runs_stays_for_those_that_refer_to_it(guests: Warehouse) -> None:
    kept = "select lead_count, source_record_count, created_at from marts.dim_contact where person_id = 'kit:52'"
    with guests.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
        insert(connection, "raw_kit.subscribers", [vendor_row(guests.a, "52", {"email_address": "brief@x.dk"})])
    guests.build("run", "--select", *IDENTITY, "fct_email_subscriber")
    with guests.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: delete between models") as connection:
        connection.execute(
            "update raw_kit.subscribers set deleted_at = now(), synced_at = now() where object_id = '52'"
        )
    guests.build("run", "--select", "dim_contact")
    assert guests.rows(kept) == [(0, 1, None)]
    orphans = "select person_id from marts.fct_email_subscriber except select person_id from marts.dim_contact"
    assert guests.rows(orphans) == []
    guests.build("run", "--select", *IDENTITY, "dim_contact")
    assert guests.rows(kept) == []


def test_history_keeps_each_version_of_a_contact_in_its_tenant_and_forgets_what_was_erased(guests: Warehouse) -> None:
    for contact in (GUEST, CONTACT):
        with guests.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change contacts") as connection:
            connection.execute("update raw_operational.contacts set first_name = 'Ny', deleted_at = %s, "
                               "synced_at = now() where tenant_id = %s and id = %s",
                               ("2026-05-01" if contact == GUEST else None, guests.a, contact))  # fmt: skip
    with guests.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: erase a contact") as connection:
        connection.execute("update raw_hubspot.contacts set payload = '{}', deleted_at = now(), "
                           "delete_reason = 'erased', synced_at = now() where tenant_id = %s", (guests.a,))  # fmt: skip
    guests.build("build", "--resource-type", "snapshot", "model", "--select", "snap_contact", "dim_contact_history")
    versions = guests.rows(
        "select tenant_id, source_id, first_name, is_current from marts.dim_contact_history "
        f"where source_id in ('{GUEST}', '{CONTACT}', '77') order by tenant_id, source_id, valid_from"
    )
    assert versions == [
        (guests.a, str(CONTACT), "alfa", False), (guests.a, str(CONTACT), "Ny", True),
        (guests.a, str(GUEST), "Gæst", False),
        (guests.b, str(CONTACT), "beta", True), (guests.b, str(GUEST), "Gæst", True), (guests.b, "77", None, True),
    ]  # fmt: skip

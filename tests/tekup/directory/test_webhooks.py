"""Webhook addresses: unguessable, hashed, one a connection, and rotated without a gap."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.connections import store_connection
from tekup.directory.tenants import create_tenant
from tekup.directory.tokens import create_token
from tekup.directory.webhooks import (
    disable_webhook,
    enable_webhook,
    list_webhooks,
    matches,
    open_secrets,
    parse_webhook_key,
    rotate_webhook,
)
from tekup.errors import BadInput
from tekup.ids import derived_uuid
from tests.fixtures.database import TwoTenants


@pytest.fixture(scope="module")
def two_tenants(doors: Doors) -> TwoTenants:
    """Tenants A and B of these tests alone, connected to Stripe and Kit."""
    a, b = (
        create_tenant(doors, f"{name} Key", f"{name.lower()}-key.example", tenant_id=derived_uuid("key", name))
        for name in ("Alfa", "Beta")
    )
    for tenant in (a, b):
        for vendor in ("stripe", "kit"):
            store_connection(doors, tenant.id, vendor, "key")
    return TwoTenants(a, b)


@pytest.fixture(autouse=True)
def no_addresses(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        for vendor in ("stripe", "kit"):
            disable_webhook(doors, tenant.id, vendor)


def row_of(doors: Doors, tenant_id: UUID, vendor: str) -> tuple[object, ...]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        row = connection.execute(
            "select key_hash, previous_key_hash, previous_until, secrets_sealed, connection_id "
            "from app.webhook_endpoint where vendor = %s",
            (vendor,),
        ).fetchone()
    assert row is not None
    return row


def secrets_of(doors: Doors, tenant_id: UUID) -> list[str]:
    sealed = row_of(doors, tenant_id, "stripe")[3]
    assert isinstance(sealed, bytes)
    assert b"whsec" not in sealed
    return open_secrets(doors.master_key, tenant_id, "stripe", sealed)


def test_a_key_names_tenant_and_connection_and_is_stored_nowhere(doors: Doors, two_tenants: TwoTenants) -> None:
    text = enable_webhook(doors, two_tenants.a.id, "stripe", ["whsec_1"])
    key = parse_webhook_key(text)
    assert key is not None
    key_hash, _, _, _, connection_id = row_of(doors, two_tenants.a.id, "stripe")
    assert (key.tenant_id, key.connection_id, key.key_hash) == (two_tenants.a.id, connection_id, key_hash)
    assert isinstance(key_hash, bytes)
    assert matches(key, key_hash, None, None)


def test_no_two_keys_are_alike(doors: Doors, two_tenants: TwoTenants) -> None:
    made = {enable_webhook(doors, tenant.id, "kit") for tenant in (two_tenants.a, two_tenants.b)}
    made |= {rotate_webhook(doors, two_tenants.a.id, "kit") for _ in range(3)}
    assert len(made) == 5


@pytest.mark.parametrize("spoil", [str.lower, lambda t: t[:-1], lambda t: t + "A", lambda t: t[3:], lambda t: t + "="])
def test_a_spoiled_text_is_no_key_or_another(doors: Doors, two_tenants: TwoTenants, spoil) -> None:  # type: ignore[no-untyped-def]
    text = enable_webhook(doors, two_tenants.a.id, "kit")
    spoiled = parse_webhook_key(spoil(text))
    assert spoiled is None or spoiled != parse_webhook_key(text)


def test_an_api_token_is_no_key(doors: Doors, two_tenants: TwoTenants) -> None:
    assert parse_webhook_key(create_token(doors, two_tenants.a.id, "test")) is None
    assert parse_webhook_key("wh_é") is None


def test_secrets_are_sealed_for_their_tenant(doors: Doors, two_tenants: TwoTenants) -> None:
    enable_webhook(doors, two_tenants.a.id, "stripe", ["whsec_1", " whsec_2 ", "whsec_1", ""])
    assert secrets_of(doors, two_tenants.a.id) == ["whsec_1", "whsec_2"]


def test_what_can_not_be_enabled_is_told_with_what_to_do(doors: Doors, two_tenants: TwoTenants) -> None:
    a = two_tenants.a.id
    for vendor, secrets, what in (
        ("openai", [], "no webhooks"),
        ("stripe", [], "the secret is missing"),
        ("stripe", [" "], "the secret is missing"),
        ("kit", ["x"], "no secret to store"),
        ("hubspot", ["x"], "no hubspot connection"),
    ):
        with pytest.raises(BadInput, match=what) as caught:
            enable_webhook(doors, a, vendor, secrets)
        assert caught.value.hint
    enable_webhook(doors, a, "kit")
    with pytest.raises(BadInput, match="has an address already"):
        enable_webhook(doors, a, "kit")
    with pytest.raises(BadInput, match="has no address yet"):
        rotate_webhook(doors, a, "stripe")


class TestARotation:
    def test_keeps_the_old_key_for_a_while(self, doors: Doors, two_tenants: TwoTenants) -> None:
        old = parse_webhook_key(enable_webhook(doors, two_tenants.a.id, "kit"))
        new = parse_webhook_key(rotate_webhook(doors, two_tenants.a.id, "kit"))
        assert old is not None
        assert new is not None
        key_hash, previous_hash, previous_until, *_ = row_of(doors, two_tenants.a.id, "kit")
        assert matches(new, key_hash, previous_hash, previous_until)  # type: ignore[arg-type]
        assert matches(old, key_hash, previous_hash, previous_until)  # type: ignore[arg-type]

    def test_without_grace_ends_the_old_key(self, doors: Doors, two_tenants: TwoTenants) -> None:
        old = parse_webhook_key(enable_webhook(doors, two_tenants.a.id, "kit"))
        rotate_webhook(doors, two_tenants.a.id, "kit", kept=timedelta(0))
        assert old is not None
        key_hash, previous_hash, previous_until, *_ = row_of(doors, two_tenants.a.id, "kit")
        assert not matches(old, key_hash, previous_hash, previous_until)  # type: ignore[arg-type]

    def test_puts_new_secrets_before_the_old_ones_for_a_while(self, doors: Doors, two_tenants: TwoTenants) -> None:
        enable_webhook(doors, two_tenants.a.id, "stripe", ["whsec_1"])
        rotate_webhook(doors, two_tenants.a.id, "stripe", ["whsec_2"])
        assert secrets_of(doors, two_tenants.a.id) == ["whsec_2", "whsec_1"]
        rotate_webhook(doors, two_tenants.a.id, "stripe", ["whsec_3"], kept=timedelta(0))
        assert secrets_of(doors, two_tenants.a.id) == ["whsec_3"]

    def test_without_new_secrets_keeps_the_old_ones(self, doors: Doors, two_tenants: TwoTenants) -> None:
        enable_webhook(doors, two_tenants.a.id, "stripe", ["whsec_1"])
        rotate_webhook(doors, two_tenants.a.id, "stripe", kept=timedelta(0))
        assert secrets_of(doors, two_tenants.a.id) == ["whsec_1"]


def test_addresses_are_listed_without_what_is_secret(doors: Doors, two_tenants: TwoTenants) -> None:
    enable_webhook(doors, two_tenants.a.id, "stripe", ["whsec_1", "whsec_2"])
    (shown,) = list_webhooks(doors, two_tenants.a.id)
    assert (shown.vendor, shown.secret_count, shown.previous_until) == ("stripe", 2, None)
    rotate_webhook(doors, two_tenants.a.id, "stripe")
    assert list_webhooks(doors, two_tenants.a.id)[0].previous_until is not None
    assert list_webhooks(doors, two_tenants.b.id) == []


def test_a_new_credential_leaves_the_address_as_it_is(doors: Doors, two_tenants: TwoTenants) -> None:
    enable_webhook(doors, two_tenants.a.id, "kit")
    before = row_of(doors, two_tenants.a.id, "kit")
    store_connection(doors, two_tenants.a.id, "kit", "another key")
    assert row_of(doors, two_tenants.a.id, "kit") == before

"""Tenants, users, tokens and connections through the database's own roles."""

from pathlib import Path
from uuid import uuid4

import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, open_credential, record_state, store_connection
from tekup.directory.extracts import extracts_prefix
from tekup.directory.tenants import create_tenant, delete_tenant, find_tenant, list_tenants
from tekup.directory.tokens import create_token, parse_token
from tekup.directory.users import check_password, create_user
from tekup.errors import BadInput, TenantNotFound
from tests.fixtures.database import TwoTenants

PASSWORD = "correct horse battery"


class TestTenants:
    def test_one_is_found_by_id_domain_or_name(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for key in (two_tenants.a.id, "ALFA.example", "alfa aps"):
            assert find_tenant(doors, key) == two_tenants.a

    def test_an_unknown_one_is_told_with_the_known_ones(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with pytest.raises(TenantNotFound) as caught:
            find_tenant(doors, "gamma.example")
        assert two_tenants.a.domain in str(caught.value)

    def test_making_it_twice_makes_it_once(self, doors: Doors, two_tenants: TwoTenants) -> None:
        again = create_tenant(doors, "Alfa ApS", "alfa.example", tenant_id=two_tenants.a.id)
        assert again == two_tenants.a

    def test_a_taken_domain_is_refused(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with pytest.raises(BadInput, match="belongs to tenant Alfa"):
            create_tenant(doors, "Another", "alfa.example")

    def test_deleting_one_leaves_nothing_of_it_and_all_of_the_others(
        self, doors: Doors, two_tenants: TwoTenants
    ) -> None:
        gone = create_tenant(doors, "Gone ApS", f"{uuid4().hex}.example")
        for tenant in (gone, two_tenants.a):
            with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
                connection.execute(
                    "insert into ops.sync_cursor (tenant_id, vendor, stream, cursor) values (%s, 'kit', 'tags', '{}') "
                    "on conflict do nothing",
                    (tenant.id,),
                )
            extract = Path(extracts_prefix(doors.settings.lake, tenant.id)) / "leads.parquet"
            extract.parent.mkdir(parents=True, exist_ok=True)
            extract.touch()
        delete_tenant(doors, gone)
        assert not Path(extracts_prefix(doors.settings.lake, gone.id)).exists()
        assert Path(extracts_prefix(doors.settings.lake, two_tenants.a.id)).exists()
        assert gone.id not in {tenant.id for tenant in list_tenants(doors)}
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            left = {row[0] for row in connection.execute("select tenant_id from ops.sync_cursor")}
        assert gone.id not in left
        assert two_tenants.a.id in left


class TestUsers:
    def test_a_password_opens_just_the_tenants_it_belongs_to(self, doors: Doors, two_tenants: TwoTenants) -> None:
        create_user(doors, two_tenants.a.id, "Anna@Alfa.example", PASSWORD, role="manager")
        create_user(doors, two_tenants.b.id, "anna@alfa.example", "another long password")
        found = check_password(doors, "anna@alfa.example", PASSWORD)
        assert [(sign_in.tenant_id, sign_in.role) for sign_in in found] == [(two_tenants.a.id, "manager")]

    @pytest.mark.parametrize("email", ["anna@alfa.example", "nobody@alfa.example"])
    def test_a_wrong_password_and_an_unknown_address_look_alike(
        self, doors: Doors, two_tenants: TwoTenants, email: str
    ) -> None:
        create_user(doors, two_tenants.a.id, "anna@alfa.example", PASSWORD)
        assert check_password(doors, email, "wrong but long enough") == []

    @pytest.mark.parametrize(
        ("email", "password", "role", "told"),
        [
            ("no address", PASSWORD, "admin", "not an e-mail"),
            ("a@b.dk", "short", "admin", "fewer than 12"),
            ("a@b.dk", PASSWORD, "king", "unknown role"),
        ],
    )
    def test_what_can_not_be_used_is_told(
        self, doors: Doors, two_tenants: TwoTenants, email: str, password: str, role: str, told: str
    ) -> None:
        with pytest.raises(BadInput, match=told):
            create_user(doors, two_tenants.a.id, email, password, role=role)


class TestTokens:
    def test_the_secret_is_stored_nowhere(self, doors: Doors, two_tenants: TwoTenants) -> None:
        text = create_token(doors, two_tenants.a.id, "test")
        parsed = parse_token(text)
        assert parsed is not None
        tenant_id, token_id, digest = parsed
        assert tenant_id == two_tenants.a.id
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
            row = connection.execute("select secret_hash, t::text from app.api_tokens t where id = %s", (token_id,))
            stored, whole = row.fetchone()  # type: ignore[misc]
        assert bytes(stored) == digest
        assert text[-20:] not in whole

    @pytest.mark.parametrize("text", ["", "tk_", "tk_!!", "bearer", "tk_" + "A" * 86])
    def test_what_is_no_token_is_none(self, text: str) -> None:
        parsed = parse_token(text)
        assert parsed is None or parsed[0].int == 0

    def test_an_unknown_scope_is_refused(self, doors: Doors, two_tenants: TwoTenants) -> None:
        with pytest.raises(BadInput, match="everything"):
            create_token(doors, two_tenants.a.id, "test", scopes=("everything",))


class TestConnections:
    def test_the_credential_opens_for_its_tenant_only(self, doors: Doors, two_tenants: TwoTenants) -> None:
        for tenant, secret in ((two_tenants.a, "key of A"), (two_tenants.b, "key of B")):
            store_connection(doors, tenant.id, "stripe", secret)
        for tenant, secret in ((two_tenants.a, "key of A"), (two_tenants.b, "key of B")):
            (connection,) = list_connections(doors, tenant.id)
            assert open_credential(doors, connection) == secret
            assert secret.encode() not in bytes(connection.credential_sealed)

    def test_its_state_is_remembered_until_a_new_credential_comes(self, doors: Doors, two_tenants: TwoTenants) -> None:
        store_connection(doors, two_tenants.a.id, "kit", "one")
        record_state(doors, two_tenants.a.id, "kit", "refused", "401 from the vendor")
        state = {c.vendor: (c.status, c.status_detail) for c in list_connections(doors, two_tenants.a.id)}
        assert state["kit"] == ("refused", "401 from the vendor")
        store_connection(doors, two_tenants.a.id, "kit", "two")
        state = {c.vendor: (c.status, c.status_detail) for c in list_connections(doors, two_tenants.a.id)}
        assert state["kit"] == ("unchecked", None)

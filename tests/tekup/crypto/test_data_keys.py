"""Tenants' own keys: made once, closed by the master key, bound to their tenant; rotated while values are in use."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from tekup.crypto.columns import sealed_columns
from tekup.crypto.data_keys import KeyDestroyed, unwrap, wrap
from tekup.crypto.keys import MasterKey, read_key_file
from tekup.crypto.pseudonyms import blind_index
from tekup.crypto.rotation import key_state, rotate_data_keys
from tekup.crypto.sealing import seal, unseal, version_of
from tekup.db import Database, Doors, Role
from tekup.directory.connections import list_connections, open_credential, store_connection
from tekup.directory.tenants import create_tenant, delete_tenant
from tekup.errors import SettingError
from tekup.ids import uuid7
from tekup.settings import read_settings
from tests.paths import ROOT


@pytest.fixture
def tenant(doors: Doors) -> Iterator[UUID]:
    made = create_tenant(doors, "Keys ApS", f"{uuid7().hex}.example")
    yield made.id
    delete_tenant(doors, made)


def credentials(doors: Doors, tenant_id: UUID) -> list[str]:
    return [open_credential(doors, one) for one in list_connections(doors, tenant_id)]


class TestDataKeys:
    def test_a_value_is_sealed_by_the_tenants_own_key_and_opens_elsewhere(self, doors: Doors, tenant: UUID) -> None:
        sealed = seal(doors.master_key, tenant, "connections.credential:kit", "secret æøå")
        assert version_of(sealed) == 1
        assert unseal(Doors(doors.settings).master_key, tenant, "connections.credential:kit", sealed) == "secret æøå"

    def test_moved_to_another_tenant_place_or_version_it_does_not_open(self, doors: Doors, tenant: UUID) -> None:
        other = create_tenant(doors, "Other", f"{uuid7().hex}.example")
        sealed = seal(doors.master_key, tenant, "place", "clear")
        seal(doors.master_key, other.id, "place", "makes the other's key")
        for moved_to, place, value in (
            (other.id, "place", sealed),
            (tenant, "another place", sealed),
            (tenant, "place", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ):
            with pytest.raises(SettingError, match="can't be opened"):
                unseal(doors.master_key, moved_to, place, value)
        with pytest.raises(KeyDestroyed):
            unseal(doors.master_key, tenant, "place", bytes([2, 0, 0, 0, 9]) + sealed[5:])
        delete_tenant(doors, other)

    def test_what_the_master_key_alone_sealed_still_opens(self, doors: Doors, tenant: UUID) -> None:
        old = seal(MasterKey(doors.master_key.secret), tenant, "place", "from before")
        assert version_of(old) == 0
        assert unseal(doors.master_key, tenant, "place", old) == "from before"

    def test_many_processes_at_once_make_one_key(self, doors: Doors, tenant: UUID) -> None:
        def work(number: int) -> bytes:
            return seal(Doors(doors.settings).master_key, tenant, "place", str(number))

        with ThreadPoolExecutor(8) as pool:
            sealed = list(pool.map(work, range(16)))
        assert [unseal(doors.master_key, tenant, "place", one) for one in sealed] == [str(n) for n in range(16)]

    def test_a_key_that_was_moved_does_not_open(self, tenant: UUID) -> None:
        master, secret = MasterKey(os.urandom(32)), os.urandom(32)
        closed = wrap(master, tenant, "field", secret)
        assert unwrap(master, tenant, "field", closed) == secret
        assert unwrap(MasterKey(os.urandom(32), (master,)), tenant, "field", closed) == secret
        for key, owner, purpose in ((master, uuid7(), "field"), (master, tenant, "pseudonym")):
            with pytest.raises(SettingError):
                unwrap(key, owner, purpose, closed)

    def test_nonces_do_not_repeat(self, doors: Doors, tenant: UUID) -> None:
        sealed = {seal(doors.master_key, tenant, "place", "same") for _ in range(20_000)}
        assert len({one[5:17] for one in sealed}) == 20_000

    def test_a_blind_index_finds_equal_values_of_one_tenant_and_column_alone(self, doors: Doors, tenant: UUID) -> None:
        found = blind_index(doors.master_key, tenant, "users.phone", "71934826")
        assert found == blind_index(Doors(doors.settings).master_key, tenant, "users.phone", "71934826")
        assert found != blind_index(doors.master_key, tenant, "contacts.phone", "71934826")
        assert found != blind_index(doors.master_key, tenant, "users.phone", "71934827")

    def test_every_sealed_column_is_known_to_rotations(self, doors: Doors) -> None:
        with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
            found = connection.execute(
                "select c.oid::regclass::text, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid "
                "where c.relnamespace = 'app'::regnamespace and a.attname like '%\\_sealed' and c.relkind = 'r' "
                "and a.atttypid = 'bytea'::regtype"
            ).fetchall()
        # requests about persons are sealed by keys of their own, which go with them
        wanted = {one for one in found if one[0] != "app.privacy_request"}
        assert wanted == {(one.table, one.column) for one in sealed_columns()}


class TestRotation:
    def test_new_keys_seal_everything_anew_while_others_read_on(self, doors: Doors, tenant: UUID) -> None:
        elsewhere = Doors(doors.settings)
        for vendor in ("kit", "stripe"):
            store_connection(elsewhere, tenant, vendor, f"{vendor} key")
        assert rotate_data_keys(doors, [tenant], note=lambda line: None, settle_seconds=0) == 2
        state = key_state(doors, tenant)
        assert (state.newest, state.values, state.old_values) == (2, {2: 2}, 0)
        assert credentials(elsewhere, tenant) == ["kit key", "stripe key"]
        # the other process still believes in the first key: what it seals opens, and counts as old
        store_connection(elsewhere, tenant, "kit", "newer")
        assert key_state(doors, tenant).old_values == 1
        assert credentials(doors, tenant) == ["newer", "stripe key"]

    def test_killed_in_the_middle_it_goes_on_and_makes_no_second_key(self, doors: Doors, tenant: UUID) -> None:
        for vendor in ("hubspot", "kit", "stripe"):
            store_connection(doors, tenant, vendor, f"{vendor} key")
        script = textwrap.dedent(
            """
            import os, signal, sys
            from pathlib import Path
            from uuid import UUID
            from tekup.crypto import rotation
            from tekup.db import Doors
            from tekup.settings import read_settings
            home, database, warehouse, tenant = sys.argv[1:]
            told = dict(database_url=database or None, warehouse_url=warehouse or None)
            doors = Doors(read_settings(home=Path(home), **told))
            one_row, done = rotation._reseal_row, []
            def and_die(*arguments):
                done.append(one_row(*arguments))
                if len(done) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                return done[-1]
            rotation._reseal_row = and_die
            rotation.rotate_data_keys(doors, [UUID(tenant)], note=print, settle_seconds=0)
            """
        )
        settings = doors.settings
        arguments = [str(settings.home), settings.database_url or "", settings.warehouse_url or "", str(tenant)]
        ended = subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, check=False, capture_output=True)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        state = key_state(doors, tenant)
        assert (state.newest, state.old_values) == (2, 1)
        assert credentials(doors, tenant) == ["hubspot key", "kit key", "stripe key"]
        assert rotate_data_keys(doors, [tenant], note=lambda line: None, settle_seconds=0) == 1
        assert key_state(doors, tenant).values == {2: 3}

    def test_the_master_key_is_rotated_under_running_processes(
        self, server_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tekup.commands.keys import keys
        from tekup.db.embedded import start_embedded

        running = Doors(read_settings(home=server_home, database_url=None, warehouse_url=None))
        running.prepare()
        made = create_tenant(running, "Alfa", "alfa.example")
        store_connection(running, made.id, "kit", "by a data key")
        old_key = read_key_file(server_home / "master.key")
        derived = seal(MasterKey(running.master_key.secret), made.id, "connections.credential:stripe", "derived")
        store_connection(running, made.id, "stripe", "to be replaced")
        with running.tenant_transaction(Database.OPERATIONAL, Role.OWNER, made.id) as connection:
            connection.execute("update app.connections set credential_sealed = %s where vendor = 'stripe'", (derived,))
        monkeypatch.setattr("tekup.commands.keys.current_settings", lambda: running.settings)
        monkeypatch.setattr("tekup.commands.tenant.current_settings", lambda: running.settings)
        done = CliRunner().invoke(keys, ["rotate", "--master"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert "0 left" in done.output
        assert read_key_file(server_home / "master.key") != old_key
        assert len(read_key_file(server_home / "master.key")) == 1
        fresh = Doors(running.settings)
        assert key_state(fresh, made.id).old_wraps == 0
        for doors in (fresh, running):
            assert credentials(doors, made.id) == ["by a data key", "derived"]
        # the process from before makes its next keys under the new master key
        other = create_tenant(running, "Beta", "beta.example")
        store_connection(running, other.id, "kit", "later")
        assert key_state(fresh, other.id).old_wraps == 0
        assert "keys of an old master key: 0" in CliRunner().invoke(keys, ["status"]).output
        start_embedded(server_home).stop()

"""Planted secrets are found nowhere in clear: not in any table, file, export or output of the command line."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from tekup.commands.gdpr import gdpr
from tekup.commands.keys import keys
from tekup.commands.tenant import tenant as tenant_commands
from tekup.crypto.rotation import rotate_data_keys
from tekup.crypto.sealing import seal
from tekup.db import Doors
from tekup.directory.connections import list_connections, open_credential, store_connection
from tekup.directory.tenants import Tenant, create_tenant, delete_tenant
from tekup.directory.tokens import create_token
from tekup.directory.users import create_user
from tekup.directory.webhooks import enable_webhook
from tekup.errors import TekupError
from tekup.ids import uuid7
from tekup.privacy.files import files_under
from tekup.privacy.relations import read_relations
from tests.fixtures.canary import SCHEMAS

CREDENTIAL = "sk_live_Planted7f3aCredential"
PASSWORD = "planted horse 7f3a battery"
SIGNING = "whsec_Planted7f3aSigning"


@pytest.fixture
def planted(doors: Doors) -> Iterator[tuple[Tenant, list[str]]]:
    """A tenant with every kind of secret, and their texts."""
    made = create_tenant(doors, "Secrets", f"{uuid7().hex}.example")
    store_connection(doors, made.id, "stripe", CREDENTIAL)
    address = enable_webhook(doors, made.id, "stripe", [SIGNING])
    create_user(doors, made.id, "holder@secrets.example", PASSWORD)
    token = create_token(doors, made.id, "planted")
    master = (doors.settings.home_path / "master.key").read_text().strip()
    yield made, [CREDENTIAL, PASSWORD, SIGNING, address[-40:], token[-40:], master]
    delete_tenant(doors, made)


def test_no_table_holds_one_in_clear(doors: Doors, planted: tuple[Tenant, list[str]]) -> None:
    made, secrets = planted
    rotate_data_keys(doors, [made.id], note=lambda line: None, settle_seconds=0)
    needles = [form.lower() for secret in secrets for form in (secret, secret.encode().hex())]
    found, rows = [], 0
    for database, schemas in SCHEMAS.items():
        with psycopg.connect(doors.admin_url(database), autocommit=True) as admin:
            for relation in read_relations(admin, schemas):
                query = sql.SQL("select t::text from {} as t where tenant_id = %s").format(relation.identifier)
                for (text,) in admin.execute(query, (made.id,)).fetchall():
                    rows += 1
                    found += [relation.full_name for needle in needles if needle in text.lower()]
    assert rows > 5
    assert found == []


def test_no_file_output_or_export_holds_one(
    doors: Doors, planted: tuple[Tenant, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, secrets = planted
    for module in ("tenant", "keys"):
        monkeypatch.setattr(f"tekup.commands.{module}.current_settings", lambda: doors.settings)
    told = [
        CliRunner().invoke(command, arguments, catch_exceptions=False).output
        for command, arguments in (
            (tenant_commands, ["show", made.domain]),
            (tenant_commands, ["export", made.domain, "--out", str(tmp_path / "out")]),
            (keys, ["status"]),
            (gdpr, ["requests", made.domain]),
        )
    ]
    assert made.domain in told[0]
    told += [gzip.decompress(path.read_bytes()).decode() for path in (tmp_path / "out").rglob("*.gz")]
    home = doors.settings.home_path
    told += [path.read_bytes().decode("latin-1") for path in files_under(home) if path.name != "master.key"]
    told += [repr(doors), repr(doors.master_key), repr(list_connections(doors, made.id)), repr(doors.settings)]
    assert [secret for secret in secrets for text in told if secret in text] == []


def test_no_error_quotes_one(doors: Doors, planted: tuple[Tenant, list[str]]) -> None:
    made, secrets = planted
    (connection,) = list_connections(doors, made.id)
    moved = seal(doors.master_key, made.id, "elsewhere", CREDENTIAL)
    broken = type(connection)(made.id, "stripe", moved, False, "unchecked", None, None)
    with pytest.raises(TekupError) as caught:
        open_credential(doors, broken)
    chain, error = [], caught.value
    while error is not None:
        chain.append(f"{error!r} {error} {error.__dict__}")
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    assert [secret for secret in secrets for text in chain if secret in text] == []

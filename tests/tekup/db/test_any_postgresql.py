"""The product on a PostgreSQL of the operator's own: by URL, with passwords, and without a superuser's rights."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipelines.sync.operational import pull_operational
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import create_tenant
from tekup.errors import DatabaseUnavailable
from tekup.settings import Settings, read_settings
from tests.fixtures.own_server import (
    ADMINISTRATOR,
    ADMINISTRATORS_PASSWORD,
    SUPERUSER,
    SUPERUSERS_PASSWORD,
    address_of,
    make_administrator,
    own_server,
)

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of its own."""
    with own_server() as address:
        yield address


@pytest.fixture(scope="module", params=["superuser", "ordinary administrator"])
def doors(request: pytest.FixtureRequest, server: str, tmp_path_factory: pytest.TempPathFactory) -> Doors:
    """The product's databases there, made by a superuser or by a user that may only create roles and databases."""
    user, password = SUPERUSER, SUPERUSERS_PASSWORD
    if request.param != "superuser":
        superusers = address_of(server, user, password, "postgres")
        with psycopg.connect(superusers, autocommit=True) as connection:
            for role in ("tekup_owner", "tekup_pipeline", "tekup_app", "tekup_reader"):
                connection.execute(f"drop owned by {role} cascade")
            connection.execute("drop database tekup_ops with (force)")
            connection.execute("drop database tekup_dwh with (force)")
            for role in (
                "tekup_owner", "tekup_pipeline", "tekup_app", "tekup_reader", "tekup_all_tenants", "tekup_sign_in",
            ):  # fmt: skip
                connection.execute(f"drop role {role}")
        make_administrator(server)
        user, password = ADMINISTRATOR, ADMINISTRATORS_PASSWORD
    made = Doors(
        Settings(
            home=tmp_path_factory.mktemp("home"),
            master_key=KEY,  # type: ignore[arg-type]  # pydantic makes a secret of it
            database_url=address_of(server, user, password, "tekup_ops"),
            warehouse_url=address_of(server, user, password, "tekup_dwh"),
        )
    )
    made.prepare()
    return made


def test_the_roles_sign_in_with_passwords_and_see_one_tenant(doors: Doors) -> None:
    a = create_tenant(doors, "Alfa", "alfa.example")
    b = create_tenant(doors, "Beta", "beta.example")
    for tenant in (a, b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute(
                "insert into app.companies (tenant_id, id, name) values (%s, %s, %s)", (tenant.id, a.id, tenant.name)
            )
        pull_operational(doors, tenant.id)
    for tenant in (a, b):
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            assert connection.execute("select name from raw_operational.companies").fetchall() == [(tenant.name,)]


def test_no_context_fails_there_too(doors: Doors) -> None:
    with doors.connect(Database.WAREHOUSE, Role.READER) as connection, pytest.raises(psycopg.Error):
        connection.execute("select * from ml.lead_score")


def test_preparing_again_changes_nothing(doors: Doors) -> None:
    again = Doors(doors.settings)
    again.prepare()
    with again.all_tenants_transaction(Database.OPERATIONAL, reason="test") as connection:
        assert connection.execute("select count(*) from app.tenants").fetchone() == (2,)


def test_a_wrong_password_is_told_in_words(doors: Doors, tmp_path: Path) -> None:
    address = doors.settings.database_url
    assert address is not None
    guessed = address.replace("own@", "guess@").replace("cloud@", "guess@")
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as caught:
        Doors(read_settings(home=tmp_path, database_url=guessed)).prepare()
    assert "guess" not in str(caught.value)

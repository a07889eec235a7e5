"""`tekup user` and `tekup token`, against the database."""

import json
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner, Result

from tekup.commands.token import token
from tekup.commands.user import user
from tekup.db import Database, Doors, Role
from tekup.directory.tokens import parse_token
from tekup.errors import BadInput
from tests.fixtures.database import TwoTenants

Run = Callable[..., Result]
EMAIL, PASSWORD = "ole@command.example", "seven paper lanterns"


@pytest.fixture
def run(doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command on the shared database; what it made goes with the test."""
    for module in ("user", "token"):
        monkeypatch.setattr(f"tekup.commands.{module}.prepared_doors", lambda: doors)

    def invoke(command: click.Command, *words: str) -> Result:
        return CliRunner().invoke(command, list(words), catch_exceptions=False)

    yield invoke
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute("delete from app.users where email = %s", (EMAIL,))


def state_of(run: Run, tenant: str) -> dict[str, object]:
    listed = json.loads(run(user, "list", tenant, "--json").output)
    (found,) = (one for one in listed if one["email"] == EMAIL)
    return dict(found)


def test_a_user_is_made_listed_disabled_enabled_and_freed_of_factors(
    run: Run, doors: Doors, two_tenants: TwoTenants
) -> None:
    tenant = two_tenants.a.domain
    assert "may sign in" in run(user, "create", tenant, EMAIL, "--role", "sales", "--password", PASSWORD).output
    made = state_of(run, tenant)
    assert (made["role"], made["status"], made["last_sign_in_at"], made["has_totp"]) == ("sales", "active", None, False)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute(
            "insert into app.totp_factors (tenant_id, user_id, secret_sealed, confirmed_at) "
            "values (%s, %s, 'x', now())",
            (two_tenants.a.id, made["id"]),
        )
    assert state_of(run, tenant)["has_totp"] is True
    assert "second factors: app" in run(user, "list", tenant).output
    run(user, "reset-mfa", tenant, EMAIL)
    assert state_of(run, tenant)["has_totp"] is False
    run(user, "disable", tenant, EMAIL)
    assert state_of(run, tenant)["status"] == "disabled"
    run(user, "enable", tenant, EMAIL)
    assert state_of(run, tenant)["status"] == "active"


def test_the_last_owner_is_not_disabled_and_nobody_unknown_is(run: Run, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.domain
    run(user, "create", tenant, EMAIL, "--role", "owner", "--password", PASSWORD)
    with pytest.raises(BadInput, match="last owner"):
        run(user, "disable", tenant, EMAIL)
    with pytest.raises(BadInput, match="last owner"):
        run(user, "create", tenant, EMAIL, "--role", "sales", "--password", PASSWORD)
    for command in ("disable", "enable", "reset-mfa"):
        with pytest.raises(BadInput, match="no user"):
            run(user, command, tenant, "nobody@command.example")


def test_a_token_is_made_listed_and_revoked(run: Run, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.domain
    text = run(token, "create", tenant, "--name", "for a test", "--scope", "kpis:read", "--days", "1").output.strip()
    parsed = parse_token(text)
    assert parsed is not None
    listed = json.loads(run(token, "list", tenant, "--json").output)
    (found,) = (one for one in listed if one["id"] == str(parsed[1]))
    assert (found["name"], found["scopes"], found["state"]) == ("for a test", ["kpis:read"], "live")
    assert text not in run(token, "list", tenant).output
    assert "is revoked" in run(token, "revoke", tenant, str(parsed[1])).output
    assert f"{parsed[1]}  token  revoked" in run(token, "list", tenant).output
    with pytest.raises(BadInput, match="no token"):
        run(token, "revoke", two_tenants.b.domain, str(parsed[1]))


def test_a_token_can_not_carry_what_is_for_people(run: Run, two_tenants: TwoTenants) -> None:
    with pytest.raises(BadInput, match="users:write"):
        run(token, "create", two_tenants.a.domain, "--scope", "users:write")

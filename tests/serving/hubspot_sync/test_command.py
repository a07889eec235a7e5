"""`tekup hubspot` as a person uses it: look ahead, switch on, see, and try again what was refused."""

import pytest
from click.testing import CliRunner, Result

from integrations.sandbox.identifiers import sandbox_credential
from serving.commands import hubspot as commands
from tekup.directory.connections import store_connection
from tekup.errors import BadInput
from tests.serving.hubspot_sync.twins import Twin


def run(*words: str) -> Result:
    return CliRunner().invoke(commands.hubspot, words, catch_exceptions=False)


def test_every_command(a: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    pointed = a.doors.settings.model_copy(update={"hubspot_api_base": f"{a.sandbox.url}/hubspot"})
    monkeypatch.setattr(a.doors, "settings", pointed)
    monkeypatch.setattr(commands, "prepared_doors", lambda: a.doors)
    tenant = a.tenant.domain
    listed = run("--help").output
    for name in ("show", "set", "preview", "failures", "retry"):
        assert f"  {name} " in listed
        assert run(name, "--help").exit_code == 0
    with pytest.raises(BadInput, match="no connection to HubSpot"):
        run("preview", tenant, "contacts")
    store_connection(a.doors, a.tenant.id, "hubspot", sandbox_credential("hubspot", a.slug), is_sandbox=True)
    try:
        bad = a.create("contacts", email="ny@kommando.example")
        looked = run("preview", tenant, "contacts", "--direction", "both").output
        assert "1 contacts here" in looked
        assert "make 1 there" in looked
        shown = run("set", tenant, "contacts", "--direction", "out", "--rule", "hubspot", "--field", "phone=").output
        assert shown.startswith("contacts   out   hubspot  linked 0, waiting 1,")
        with pytest.raises(BadInput, match="no such field"):
            run("set", tenant, "contacts", "--field", "nothing=email")
        assert run("failures", tenant, "contacts").output == "none\n"
        a.rows("update app.contacts set email = 'not an address' where id = %s returning id", bad)
        a.exchange("contacts")
        refused = run("failures", tenant, "contacts").output
        assert str(bad) in refused
        assert "invalid" in refused
        assert run("retry", tenant, "contacts").output == "1 wait again\n"
        a.rows("update app.contacts set email = 'er@kommando.example' where id = %s returning id", bad)
        a.exchange("contacts")
        lines = run("show", tenant).output.splitlines()
        assert [line.split()[:2] for line in lines] == [["companies", "off"], ["contacts", "out"], ["deals", "off"]]
        assert "linked 1, waiting 0, sent 1, received 0, failed 0" in lines[1]
    finally:
        a.forget_connection()

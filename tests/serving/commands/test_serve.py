"""What `tekup serve` decides to run, and how. Keeping services up is tested with the supervisor."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.commands import serve as command
from serving.commands.serve import find_world, plan_services, sandbox_is_used, settle_ports
from serving.supervisor import PortTaken, check_ports
from tekup.db import Doors
from tekup.directory.connections import store_connection
from tekup.errors import SettingError
from tekup.settings import Settings, read_settings
from tests.fixtures.database import TwoTenants

WORLD = {"seed": 7, "scale": 0.1, "as_of": "2026-11-01T00:00:00+00:00"}


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path, api_port=0, dagster_port=0, dashboards_port=0, sandbox_port=0)


def leave_world(settings: Settings, text: str) -> None:
    mark = settings.home_path / "sandbox" / "world.json"
    mark.parent.mkdir(parents=True)
    mark.write_text(text)


def test_port_0_becomes_a_free_one_that_all_children_know(own: Settings) -> None:
    ports = settle_ports(own)
    chosen = [ports.api, ports.dagster, ports.dashboards, ports.sandbox]
    assert len(set(chosen)) == 4
    assert 0 not in chosen
    for service in plan_services(own, ports, None):
        assert service.environment["TEKUP_API_PORT"] == str(ports.api)
        assert service.environment["TEKUP_HOME"] == str(own.home_path)


def test_without_a_world_there_is_no_sandbox_and_with_one_it_comes_first(own: Settings) -> None:
    ports = settle_ports(own)
    names = ["api", "worker", "dashboards", "dagster-ui", "dagster-daemon"]
    assert [service.name for service in plan_services(own, ports, find_world(own))] == names
    leave_world(own, json.dumps(WORLD))
    services = plan_services(own, ports, find_world(own))
    assert [service.name for service in services] == ["sandbox", *names]
    line = " ".join(services[0].command)
    assert f"--port {ports.sandbox}" in line
    assert "--seed 7 --scale 0.1 --as-of 2026-11-01T00:00:00+00:00" in line
    assert f"--home {own.home_path / 'sandbox'}" in line


@pytest.mark.parametrize("text", ["", "[]", '{"seed": 1}'])
def test_a_half_written_world_is_one_clear_line(own: Settings, text: str) -> None:
    leave_world(own, text)
    with pytest.raises(SettingError, match=r"world\.json"):
        find_world(own)


def test_dagsters_home_holds_the_tracked_settings_and_telemetry_is_off(own: Settings) -> None:
    service = plan_services(own, settle_ports(own), None)[0]
    home = Path(service.environment["DAGSTER_HOME"])
    assert "enabled: false" in (home / "dagster.yaml").read_text()
    assert home.is_relative_to(own.home_path)
    assert service.environment["DO_NOT_TRACK"] == "1"


def test_the_sandbox_is_wanted_where_a_tenant_is_connected_to_it(
    settings: Settings, doors: Doors, two_tenants: TwoTenants
) -> None:
    store_connection(doors, two_tenants.a.id, "hubspot", "pat-test", is_sandbox=True)
    assert sandbox_is_used(settings, doors)
    elsewhere = settings.model_copy(update={"hubspot_api_base": "http://127.0.0.1:1"})
    assert not sandbox_is_used(elsewhere, doors)


def test_a_taken_port_is_refused_with_its_setting(own: Settings) -> None:
    ports = settle_ports(own)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", ports.dashboards))
        holder.listen()
        with pytest.raises(PortTaken) as refused:
            check_ports(plan_services(own, ports, None))
    assert str(ports.dashboards) in refused.value.what
    assert "TEKUP_DASHBOARDS_PORT" in str(refused.value.hint)


def test_asking_for_a_sandbox_without_a_world_says_what_to_do(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "current_settings", lambda: own)
    result = CliRunner().invoke(command.serve, ["--sandbox"])
    assert isinstance(result.exception, SettingError)
    assert "tekup run" in str(result.exception.hint)

"""`tekup serve`: which services run together and how each is started. Keeping them up is the supervisor's affair."""

import contextlib
import json
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from serving.supervisor import Service, Supervisor, check_ports
from tekup.db import Doors
from tekup.directory.connections import list_connections
from tekup.directory.tenants import list_tenants
from tekup.errors import SettingError
from tekup.settings import VENDORS, Settings, current_settings

_PROJECT = Path(__file__).resolve().parents[2]
_QUIET = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The port of each service."""

    api: int
    dagster: int
    dashboards: int
    sandbox: int


@click.command()
@click.option(
    "--sandbox/--no-sandbox",
    default=None,
    help="Run the vendor sandbox beside. Default: where a tenant is connected to it and no vendor address is set.",
)
def serve(sandbox: bool | None) -> int:
    """Run the Dagster UI and daemon, the API, the dashboards and the sandbox until Ctrl-C."""
    settings = current_settings()
    ports = settle_ports(settings)
    world = find_world(settings) if sandbox is not False else None
    if sandbox and world is None:
        raise SettingError("there is no sandbox world yet", hint="`tekup run` makes one; run it once")
    check_ports(plan_services(settings, ports, world))
    doors = Doors(settings)
    doors.prepare()
    if sandbox is None and not sandbox_is_used(settings, doors):
        world = None
    click.echo(f"starting; state in {settings.home_path}")
    supervisor = Supervisor(plan_services(settings, ports, world), settings.home_path / "logs", say=click.echo)
    return supervisor.run()


def settle_ports(settings: Settings) -> Ports:
    """The ports of the settings; 0 becomes any free one, the same for all who must know it."""
    with contextlib.ExitStack() as held:

        def settle(port: int) -> int:
            if port:
                return port
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            free: int = probe.getsockname()[1]
            return free

        return Ports(
            settle(settings.api_port),
            settle(settings.dagster_port),
            settle(settings.dashboards_port),
            settle(settings.sandbox_port),
        )


def find_world(settings: Settings) -> dict[str, object] | None:
    """Seed, scale and date of the sandbox world that `tekup run` left, or None."""
    mark = settings.home_path / "sandbox" / "world.json"
    if not mark.exists():
        return None
    try:
        world = json.loads(mark.read_text())
        return {name: world[name] for name in ("seed", "scale", "as_of")}
    except (ValueError, KeyError, TypeError):
        raise SettingError(f"{mark} can't be read", hint="remove it and run `tekup run` again") from None


def sandbox_is_used(settings: Settings, doors: Doors) -> bool:
    """Whether some tenant is connected to the sandbox and no setting sends the vendors' traffic elsewhere."""
    if any(settings.vendor_api_base(vendor) for vendor in VENDORS):
        return False
    return any(
        connection.is_sandbox for tenant in list_tenants(doors) for connection in list_connections(doors, tenant.id)
    )


def plan_services(settings: Settings, ports: Ports, world: dict[str, object] | None) -> list[Service]:
    """The services in the order in which they start."""
    environment = _environment(settings, ports)
    python, host = sys.executable, "127.0.0.1"

    def plan(name: str, port: int | None, path: str, setting: str, *command: str, shown: str = "") -> Service:
        base = f"http://{host}:{port}"
        return Service(
            name,
            (python, "-m", *command),
            environment,
            address=base + shown if port else None,
            health=base + path if port else None,
            port=port,
            port_setting=setting,
            folder=_PROJECT,  # Streamlit reads its theme and its safety settings from the folder it starts in
        )

    services = []
    if world is not None:
        services.append(
            plan(
                "sandbox", ports.sandbox, "/healthz", "TEKUP_SANDBOX_PORT",
                "integrations.sandbox", "--port", str(ports.sandbox), "--home", str(settings.home_path / "sandbox"),
                "--seed", str(world["seed"]), "--scale", str(world["scale"]), "--as-of", str(world["as_of"]),
            )
        )  # fmt: skip
    services += [
        plan(
            "api", ports.api, "/healthz", "TEKUP_API_PORT",
            "serving.server", "--host", host, "--port", str(ports.api),
            shown="/docs",
        ),
        plan("worker", None, "", "", "serving.worker"),
        plan(
            "dashboards", ports.dashboards, "/_stcore/health", "TEKUP_DASHBOARDS_PORT",
            "streamlit", "run", str(_PROJECT / "dashboards" / "app.py"), "--server.port", str(ports.dashboards),
            "--server.address", host, "--server.headless", "true", "--browser.gatherUsageStats", "false",
        ),
        plan(
            "dagster-ui", ports.dagster, "/server_info", "TEKUP_DAGSTER_PORT",
            "dagster_webserver", "-h", host, "-p", str(ports.dagster), "-m", "pipelines.definitions",
        ),
        plan("dagster-daemon", None, "", "", "dagster._daemon", "run", "-m", "pipelines.definitions"),
    ]  # fmt: skip
    return services


def _environment(settings: Settings, ports: Ports) -> dict[str, str]:
    """What every child is told: where the state is, which ports were settled on, and to send no telemetry."""
    return {
        **_QUIET,
        "TEKUP_HOME": str(settings.home_path),
        "TEKUP_API_PORT": str(ports.api),
        "TEKUP_DAGSTER_PORT": str(ports.dagster),
        "TEKUP_DASHBOARDS_PORT": str(ports.dashboards),
        "TEKUP_SANDBOX_PORT": str(ports.sandbox),
        "DAGSTER_HOME": str(_dagster_home(settings)),
        "PYTHONUNBUFFERED": "1",
    }


def _dagster_home(settings: Settings) -> Path:
    """Dagster's state folder with the tracked instance settings in it."""
    home = settings.home_path / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    tracked = _PROJECT / "dagster.yaml"
    if tracked.exists():
        shutil.copyfile(tracked, home / "dagster.yaml")
    return home

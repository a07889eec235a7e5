"""The demonstration: simulated tenants in the operational database and a sandbox that speaks the vendors' contracts."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx

from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.seed import seed_operational
from integrations.sandbox.tenants import TENANTS, TenantSpec
from integrations.sandbox.world import load_world
from pipelines.resources.platform import Platform
from tekup.db import Database, Role
from tekup.directory.connections import list_connections, store_connection
from tekup.directory.users import create_user
from tekup.errors import TekupError

PASSWORD = "demonstration only"  # noqa: S105  # printed in the summary; it opens simulated tenants on this machine
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Which world the home holds; the same three values always give the same world."""

    seed: int
    scale: float
    as_of: str

    @property
    def moment(self) -> datetime:
        """The instant at which the simulated history ends."""
        return datetime.fromisoformat(self.as_of)


def read_demonstration(home: Path) -> Demonstration | None:
    """The world that was chosen at the first run, or None."""
    path = home / "sandbox" / "world.json"
    return Demonstration(**json.loads(path.read_text())) if path.exists() else None


def choose_demonstration(home: Path, seed: int | None, scale: float | None) -> Demonstration:
    """The home's world; the first run chooses it, and a later one can't change it under the data.

    Raises:
        TekupError: another seed or scale is asked for than the home was filled with.
    """
    known = read_demonstration(home)
    if known is not None:
        if (seed is not None and seed != known.seed) or (scale is not None and scale != known.scale):
            raise TekupError(
                f"{home} holds the world of seed {known.seed} and scale {known.scale:g}",
                hint="leave --seed and --scale away, or set TEKUP_HOME to another folder",
            )
        return known
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    chosen = Demonstration(7 if seed is None else seed, 1.0 if scale is None else scale, midnight.isoformat())
    path = home / "sandbox" / "world.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(asdict(chosen)))
    temporary.replace(path)
    return chosen


def fill(platform: Platform, chosen: Demonstration) -> int:
    """Put the simulated tenants into the operational database: tenants, rows, a user and connections each.

    Safe to repeat after a crash: what is there stays. Returns the number of rows added.
    """
    world = load_world(platform.settings.home_path / "sandbox", chosen.seed, chosen.scale, chosen.moment)
    added = seed_operational(lambda: platform.doors.connect(Database.OPERATIONAL, Role.OWNER), world)
    for spec in TENANTS:
        _open_accounts(platform, spec)
    return sum(added.values())


def _open_accounts(platform: Platform, spec: TenantSpec) -> None:
    tenant_id = UUID(spec.id)
    create_user(platform.doors, tenant_id, f"admin@{spec.slug}.example", PASSWORD, role="admin", name="Administrator")
    known = {connection.vendor for connection in list_connections(platform.doors, tenant_id)}
    for vendor in spec.vendors:
        if vendor not in known:
            store_connection(platform.doors, tenant_id, vendor, sandbox_credential(vendor, spec.slug), is_sandbox=True)


@contextmanager
def running_sandbox(platform: Platform, chosen: Demonstration) -> Iterator[str]:
    """The address of a sandbox that serves ``chosen``: the one that runs already, or one for the time of the block.

    Raises:
        TekupError: it does not come up in time.
    """
    running = f"http://127.0.0.1:{platform.settings.sandbox_port}"
    if _serves(running, chosen):
        yield running
        return
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    logs = platform.settings.home_path / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "sandbox.log").open("ab") as log:
        process = subprocess.Popen(sandbox_command(platform.settings.home_path, chosen, port), stdout=log, stderr=log)
        try:
            _await(address, chosen, process, logs / "sandbox.log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def sandbox_command(home: Path, chosen: Demonstration, port: int) -> list[str]:
    """The command line that serves a world on a port."""
    return [
        sys.executable, "-m", "integrations.sandbox", "--port", str(port), "--seed", str(chosen.seed),
        "--scale", str(chosen.scale), "--home", str(home / "sandbox"), "--as-of", chosen.as_of,
    ]  # fmt: skip


def _await(address: str, chosen: Demonstration, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _serves(address, chosen):
            return
        time.sleep(0.1)
    raise TekupError("the vendor sandbox did not come up", hint=f"its last words are in {log}")


def _serves(address: str, chosen: Demonstration) -> bool:
    try:
        answer = httpx.get(f"{address}/healthz", timeout=2)
        told = answer.json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(
        answer.is_success
        and told.get("service") == "tekup-sandbox"
        and told.get("seed") == chosen.seed
        and told.get("scale") == chosen.scale
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

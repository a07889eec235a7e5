"""Times a pull of HubSpot contacts beside dlt, beside reading alone and beside loading alone. Nothing is asserted.

Run from the repository: python -m benchmarks.ingestion.run [--contacts 50000] [--rounds 3] [--also 200000]
One sandbox and one embedded PostgreSQL serve all parts; each part is a process of its own, its memory its own. The
seconds are those of the part without its imports; "CPU s" is the part's own, "with servers" adds what the sandbox and
PostgreSQL used meanwhile. The floor is the slower of reading and copying; ratios are medians of each round's ratio.
dlt comes with `make bench`; where it is not installed its parts are left out.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
import psycopg

from benchmarks.ingestion.parts import CREDENTIAL, TENANT, pages
from benchmarks.ingestion.processes import cpu_seconds, parent_of
from tekup.db import Database, Doors, Role
from tekup.db.embedded import start_embedded
from tekup.directory.tenants import create_tenant
from tekup.settings import read_settings

QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DO_NOT_TRACK": "1"}
READ, COPY, OURS = "floor: read and throw away", "floor: COPY of the same bytes", "backfill: ours"
NOTHING, CHANGED = "nothing new: ours", "1 % changed: ours"
DLT = {"dlt_dicts": "backfill: dlt from dicts", "dlt_arrow": "backfill: dlt from Arrow"}


@dataclass
class Bench:
    """The servers that all parts share, and what the parts are told of them."""

    doors: Doors
    servers: tuple[int, int]
    given: dict[str, Any]

    def run(self, name: str, **more: Any) -> dict[str, float]:
        """One measurement in a process of its own."""
        command = [sys.executable, "-m", "benchmarks.ingestion.parts", name, json.dumps({**self.given, **more})]
        before = self._served()
        done = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return {**told, "with_servers": told["cpu"] + self._served() - before}

    def forget(self) -> None:
        """Empty what a pull stored, so that the next one is a first one again."""
        with self.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, TENANT) as connection:
            for table in ("ops.sync_cursor", "ops.sync_account", "ops.sync_field"):
                connection.execute(f"delete from {table}")
        with psycopg.connect(self.given["admin_url"], autocommit=True) as admin:
            admin.execute("truncate raw_hubspot.contacts")  # deleted rows would leave an index full of holes
        self.settle()

    def settle(self) -> None:
        """Let PostgreSQL finish what an earlier part left it to do."""
        with psycopg.connect(self.given["admin_url"], autocommit=True) as admin:
            admin.execute("vacuum raw_hubspot.contacts")
            admin.execute("checkpoint")

    def change(self, count: int) -> None:
        """Let so many contacts change at the vendor."""
        tenant = CREDENTIAL.removeprefix("sandbox-hubspot-")
        body = {"tenant": tenant, "vendor": "hubspot", "changed": count, "created": 0, "archived": 0}
        httpx.post(f"{self.given['sandbox']}/_control/advance", json=body, timeout=300).raise_for_status()

    def _served(self) -> float:
        """CPU seconds of the sandbox and of PostgreSQL so far."""
        return sum(map(cpu_seconds, self.servers))


def start_sandbox(folder: Path, contacts: int) -> tuple[subprocess.Popen[str], str]:
    """The sandbox with one account of so many contacts; returns it and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--scale", "0.02", "--home", str(folder / "world"),
         "--bulk-contacts", str(contacts)],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def write_payloads(given: dict[str, Any]) -> None:
    """The bytes that the floor of loading copies: what the pull stores, in COPY's text format."""
    with Path(given["payloads"]).open("wb") as file:
        for page in pages(given):
            for item in page:
                payload = orjson.dumps(item).replace(b"\\", b"\\\\")
                file.write(item["id"].encode() + b"\t" + payload + b"\n")


def main() -> None:
    """Measure and print one line a part, with its ratio to the floor and to ours."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--contacts", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--also", type=int, default=0, help="another size, pulled once, to see whether memory is flat")
    parser.add_argument("--without-dlt", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        doors = Doors(read_settings(home=folder / "home"))
        doors.prepare()
        create_tenant(doors, "Bench ApS", "bench.example", tenant_id=TENANT)
        try:
            rounds = measure_size(folder, doors, options.contacts, options)
            show(options.contacts, rounds)
            if options.also:
                show_memory(rounds, measure_alone(folder, doors, options.also))
        finally:
            start_embedded(folder / "home").stop()


def open_bench(folder: Path, doors: Doors, sandbox: subprocess.Popen[str], address: str) -> Bench:
    """The bench of one sandbox, with what our first pull asks it for."""
    admin = doors.admin_url(Database.WAREHOUSE)
    with psycopg.connect(admin) as connection:
        database = parent_of(connection.info.backend_pid)
    given: dict[str, Any] = {
        "sandbox": address,
        "home": str(folder / "home"),
        "folder": str(folder / "dlt"),
        "payloads": str(folder / "payloads.copy"),
        "admin_url": admin,
        # dlt wants a password and a host; libpq takes the later one, which is the socket
        "dlt_url": admin.replace("@/", ":none@localhost/", 1),
    }
    return Bench(doors, (sandbox.pid, database), given)


def measure_size(
    folder: Path, doors: Doors, contacts: int, options: argparse.Namespace
) -> list[dict[str, dict[str, float]]]:
    """All rounds, interleaved. What our unmeasured first pull asks for is what every reader then asks for."""
    has_dlt = importlib.util.find_spec("dlt") is not None and not options.without_dlt
    if not has_dlt:
        print("dlt is not installed or not wanted: its parts are left out")
    sandbox, address = start_sandbox(folder, contacts)
    try:
        bench = open_bench(folder, doors, sandbox, address)
        bench.run("ours")
        log = httpx.get(f"{address}/_control/requests", params={"vendor": "hubspot"}).json()
        listed = [one for one in log if one["path"] == "/crm/v3/objects/contacts" and "archived=False" in one["query"]]
        bench.given["list_query"] = str(httpx.QueryParams(listed[0]["query"]).remove("after"))
        write_payloads(bench.given)
        return [measure_round(bench, contacts, number, has_dlt) for number in range(options.rounds)]
    finally:
        sandbox.terminate()
        sandbox.wait()


def measure_round(bench: Bench, contacts: int, number: int, has_dlt: bool) -> dict[str, dict[str, float]]:
    """Each part once. A change at the vendor ends the round: the sandbox makes its pages anew after it."""
    found = {}
    bench.run("read")
    bench.forget()
    found[OURS] = bench.run("ours")
    bench.settle()
    found[READ] = bench.run("read")
    found[COPY] = bench.run("copy")
    if has_dlt:
        for part, label in DLT.items():
            bench.settle()
            found[label] = bench.run(part, round=number)
    time.sleep(2)
    found[NOTHING] = bench.run("ours")
    bench.change(contacts // 100)
    found[CHANGED] = bench.run("ours")
    return found


def measure_alone(folder: Path, doors: Doors, contacts: int) -> tuple[int, dict[str, float]]:
    """Our backfill of another size, once."""
    sandbox, address = start_sandbox(folder, contacts)
    try:
        bench = open_bench(folder, doors, sandbox, address)
        bench.forget()
        return contacts, bench.run("ours")
    finally:
        sandbox.terminate()
        sandbox.wait()


def show(contacts: int, rounds: list[dict[str, dict[str, float]]]) -> None:
    """Medians, medians of the rounds' ratios, and what two cores could do at best."""
    print(f"{contacts:,} contacts, medians of {len(rounds)} rounds, {os.cpu_count()} cores")
    print(
        f"{'part':<31}{'rows':>9}{'s':>8}{'rows/s':>9}{'CPU s':>7}{'with servers':>14}{'peak MB':>9}"
        f"{'x floor':>9}{'x ours':>8}"
    )
    for name in rounds[0]:
        one = {key: median(found[name][key] for found in rounds) for key in rounds[0][name]}
        floor = median(found[name]["seconds"] / max(found[READ]["seconds"], found[COPY]["seconds"]) for found in rounds)
        own = median(found[name]["seconds"] / found[OURS]["seconds"] for found in rounds)
        print(
            f"{name:<31}{one['rows']:>9,.0f}{one['seconds']:>8.2f}{one['rows'] / one['seconds']:>9,.0f}"
            f"{one['cpu']:>7.2f}{one['with_servers']:>14.2f}{one['megabytes']:>9.0f}{floor:>9.2f}{own:>8.2f}"
        )
    work = median(found[OURS]["with_servers"] for found in rounds)
    cores = os.cpu_count() or 1
    print(f"our backfill's CPU seconds, servers included, shared evenly by {cores} cores: {work / cores:.2f} s at best")


def show_memory(rounds: list[dict[str, dict[str, float]]], other: tuple[int, dict[str, float]]) -> None:
    """The backfill's peak memory at both sizes."""
    size, found = other
    before = median(one[OURS]["megabytes"] for one in rounds)
    print(
        f"{size:,} contacts: {found['seconds']:.2f} s, {found['rows'] / found['seconds']:,.0f} rows/s, "
        f"{found['cpu']:.2f} CPU s, {found['megabytes']:.0f} MB at most (before: {before:.0f} MB)"
    )


if __name__ == "__main__":
    main()

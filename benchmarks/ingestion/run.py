"""Times a pull of HubSpot contacts beside dlt, beside reading alone and beside loading alone. Nothing is asserted.

Run from the repository: python -m benchmarks.ingestion.run [--contacts 100000] [--rounds 3]
One sandbox and one embedded PostgreSQL serve all parts; each part is a process of its own, its memory its own. The
seconds are those of the part without the imports that precede it. "floor" is the slower of reading and copying.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
import psycopg

from benchmarks.ingestion.parts import CREDENTIAL, TENANT, pages
from tekup.db import Database, Doors, Role
from tekup.db.embedded import start_embedded
from tekup.directory.tenants import create_tenant
from tekup.settings import read_settings

QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DO_NOT_TRACK": "1"}


def run_part(name: str, given: dict[str, Any]) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingestion.parts", name, json.dumps(given)]
    done = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


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


def forget(doors: Doors) -> None:
    """Empty what a pull stored, so that the next one is a first one again."""
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, TENANT) as connection:
        for table in ("raw_hubspot.contacts", "ops.sync_cursor", "ops.sync_account", "ops.sync_field"):
            connection.execute(f"delete from {table}")
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        admin.execute("vacuum raw_hubspot.contacts")
        admin.execute("checkpoint")


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
    parser.add_argument("--without-dlt", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        doors = Doors(read_settings(home=folder / "home"))
        doors.prepare()
        create_tenant(doors, "Bench ApS", "bench.example", tenant_id=TENANT)
        sandbox, address = start_sandbox(folder, options.contacts)
        try:
            measure(options, folder, doors, address)
        finally:
            sandbox.terminate()
            sandbox.wait()
            start_embedded(folder / "home").stop()


def measure(options: argparse.Namespace, folder: Path, doors: Doors, address: str) -> None:
    """All rounds, interleaved, and the table."""
    admin = doors.admin_url(Database.WAREHOUSE)
    given: dict[str, Any] = {
        "sandbox": address,
        "home": str(folder / "home"),
        "folder": str(folder / "dlt"),
        "payloads": str(folder / "payloads.copy"),
        "admin_url": admin,
        # dlt wants a password and a host; libpq takes the later one, which is the socket
        "dlt_url": admin.replace("@/", ":none@localhost/", 1),
    }
    has_dlt = importlib.util.find_spec("dlt") is not None and not options.without_dlt
    if not has_dlt:
        print("dlt is not installed or not wanted: its parts are left out")
    first = run_part("ours", given)
    log = httpx.get(f"{address}/_control/requests", params={"vendor": "hubspot"}).json()
    listed = [
        entry for entry in log if entry["path"] == "/crm/v3/objects/contacts" and "archived=False" in entry["query"]
    ]
    given["list_query"] = str(httpx.QueryParams(listed[0]["query"]).remove("after"))
    write_payloads(given)
    results: dict[str, list[dict[str, float]]] = {"backfill: ours": [first]}
    for number in range(options.rounds):
        if number:
            forget(doors)
            results["backfill: ours"].append(run_part("ours", given))
        results.setdefault("floor: read and throw away", []).append(run_part("read", given))
        results.setdefault("floor: COPY of the same bytes", []).append(run_part("copy", given))
        time.sleep(2)
        results.setdefault("nothing new: ours", []).append(run_part("ours", given))
        change(address, options.contacts // 100)
        results.setdefault("1 % new or changed: ours", []).append(run_part("ours", given))
    if has_dlt:
        for part, label in (("dlt_dicts", "dlt from dicts"), ("dlt_arrow", "dlt from Arrow")):
            results[f"backfill: {label}"] = [run_part(part, given)]
            results[f"all read again: {label}"] = [run_part(part, given)]
    show(options, results)


def change(address: str, count: int) -> None:
    """Let so many contacts change at the vendor."""
    body = {"tenant": CREDENTIAL.removeprefix("sandbox-hubspot-"), "vendor": "hubspot", "changed": count, "created": 0,
            "archived": 0}  # fmt: skip
    httpx.post(f"{address}/_control/advance", json=body, timeout=300).raise_for_status()


def show(options: argparse.Namespace, results: dict[str, list[dict[str, float]]]) -> None:
    """Medians and ratios."""
    middle = {name: {key: median(one[key] for one in told) for key in told[0]} for name, told in results.items()}
    floor = max(figures["seconds"] for name, figures in middle.items() if name.startswith("floor"))
    own = middle["backfill: ours"]["seconds"]
    print(f"{options.contacts:,} contacts, medians of {options.rounds} rounds, dlt once")
    print(f"{'part':<34}{'rows':>10}{'s':>9}{'rows/s':>10}{'CPU s':>8}{'peak MB':>9}{'x floor':>9}{'x ours':>8}")
    for name, one in middle.items():
        rate = one["rows"] / one["seconds"]
        print(
            f"{name:<34}{one['rows']:>10,.0f}{one['seconds']:>9.2f}{rate:>10,.0f}{one['cpu']:>8.1f}"
            f"{one['megabytes']:>9.0f}{one['seconds'] / floor:>9.2f}{one['seconds'] / own:>8.2f}"
        )


if __name__ == "__main__":
    main()

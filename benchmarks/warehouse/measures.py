"""What is timed: a dbt build, its SQL sent again by a bare connection, and the floor of reading and writing.

Rows are made in `rows`; which measurements are taken and shown is `run`'s affair.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.warehouse.rows import count_rows
from pipelines.resources.dbt_project import DBT_FOLDER, profile_environment
from tekup.db import Doors
from tekup.db.bootstrap import ALL_TENANTS_ROLE

THREADS = 2
_SENT = ("SQLQuery", "SQLCommit")


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds, CPU seconds of PostgreSQL and of the client, and peak megabytes of both."""

    seconds: float
    database_cpu: float
    client_cpu: float
    database_megabytes: float
    client_megabytes: float

    @property
    def cpu(self) -> float:
        """CPU seconds of both."""
        return self.database_cpu + self.client_cpu


class Meter:
    """Watches a PostgreSQL server: CPU of its whole process tree, and the peak of its backends' own memory."""

    def __init__(self, data: Path) -> None:
        self._postmaster = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))

    def take(self, work: Callable[[], tuple[float, float]]) -> Cost:
        """Do ``work``, which returns its own CPU seconds and megabytes."""
        peak = [0.0]
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(peak, done))
        watcher.start()
        cpu, began = self._cpu(), time.perf_counter()
        try:
            client_cpu, client_megabytes = work()
        finally:
            seconds = time.perf_counter() - began
            done.set()
            watcher.join()
        return Cost(seconds, self._cpu() - cpu, client_cpu, peak[0], client_megabytes)

    def _cpu(self) -> float:
        total = 0.0
        for process in [self._postmaster, *self._postmaster.children()]:
            try:
                total += sum(process.cpu_times()[:4])  # what ended children used is counted in the postmaster's
            except psutil.NoSuchProcess:
                continue
        return total

    def _watch(self, peak: list[float], done: threading.Event) -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], sum(map(_own_megabytes, self._postmaster.children())))


def _own_megabytes(process: psutil.Process) -> float:
    """Memory that is the process's alone: shared buffers would be counted once a backend."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))


class Dbt:
    """Runs dbt on one warehouse and keeps the statements that it sent."""

    def __init__(self, doors: Doors, folder: Path) -> None:
        self._environment = {**os.environ, **profile_environment(doors)}
        self._target = folder / "target"
        self._logs = folder / "logs"

    def run(self, *arguments: str) -> tuple[float, float]:
        """Run one dbt command to its end; returns its CPU seconds and peak megabytes.

        Raises:
            SystemExit: dbt fails.
        """
        (self._logs / "dbt.log").unlink(missing_ok=True)
        command = [
            str(Path(sys.executable).with_name("dbt")), *arguments, "--threads", str(THREADS),
            "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER), "--target-path", str(self._target),
            "--log-path", str(self._logs), "--log-format-file", "json", "--log-level-file", "debug",
            "--log-file-max-bytes", "0",
        ]  # fmt: skip
        output = self._target.with_name("output.txt")
        with output.open("wb") as file:
            process = subprocess.Popen(command, env=self._environment, stdout=file, stderr=file)
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"dbt {' '.join(arguments)} failed:\n{output.read_text()[-3000:]}")
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    def sent(self) -> dict[str, list[str]]:
        """The statements of the last run, by the node they belong to."""
        statements: dict[str, list[str]] = {}
        for line in (self._logs / "dbt.log").read_text().splitlines():
            event = json.loads(line)
            node = event["data"].get("conn_name", "")
            if event["info"]["name"] in _SENT and node.startswith(("model.", "snapshot.")):
                said = event["data"].get("sql", "COMMIT").replace('"tekup_warehouse".', "")  # may go to a copy
                statements.setdefault(node, []).append(said)
        return statements

    def parents(self, nodes: Iterable[str]) -> dict[str, set[str]]:
        """Which of ``nodes`` each of them waits for, also by way of nodes that send nothing themselves."""
        told: dict[str, Any] = json.loads((self._target / "manifest.json").read_text())["parent_map"]
        wanted = set(nodes)

        def ancestors(node: str) -> set[str]:
            found: set[str] = set()
            for parent in told.get(node, []):
                found |= {parent} if parent in wanted else ancestors(parent)
            return found

        return {node: ancestors(node) for node in wanted}


def replay(address: str, statements: dict[str, list[str]], parents: dict[str, set[str]]) -> dict[str, float]:
    """Send the statements in dbt's order over as many bare connections as dbt has threads.

    Returns the CPU seconds of each node's own backend; what parallel workers added to them is in the total only.
    """
    used: dict[str, float] = {}
    with ExitStack() as stack:
        # as dbt's driver does, the first statement after a commit begins a transaction: `set local` rests on it
        free = [stack.enter_context(_builder(address, autocommit=False)) for _ in range(THREADS)]
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        running: dict[str, Future[None]] = {}
        ended: set[str] = set()
        waiting = list(statements)

        def send(node: str) -> None:
            connection = free.pop()
            backend = psutil.Process(connection.info.backend_pid)
            before = sum(backend.cpu_times()[:2])
            try:
                for statement in statements[node]:
                    connection.execute(statement.encode())
                connection.commit()
                used[node] = sum(backend.cpu_times()[:2]) - before
            finally:
                free.append(connection)

        while waiting or running:
            for node in [n for n in waiting if parents[n] <= ended][: THREADS - len(running)]:
                waiting.remove(node)
                running[node] = pool.submit(send, node)
            for node in [n for n, future in running.items() if future.done()]:
                running.pop(node).result()
                ended.add(node)
            time.sleep(0.001)
    return used


def read_and_write(address: str, marts: list[str], since: str | None = None) -> None:
    """The floor: read every raw row once and write every mart's rows once, with no join, no key and no check.

    With ``since`` only the rows synced after it, as a build that knew them beforehand would.
    """
    with _builder(address) as connection:
        for table in count_rows(connection):
            rows = f"select * from {table}" + (f" where synced_at >= '{since}'" if since else "")
            connection.execute(f"select sum(length(r::text)) from ({rows}) as r".encode())
        for mart in marts:
            few = " where random() < 0.01" if since else ""
            connection.execute(f"create temporary table floor as select * from marts.{mart}{few}".encode())
            connection.execute("drop table floor")


def copy_database(address: str, name: str) -> str:
    """A copy of the warehouse under another name, so that a build's statements can be sent twice to the same rows."""
    with psycopg.connect(address.replace("/tekup_warehouse?", "/postgres?"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name}".encode())
        admin.execute(f"create database {name} template tekup_warehouse strategy file_copy".encode())
        admin.execute(f"grant connect, temporary, create on database {name} to {ALL_TENANTS_ROLE}".encode())
    return address.replace("/tekup_warehouse?", f"/{name}?")


def drop_database(address: str, name: str) -> None:
    """Drop what `copy_database` made."""
    with psycopg.connect(address.replace("/tekup_warehouse?", "/postgres?"), autocommit=True) as admin:
        admin.execute(f"drop database {name}".encode())


def _builder(address: str, *, autocommit: bool = True) -> psycopg.Connection:
    connection = psycopg.connect(address, autocommit=True)
    connection.execute(f"set role {ALL_TENANTS_ROLE}".encode())
    connection.autocommit = autocommit
    return connection

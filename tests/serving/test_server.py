"""A rolling restart of two API processes under load drops no request, and tells open streams to come back."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants

Header = dict[str, str]


class Fleet:
    """Two servers, and which of them are ready: what a balancer knows."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {**os.environ, "TEKUP_HOME": str(settings.home_path), "TEKUP_DRAIN_SECONDS": "1"}
        for name in ("database_url", "warehouse_url"):
            if getattr(settings, name):
                self._environment[f"TEKUP_{name.upper()}"] = getattr(settings, name)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.ready: set[int] = set()
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def start(self) -> list[int]:
        ports = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports.append(probe.getsockname()[1])
        for port in ports:
            self.run(port)
        self._looking.start()
        self.wait_for(set(ports))
        return ports

    def run(self, port: int) -> None:
        self._processes[port] = subprocess.Popen(
            [sys.executable, "-m", "serving.server", "--port", str(port)], env=self._environment
        )

    def wait_for(self, ports: set[int]) -> None:
        deadline = time.monotonic() + 240
        while not ports <= self.ready:
            assert time.monotonic() < deadline, "the servers did not become ready"
            time.sleep(0.05)

    def restart(self, port: int) -> None:
        process = self._processes[port]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
        self.run(port)
        self.wait_for({port})

    def stop(self) -> None:
        self._over.set()
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _look(self) -> None:
        with httpx.Client(trust_env=False, timeout=5) as client:
            while not self._over.is_set():
                for port in list(self._processes):
                    try:
                        is_ready = client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
                    except httpx.HTTPError:
                        is_ready = False
                    (self.ready.add if is_ready else self.ready.discard)(port)
                time.sleep(0.05)


@pytest.fixture
def fleet(settings: Settings, filled: TwoTenants, live_version: str) -> Iterator[Fleet]:
    made = Fleet(settings)
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_rolling_restart_under_load_drops_nothing(
    fleet: Fleet, doors: Doors, filled: TwoTenants, as_a: Header
) -> None:
    first, second = fleet.start()
    over = threading.Event()
    faults: list[str] = []
    stored: list[str] = []
    read = itertools.count()

    def load(number: int) -> None:
        clients = {
            port: httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20, headers=as_a)
            for port in (first, second)
        }
        for turn in itertools.count():
            if over.is_set():
                return
            ports = sorted(fleet.ready)
            port = ports[turn % len(ports)]
            try:
                if turn % 3:
                    answer = clients[port].get("/v1/leads", params={"limit": 1})
                    next(read)
                else:
                    body = {"full_name": f"Rolling {number}", "source": "rolling"}
                    answer = clients[port].post("/v1/leads", json=body)
                    stored.append(answer.json()["id"])
                if answer.status_code not in (200, 201):
                    faults.append(f"{port}: {answer.status_code} {answer.text[:200]}")
            except Exception as error:
                faults.append(f"{port}: {type(error).__name__}: {error}")

    ended: list[dict[str, object]] = []

    def listen() -> None:
        address = f"http://127.0.0.1:{first}/v1/events/stream"
        with httpx.stream("GET", address, headers=as_a, trust_env=False, timeout=60) as answer:
            ended.extend(json.loads(line[6:]) for line in answer.iter_lines() if "come_back" in line)

    loads = [threading.Thread(target=load, args=(number,), daemon=True) for number in range(3)]
    listener = threading.Thread(target=listen, daemon=True)
    for thread in (*loads, listener):
        thread.start()
    time.sleep(1)
    fleet.restart(first)
    fleet.restart(second)
    time.sleep(0.5)
    over.set()
    for thread in loads:
        thread.join(30)
    listener.join(10)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, filled.a.id) as connection:
        kept = {str(row[0]) for row in connection.execute("select id from app.leads where source = 'rolling'")}
        connection.execute("delete from app.leads where source = 'rolling'")
    assert faults == []
    assert next(read) > 20
    assert len(stored) > 10
    assert kept == set(stored)
    assert [one["come_back"] for one in ended] == [True]

"""The supervisor with real, tiny processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from serving.supervisor import PortTaken, Service, check_ports
from tests.paths import ROOT

FLOCK = """
import sys
from pathlib import Path
from serving import supervisor
from serving.supervisor import Service, Supervisor
from tekup.errors import TekupError
folder, ports = Path(sys.argv[1]), [int(p) for p in sys.argv[2].split(",") if p]
services = [
    Service(f"web{n}", (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)), {}, f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{port}/", port, "TEKUP_WEB_PORT")
    for n, port in enumerate(ports)
]
services += [eval(extra) for extra in sys.argv[3:]]
try:
    sys.exit(Supervisor(services, folder, say=lambda line: print(line, flush=True)).run())
except TekupError as error:
    print(error, flush=True)
    sys.exit(error.exit_code)
"""


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


class Flock:
    """A supervisor in a process of its own, with its output in a file."""

    def __init__(self, folder: Path, ports: list[int], *extra: str) -> None:
        self.output = folder / "said.txt"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                (sys.executable, "-c", FLOCK, str(folder), ",".join(map(str, ports)), *extra),
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.said, words)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Flock]]:
    flocks: list[Flock] = []

    def make(ports: list[int], *extra: str) -> Flock:
        flocks.append(Flock(tmp_path, ports, *extra))
        return flocks[-1]

    yield make
    for flock in flocks:
        if flock.process.poll() is None:
            flock.process.terminate()
        flock.process.wait(20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything(start: Callable[..., Flock], number: signal.Signals) -> None:
    ports = free_ports(2)
    flock = start(ports)
    flock.wait_for("all 2 services are up")
    assert f"web0: ready at http://127.0.0.1:{ports[0]}" in flock.said
    assert all(answers(port) for port in ports)
    flock.process.send_signal(number)
    assert flock.process.wait(15) == 0
    assert not any(answers(port) for port in ports)


def test_a_child_that_ignores_the_polite_signal_is_ended(start: Callable[..., Flock], tmp_path: Path) -> None:
    stubborn = (
        "import os, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
        "print(f'pids {os.getpid()} {p.pid} ', flush=True); time.sleep(300)"
    )
    flock = start(
        [], f'[setattr(supervisor, "STOP_SECONDS", 1.0), Service("deaf", (sys.executable, "-c", {stubborn!r}))][1]'
    )
    flock.wait_for("all 1 services are up")
    found = re.search(r"pids (\d+) (\d+) ", (tmp_path / "deaf.log").read_text())
    assert found is not None
    flock.process.send_signal(signal.SIGINT)
    assert flock.process.wait(15) == 0
    for pid in found.groups():
        wait_until(lambda pid=pid: not is_running(int(pid)), f"process {pid} is gone")  # type: ignore[misc]


def test_a_crashed_service_is_started_again(start: Callable[..., Flock], tmp_path: Path) -> None:
    (port,) = free_ports(1)
    once = tmp_path / "crashed"
    command = (
        f"import pathlib, runpy, sys; p = pathlib.Path({str(once)!r}); first = not p.exists(); p.touch(); "
        f"first and sys.exit('first time unlucky'); sys.argv = ['x', '--bind', '127.0.0.1', '{port}']; "
        "runpy.run_module('http.server', run_name='__main__')"
    )
    flock = start([], f'Service("shaky", (sys.executable, "-c", {command!r}), {{}}, None, "http://127.0.0.1:{port}/")')
    flock.wait_for("starting it again in 1 s")
    flock.wait_for("shaky: ready")
    assert answers(port)


def test_a_service_that_keeps_crashing_ends_it_all_with_its_last_words(
    start: Callable[..., Flock], tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    broken = (
        '[setattr(supervisor, "FAST_CRASHES", 3), '
        'Service("broken", (sys.executable, "-c", "import sys; sys.exit(\'no such thing as luck\')"))][1]'
    )
    flock = start([port], broken)
    assert flock.process.wait(30) == 1
    last = flock.said.strip().splitlines()[-1]
    assert "broken" in last
    assert "3 times in a row" in last
    assert "no such thing as luck" in last
    assert not answers(port)


def test_a_taken_port_is_named_with_its_setting_before_anything_starts(
    start: Callable[..., Flock], tmp_path: Path
) -> None:
    free, taken = free_ports(2)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", taken))
        holder.listen()
        flock = start([free, taken])
        assert flock.process.wait(15) == 7
        assert f"port {taken}" in flock.said
        assert "TEKUP_WEB_PORT" in flock.said
        assert not (tmp_path / "web0.log").exists()
        with pytest.raises(PortTaken, match=str(taken)):
            check_ports([Service("web", (), port=taken, port_setting="TEKUP_WEB_PORT")])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_with_a_killed_supervisor(start: Callable[..., Flock]) -> None:
    ports = free_ports(2)
    flock = start(ports)
    flock.wait_for("all 2 services are up")
    flock.process.kill()
    flock.process.wait(10)
    wait_until(lambda: not any(answers(port) for port in ports), "the children ended")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"

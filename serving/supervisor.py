"""Runs services as child processes: starts, health-checks, restarts and stops them. Which ones is not known here."""

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from tekup.errors import TekupError

FAST_CRASH_SECONDS = 30.0
FAST_CRASHES = 5
STOP_SECONDS = 10.0
_TICK_SECONDS = 0.2
_SETTLED_SECONDS = 2.0
_PATIENT_SECONDS = 60.0
_OLD_LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PortTaken(TekupError):
    """A port that a service needs is in use."""

    exit_code = 7


@dataclass(frozen=True, slots=True)
class Service:
    """One child process. ``health`` is a URL that answers below 500 when it is ready; without one, staying up is."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    health: str | None = None
    port: int | None = None
    port_setting: str = ""
    folder: Path | None = None
    ready_seconds: float = 300.0


class _State(Enum):
    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"


@dataclass
class _Child:
    service: Service
    log: Path
    process: subprocess.Popen[bytes] | None = None
    state: _State = _State.WAITING
    since: float = 0.0
    resume_at: float = 0.0
    fast_crashes: int = 0
    announced: bool = False
    is_called_slow: bool = False


def check_ports(services: Sequence[Service]) -> None:
    """Make sure that every port is free before anything is started.

    Raises:
        PortTaken: one is not; the message names the port and the setting that moves it.
    """
    for service in services:
        if service.port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", service.port))
            except OSError as error:
                raise PortTaken(
                    f"port {service.port}, wanted for {service.name}, can't be had: {error.strerror}",
                    hint=f"end the program that uses it, or set {service.port_setting} to another port",
                ) from None


class Supervisor:
    """Keeps ``services`` running until it is told to stop. Runs in the main thread, which the children watch."""

    def __init__(self, services: Sequence[Service], logs: Path, say: Callable[[str], None] = print) -> None:
        self._children = [_Child(service, logs / f"{service.name}.log") for service in services]
        self._logs = logs
        self._say = say
        self._stopping = False
        self._hurry = False

    def run(self) -> int:
        """Start all, in order, and watch them until a signal: 0 after a wanted stop, 1 where one keeps crashing."""
        check_ports([child.service for child in self._children])
        self._logs.mkdir(parents=True, exist_ok=True)
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            for child in self._children:
                self._start(child)
            return self._watch()
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _watch(self) -> int:
        everything_announced = False
        while not self._stopping:
            for child in self._children:
                if not self._tend(child):
                    return 1
            if not everything_announced and all(child.announced for child in self._children):
                everything_announced = True
                self._say(f"all {len(self._children)} services are up; Ctrl-C stops them; logs in {self._logs}")
            time.sleep(_TICK_SECONDS)
        self._say("stopping")
        return 0

    def _tend(self, child: _Child) -> bool:
        """One look at a child; False where it is past help."""
        now = time.monotonic()
        if child.state is _State.WAITING:
            if now >= child.resume_at:
                self._start(child)
            return True
        assert child.process is not None
        status = child.process.poll()
        if status is not None:
            return self._after_crash(child, f"ended with status {status}")
        if child.state is _State.STARTING:
            if _is_ready(child):
                child.state = _State.READY
                self._say(f"{child.service.name}: ready{_at(child)}" if not child.announced else _again(child))
                child.announced = True
            elif now - child.since > _PATIENT_SECONDS and not child.is_called_slow:
                child.is_called_slow = True
                self._say(f"{child.service.name}: still starting (log: {child.log})")
            elif now - child.since > child.service.ready_seconds:
                _end_group(child.process, signal.SIGKILL)
                child.process.wait()
                return self._after_crash(child, f"was not ready within {child.service.ready_seconds:.0f} s", slow=True)
        return True

    def _after_crash(self, child: _Child, what: str, *, slow: bool = False) -> bool:
        assert child.process is not None
        _end_group(child.process, signal.SIGKILL)
        lived = time.monotonic() - child.since
        child.fast_crashes = child.fast_crashes + 1 if slow or lived < FAST_CRASH_SECONDS else 1
        if child.fast_crashes >= FAST_CRASHES:
            self._say(
                f"{child.service.name} {what}, {FAST_CRASHES} times in a row; giving up. "
                f"Its last line: {_last_line(child.log)} (all of it: {child.log})"
            )
            return False
        pause = min(2.0 ** (child.fast_crashes - 1), 30.0)
        self._say(f"{child.service.name} {what}; starting it again in {pause:.0f} s (log: {child.log})")
        child.state, child.resume_at = _State.WAITING, time.monotonic() + pause
        return True

    def _start(self, child: _Child) -> None:
        if child.log.exists() and child.log.stat().st_size > _OLD_LOG_BYTES:
            child.log.replace(child.log.with_suffix(".log.1"))
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(
                child.service.command,
                cwd=child.service.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **child.service.environment},
                start_new_session=True,
                preexec_fn=_follow(os.getpid()),  # only system calls happen in it
            )
        child.state, child.since = _State.STARTING, time.monotonic()

    def _stop_all(self) -> None:
        """End every child's group, the last started first: politely, then after a while not."""
        running = [child.process for child in reversed(self._children) if child.process is not None]
        for process in running:
            _end_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            while process.poll() is None and time.monotonic() < deadline and not self._hurry:
                time.sleep(0.05)
            _end_group(process, signal.SIGKILL)
            process.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._hurry = self._stopping
        self._stopping = True


def _follow(parent: int) -> Callable[[], None] | None:
    """Have the kernel end the child when the supervisor dies, however it dies; only Linux offers it."""
    if _libc is None:
        return None
    prctl = _libc.prctl

    def follow() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return follow


def _is_ready(child: _Child) -> bool:
    if child.service.health is None:
        return time.monotonic() - child.since >= _SETTLED_SECONDS
    parts = urlsplit(child.service.health)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=1)
    with contextlib.closing(connection):
        try:
            connection.request("GET", parts.path or "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False


def _end_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal all of a child's process group; what is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _at(child: _Child) -> str:
    return f" at {child.service.address}" if child.service.address else ""


def _again(child: _Child) -> str:
    return f"{child.service.name}: up again{_at(child)}"


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "none"

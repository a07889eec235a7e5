"""Starts servers in processes of their own and ends them: ours in several forms, empty ones, and peers.

What is asked of them is not known here.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.serving.load import Failed, Request, ask_once

PATIENT_SECONDS = 240
_MANY = "999999999/minute"
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def ours(home: Path, *forms: str, settings: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """The API over ``home``; ``forms`` name what is left out (see `benchmarks.serving.ours`). Gives port and pid."""
    port = free_port()
    limits = {f"TEKUP_RATE_LIMIT_{name}": _MANY for name in ("ADDRESS", "SIGN_IN", "CALLER", "WRITE", "TENANT")}
    command = [sys.executable, "-m", "benchmarks.serving.ours", "--port", str(port), *forms]
    environment = {"TEKUP_HOME": str(home), **limits, **(settings or {})}
    with running(command, environment, home / "ours.log") as pid:
        wait_for(Request(port, "GET /healthz"), pid, home / "ours.log")
        yield port, pid


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """A process of its own session; the whole of it ends with the block."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 15)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def wait_for(request: Request, pid: int, log: Path) -> bytes:
    """The first good answer.

    Raises:
        Failed: the process ended, or none came in time; with the end of its log.
    """
    deadline, last = time.monotonic() + PATIENT_SECONDS, "no answer"
    while time.monotonic() < deadline:
        try:
            return asyncio.run(ask_once(request))
        except (OSError, Failed, TimeoutError) as error:
            last = str(error)
        if not Path(f"/proc/{pid}/stat").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            last = "the server ended"
            break
        time.sleep(0.3)
    raise Failed(f"{last}; its log ends with: {log.read_text(errors='replace')[-2000:]}")

"""What idle WebSockets cost one API process: its CPU and memory with none and with many, by the kernel's own count."""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tekup.db import Doors
from tekup.directory.tenants import create_tenant
from tekup.directory.tokens import create_token
from tekup.settings import read_settings

START_SECONDS = 180.0
OPENING_AT_ONCE = 20


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds so far and resident megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return seconds, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(pid: int, seconds: float) -> float:
    """Share of one core that the process uses over ``seconds``."""
    before = usage(pid)[0]
    await asyncio.sleep(seconds)
    return (usage(pid)[0] - before) / seconds


async def run(pid: int, port: int, token: str, count: int, seconds: float) -> None:
    """Measure without and with ``count`` connections, and print both."""
    address = f"ws://127.0.0.1:{port}/v1/events/ws"
    turn = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one() -> ClientConnection:
        async with turn:
            headers = {"authorization": f"Bearer {token}"}
            return await connect(
                address, additional_headers=headers, ping_interval=None, open_timeout=60, compression=None
            )

    empty, small = await measure(pid, seconds), usage(pid)[1]
    opened = await asyncio.gather(*(open_one() for _ in range(count)))
    await asyncio.sleep(2)
    share, large = await measure(pid, seconds), usage(pid)[1]
    alive = sum(line.close_code is None for line in opened)
    print(f"{alive} of {count} connections open; server CPU {share:.1%} of a core ({empty:.1%} without)")
    print(f"memory {large:.0f} MB ({small:.0f} MB without): {(large - small) * 1000 / count:.0f} kB a connection")
    await asyncio.gather(*(line.close() for line in opened), return_exceptions=True)


def main() -> None:
    """Start a server over a database of its own, measure it, and end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-idle-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        doors = Doors(read_settings(home=home))
        doors.prepare()
        token = create_token(doors, create_tenant(doors, "Idle", "idle.example").id, "idle")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "serving.server", "--port", str(port)]
        server = subprocess.Popen(command, env={**os.environ, "TEKUP_HOME": str(home)})
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
                    break
                except httpx.HTTPError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
            asyncio.run(run(server.pid, port, token, chosen.connections, chosen.seconds))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()

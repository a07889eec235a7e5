"""A client that keeps connections busy, and the CPU clocks of servers. What is sent is not known here."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of any process, see clock_getcpuclockid(3)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as bytes, and where it goes."""

    port: int
    head: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def raw(self) -> bytes:
        """What goes over the wire."""
        lines = [f"{self.head} HTTP/1.1", f"host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines += ["content-type: application/json", f"content-length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one stretch of load: latencies in ms, requests a second, CPU in ms a request by process."""

    latencies: list[float]
    per_second: float
    cpu_ms: dict[str, float]

    def quantile(self, share: float) -> float:
        """The latency below which ``share`` of the requests were answered, in ms."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Failed(Exception):
    """A server answered something else than 200."""


class _Connection(asyncio.Protocol):
    """One kept-alive connection with one request under way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parts = bytearray()
        self._wanted = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Failed(f"the connection was closed: {exc}"))

    def ask(self, raw: bytes) -> asyncio.Future[bytes]:
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._parts.clear()
        self._wanted = -1
        self.transport.write(raw)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parts += data
        if self._wanted < 0:
            end = self._parts.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = self._length(end)
        if self._wanted < 0 and self._parts.endswith(b"\r\n0\r\n\r\n"):
            self._wanted = len(self._parts)
        if 0 <= self._wanted <= len(self._parts) and self._answer is not None and not self._answer.done():
            self._answer.set_result(bytes(self._parts))

    def _length(self, end: int) -> int:
        head = bytes(self._parts[:end]).lower()
        start = head.find(b"content-length:")
        return -1 if start < 0 else end + 4 + int(head[start + 15 :].partition(b"\r\n")[0])


async def ask_once(request: Request) -> bytes:
    """The body of one answer.

    Raises:
        Failed: not 200.
    """
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", request.port)
    try:
        return _checked(await asyncio.wait_for(connection.ask(request.raw), 60))
    finally:
        assert connection.transport is not None
        connection.transport.close()


def _checked(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise Failed(f"{head.splitlines()[0].decode()}: {body[:300].decode(errors='replace')}")
    return body


async def press(requests: Sequence[Request], pids: dict[str, int], connections: int, count: int) -> Load:
    """Send ``count`` requests in turn over that many connections, each waiting for its answer.

    ``pids`` names the processes whose CPU counts, with all their descendants. What each burns at rest is measured
    for half a second before and taken off.

    Raises:
        Failed: an answer was not 200.
    """
    loop, raws = asyncio.get_running_loop(), [request.raw for request in requests]
    open_ones = [
        (await loop.create_connection(_Connection, "127.0.0.1", requests[0].port))[1] for _ in range(connections)
    ]
    at_rest = {name: cpu_seconds(pid) for name, pid in pids.items()}
    rested = time.perf_counter()
    await asyncio.sleep(0.5)
    rested = time.perf_counter() - rested
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    idle = {name: (before[name] - at_rest[name]) / rested for name in pids}
    latencies: list[float] = []
    turns = iter(range(count))
    began = time.perf_counter()

    async def keep_busy(connection: _Connection) -> None:
        for turn in turns:
            started = time.perf_counter()
            _checked(await asyncio.wait_for(connection.ask(raws[turn % len(raws)]), 60))
            latencies.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(keep_busy(one) for one in open_ones))
    took = time.perf_counter() - began
    burnt = {name: cpu_seconds(pid) - before[name] - idle[name] * took for name, pid in pids.items()}
    for one in open_ones:
        assert one.transport is not None
        one.transport.close()
    return Load(latencies, count / took, {name: max(0.0, spent) * 1000 / count for name, spent in burnt.items()})


def middle(loads: Sequence[Load]) -> Load:
    """The median of several stretches, figure by figure; latencies are pooled."""
    return Load(
        [one for load in loads for one in load.latencies],
        statistics.median(load.per_second for load in loads),
        {name: statistics.median(load.cpu_ms[name] for load in loads) for name in loads[0].cpu_ms},
    )


def cpu_seconds(pid: int) -> float:
    """CPU seconds so far of a process and of its living descendants."""
    total = 0.0
    for one in _family(pid):
        try:
            total += time.clock_gettime((~one << 3) | _PROCESS_CLOCK)
        except OSError:
            continue
    return total


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))

"""Times the API: one lead and a hundred, each part's price, and peers with the same trees. Nothing is asserted.

Run from the repository: python -m benchmarks.serving.run [--count 600] [--rounds 5] [--parts forms,rising,peers]
Clients and servers share this machine, so CPU is the evidence: seconds that the server's process and its children
burnt, less what they burn at rest, by request; the database's are in a column of their own. Forms take turns within
a round and the median of the rounds counts; a ratio is one of medians of the same run.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import lightgbm
import numpy as np

from benchmarks.serving import neighbours, servers
from benchmarks.serving.load import Load, Request, middle, press
from benchmarks.serving.stage import Stage, prepare
from tekup.db.embedded import start_embedded

BATCH = 100
DIFFERENT = 64
RISING = (1, 4, 16, 64)
Form: TypeAlias = tuple[Sequence[Request], int]
"""Requests, and the process whose CPU counts."""


def main() -> None:
    """Prepare, measure, print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=600, help="requests a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000, help="leads that the model learns from")
    parser.add_argument("--home", type=Path, help="a folder that keeps data and model from run to run")
    parser.add_argument("--parts", default="forms,rising,peers", help="which tables")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        home = options.home or Path(folder) / "home"
        try:
            stage = prepare(home, options.rows)
            trees = lightgbm.Booster(model_file=str(stage.trees))
            print(f"model: {trees.num_trees()} trees, {len(stage.model.features)} features; load {load()}", flush=True)
            Runs(stage, options).print_all()
        finally:
            start_embedded(home).stop()


def load() -> str:
    """How much the machine has to do."""
    return f"{os.getloadavg()[0]:.1f}"


class Runs:
    """All measurements on one stage."""

    def __init__(self, stage: Stage, options: argparse.Namespace) -> None:
        self._stage, self._count, self._rounds = stage, options.count, options.rounds
        self._parts = options.parts.split(",")
        self._postgres = int((stage.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        self._headers = (("authorization", f"Bearer {stage.token}"),)

    def print_all(self) -> None:
        """Each table that was asked for."""
        with contextlib.ExitStack() as running:
            whole = running.enter_context(servers.ours(self._stage.home))
            if "forms" in self._parts or "rising" in self._parts:
                bare = running.enter_context(servers.ours(self._stage.home, "bare"))
                floor = [Request(bare[0], "POST /empty", self._features(whole[0])[0].body)], bare[1]
                if "forms" in self._parts:
                    self._print_forms(self._measure(self._forms(running, floor, whole)))
                if "rising" in self._parts:
                    self._print_rising(
                        {"empty FastAPI": floor, "one lead by features": (self._features(whole[0]), whole[1])}
                    )
            if "peers" in self._parts:
                self._print_peers(self._features(whole[0]), self._batch(whole[0]), whole[1])

    def _forms(self, running: contextlib.ExitStack, floor: Form, whole: tuple[int, int]) -> dict[str, Form]:
        """What is compared, by name."""
        fresh = running.enter_context(servers.ours(self._stage.home, "fresh-tokens"))
        unaudited = running.enter_context(servers.ours(self._stage.home, "without-audit"))
        unguarded = running.enter_context(servers.ours(self._stage.home, "without-audit", "without-row-security"))
        port, pid = whole
        body = floor[0][0].body
        known = Request(port, "POST /empty-for-a-caller", body, self._headers)
        return {
            "empty FastAPI": floor,
            "our empty route, for anybody": ([Request(port, "POST /empty", body)], pid),
            "our empty route, for a caller": ([known], pid),
            "the same, its token looked up each time": (_moved([known], fresh[0]), fresh[1]),
            "one lead by features": (self._features(port), pid),
            "one lead by features, 3 reasons": (self._features(port, reasons=3), pid),
            "one lead by id": (self._by_id(port), pid),
            "one lead by id, no audit": (self._by_id(unaudited[0]), unaudited[1]),
            "the same, no row-level security": (self._by_id(unguarded[0]), unguarded[1]),
            f"{BATCH} leads by features": (self._batch(port), pid),
            f"{BATCH} leads by id": (self._batch_by_id(port), pid),
        }

    def _measure(self, forms: dict[str, Form]) -> dict[str, Load]:
        """The middle of some rounds in which the forms take turns; one round more warms up."""
        loads: dict[str, list[Load]] = defaultdict(list)
        for turn in range(self._rounds + 1):
            for name, (requests, pid) in forms.items():
                count = max(20, self._count // 10) if name.startswith(f"{BATCH} ") else self._count
                pids = {"server": pid, "database": self._postgres}
                if turn == 0:
                    asyncio.run(press(requests, pids, 4, max(20, count // 4)))
                else:
                    loads[name].append(asyncio.run(press(requests, pids, 4, count)))
        return {name: middle(found) for name, found in loads.items()}

    def _print_forms(self, told: dict[str, Load]) -> None:
        floor = told["empty FastAPI"].cpu_ms["server"]
        print(
            f"\n{'4 connections':<42}{'CPU ms':>8}{'to empty':>10}{'database':>10}{'p50 ms':>9}{'p99 ms':>9}{'/s':>8}"
        )
        for name, load_of in told.items():
            cpu = load_of.cpu_ms
            print(
                f"{name:<42}{cpu['server']:>8.3f}{cpu['server'] / floor:>10.2f}{cpu['database']:>10.3f}"
                f"{load_of.quantile(0.5):>9.2f}{load_of.quantile(0.99):>9.2f}{load_of.per_second:>8.0f}"
            )
        between = (
            ("our layers", "our empty route, for anybody", "empty FastAPI"),
            ("a known caller", "our empty route, for a caller", "our empty route, for anybody"),
            ("looking its token up", "the same, its token looked up each time", "our empty route, for a caller"),
            ("three reasons", "one lead by features, 3 reasons", "one lead by features"),
            ("the audit trail, one lead by id", "one lead by id", "one lead by id, no audit"),
            ("row-level security", "one lead by id, no audit", "the same, no row-level security"),
        )
        print(f"\n{'what it costs (CPU ms a request)':<42}{'server':>8}{'database':>20}")
        for name, more, less in between:
            cost = {place: told[more].cpu_ms[place] - told[less].cpu_ms[place] for place in ("server", "database")}
            print(f"{name:<42}{cost['server']:>8.3f}{cost['database']:>20.3f}")
        print(f"load {load()}", flush=True)

    def _print_rising(self, forms: dict[str, Form]) -> None:
        print(f"\n{'connections':<30}{'CPU ms':>8}{'p50 ms':>9}{'p99 ms':>9}{'/s':>8}")
        for connections in RISING:
            for name, (requests, pid) in forms.items():
                rounds = [
                    asyncio.run(press(requests, {"server": pid}, connections, self._count)) for _ in range(self._rounds)
                ]
                found = middle(rounds)
                print(
                    f"{connections:>3}  {name:<25}{found.cpu_ms['server']:>8.3f}{found.quantile(0.5):>9.2f}"
                    f"{found.quantile(0.99):>9.2f}{found.per_second:>8.0f}",
                    flush=True,
                )

    def _print_peers(self, one: Sequence[Request], hundred: Sequence[Request], pid: int) -> None:
        """Each peer beside ours, taking turns."""
        print(f"\n{'16 connections':<16}{'one: CPU':>10}{'ours':>8}{'/s':>8}{'ours':>8}{'100: CPU':>10}{'ours':>8}"
              f"   ours: CPU of one, requests/s, CPU of 100")  # fmt: skip
        for peer in neighbours.PEERS:
            if not peer.is_installed:
                print(f"{peer.name:<16}not installed (make .venv/.peers)", flush=True)
                continue
            with peer.running(self._stage.home, self._stage.trees) as (port, peer_pid):
                singles = [self._of_peer(peer, port, [position]) for position in range(DIFFERENT)]
                many = [self._of_peer(peer, port, range(start, start + BATCH)) for start in range(0, 5 * BATCH, BATCH)]
                self._check(peer, many[0], peer_pid)
                loads: dict[str, list[Load]] = defaultdict(list)
                for turn in range(self._rounds + 1):
                    for name, requests, owner, count in (
                        ("one", singles, peer_pid, self._count // 4), ("our one", one, pid, self._count),
                        ("100", many, peer_pid, self._count // 20), ("our 100", hundred, pid, self._count // 10),
                    ):  # fmt: skip
                        found = asyncio.run(press(requests, {"server": owner}, 16 if "one" in name else 4, count))
                        if turn:
                            loads[name].append(found)
                told = {name: middle(found) for name, found in loads.items()}
            cpu = {name: found.cpu_ms["server"] for name, found in told.items()}
            print(
                f"{peer.name:<16}{cpu['one']:>10.2f}{cpu['our one']:>8.2f}{told['one'].per_second:>8.0f}"
                f"{told['our one'].per_second:>8.0f}{cpu['100']:>10.2f}{cpu['our 100']:>8.2f}   "
                f"{cpu['our one'] / cpu['one']:.2f}, {told['our one'].per_second / told['one'].per_second:.1f}, "
                f"{cpu['our 100'] / cpu['100']:.2f} times; load {load()}",
                flush=True,
            )

    def _check(self, peer: neighbours.Peer, request: Request, pid: int) -> None:
        """Wait for a peer, and see that it has the same trees."""
        answer = peer.read(json.loads(servers.wait_for(request, pid, self._stage.home / peer.log)))
        booster = lightgbm.Booster(model_file=str(self._stage.trees))
        matrix = np.array([self._stage.encoded(n) for n in range(BATCH)], dtype=float)
        if not np.allclose(answer, booster.predict(matrix), atol=1e-9):
            raise SystemExit(f"{peer.name} answers something else than these trees")

    def _of_peer(self, peer: neighbours.Peer, port: int, positions: Sequence[int]) -> Request:
        return peer.request(port, [self._stage.encoded(n) for n in positions], self._stage.model.features)

    def _features(self, port: int, *, reasons: int = 0) -> list[Request]:
        bodies = [{"features": self._stage.rows[n], "reasons": reasons} for n in range(DIFFERENT)]
        return [self._ours(port, "/v1/scores", body) for body in bodies]

    def _by_id(self, port: int) -> list[Request]:
        bodies = [{"lead_id": str(one), "reasons": 0} for one in self._stage.lead_ids[:DIFFERENT]]
        return [self._ours(port, "/v1/scores", body) for body in bodies]

    def _batch(self, port: int) -> list[Request]:
        leads = [{"features": row} for row in self._stage.rows]
        return [
            self._ours(port, "/v1/scores/batch", {"leads": leads[n : n + BATCH]}) for n in range(0, 5 * BATCH, BATCH)
        ]

    def _batch_by_id(self, port: int) -> list[Request]:
        leads = [{"lead_id": str(one)} for one in self._stage.lead_ids]
        return [
            self._ours(port, "/v1/scores/batch", {"leads": leads[n : n + BATCH]}) for n in range(0, 5 * BATCH, BATCH)
        ]

    def _ours(self, port: int, path: str, body: object) -> Request:
        return Request(port, f"POST {path}", json.dumps(body).encode(), self._headers)


def _moved(requests: Sequence[Request], port: int) -> list[Request]:
    return [Request(port, one.head, one.body, one.headers) for one in requests]


if __name__ == "__main__":
    main()

"""Peers: how each is started, asked and read. What is measured is not known here."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving import servers
from benchmarks.serving.load import Request

PYTHON = servers.ROOT / ".venv" / "peers" / "bin" / "python"
Rows = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: the module that must be there, its command by port, where it is asked, and what rows look like."""

    name: str
    module: str
    command: Callable[[int], list[str]]
    path: str
    body: Callable[[Rows, list[str]], dict[str, Any]]
    read: Callable[[Any], list[float]]

    @property
    def log(self) -> str:
        """The name of its log."""
        return f"{self.module}.log"

    @property
    def is_installed(self) -> bool:
        """Whether the peers' environment has it."""
        if not PYTHON.exists():
            return False
        return subprocess.run([PYTHON, "-c", f"import {self.module}"], capture_output=True).returncode == 0

    def request(self, port: int, rows: Rows, columns: list[str]) -> Request:
        """A request for the probabilities of these rows."""
        return Request(port, f"POST {self.path}", json.dumps(self.body(rows, columns)).encode())

    @contextlib.contextmanager
    def running(self, folder: Path, trees: Path) -> Iterator[tuple[int, int]]:
        """The server in its own process; gives port and pid."""
        port = servers.free_port()
        own = {
            "BENTOML_DO_NOT_TRACK": "True",
            "BENTOML_HOME": str(folder / "bento"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_FOLDER": str(folder / "ray"),
            "MODEL": str(folder / "mlflow-model"),
            "TREES": str(trees),
            "PATH": f"{PYTHON.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(servers.ROOT),
        }
        command = [str(PYTHON), *self.command(port)]
        with servers.running(command, own, folder / self.log) as pid:
            yield port, pid


PEERS = (
    Peer(
        "BentoML",
        "bentoml",
        lambda port: ["-m", "bentoml", "serve", "benchmarks.serving.peers.bento:Scorer", "--port", str(port),
                      "--host", "127.0.0.1"],
        "/predict",
        lambda rows, columns: {"rows": rows},
        lambda answer: list(answer),
    ),
    Peer(
        "MLflow",
        "mlflow.pyfunc",
        lambda port: ["-m", "benchmarks.serving.peers.flow", str(port)],
        "/invocations",
        lambda rows, columns: {"dataframe_split": {"columns": columns, "data": rows}},
        lambda answer: list(answer["predictions"]),
    ),
    Peer(
        "Ray Serve",
        "ray.serve",
        lambda port: ["-m", "benchmarks.serving.peers.rays", str(port)],
        "/",
        lambda rows, columns: {"rows": rows},
        lambda answer: list(answer),
    ),
)  # fmt: skip

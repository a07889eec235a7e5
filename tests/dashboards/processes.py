"""Real servers for the tests: started on a free port of this machine, ended by their own process id."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import httpx

_DEADLINE_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A child process that is ready when its address answers, and gone when the block ends."""

    def __init__(self, command: list[str], environment: dict[str, str], address: str, folder: Path) -> None:
        self._command, self._environment, self._address, self._folder = command, environment, address, folder

    def __enter__(self) -> "Service":
        self._output = tempfile.TemporaryFile("w+")  # closed in __exit__
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self._address, trust_env=False, timeout=2).status_code == httpx.codes.OK:
                    return self
            time.sleep(0.1)
        said = self.output()
        self._end()
        raise RuntimeError(f"{' '.join(self._command)} did not get ready: {said[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def output(self) -> str:
        """What the process has written so far."""
        self._output.seek(0)
        return self._output.read()

    def _end(self) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.kill(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._output.close()

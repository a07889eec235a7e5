"""The command line: faults are one clear line and a status, and each command loads only what it needs."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tekup.cli import cli, main
from tests.paths import ROOT

TEKUP = str(Path(sys.executable).parent / "tekup")


def tekup(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TEKUP, *arguments],
        env=os.environ | {"TEKUP_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_every_command_has_a_help_text(tmp_path: Path) -> None:
    listing = tekup("--help", home=tmp_path)
    assert listing.returncode == 0, listing.stderr
    for command in ("run", "serve", "status", "import", "pull", "tenant", "user", "token", "connect", "db"):
        assert f"\n  {command} " in listing.stdout


@pytest.mark.parametrize(
    ("environment", "told", "status"),
    [
        ({"TEKUP_API_PORT": "many"}, "TEKUP_API_PORT", 2),
        ({"TEKUP_WAREHOUSE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "can't connect to the warehouse", 3),
        ({"TEKUP_MASTER_KEY": "short", "TEKUP_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "32 bytes", 2),
    ],
)
def test_a_fault_is_one_line_with_what_to_do_and_no_traceback(
    server_home: Path, environment: dict[str, str], told: str, status: int
) -> None:
    done = tekup("tenant", "list", home=server_home, **environment)
    assert done.returncode == status, done.stderr
    assert told in done.stderr
    assert "to mend it:" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(server_home: Path) -> None:
    done = tekup("--debug", "tenant", "list", home=server_home, TEKUP_API_PORT="many")
    assert "Traceback" in done.stderr


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    done = tekup("tenant", "list", home=tmp_path / "home")
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "TEKUP_HOME" in done.stderr


def test_tenants_are_listed_without_dagster() -> None:
    script = "import sys; from tekup.commands.tenant import tenant; assert 'dagster' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_a_tenant_a_user_and_a_token_are_made_and_seen_as_that_tenant_only(server_home: Path) -> None:
    home = server_home
    for name in ("One", "Two"):
        done = tekup("tenant", "create", name, "--domain", f"{name.lower()}.example", home=home)
        assert done.returncode == 0, done.stderr
    done = tekup("user", "create", "one.example", "a@one.example", "--password", "a long enough one", home=home)
    assert done.returncode == 0, done.stderr
    token = tekup("token", "create", "one.example", home=home)
    assert token.stdout.startswith("tk_")
    told = tekup("db", "as-tenant", "one.example", "-c", "select count(*) from ml.lead_score", home=home)
    assert told.returncode == 0, told.stderr
    assert "(1 row)" in told.stdout
    assert "Nothing has been pulled yet" in tekup("status", home=home).stdout


@pytest.mark.parametrize(
    "fault",
    [OSError(errno.ENOSPC, "No space left on device"), psycopg.errors.DiskFull("could not extend file")],
    ids=["a file", "the database"],
)
def test_a_full_disk_is_told_in_words(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise fault

    monkeypatch.setattr(sys, "argv", ["tekup", "status"])
    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 70
    assert "the disk is full" in told
    assert "free space" in told


def test_a_dead_vendor_is_one_line_and_is_seen_in_the_status(server_home: Path) -> None:
    for arguments in (
        ("tenant", "create", "One", "--domain", "one.example"),
        ("connect", "one.example", "kit", "--credential", "a key"),
        ("pull", "one.example", "operational"),
    ):
        assert tekup(*arguments, home=server_home).returncode == 0
    dead = {"TEKUP_KIT_API_BASE": "http://127.0.0.1:9"}
    done = tekup("pull", "one.example", "kit", home=server_home, **dead)
    assert done.returncode == 5, done.stderr
    assert "to mend it:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "failing" in tekup("tenant", "show", "one.example", home=server_home).stdout
    assert "failed" in tekup("status", home=server_home, COLUMNS="200").stdout

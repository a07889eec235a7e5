"""dbt's project, its manifest and the environment of its profile. Models are written under `dbt/`."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from dagster_dbt import DbtProject

from tekup.db import Database, Doors, Role
from tekup.errors import TekupError

DBT_FOLDER = Path(__file__).resolve().parents[2] / "dbt"
_PARTS = ("models", "macros", "seeds", "snapshots", "tests", "dbt_project.yml", "profiles.yml")

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    # a failing test as an error would stop the models behind it for every tenant: see `pipelines.quality.dbt_tests`
    "TEKUP_DBT_TEST_SEVERITY": "warn",
    "DBT_LOG_LEVEL_FILE": "info",  # a build's debug log is eleven megabytes, which nobody reads
}


class DbtFailed(TekupError):
    """dbt could not parse or build the project."""


def dbt_project() -> DbtProject:
    """The project with a manifest that is as new as its files; parsing needs no database."""
    ensure_manifest()
    _put_dbt_on_path()
    return DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER)


def project_fingerprint(parts: tuple[str, ...] = _PARTS) -> str:
    """A hash of everything that dbt reads, so that an unchanged project is neither parsed nor built again."""
    digest = hashlib.sha256()
    for part in parts:
        path = DBT_FOLDER / part
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.exists():
                digest.update(str(file.relative_to(DBT_FOLDER)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def ensure_manifest() -> Path:
    """Parse the project where its files changed since the last time; one process at a time does it.

    Raises:
        DbtFailed: the project has a fault; the message is dbt's own.
    """
    target = DBT_FOLDER / "target"
    target.mkdir(exist_ok=True)
    manifest, stamp = target / "manifest.json", target / "manifest.fingerprint"
    with (target / "manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = project_fingerprint()
        if manifest.exists() and stamp.exists() and stamp.read_text() == wanted:
            return manifest
        done = subprocess.run(
            [find_dbt(), "--quiet", "parse", "--project-dir", DBT_FOLDER, "--profiles-dir", DBT_FOLDER],
            capture_output=True,
            text=True,
            env=os.environ | _SETTINGS,
            check=False,
        )
        if done.returncode:
            raise DbtFailed("dbt can't parse its project", hint=(done.stdout + done.stderr).strip()[-800:])
        stamp.write_text(wanted)
    return manifest


def profile_environment(doors: Doors) -> dict[str, str]:
    """What `profiles.yml` reads: the warehouse's address as the pipeline's role."""
    parts = urlsplit(doors.url(Database.WAREHOUSE, Role.PIPELINE))
    query = parse_qs(parts.query)
    return {
        "TEKUP_DBT_HOST": query["host"][0] if "host" in query else parts.hostname or "localhost",
        "TEKUP_DBT_PORT": query["port"][0] if "port" in query else str(parts.port or 5432),
        "TEKUP_DBT_USER": unquote(parts.username or Role.PIPELINE.login),
        "TEKUP_DBT_PASSWORD": unquote(parts.password or ""),
        "TEKUP_DBT_NAME": parts.path.lstrip("/"),
        # what no model's own checksum tells: a table built by other macros or settings is not built upon
        "TEKUP_DBT_CODE": project_fingerprint(("macros", "dbt_project.yml")),
        **_SETTINGS,
    }


def find_dbt() -> str:
    """The dbt of this environment."""
    return str(Path(sys.executable).parent / "dbt")


def _put_dbt_on_path() -> None:
    """Dagster looks for dbt on PATH, where the environment's own programs are only once it is activated."""
    folder = str(Path(sys.executable).parent)
    if folder not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", "")])

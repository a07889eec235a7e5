"""dbt's own documentation as one file to open in a browser: descriptions, columns, tests, lineage and exposures.

It is never served by dbt: `dbt docs serve` has a known hole (CVE-2026-100406), and a file needs no server.
"""

import os
import subprocess
from pathlib import Path

from pipelines.resources.dbt_project import DBT_FOLDER, DbtFailed, ensure_manifest, find_dbt


def write_docs() -> Path:
    """Write the page and return where it is; no database is asked, since contracts tell the columns' types.

    Raises:
        DbtFailed: dbt can't write it; the message is dbt's own.
    """
    target = ensure_manifest().parent
    done = subprocess.run(
        [
            find_dbt(), "--quiet", "docs", "generate", "--static", "--empty-catalog", "--no-compile",
            "--project-dir", DBT_FOLDER, "--profiles-dir", DBT_FOLDER, "--target-path", target,
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"DO_NOT_TRACK": "1"},
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise DbtFailed("dbt can't write its docs", hint=(done.stdout + done.stderr).strip()[-800:])
    return target / "static_index.html"

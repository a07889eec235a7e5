"""Every file that is generated from dbt's manifest is as the manifest has it now."""

from typing import Any

from pipelines.catalogue.__main__ import ROOT, write_all


def test_every_generated_file_is_current(manifest: dict[str, Any]) -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, content in write_all(manifest).items() if path.read_text() != content
    ]
    assert stale == [], "make docs writes them anew"

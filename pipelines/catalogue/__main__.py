"""Writes everything that is generated from dbt's manifest: ``python -m pipelines.catalogue``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.catalogue import entities, metrics
from pipelines.catalogue.dbt_docs import write_docs
from pipelines.resources.dbt_project import ensure_manifest

ROOT = Path(__file__).resolve().parents[2]


def write_all(manifest: Mapping[str, Any]) -> dict[Path, str]:
    """What each generated file should hold."""
    return {
        ROOT / "tekup" / "metrics.json": metrics.write_data(manifest),
        ROOT / "docs" / "data" / "metrics.md": metrics.write_page(manifest),
        ROOT / "docs" / "data" / "entities.md": entities.write_page(manifest),
    }


def main() -> None:
    """Write them, and dbt's own docs."""
    for path, content in write_all(json.loads(ensure_manifest().read_text())).items():
        path.write_text(content)
        print(f"docs: {path.relative_to(ROOT)}")
    print(f"docs: {write_docs().relative_to(ROOT)} (open it in a browser)")


if __name__ == "__main__":
    main()

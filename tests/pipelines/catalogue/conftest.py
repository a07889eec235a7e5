"""dbt's manifest, as new as the project's files."""

import json
from typing import Any

import pytest

from pipelines.resources.dbt_project import ensure_manifest


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ensure_manifest().read_text())
    return read

"""Where the tests find the repository and the reference data beside it. No fixture lives here."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def shared(name: str) -> Path:
    """Path of a reference file; skips where it is missing, and fails there in CI."""
    path = SHARED / name
    if not path.exists():
        message = f"reference data {name} is missing beside the repository"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path

"""A tenant's prefix of the lake, and its removal. What an extract holds is decided where it is written."""

import shutil
from pathlib import Path
from uuid import UUID


def extracts_prefix(lake: str, tenant_id: UUID) -> str:
    """The folder or object-store prefix under which all extracts of one tenant lie."""
    return f"{lake.rstrip('/')}/{tenant_id}"


def remove_extracts(lake: str, tenant_id: UUID) -> None:
    """Delete a tenant's whole prefix (local folders; an object store's life-cycle rule does it there)."""
    if "://" not in lake:
        shutil.rmtree(Path(extracts_prefix(lake, tenant_id)), ignore_errors=True)

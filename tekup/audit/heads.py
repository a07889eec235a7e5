"""Heads of seals, kept in a file away from the database: with them a trail that was cut at its end is found.

Put the file on storage that forbids changes, or send its lines away; each says all that is needed.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from tekup.audit.seals import Sealed
from tekup.db import Database


def append_heads(path: Path, seals: Iterable[Sealed]) -> None:
    """Append a line for each seal; lines of several processes do not mix, since each write is one."""
    lines = "".join(
        json.dumps(
            {
                "database": seal.database,
                "tenant_id": str(seal.tenant_id),
                "number": seal.number,
                "head": seal.head().hex(),
                "sealed_at": seal.sealed_at,
                "key_id": seal.key_id,
            }
        )
        + "\n"
        for seal in seals
    )
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_heads(path: Path, database: Database, tenant_id: UUID) -> dict[int, bytes]:
    """The tenant's heads by number of seal; none where there is no file. A torn last line is passed over."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        try:
            head = json.loads(line)
            if head["database"] == database.value and head["tenant_id"] == str(tenant_id):
                found[int(head["number"])] = bytes.fromhex(head["head"])
        except (ValueError, KeyError, TypeError):
            continue
    return found

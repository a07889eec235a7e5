"""Putting a job into the queue, in the transaction that makes it necessary."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_DEFER = text("select app.defer_job(:task, cast(:arguments as jsonb), :lock, :at)")


async def defer(
    session: AsyncSession, task: str, arguments: dict[str, Any], *, lock: str | None = None, at: datetime | None = None
) -> int:
    """Have ``task`` run with ``arguments`` and the session's tenant once this transaction is committed; the job's id.

    It may run more than once, where a worker dies. Jobs of one ``lock`` run one after the other.
    """
    values = {"task": task, "arguments": json.dumps(arguments), "lock": lock, "at": at}
    job: int = (await session.execute(_DEFER, values)).scalar_one()
    return job

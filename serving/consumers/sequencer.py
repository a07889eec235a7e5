"""Giving positions to committed events. Any number of processes may run it: one at a time does the work."""

import asyncio

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.kit.databases import Databases

BATCH = 1000
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
_STANDBY_SECONDS = 0.5
_FAULT_SECONDS = 2.0
_log = structlog.get_logger("serving.sequencer")


async def run_sequencer(databases: Databases) -> None:
    """Number events until cancelled: at once while they come, five times a second while none does."""
    pause = LONGEST_PAUSE
    while True:
        try:
            numbered = await sequence_once(databases)
        except (DBAPIError, PoolTimeout, OSError) as error:
            _log.error("sequencer waits", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(_FAULT_SECONDS)
            continue
        if numbered < 0:
            await asyncio.sleep(_STANDBY_SECONDS)
        elif numbered < BATCH:
            pause = SHORTEST_PAUSE if numbered else min(pause * 1.2, LONGEST_PAUSE)
            await asyncio.sleep(pause)


async def sequence_once(databases: Databases) -> int:
    """Number up to one batch: how many, or -1 where another process is at it."""
    return int((await databases.call("select app.sequence_events(:most)", most=BATCH))[0])

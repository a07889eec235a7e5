"""The task that seals new entries while the API runs. Several processes may run it: each tenant's seals are in turn."""

import asyncio
import time

import structlog

from tekup.audit.sealing import keep_heads, seal_all
from tekup.audit.trail import sealing_key
from tekup.db import Doors
from tekup.directory.tenants import list_tenants

HEADS_EVERY_SECONDS = 3600.0
_SHARE_OF_TIME = 0.05
"""A round over many tenants may take its time, but not more than this share of one core."""
_log = structlog.get_logger("serving.audit")


async def keep_sealing(doors: Doors, seconds: float) -> None:
    """Seal every ``seconds`` until cancelled; a failure is logged and the next round tries again."""
    last_heads = float("-inf")
    while True:
        started = time.monotonic()
        is_time_for_heads = started - last_heads >= HEADS_EVERY_SECONDS
        try:
            await asyncio.to_thread(_seal_round, doors, is_time_for_heads)
            last_heads = started if is_time_for_heads else last_heads
        except Exception as error:
            _log.error("audit entries could not be sealed", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(max(seconds, (time.monotonic() - started) / _SHARE_OF_TIME))


def _seal_round(doors: Doors, with_heads: bool) -> None:
    made = list(seal_all(doors, [one.id for one in list_tenants(doors)], key=sealing_key(doors.master_key)))
    if with_heads:
        keep_heads(doors.settings.audit_heads_path, made)

"""What readiness means."""

from serving.kit.databases import Databases
from serving.kit.problems import Problem
from serving.scores.live_model import LiveModel
from tekup.db import Database


async def find_missing(databases: Databases, live_model: LiveModel) -> list[str]:
    """What keeps this process from serving, by name; empty when nothing does."""
    missing = [f"{database} database" for database in Database if not await databases.answers(database)]
    try:
        await live_model.current()
    except Problem:
        missing.append("live model")
    return missing

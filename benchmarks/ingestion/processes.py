"""What other processes use, as Linux tells it under /proc. What they do is not its concern."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def parent_of(pid: int) -> int:
    """Return the process that started this one."""
    return int(_stat(pid)[1])


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, of its children and of those that have ended; 0 for one that is gone."""
    try:
        own = sum(map(int, _stat(pid)[11:15]))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return own / _TICKS + sum(cpu_seconds(int(child)) for child in children)


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()

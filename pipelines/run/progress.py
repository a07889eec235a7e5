"""A line per stage while the main job works. What the lines say is decided where the work is done."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console


class Progress:
    """Prints to a console; on a terminal the stage under way shows a spinner."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str) -> None:
        """Print one line."""
        self._console.print(text, markup=False, highlight=False)

    @contextlib.contextmanager
    def stage(self, name: str, seconds: dict[str, float]) -> Iterator[Callable[[str], None]]:
        """Time a stage; the block may hand a note that its line ends with."""
        notes: list[str] = []
        started = time.monotonic()
        with self._console.status(f"{name} ..."):
            yield notes.append
        seconds[name] = time.monotonic() - started
        ending = f", {notes[-1]}" if notes and notes[-1] else ""
        self.line(f"{name}: {seconds[name]:.1f} s{ending}")

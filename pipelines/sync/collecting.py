"""How often Python looks for garbage in cycles while rows stream through. What is kept is decided elsewhere."""

import contextlib
import gc
from collections.abc import Iterator

_YOUNG = 50_000


@contextlib.contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for cycles once in 50,000 new containers within the block.

    Parsed JSON is containers without cycles: by default each 700 of them have the collector look, and now and then at
    everything that is alive, which was a seventh of a pull's CPU time.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(_YOUNG, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)

"""W3C Trace Context: which trace a request is part of. Where traces are sent is no concern of this module."""

import os
import re
from collections.abc import Sequence

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def trace_of(headers: Sequence[str]) -> str:
    """The trace id of the request's one ``traceparent``; a new one where it is missing, doubled or can't be read.

    >>> trace_of(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
    '4bf92f3577b34da6a3ce929d0e0e4736'
    """
    found = _PARENT.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    if found and found[1] != "ff" and (found[1] != "00" or not found[4]) and int(found[2], 16) and int(found[3], 16):
        return found[2]
    return os.urandom(16).hex()

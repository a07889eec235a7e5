"""The event bus under kill -9, in small. `python -m benchmarks.events.soak` is the whole; `idle` measures streams."""

import sys

from benchmarks.events.soak import main

if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.argv += ["--events", "5000", "--kills", "10"]
    sys.exit(main())

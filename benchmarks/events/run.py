"""The event bus under kill -9, in small unless told otherwise: `make bench ARGS=…` runs every benchmark."""

import sys

from benchmarks.events.soak import main

if __name__ == "__main__":
    sys.exit(main())

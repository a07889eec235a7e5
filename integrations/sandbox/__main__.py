"""The sandbox's command line: ``python -m integrations.sandbox``. It only reads arguments and starts the server."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from integrations.sandbox.bulk import BULK_TENANT
from integrations.sandbox.server import create_app
from integrations.sandbox.transport import listen, make_server
from integrations.sandbox.world import load_world


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; one ready line names the address."""
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--home", type=Path, default=Path(".tekup/sandbox"), help="where drawn worlds are kept")
    parser.add_argument("--as-of", type=datetime.fromisoformat, default=None, help="ISO instant (default: midnight)")
    parser.add_argument("--real-limits", action="store_true", help="enforce the vendors' own rate limits")
    parser.add_argument(
        "--bulk-contacts", type=int, default=0, help=f"give {BULK_TENANT}'s HubSpot so many contacts instead of its own"
    )
    options = parser.parse_args(arguments)
    as_of = options.as_of
    if as_of is not None and as_of.tzinfo is None:
        as_of = as_of.replace(tzinfo=UTC)
    try:
        listener = listen(options.port)
    except OSError:
        print(f"port {options.port} is taken: end what uses it or choose another with --port", file=sys.stderr)
        return 1
    world = load_world(options.home, options.seed, options.scale, as_of, with_truth=False)
    app = create_app(world, real_limits=options.real_limits, bulk_contacts=options.bulk_contacts)
    print(f"sandbox ready on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    make_server(app).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())

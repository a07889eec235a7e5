"""Times what the audit trail costs a request: the same reads with and without their entry. Nothing is asserted.

Run from the repository: python -m benchmarks.security.audit [--rounds 25] [--requests 300]
A request here is what every route does: a session of the API on the operational database, one statement, COMMIT.
Batches with and without the entry take turns; a figure is the median of the rounds' differences. CPU time of the API's
process and of the server's process for the connection is what the work takes; the time on the clock counts the
machine's other work too.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import select, text

from serving.kit.access import Access, current_access
from serving.kit.databases import Databases
from serving.models import operational
from tekup.db import Database, Doors
from tekup.db.embedded import start_embedded
from tekup.directory.tenants import create_tenant
from tekup.ids import uuid7
from tekup.settings import read_settings
from tekup.tenancy import TenantContext

LEADS = 20_000
_FILL = """
insert into app.leads (tenant_id, id, email)
select %(tenant)s, gen_random_uuid(), 'lead' || n || '@example.dk' from generate_series(1, %(leads)s) as n
"""


@dataclass(frozen=True)
class _Caller:
    tenant_id: UUID
    id: UUID
    kind: str = "token"

    @property
    def context(self) -> TenantContext:
        return TenantContext.system(self.tenant_id)


@dataclass(frozen=True)
class Cost:
    """Microseconds a request."""

    clock: float
    client: float
    server: float


async def measure(doors: Doors, *, rounds: int, requests: int) -> None:
    """Fill a tenant, take turns and print."""
    tenant = create_tenant(doors, "Bench ApS", "bench.example")
    with psycopg.connect(doors.admin_url(Database.OPERATIONAL), autocommit=True) as admin:
        admin.execute(_FILL, {"tenant": tenant.id, "leads": LEADS})
        admin.execute("analyze app.leads")
        ids = [row[0] for row in admin.execute("select id from app.leads limit 5000").fetchall()]
    table = operational.leads
    statements = {
        "one lead": lambda turn: select(table).where(
            table.c.tenant_id == tenant.id, table.c.id == ids[turn % len(ids)]
        ),
        "page of 50": lambda turn: select(table).where(table.c.tenant_id == tenant.id).order_by(table.c.id).limit(50),
    }
    caller = _Caller(tenant.id, uuid7())
    scope = {
        "type": "http", "method": "GET", "path": "/v1/leads", "headers": [], "request_id": "benchmark-0001",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "path_params": {},
    }  # fmt: skip
    current_access.set(Access(scope, caller, "127.0.0.1", None))  # type: ignore[arg-type]
    both = {"without": Databases(doors, read_share=0.0), "with": Databases(doors, read_share=1.0)}
    pids = {name: await _pid(databases, caller.context) for name, databases in both.items()}

    print(f"{'read':<12}{'':<10}{'clock µs':>10}{'API CPU µs':>12}{'server CPU µs':>15}")
    for what, statement in statements.items():

        async def batch(name: str, turn: int, statement=statement) -> Cost:  # type: ignore[no-untyped-def]
            server, client, started = _server_cpu(pids[name]), time.process_time(), time.perf_counter()
            for number in range(requests):
                async with both[name].operational(caller.context) as session:
                    (await session.execute(statement(turn * requests + number))).all()
            done = time.perf_counter() - started, time.process_time() - client
            return Cost(*(1e6 * one / requests for one in done), (_server_cpu(pids[name]) - server) / requests)

        found: dict[str, list[Cost]] = {name: [] for name in both}
        for turn in range(rounds + 2):
            for name in sorted(both, reverse=turn % 2 == 0):
                cost = await batch(name, turn)
                if turn >= 2:  # statements are compiled and prepared by then
                    found[name].append(cost)
        for name, costs in found.items():
            _print(what, name, [_median(costs, part) for part in ("clock", "client", "server")])
        differences = [
            statistics.median(
                getattr(more, part) - getattr(less, part) for less, more in zip(*found.values(), strict=True)
            )
            for part in ("clock", "client", "server")
        ]
        _print(what, "entry", differences)
    for databases in both.values():
        await databases.close()


def _median(costs: list[Cost], part: str) -> float:
    return statistics.median(getattr(one, part) for one in costs)


def _print(what: str, name: str, figures: list[float]) -> None:
    clock, client, server = figures
    print(f"{what:<12}{name:<10}{clock:>10.0f}{client:>12.0f}{server:>15.0f}", flush=True)


async def _pid(databases: Databases, context: TenantContext) -> int:
    """The server's process of the one connection that a pool needs where requests follow each other."""
    async with databases.operational(context) as session:
        return int((await session.execute(text("select pg_backend_pid()"))).scalar_one())


def _server_cpu(pid: int) -> float:
    """Microseconds of the process's CPU so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        doors = Doors(read_settings(home=Path(folder) / "home", database_url=None, warehouse_url=None))
        doors.prepare()
        try:
            print(f"load {os.getloadavg()[0]:.1f}")
            asyncio.run(measure(doors, rounds=options.rounds, requests=options.requests))
            print(f"load {os.getloadavg()[0]:.1f}")
        finally:
            start_embedded(Path(folder) / "home").stop()


if __name__ == "__main__":
    main()

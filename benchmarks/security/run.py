"""Times row-level security against a filter written by hand, and what opening a context costs. Nothing is asserted.

Run from the repository: python -m benchmarks.security.run [--rows 10000000] [--tenants 1000] [--rounds 15]
Time is the CPU time of the server's process for the connection, so that other work on the machine counts little. Forms
take turns within a round; a ratio is the median of the rounds' ratios to the hand-written filter, which a superuser
sends, whom no policy binds.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psycopg

from benchmarks.security import forms
from tekup.db import Database, Doors, Role
from tekup.db.embedded import start_embedded
from tekup.settings import read_settings
from tekup.tenancy import TenantContext, begin_statement

QUERIES = {
    "point": ("select * from bench.lead where {} id = %(id)s", 400),
    "list of 50": ("select * from bench.lead where {} true order by created_at desc limit 50", 150),
    "aggregate": ("select status, count(*), sum(amount_cents) from bench.lead where {} true group by status", 20),
}
FILTER = "tenant_id = %(tenant)s and"


class Caller:
    """One connection and the CPU time of its server process."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._stat = Path(f"/proc/{self.connection.info.backend_pid}/schedstat")

    def cpu(self) -> float:
        """Microseconds of CPU so far."""
        return int(self._stat.read_text().split()[0]) / 1000

    def time(self, statement: str, parameters: list[dict[str, object]]) -> float:
        """Microseconds of the server's CPU for one execution."""
        encoded = statement.encode()
        for one in parameters[:6]:  # the plan is settled after five
            self.connection.execute(encoded, one).fetchall()
        started = self.cpu()
        for one in parameters:
            self.connection.execute(encoded, one).fetchall()
        return (self.cpu() - started) / len(parameters)


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        doors = Doors(read_settings(home=Path(folder) / "home", database_url=None, warehouse_url=None))
        doors.prepare()
        try:
            started = time.monotonic()
            with psycopg.connect(doors.admin_url(Database.OPERATIONAL), autocommit=True) as admin:
                forms.build(admin, options.rows, options.tenants)
                print(f"{options.rows:,} rows of {options.tenants:,} tenants in {time.monotonic() - started:.0f} s; "
                      f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
                measure_forms(doors, admin, options)
            measure_opening(doors)
            print(f"load {os.getloadavg()[0]:.1f}")
        finally:
            start_embedded(Path(folder) / "home").stop()


def measure_forms(doors: Doors, admin: psycopg.Connection, options: argparse.Namespace) -> None:
    """Each form beside the hand-written filter, for a tenant of ordinary size and for the one with half of the rows."""
    by_hand = Caller(doors.admin_url(Database.OPERATIONAL))
    print(f"{'query':<12}{'tenant':<8}{'form':<36}{'by hand µs':>11}{'µs':>10}{'ratio':>8}")
    for size, number in (("small", 7), ("large", 0)):
        tenant = forms.tenant_of(number)
        for name, (query, count) in QUERIES.items():
            if size == "large" and name == "aggregate":
                count = 1
            ratios, times = _compare(doors, admin, by_hand, options, tenant, number, query, count)
            for form, found in ratios.items():
                hand, ours = (statistics.median(column) for column in zip(*times[form], strict=True))
                ratio = statistics.median(found)
                print(f"{name:<12}{size:<8}{form:<36}{hand:>11.1f}{ours:>10.1f}{ratio:>8.2f}", flush=True)


def _compare(
    doors: Doors,
    admin: psycopg.Connection,
    by_hand: Caller,
    options: argparse.Namespace,
    tenant: str,
    number: int,
    query: str,
    count: int,
) -> tuple[dict[str, list[float]], dict[str, list[tuple[float, float]]]]:
    dice = random.Random(7)
    callers = {}
    ratios: dict[str, list[float]] = defaultdict(list)
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    wanted: list[tuple[str, str, str]] = [("policy and filter", "policy", FILTER)]
    wanted += [(form, form, "") for form in forms.POLICIES]
    for label, form, condition in wanted:
        for policy in ("more", "own"):
            admin.execute(f"drop policy if exists {policy} on bench.lead")
        for statement in forms.POLICIES[form]:
            admin.execute(statement.encode())
        caller = callers[label] = Caller(doors.url(Database.OPERATIONAL, Role.APP))
        _become(admin, caller, tenant)
        for _ in range(options.rounds if count > 1 else 3):
            parameters: list[dict[str, object]] = [
                {"tenant": tenant, "id": _some_id(dice, number, options.rows, options.tenants)} for _ in range(count)
            ]
            hand = by_hand.time(query.format(FILTER), parameters)
            ours = caller.time(query.format(condition), parameters)
            ratios[label].append(ours / hand)
            times[label].append((hand, ours))
        caller.connection.close()
    return ratios, times


def _become(admin: psycopg.Connection, caller: Caller, tenant: str) -> None:
    """A context that lasts for the session, so that statements alone are timed."""
    connection = caller.connection
    connection.execute(f"set app.tenant_id = '{tenant}'")
    connection.execute("set app.permissions = 'leads:read leads:write'")
    connection.execute("set app.role = 'sales'")
    connection.execute(f"set app.user_id = '{tenant}'")
    connection.execute("select bench.seal(%s)", (tenant,))
    row = admin.execute("select bench.mac(%s, %s)", (tenant, connection.info.backend_pid)).fetchone()
    assert row is not None
    connection.execute(f"set app.mac = '{row[0]}'")


def _some_id(dice: random.Random, number: int, rows: int, tenants: int) -> int:
    """The id of one of the tenant's rows, as `forms.build` spread them."""
    if number == 0:
        return 2 * dice.randrange(1, rows // 2)
    each = rows // 2 // (tenants - 1)
    return 2 * ((number - 1) + (tenants - 1) * dice.randrange(max(1, each - 1))) + 1


def measure_opening(doors: Doors) -> None:
    """What the context adds to a transaction of one point read: round trips, the server's CPU and the whole time."""
    tenant = forms.tenant_of(7)
    from uuid import UUID

    context = TenantContext(UUID(tenant), "sales", frozenset({"leads:read", "leads:write", "scores:read"}), UUID(int=7))
    begins = {
        "BEGIN alone": "BEGIN READ ONLY",
        "tenant by set_config": f"BEGIN READ ONLY; SELECT set_config('app.tenant_id', '{tenant}', true)",
        "tenant by SET LOCAL": f"BEGIN READ ONLY; SET LOCAL app.tenant_id = '{tenant}'",
        "tenant, user, role, permissions": begin_statement(context, read_only=True),
        "the same, sealed by sequences": f"BEGIN; SELECT bench.seal('{tenant}'); "
        + begin_statement(context).removeprefix("BEGIN ; "),
    }
    print(f"\n{'opening':<36}{'round trips':>12}{'CPU µs':>10}{'wall µs':>10}")
    caller = Caller(doors.admin_url(Database.OPERATIONAL))
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(9):
        for name, begin in begins.items():
            found[name].append(_open(caller, begin.encode(), tenant, 300))
    for name, begin in begins.items():
        cpu, wall = (statistics.median(column) for column in zip(*found[name], strict=True))
        print(f"{name:<36}{_round_trips(caller, begin.encode(), tenant):>12}{cpu:>10.1f}{wall:>10.1f}")


_READ = b"select * from bench.lead where tenant_id = %(tenant)s and id = 15"


def _open(caller: Caller, begin: bytes, tenant: str, times: int) -> tuple[float, float]:
    connection = caller.connection
    cpu, wall = caller.cpu(), time.perf_counter()
    for _ in range(times):
        connection.execute(begin, prepare=False)
        connection.execute(_READ, {"tenant": tenant}).fetchall()
        connection.execute(b"COMMIT", prepare=False)
    return (caller.cpu() - cpu) / times, (time.perf_counter() - wall) / times * 1e6


def _round_trips(caller: Caller, begin: bytes, tenant: str) -> int:
    """How often the server said that it is ready for the next request, in one transaction."""
    with tempfile.TemporaryFile() as file:
        caller.connection.pgconn.trace(file.fileno())
        _open(caller, begin, tenant, 1)
        caller.connection.pgconn.untrace()
        file.seek(0)
        return file.read().count(b"ReadyForQuery")


if __name__ == "__main__":
    main()

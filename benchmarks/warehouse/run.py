"""Times dbt's builds at growing sizes: in full, after a change of 1 %, with nothing new. Nothing is asserted.

Run from the repository: python -m benchmarks.warehouse.run [--base 0.125] [--sizes 1,4,16] [--changed 100] [--recent]
Size 1 is ``base`` times what `tekup run` simulates. Each size has a database of its own. "same SQL" sends the very
statements of dbt's models again, in their order and over as many connections, to a copy of the database: what dbt's
build costs beyond it is dbt's overhead. "floor" reads each raw row and writes each mart's row once.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.warehouse import measures, rows
from benchmarks.warehouse.measures import Cost
from tekup.db import Database, Doors
from tekup.db.embedded import start_embedded
from tekup.settings import read_settings

_MODELS = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test",
           "--exclude-resource-type", "seed", "--exclude", "tag:after_models")  # fmt: skip
_TESTS = ("test", "--exclude-resource-type", "unit_test", "--exclude", "tag:after_models")


def main() -> None:
    """Measure each size, print its lines, and then the ratios that the sizes show."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=float, default=0.125, help="what size 1 is, in default scales")
    parser.add_argument("--sizes", default="1,4,16")
    parser.add_argument("--changed", type=int, default=100, help="one row in so many changes")
    parser.add_argument("--recent", action="store_true", help="change rows of the newest days instead of rows of all")
    parser.add_argument("--no-replay", action="store_true", help="leave the same SQL without dbt away")
    parser.add_argument("--models", type=int, default=0, help="show so many of the models that cost most")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    found: dict[int, dict[str, Any]] = {}
    print(f"{'size':>5} {'what':<24}{'s':>8}{'CPU s':>8}{'of dbt':>8}{'MB dbt':>8}{'MB SQL':>8}")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tekup-bench-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o755)
            found[size] = measure(folder, size, options)
    show_ratios(found)
    if options.json:
        told = {
            size: {k: (_told(v) if isinstance(v, Cost) else v) for k, v in one.items()} for size, one in found.items()
        }
        options.json.write_text(json.dumps(told, indent=1))


def measure(folder: Path, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """All measurements of one size."""
    doors = Doors(read_settings(home=folder / "home"))
    doors.prepare()
    server = start_embedded(folder / "home")
    address = doors.admin_url(Database.WAREHOUSE)
    meter = measures.Meter(server.data)
    dbt = measures.Dbt(doors, folder)
    found: dict[str, Any] = {}

    def note(what: str, cost: Cost) -> None:
        found[what] = cost
        print(
            f"{size:>4}x {what:<24}{cost.seconds:>8.2f}{cost.cpu:>8.2f}{cost.client_cpu:>8.2f}"
            f"{cost.client_megabytes:>8.0f}{cost.database_megabytes:>8.0f}",
            flush=True,
        )

    def build(what: str, *arguments: str) -> None:
        copy = None if options.no_replay else measures.copy_database(address, "replayed")
        note(what, meter.take(lambda: dbt.run(*_MODELS, *arguments)))
        if copy is not None:
            statements = dbt.sent()
            parents = dbt.parents(statements)
            models: dict[str, float] = {}
            note(
                f"{what}: same SQL",
                meter.take(lambda: _alone(lambda: models.update(measures.replay(copy, statements, parents)))),
            )
            found[f"{what}: models"] = models
            show_models(models, options.models)
            measures.drop_database(address, "replayed")

    try:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="benchmark rows") as connection:
            found["rows"] = rows.load(connection, options.base * size)
        print(f"{size:>4}x {found['rows']:,} raw rows", flush=True)
        _settle(doors)
        dbt.run("seed")
        build("full")
        _settle(doors)
        marts = _marts(doors)
        note("floor of full", meter.take(lambda: _alone(measures.read_and_write, address, marts)))
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="benchmark change") as connection:
            found["changed"] = rows.change(connection, options.changed, is_recent=options.recent)
            row = connection.execute("select now()::text").fetchone()
            since = row[0] if row else None
        build("1 % changed")
        note("floor of 1 %", meter.take(lambda: _alone(measures.read_and_write, address, marts, since)))
        note("nothing new", meter.take(lambda: dbt.run(*_MODELS)))
        note("tests", meter.take(lambda: dbt.run(*_TESTS)))
    finally:
        server.stop()
        shutil.rmtree(folder / "home", ignore_errors=True)
    return found


def show_models(used: dict[str, float], count: int) -> None:
    """The models that cost most, with the CPU seconds of each one's backend."""
    for node in sorted(used, key=lambda node: -used[node])[:count]:
        print(f"{'':>6}{node.rsplit('.', 1)[-1]:<34}{used[node]:>8.2f}", flush=True)


def show_ratios(found: dict[int, dict[str, Any]]) -> None:
    """What the aims are stated in."""
    headings = ("full/floor", "full/SQL", "1 %/SQL", "1 %/full", "CPU 1 %/full", "SQL 1 %/full", "growth of full")
    print(f"\n{'size':>5}{'rows':>12}" + "".join(f"{heading:>16}" for heading in headings))
    first = next(iter(found.values()))
    for size, one in found.items():
        full, part = one["full"], one["1 % changed"]
        same, same_part = one.get("full: same SQL"), one.get("1 % changed: same SQL")
        growth = (full.cpu / first["full"].cpu) / (one["rows"] / first["rows"])
        shown = (
            _ratio(full, one["floor of full"]), _ratio(full, same), _ratio(part, same_part), _ratio(part, full),
            f"{part.cpu / full.cpu:.3f}", _ratio(same_part, same), f"{growth:.2f}",
        )  # fmt: skip
        print(f"{size:>4}x{one['rows']:>12,}" + "".join(f"{figure:>16}" for figure in shown))
    print("growth of full: CPU seconds a row beside the smallest size's; 1 or less grows no faster than the data")


def _ratio(upper: Cost | None, lower: Cost | None) -> str:
    return "–" if upper is None or lower is None else f"{upper.seconds / lower.seconds:.3f}"


def _alone(work: Any, *arguments: Any) -> tuple[float, float]:
    """Work whose client is this process and costs nothing worth counting."""
    work(*arguments)
    return 0.0, 0.0


def _told(cost: Cost) -> dict[str, float]:
    return {name: getattr(cost, name) for name in Cost.__slots__}


def _marts(doors: Doors) -> list[str]:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="names of marts") as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'marts' order by 1").fetchall()
    return [str(row[0]) for row in rows]


def _settle(doors: Doors) -> None:
    """Statistics and a checkpoint, so that no measurement pays for what came before it."""
    import psycopg

    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        admin.execute("vacuum analyze")
        admin.execute("checkpoint")


if __name__ == "__main__":
    main()

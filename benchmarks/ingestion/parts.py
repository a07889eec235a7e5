"""What is timed, one part a process: our pull, dlt, and the two floors. Starting servers is done in `run`.

Each part first imports what it needs and then hands back what is timed, so that no figure holds an import.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

import orjson
import urllib3

TENANT = UUID("00000000-0000-4000-8000-00000000be4c")
CREDENTIAL = "sandbox-hubspot-fjord-software"
Given: TypeAlias = dict[str, Any]
Part: TypeAlias = Callable[[], int]


def pages(given: Given) -> Iterator[list[Any]]:
    """The list requests that our own pull sends, by the barest client that keeps its connection and parses answers."""
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    path = f"/hubspot/crm/v3/objects/contacts?{given['list_query']}"
    with urllib3.connection_from_url(given["sandbox"], maxsize=1) as pool:
        after = None
        while True:
            more = "" if after is None else f"&{urlencode({'after': after})}"
            answer = orjson.loads(pool.request("GET", path + more, headers=headers).data)
            yield answer["results"]
            after = answer.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return


def read(given: Given) -> Part:
    """Floor: every page read and thrown away."""
    return lambda: sum(len(page) for page in pages(given))


def copy(given: Given) -> Part:
    """Floor: the same payloads by one COPY into a table of id and jsonb, with no key and no check."""
    import psycopg

    def run() -> int:
        with psycopg.connect(given["admin_url"], autocommit=True) as connection:
            connection.execute("drop table if exists floor")
            connection.execute("create table floor (object_id text, payload jsonb)")
            rows = 0
            with Path(given["payloads"]).open("rb") as file, connection.cursor().copy("copy floor from stdin") as into:
                while block := file.read(1 << 20):
                    rows += block.count(b"\n")
                    into.write(block)
        return rows

    return run


def ours(given: Given) -> Part:
    """`pull_vendor` of the contacts."""
    from integrations.credentials import Credential
    from integrations.hubspot.client import HubspotSource
    from pipelines.sync.vendors import pull_vendor
    from tekup.db import Doors
    from tekup.settings import read_settings

    for module in ("objects", "properties", "associations.v4", "schemas"):  # the SDK imports them when first used
        importlib.import_module(f"hubspot.crm.{module}")

    def run() -> int:
        doors = Doors(read_settings(home=Path(given["home"])))
        source = HubspotSource(Credential(CREDENTIAL), f"{given['sandbox']}/hubspot", overlap_seconds=1.0)
        done = pull_vendor(doors, TENANT, source, streams={"contacts"}, proof="never")
        source.close()
        return done.streams["contacts"].rows_read

    return run


def dlt_dicts(given: Given) -> Part:
    """dlt, merging dicts by id with nesting off; the reading is the bare client's."""
    return _dlt("dicts", given, lambda page: page)


def dlt_arrow(given: Given) -> Part:
    """dlt, merging Arrow tables by id, the payload as one text column."""
    import pyarrow as pa

    def table(page: list[Any]) -> Any:
        return pa.table(
            {"id": [item["id"] for item in page], "payload": [orjson.dumps(item).decode() for item in page]}
        )

    return _dlt("arrow", given, table)


def _dlt(kind: str, given: Given, shape: Callable[[list[Any]], Any]) -> Part:
    import dlt

    name = f"bench_{kind}_{given['round']}"

    def run() -> int:
        rows = 0

        @dlt.resource(name="contacts", primary_key="id", max_table_nesting=0,
                      write_disposition={"disposition": "merge", "strategy": "upsert"})  # fmt: skip
        def contacts() -> Iterator[Any]:
            nonlocal rows
            for page in pages(given):
                rows += len(page)
                yield shape(page)

        destination = dlt.destinations.postgres(given["dlt_url"])
        dlt.pipeline(name, given["folder"], dataset_name=name, destination=destination).run(contacts())
        return rows

    return run


PARTS: dict[str, Callable[[Given], Part]] = {
    "read": read, "copy": copy, "ours": ours, "dlt_dicts": dlt_dicts, "dlt_arrow": dlt_arrow,
}  # fmt: skip


def main() -> None:
    """Run the part named first on the JSON given second; print rows, seconds, CPU seconds and peak megabytes."""
    part = PARTS[sys.argv[1]](json.loads(sys.argv[2]))
    before, began = _cpu(), time.perf_counter()
    rows = part()
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": seconds,
                "cpu": _cpu() - before,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

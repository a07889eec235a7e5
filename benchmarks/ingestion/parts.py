"""What is timed, one part a process: our pull, dlt, and the two floors. Starting servers is done in `run`."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson

TENANT = UUID("00000000-0000-4000-8000-00000000be4c")
CREDENTIAL = "sandbox-hubspot-fjord-software"
Given = dict[str, Any]


def pages(given: Given) -> Iterator[list[Any]]:
    """The list requests that our own pull sends, by a bare client."""
    query = httpx.QueryParams(given["list_query"])
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    with httpx.Client(base_url=f"{given['sandbox']}/hubspot", headers=headers, timeout=60) as client:
        after = None
        while True:
            asked = query if after is None else query.set("after", after)
            answer = orjson.loads(client.get("/crm/v3/objects/contacts", params=asked).content)
            yield answer["results"]
            after = answer.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return


def read(given: Given) -> int:
    """Floor: every page read and thrown away."""
    return sum(len(page) for page in pages(given))


def copy(given: Given) -> int:
    """Floor: the same payloads by one COPY into a table of id and jsonb, with no key and no check."""
    import psycopg

    with psycopg.connect(given["admin_url"], autocommit=True) as connection:
        connection.execute("drop table if exists floor")
        connection.execute("create table floor (object_id text, payload jsonb)")
        rows = 0
        with Path(given["payloads"]).open("rb") as file, connection.cursor().copy("copy floor from stdin") as into:
            while block := file.read(1 << 20):
                rows += block.count(b"\n")
                into.write(block)
    return rows


def ours(given: Given) -> int:
    """`pull_vendor` of the contacts."""
    from integrations.credentials import Credential
    from integrations.hubspot.client import HubspotSource
    from pipelines.sync.vendors import pull_vendor
    from tekup.db import Doors
    from tekup.settings import read_settings

    doors = Doors(read_settings(home=Path(given["home"])))
    source = HubspotSource(Credential(CREDENTIAL), f"{given['sandbox']}/hubspot", overlap_seconds=1.0)
    done = pull_vendor(doors, TENANT, source, streams={"contacts"}, proof="never")
    source.close()
    return done.streams["contacts"].rows_read


def dlt_dicts(given: Given) -> int:
    """dlt, merging dicts by id with nesting off; the reading is the bare client's."""
    return _dlt(given, lambda page: page)


def dlt_arrow(given: Given) -> int:
    """dlt, merging Arrow tables by id, the payload as one text column."""
    import pyarrow as pa

    def table(page: list[Any]) -> Any:
        return pa.table(
            {"id": [item["id"] for item in page], "payload": [orjson.dumps(item).decode() for item in page]}
        )

    return _dlt(given, table)


def _dlt(given: Given, shape: Callable[[list[Any]], Any]) -> int:
    import dlt

    rows = 0

    @dlt.resource(name="contacts", primary_key="id", write_disposition={"disposition": "merge", "strategy": "upsert"},
                  max_table_nesting=0)  # fmt: skip
    def contacts() -> Iterator[Any]:
        nonlocal rows
        for page in pages(given):
            rows += len(page)
            yield shape(page)

    pipeline = dlt.pipeline(
        f"bench_{sys.argv[1]}",
        pipelines_dir=given["folder"],
        dataset_name=f"bench_{sys.argv[1]}",
        destination=dlt.destinations.postgres(given["dlt_url"]),
    )
    pipeline.run(contacts())
    return rows


PARTS: dict[str, Callable[[Given], int]] = {
    "read": read, "copy": copy, "ours": ours, "dlt_dicts": dlt_dicts, "dlt_arrow": dlt_arrow,
}  # fmt: skip


def main() -> None:
    """Run the part named first on the JSON given second; print rows, seconds, CPU seconds and peak megabytes."""
    part, given = PARTS[sys.argv[1]], json.loads(sys.argv[2])
    began = time.perf_counter()
    rows = part(given)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": seconds,
                "cpu": used.ru_utime + used.ru_stime,
                "megabytes": used.ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()

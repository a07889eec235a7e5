"""The real application for vendors to call, connections of two tenants, and a look into the inbox."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from serving.app import create_app
from tekup.db import Database, Doors, Role
from tekup.directory.connections import store_connection
from tekup.directory.webhooks import enable_webhook
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants, tenants_for_a_while
from tests.integrations.conftest import sandbox, world

__all__ = ["sandbox", "world"]

SECRETS = {"hubspot": "hubspot app secret", "stripe": "whsec_one", "kit": ""}


@dataclass(frozen=True, slots=True)
class Door:
    """One tenant's address for one vendor."""

    tenant_id: UUID
    vendor: str
    url: str
    secret: str


@pytest.fixture(scope="package")
def two_tenants(doors: Doors) -> Iterator[TwoTenants]:
    """Tenants A and B of these tests alone, connected to every vendor."""
    with tenants_for_a_while(doors, Alfa="alfa-hook.example", Beta="beta-hook.example") as made:
        for tenant in (made.a, made.b):
            for vendor in SECRETS:
                store_connection(doors, tenant.id, vendor, "key")
        yield made


@pytest.fixture(scope="package")
def base(settings: Settings, two_tenants: TwoTenants) -> Iterator[str]:
    """Where the application listens."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the server ended while starting"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(15)


@pytest.fixture(scope="package")
def http(base: str) -> Iterator[httpx.Client]:
    """Somebody who calls the application without a token."""
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def door_of(doors: Doors, base: str, two_tenants: TwoTenants) -> Iterator[Callable[..., Door]]:
    """Makes addresses; they and their deliveries are gone after the test."""

    def make(vendor: str, tenant_id: UUID | None = None, *secrets: str) -> Door:
        owner = tenant_id or two_tenants.a.id
        chosen = secrets or tuple(filter(None, [SECRETS[vendor]]))
        key = enable_webhook(doors, owner, vendor, chosen)
        return Door(owner, vendor, f"{base}/v1/webhooks/{vendor}/{key}", chosen[0] if chosen else "")

    yield make
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.webhook_endpoint")
            connection.execute("delete from app.webhook_delivery")


@pytest.fixture
def inbox(doors: Doors) -> Callable[[UUID], list[dict[str, Any]]]:
    """Reads a tenant's whole inbox, the oldest first."""

    def read(tenant_id: UUID) -> list[dict[str, Any]]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
            rows = connection.execute(
                "select event_type, hints, is_erasure, payload, occurred_at, arrivals, folded_at, dedupe_key, vendor "
                "from app.webhook_delivery order by received_at, id"
            )
            names = [column.name for column in rows.description or ()]
            return [dict(zip(names, row, strict=True)) for row in rows]

    return read

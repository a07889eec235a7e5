"""The real application on a free port over the embedded databases, filled for two tenants with the same ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI

from scoring.registry import Registry
from serving.app import create_app
from tekup.db import Database, Doors
from tekup.directory.tenants import Tenant
from tekup.directory.tokens import create_token
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants, tenants_for_a_while
from tests.serving import world
from tests.serving.serve import serve


@dataclass(frozen=True, slots=True)
class Api:
    """A running application and a client of it."""

    app: FastAPI
    client: httpx.Client


@pytest.fixture(scope="package")
def two_tenants(doors: Doors) -> Iterator[TwoTenants]:
    """Tenants A and B of all tests of the running application, which is filled once."""
    with tenants_for_a_while(doors, Alfa="alfa.example", Beta="beta.example") as made:
        yield made


@pytest.fixture(scope="package")
def live_version(settings: Settings, two_tenants: TwoTenants) -> str:
    """A real model, trained, published and live."""
    registry = Registry(settings.models_of("lead_score"))
    version = registry.publish(world.train_model(1, [two_tenants.a.id, two_tenants.b.id]))
    registry.promote(version, by="tests")
    return version


@pytest.fixture(scope="package")
def filled(doors: Doors, two_tenants: TwoTenants) -> TwoTenants:
    """Both tenants with leads, scores, credit and figures under the same ids."""
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test marts") as connection:
        connection.execute(world.MARTS)
    for tenant, offset, weight in ((two_tenants.a, 0.0, 1), (two_tenants.b, 0.2, 7)):
        leads = world.plan_leads(tenant.domain, offset)
        world.fill_operational(doors, tenant.id, leads)
        world.fill_warehouse(doors, tenant.id, leads, weight)
    return two_tenants


@pytest.fixture(scope="module")
def leads_as_planned(doors: Doors, filled: TwoTenants) -> None:
    """For files that compare what is listed or found whole: leads that other files left are taken away."""
    for tenant, offset in ((filled.a, 0.0), (filled.b, 0.2)):
        world.fill_operational(doors, tenant.id, world.plan_leads(tenant.domain, offset))


@pytest.fixture(scope="package")
def api(settings: Settings, filled: TwoTenants, live_version: str) -> Iterator[Api]:
    """The application behind a real server."""
    app = create_app(settings)
    with serve(app) as client:
        yield Api(app, client)


@pytest.fixture(scope="package")
def client(api: Api) -> httpx.Client:
    """A client without a token."""
    return api.client


@pytest.fixture(scope="package")
def token_of(doors: Doors) -> Callable[..., dict[str, str]]:
    """Makes the authorization header of a new API token."""

    def make(tenant: Tenant, *scopes: str, expires_at: datetime | None = None) -> dict[str, str]:
        chosen = {"scopes": scopes} if scopes else {}
        return {"authorization": f"Bearer {create_token(doors, tenant.id, 'test', expires_at=expires_at, **chosen)}"}

    return make


@pytest.fixture(scope="package")
def as_a(filled: TwoTenants, token_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The header of a token of tenant A with every scope."""
    return token_of(filled.a)


@pytest.fixture(scope="package")
def as_b(filled: TwoTenants, token_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The header of a token of tenant B with every scope."""
    return token_of(filled.b)

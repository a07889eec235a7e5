"""A database of the dashboards' own, with two filled tenants, and the real API over it."""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.queries import reader
from tekup.clock import utc_now
from tekup.db import Doors
from tekup.directory.tenants import create_tenant
from tekup.directory.users import create_user
from tekup.settings import Settings, current_settings, read_settings
from tests.dashboards.app_pages.opened import open_app
from tests.dashboards.marts import fill_marts
from tests.dashboards.processes import Service, free_port
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

PASSWORD = "rigtig hest batteri"


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """Settings of a home that no other tests share: their marts have other columns."""
    with tempfile.TemporaryDirectory(prefix="tekup-dash-", ignore_cleanup_errors=True) as folder:
        yield read_settings(
            home=Path(folder) / "home",
            database_url=os.environ.get("TEKUP_TEST_DATABASE_URL"),
            warehouse_url=os.environ.get("TEKUP_TEST_WAREHOUSE_URL"),
        )


@pytest.fixture(scope="session")
def doors(settings: Settings) -> Iterator[Doors]:
    """The prepared databases."""
    made = Doors(settings)
    made.prepare()
    yield made
    if settings.database_url is None or settings.warehouse_url is None:
        from tekup.db.embedded import start_embedded

        start_embedded(settings.home_path).stop()


@pytest.fixture(scope="session")
def today() -> date:
    """The last day of the filled marts."""
    return utc_now().date()


@pytest.fixture(scope="session")
def two_tenants(doors: Doors, today: date) -> TwoTenants:
    """Tenants Alfa and Bravo with the same natural ids, filled marts, and one user each."""
    tenants = TwoTenants(
        create_tenant(doors, "Alfa ApS", "alfa.dashboards.example"),
        create_tenant(doors, "Bravo ApS", "beta.dashboards.example"),
    )
    fill_marts(doors, tenants, today)
    create_user(doors, tenants.a.id, "anna@alfa.example", PASSWORD, role="admin")
    create_user(doors, tenants.b.id, "bo@beta.example", PASSWORD, role="admin")
    for tenant in (tenants.a, tenants.b):
        create_user(doors, tenant.id, "begge@example.dk", PASSWORD, role="sales")
    return tenants


@pytest.fixture(scope="session")
def environment(settings: Settings) -> dict[str, str]:
    """The environment in which the API and the dashboards find this database."""
    found = {**os.environ, "TEKUP_HOME": str(settings.home_path), "NO_PROXY": "127.0.0.1"}
    for name, value in (("TEKUP_DATABASE_URL", settings.database_url), ("TEKUP_WAREHOUSE_URL", settings.warehouse_url)):
        if value is not None:
            found[name] = value
    return found


@pytest.fixture(scope="session")
def api(two_tenants: TwoTenants, environment: dict[str, str]) -> Iterator[str]:
    """The address of the real API, running over the filled database."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "serving.app:create_app", "--port", str(port)]
    with Service(command, environment, f"http://127.0.0.1:{port}/healthz", ROOT):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def here(settings: Settings, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process reads the filled database as one who may see people, with empty caches before and after."""
    import streamlit as st

    monkeypatch.setenv("TEKUP_HOME", str(settings.home_path))
    monkeypatch.setenv("TEKUP_API_URL", "http://127.0.0.1:1")  # no other program's server
    for name, value in (("TEKUP_DATABASE_URL", settings.database_url), ("TEKUP_WAREHOUSE_URL", settings.warehouse_url)):
        if value is not None:
            monkeypatch.setenv(name, value)
    forget = (current_settings.cache_clear, reader._doors.cache_clear, st.cache_data.clear)
    for clear in forget:
        clear()
    with reader.reading_as(may_see_people=True):
        yield
    for clear in forget:
        clear()


@pytest.fixture
def no_api(as_anna: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which no API answers any more."""
    monkeypatch.setenv("TEKUP_API_URL", "http://127.0.0.1:1")
    current_settings.cache_clear()


@pytest.fixture(scope="session")
def anna(api: str) -> Iterator[httpx.Client]:
    """The API as Anna, Alfa's administrator, calls it beside the dashboards."""
    form = {"grant_type": "password", "username": "anna@alfa.example", "password": PASSWORD}
    with httpx.Client(base_url=api, trust_env=False, timeout=15) as client:
        client.headers["authorization"] = f"Bearer {client.post('/v1/auth/token', data=form).json()['access_token']}"
        yield client


@pytest.fixture
def as_anna(here: None, api: str, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The dashboards after Anna's sign-in at the real API."""
    monkeypatch.setenv("TEKUP_API_URL", api)
    current_settings.cache_clear()
    app = open_app(None)
    app.text_input(key="email").set_value("anna@alfa.example")
    app.text_input(key="password").set_value(PASSWORD)
    yield app.button[0].click().run()
    current_settings.cache_clear()  # which other tests would call this API by

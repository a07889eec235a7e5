"""Two tenants who walked the whole API, for tests of what is sent again or made up. What is walked stands beside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
from fastapi import FastAPI

from integrations.sandbox.world import simulate
from serving.app import create_app
from tekup.db import Doors
from tekup.directory.tenants import Tenant
from tekup.directory.users import create_user
from tekup.ids import derived_uuid
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants, tenants_for_a_while
from tests.integrations.running import AS_OF, Sandbox
from tests.security.tour import Tour, walk
from tests.security.tour.recording import Header
from tests.serving import world
from tests.serving.identity_providers.provider import LyingProvider
from tests.serving.serve import serve
from tests.serving.signing_in import bearer, sign_in

WORDS = ("replayalfa", "replaybeta")
LOWER = {"looker": "kpis:read", "filer": "files:read"}
"""Roles with one scope each: whatever a route asks for, one of them does not have it."""
UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Walked:
    """Both tenants after their walk, with colleagues of A's who may little."""

    app: FastAPI
    client: httpx.Client
    doors: Doors
    a: Tour
    b: Tour
    lower: dict[str, Header]

    def markers(self) -> set[str]:
        """Ids that only A's answers had."""
        own = {found for call in self.a.calls for found in UUIDS.findall(call.text)}
        shared = {found for call in self.b.calls for found in UUIDS.findall(call.text)}
        return own - shared


@pytest.fixture(scope="module")
def walked(settings: Settings, doors: Doors, filled: TwoTenants, live_version: str) -> Iterator[Walked]:
    """The walk of B, then that of A, behind a real server; both tenants are deleted afterwards."""
    domains = {word: f"{word}.example" for word in WORDS}
    with Sandbox(simulate(7, 0.002, AS_OF)) as sandbox, tenants_for_a_while(doors, **domains) as tenants:
        base = f"{sandbox.url}/hubspot"
        chosen = {"identity_providers_allow_private": True, "rate_limit_sign_in": "off", "hubspot_api_base": base}
        app, provider = create_app(settings.model_copy(update=chosen)), LyingProvider()
        with serve(app) as client:
            tours = []
            for number, (word, tenant) in enumerate(zip(reversed(WORDS), (tenants.b, tenants.a), strict=True), 1):
                tours.append(_tour(client, doors, settings, tenant, word, number, provider))
                walk(tours[-1])
            b, a = tours
            lower = {}
            for role, scope in LOWER.items():
                a("POST /v1/roles", json={"name": role, "scopes": [scope]})
                password = f"{a.password}, but another"
                create_user(doors, a.tenant.id, f"{role}@{a.word}.example", password, role=role)
                lower[role] = bearer(sign_in(client, f"{role}@{a.word}.example", password))
            yield Walked(app, client, doors, a, b, lower)
    provider.server.shutdown()
    provider.server.server_close()


def _tour(
    client: httpx.Client,
    doors: Doors,
    settings: Settings,
    tenant: Tenant,
    word: str,
    weight: int,
    provider: LyingProvider,
) -> Tour:
    """The tenant's rows in both databases, no id of which another tenant has, and its owner, signed in."""
    leads = [
        replace(lead, id=derived_uuid(word, number))
        for number, lead in enumerate(world.plan_leads(tenant.domain, 0.1 * weight))
    ]
    world.fill_operational(doors, tenant.id, leads)
    world.fill_warehouse(doors, tenant.id, leads, weight)
    password = f"correct horse of {word}"
    create_user(doors, tenant.id, f"owner@{word}.example", password, role="owner")
    header = bearer(sign_in(client, f"owner@{word}.example", password))
    return Tour(client, doors, settings, tenant, word, password, header, str(leads[1].id), provider)

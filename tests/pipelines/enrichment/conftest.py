"""Two tenants with leads, keys for the sandbox and nothing remembered from another test."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from integrations.sandbox.identifiers import sandbox_credential
from pipelines.enrichment.backfill import Patience
from pipelines.enrichment.consent import give_consent
from pipelines.enrichment.enrich import Report, enrich_tenant
from pipelines.resources.platform import Platform
from tekup.db import Database, Doors, Role
from tekup.directory.connections import store_connection
from tekup.directory.tenants import Tenant
from tekup.ids import derived_uuid
from tests.dbt.rows import insert
from tests.fixtures.database import TwoTenants
from tests.integrations.running import Sandbox

SLUGS = ("nordlys-solar", "fjord-software")
TABLES = (
    "ml.lead_enrichment", "ml.lead_enrichment_lead", "ml.lead_enrichment_call", "ml.lead_enrichment_batch",
    "raw_operational.leads", "raw_operational.contacts",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """What a test of enrichment works with."""

    platform: Platform
    sandbox: Sandbox
    a: Tenant
    b: Tenant

    def add_leads(self, tenant: Tenant, *messages: str | None, first: int = 1, **more: Any) -> list[UUID]:
        """One lead a message; both tenants' leads have the same ids."""
        ids = [derived_uuid("lead", number) for number in range(first, first + len(messages))]
        rows = [
            {"tenant_id": tenant.id, "id": lead_id, "message": message, "created_at": "2026-10-01", **more}
            for lead_id, message in zip(ids, messages, strict=True)
        ]
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
            insert(connection, "raw_operational.leads", rows)
        return ids

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def agree(self, *tenants: Tenant, tokens: int = 10_000_000) -> None:
        for tenant in tenants or (self.a, self.b):
            give_consent(self.platform.doors, tenant.id, monthly_tokens=tokens)

    def run(self, tenant: Tenant | None = None, **options: Any) -> Report:
        return enrich_tenant(self.platform, tenant or self.a, **options)

    def run_by_batch(self, seconds: float = 1_000.0, **options: Any) -> Report:
        """A run that waits by moving the sandbox's clock along."""
        patience = Patience(seconds, sleep=self.sandbox.pass_time, clock=self.sandbox.clock)
        return self.run(by_batch=True, patience=patience, **options)

    def behave(self, **what: Any) -> None:
        assert self.sandbox.post("openai", SLUGS[0], "/_sandbox/behaviour", what).status_code == 200

    def sent(self, slug: str = SLUGS[0]) -> list[str]:
        """The bodies that the vendor received for a tenant."""
        received: list[str] = self.sandbox.get("openai", slug, "/_sandbox/received").json()
        return received

    def asked(self, slug: str = SLUGS[0]) -> list[str]:
        """The texts that were asked about one by one, as often as they were."""
        return [json.loads(body)["input"] for body in self.sent(slug) if '"instructions"' in body[:200]]

    def rows(self, tenant: Tenant | None = None) -> list[tuple[Any, ...]]:
        return self.execute(
            "select status, attempts, reason, intent from ml.lead_enrichment where tenant_id = %s order by asked_at",
            (tenant or self.a).id,
        )


@pytest.fixture
def desk(doors: Doors, two_tenants: TwoTenants, sandbox: Sandbox) -> Iterator[Desk]:
    made = Desk(Platform(doors.settings, sandbox_url=sandbox.url), sandbox, two_tenants.a, two_tenants.b)
    for tenant, slug in zip((made.a, made.b), SLUGS, strict=True):
        store_connection(doors, tenant.id, "openai", sandbox_credential("openai", slug), is_sandbox=True)
    yield made
    for tenant in (made.a, made.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("update app.tenants set settings = '{}'")
    for table in TABLES:
        made.execute(f"delete from {table}")

"""A tenant and its portal in the sandbox, with the steps that bring them together. No test lives here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb

from integrations.hubspot.writing import HubspotWriter
from integrations.sandbox.identifiers import sandbox_credential
from pipelines.sync.vendors import pull_vendor
from serving.auth.subject import Subject
from serving.consumers.runner import ConsumerRunner
from serving.consumers.sequencer import sequence_once
from serving.hubspot_sync.exchange import Exchange
from serving.hubspot_sync.marking import CONSUMER
from serving.hubspot_sync.portal import RESOURCES
from serving.hubspot_sync.repository import KINDS, SyncRepository
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from serving.records.service import Shelf, change_record, create_record, delete_record
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant
from tekup.ids import uuid7
from tekup.tenancy import EVERYTHING, SYSTEM, TenantContext
from tests.integrations.running import Sandbox

T = TypeVar("T")
CRM_TABLES = ("deals", "contacts", "companies", "stages", "pipelines")


class Twin:
    """One tenant with one portal."""

    def __init__(self, doors: Doors, sandbox: Sandbox, tenant: Tenant, slug: str) -> None:
        self.doors, self.sandbox, self.tenant, self.slug = doors, sandbox, tenant, slug
        self.opens: Callable[[Doors, UUID], HubspotWriter] = lambda doors, tenant_id: self.writer()

    def writer(self) -> HubspotWriter:
        credential = sandbox_credential("hubspot", self.slug)
        base, retry = f"{self.sandbox.url}/hubspot", self.sandbox.retry()
        return HubspotWriter(credential, base, retry=retry, clock=self.sandbox.clock)

    def with_databases(self, body: Callable[[Databases], Awaitable[T]]) -> T:
        async def whole() -> T:
            databases = Databases(self.doors)
            try:
                return await body(databases)
            finally:
                await databases.close()

        return asyncio.run(whole())

    def switch(self, direction: str = "both", kinds: tuple[str, ...] = KINDS, **more: Any) -> None:
        async def body(databases: Databases) -> None:
            context = TenantContext.system(self.tenant.id)
            async with databases.operational(context, read_only=False) as session:
                repository = SyncRepository(session, self.tenant.id)
                for kind in kinds:
                    await repository.set_sync(kind, {"direction": direction, **more})
                    if direction in ("out", "both"):
                        await repository.mark_all(kind)

        self.with_databases(body)

    def consume(self) -> None:
        """Number the events and let the consumer mark records."""

        async def body(databases: Databases) -> None:
            await sequence_once(databases)
            runner = ConsumerRunner(databases, CONSUMER, Wake(self.doors.url(Database.OPERATIONAL, Role.APP)))
            while await runner.run_tenant(self.tenant.id):
                pass

        self.with_databases(body)

    def exchange(self, *kinds: str) -> None:
        async def body(databases: Databases) -> None:
            for kind in kinds or KINDS:
                await Exchange(databases, self.doors, self.opens).run(str(self.tenant.id), kind)

        self.with_databases(body)

    def pull(self) -> None:
        self.sandbox.pass_time(1)  # a search ends before the moment at which it is asked
        source = self.sandbox.hubspot(self.slug)
        try:
            pull_vendor(self.doors, self.tenant.id, source, streams=set(KINDS), proof="never")
        finally:
            source.close()

    def round(self) -> None:
        """Everything that happens in a minute."""
        self.consume()
        self.pull()
        self.exchange()
        self.consume()
        self.exchange()

    def shelf(self, databases: Databases, kind: str) -> Shelf:
        subject = Subject(self.tenant.id, "token", uuid7(), EVERYTHING, SYSTEM)
        return Shelf(RESOURCES[kind], databases, subject, "test")

    def create(self, kind: str, **values: Any) -> UUID:
        async def body(databases: Databases) -> Any:
            shelf = self.shelf(databases, kind)
            return await create_record(shelf, shelf.resource.create.model_validate(values))

        made: UUID = self.with_databases(body).id
        return made

    def change(self, kind: str, record_id: UUID, **values: Any) -> None:
        async def body(databases: Databases) -> Any:
            shelf = self.shelf(databases, kind)
            return await change_record(shelf, record_id, shelf.resource.update.model_validate(values), None)

        self.with_databases(body)

    def delete(self, kind: str, record_id: UUID) -> None:
        self.with_databases(lambda databases: delete_record(self.shelf(databases, kind), record_id, None))

    def rows(self, statement: str, *arguments: Any) -> list[Any]:
        with self.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, self.tenant.id) as connection:
            return connection.execute(statement.encode(), arguments).fetchall()

    def row_of(self, record_id: UUID) -> Any:
        return self.rows(
            "select object_id, state, reason, is_gone from app.hubspot_records where record_id = %s", record_id
        )[0]

    def there(self, kind: str) -> dict[str, dict[str, str]]:
        """The portal's live objects."""
        told = self.sandbox.get("hubspot", self.slug, "/_sandbox/truth").json()
        return {number: item["properties"] for number, item in told["objects"][kind]["live"].items()}

    def pairs_there(self, kind: str, other: str) -> list[list[str]]:
        told = self.sandbox.get("hubspot", self.slug, "/_sandbox/truth").json()
        found: list[list[str]] = told["associations"].get(f"{kind}/{other}", [])
        return found

    def set_there(self, kind: str, number: str, **properties: str) -> None:
        body = {"inputs": [{"id": number, "properties": properties}]}
        answer = self.sandbox.post("hubspot", self.slug, f"/crm/v3/objects/{kind}/batch/update", body)
        assert answer.status_code == 200, answer.text

    def create_there(self, kind: str, **properties: str) -> str:
        body = {"inputs": [{"properties": properties}]}
        answer = self.sandbox.post("hubspot", self.slug, f"/crm/v3/objects/{kind}/batch/create", body)
        assert answer.status_code == 201, answer.text
        number: str = answer.json()["results"][0]["id"]
        return number

    def writes(self) -> list[str]:
        """Paths of the requests that wrote at the portal since the log was emptied."""
        words = ("/update", "/upsert", "/create", "/archive", "/merge", "/default")
        log = self.sandbox.requests(vendor="hubspot", tenant=self.slug)
        return [one["path"] for one in log if one["method"] == "POST" and one["path"].endswith(words)]

    def forget_requests(self) -> None:
        self.sandbox.http.delete("/_control/requests")

    def set_status(self, status: str) -> None:
        with self.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self.tenant.id) as connection:
            connection.execute("update app.tenants set status = %s where id = %s", (status, self.tenant.id))

    def set_settings(self, settings: dict[str, Any]) -> None:
        with self.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self.tenant.id) as connection:
            connection.execute("update app.tenants set settings = %s where id = %s", (Jsonb(settings), self.tenant.id))

    def forget_connection(self) -> None:
        with self.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self.tenant.id) as connection:
            connection.execute("delete from app.connections where vendor = 'hubspot'")

    def events(self) -> int:
        return int(self.rows("select count(*) from app.events where event_type <> 'PullFinished'")[0][0])

    def clear(self) -> None:
        with self.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, self.tenant.id) as connection:
            for table in ("hubspot_records", "hubspot_syncs", *CRM_TABLES, "record_merges"):
                connection.execute(f"delete from app.{table}")
            for table in ("event_parked", "event_inbox", "event_cursors", "events", "event_heads"):
                connection.execute(f"delete from app.{table}")
        with self.doors.connect(Database.OPERATIONAL, Role.WORKER) as connection:
            connection.execute("set search_path to jobs")
            connection.execute(
                "delete from jobs.procrastinate_jobs where task_name = 'sync_hubspot' and args ->> 'tenant_id' = %s",
                (str(self.tenant.id),),
            )
        with self.doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, self.tenant.id) as connection:
            for kind in (*KINDS, "deal_contacts", "deal_companies", "contact_companies", "associations"):
                connection.execute(f"delete from raw_hubspot.{kind}")
            connection.execute("delete from ops.sync_cursor")

"""Enrichment as an asset: partitioned by tenant, skipped without consent, with what it did as metadata."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from pipelines.defs.enrichment.assets import hourly_enrichment, lead_enrichment
from pipelines.enrichment.consent import withdraw_consent
from pipelines.partitions import TENANTS
from tests.pipelines.enrichment.conftest import Desk


@pytest.fixture
def instance(desk: Desk) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        made.add_dynamic_partitions(TENANTS, [desk.a.domain, desk.b.domain])
        yield made


def materialize(desk: Desk, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [lead_enrichment],
        partition_key=desk.a.domain,
        instance=instance,
        resources={"platform": desk.platform},
        raise_on_error=False,
    )


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("ml__lead_enrichment")
    return {name: value.value for name, value in event.metadata.items()}


def test_without_consent_it_is_skipped_and_succeeds(desk: Desk, instance: dg.DagsterInstance) -> None:
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud")
    result = materialize(desk, instance)
    assert result.success
    assert result.asset_materializations_for_node("ml__lead_enrichment") == []


def test_its_metadata_tells_what_it_did_and_what_is_left(desk: Desk, instance: dg.DagsterInstance) -> None:
    desk.agree(tokens=100_000)
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud", "Jeg kigger bare.", "Kan I fortælle mere?")
    desk.behave(mishaps=["refusal", "malformed"])
    first = told(materialize(desk, instance))
    assert (first["rows_asked"], first["rows_refused"], first["rows_failed"], first["rows_cached"]) == (3, 1, 1, 0)
    assert first["tokens"] + first["budget_left_tokens"] == 100_000
    second = told(materialize(desk, instance))
    assert (second["rows_asked"], second["rows_cached"], second["rows_waiting"]) == (2, 1, 0)


def test_its_data_version_moves_only_with_an_answer(desk: Desk, instance: dg.DagsterInstance) -> None:
    desk.agree()
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud")

    def version() -> str:
        (event,) = materialize(desk, instance).asset_materializations_for_node("ml__lead_enrichment")
        return str((event.tags or {})["dagster/data_version"])

    first = version()
    assert version() == first
    desk.add_leads(desk.a, "Jeg kigger bare.", first=2)
    assert version() != first


def test_a_failing_vendor_fails_the_asset_with_a_hint(desk: Desk, instance: dg.DagsterInstance) -> None:
    desk.agree()
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud")
    desk.sandbox.fault(kind="status", status=429, retry_after=300, vendor="openai", times=0)
    result = materialize(desk, instance)
    assert not result.success
    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "openai answered 429" in (data.description or "")
    assert data.metadata["hint"].value


def test_the_schedule_asks_for_tenants_that_agreed_and_for_no_other(desk: Desk, instance: dg.DagsterInstance) -> None:
    def wanted() -> list[str | None]:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(2026, 11, 1, 12, 37, tzinfo=UTC),
            resources={"platform": desk.platform},
        )
        return [request.partition_key for request in hourly_enrichment(context)]  # type: ignore[union-attr]

    assert wanted() == []
    desk.agree(desk.b)
    assert wanted() == [desk.b.domain]
    desk.add_leads(desk.b, "Vi vil gerne have et tilbud")
    desk.run(desk.b)
    withdraw_consent(desk.platform.doors, desk.b.id)
    assert wanted() == [desk.b.domain]  # its answers may have to be erased
    desk.execute("update raw_operational.leads set deleted_at = now()")
    desk.run(desk.b)
    assert wanted() == []

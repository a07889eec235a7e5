"""Grades by value and capacity for two tenants with the same lead ids."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from structlog.testing import capture_logs

import scoring
from pipelines.models import lead_values
from pipelines.models.lead_features import LABEL, LEAD, TENANT, TIME, split_late
from pipelines.resources.platform import Platform
from scoring import LeadModel, value
from scoring.kinds import DEAL_VALUE
from scoring.value import ValueModel
from tekup.db import Doors
from tekup.directory.tenants import Tenant
from tests.fixtures.database import TwoTenants
from tests.pipelines.models import lead_world

DAYS = 100
Tell = Callable[..., None]


@pytest.fixture(scope="module")
def frame(two_tenants: TwoTenants) -> pl.DataFrame:
    both = ((1, two_tenants.a), (2, two_tenants.b))
    return pl.concat([lead_world.make(str(tenant.id), seed, DAYS, known_until=400) for seed, tenant in both])


@pytest.fixture(scope="module")
def model(frame: pl.DataFrame) -> LeadModel:
    return scoring.train(frame, label=LABEL, time=TIME, tenant=TENANT, drop=[LEAD, "lead_count_so_far"], budget=1)


def worth_of(frame: pl.DataFrame, tenants: TwoTenants) -> dict[Tenant, pl.DataFrame]:
    """Both tenants' won deals: B's referrals are worth much, A's companies by their size."""
    of_size = pl.col("employee_count") * 10_000 + 1
    of_source = pl.when(pl.col("source") == "referral").then(900_000).otherwise(10_000)
    won = frame.filter(pl.col(LABEL) == 1)
    return {
        tenant: won.filter(pl.col(TENANT) == str(tenant.id)).select(
            TENANT, LEAD, worth.cast(pl.Int64).alias("value_cents")
        )
        for tenant, worth in ((tenants.a, of_size), (tenants.b, of_source))
    }


@pytest.fixture(scope="module")
def worth(frame: pl.DataFrame, two_tenants: TwoTenants) -> ValueModel:
    deals = pl.concat(worth_of(frame, two_tenants).values())
    rows = frame.join(deals, on=[TENANT, LEAD])
    drop = [LEAD, LABEL, "lead_count_so_far"]
    return value.train(rows, label="value_cents", time=TIME, tenant=TENANT, drop=drop, budget=1)


@pytest.fixture
def platform(doors: Doors, two_tenants: TwoTenants, frame: pl.DataFrame, worth: ValueModel, tmp_path: Path) -> Platform:
    """Both tenants' won deals, and a live model of what they are worth."""
    update = {"lake_url": str(tmp_path / "lake"), "models_url": str(tmp_path / "models")}
    made = Platform(doors.settings.model_copy(update=update))
    made.tenants = lambda: [two_tenants.a, two_tenants.b]  # type: ignore[method-assign]  # others' tenants stay out
    for tenant, deals in worth_of(frame, two_tenants).items():
        made.lake.write(tenant.id, "conversions", deals)
    registry = made.registry_of(DEAL_VALUE)
    registry.promote(registry.publish(worth))
    return made


@pytest.fixture
def tell(platform: Platform, two_tenants: TwoTenants) -> Iterator[Tell]:
    """Write both tenants' capacities into their settings; what was there is put back."""
    both = (two_tenants.a, two_tenants.b)

    def write(*capacities: object) -> None:
        for tenant, capacity in zip(both, capacities, strict=True):
            with platform.warehouse(tenant.id) as connection:
                connection.execute(
                    "insert into raw_operational.tenants (tenant_id, id, settings, changed_xid) "
                    "values (%s, %s, %s, '1') "
                    "on conflict (tenant_id, id) do update set settings = excluded.settings",
                    (tenant.id, tenant.id, json.dumps({"scoring": {"capacity": capacity}})),
                )

    yield write
    for tenant in both:
        with platform.warehouse(tenant.id) as connection:
            connection.execute("delete from raw_operational.tenants")
            connection.execute("delete from ops.check_result where check_name = 'scoring_settings'")


def read_checks(platform: Platform, two_tenants: TwoTenants) -> list[list[tuple[object, ...]]]:
    """By tenant the verdict on its settings."""
    query = "select is_passed, observed from ops.check_result where check_name = 'scoring_settings'"
    found = []
    for tenant in (two_tenants.a, two_tenants.b):
        with platform.warehouse(tenant.id, read_only=True) as connection:
            found.append(connection.execute(query).fetchall())
    return found


def graded(platform: Platform, model: LeadModel, frame: pl.DataFrame) -> pl.DataFrame:
    """The leads that set the edges, scored by the model that grades by value."""
    late = split_late(frame)[1]
    scores = lead_values.grade_by_value(platform, model, frame)[0].score(late, reasons=0)
    return pl.concat([late.select(TENANT), scores], how="horizontal")


def test_where_a_value_model_is_live_leads_are_graded_by_value_in_the_shares_of_each_tenants_capacity(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, two_tenants: TwoTenants, tell: Tell
) -> None:
    tell(0.2, None)
    _, version, tenants = lead_values.grade_by_value(platform, model, frame)
    assert version == platform.registry_of(DEAL_VALUE).live_version()
    assert tenants == tuple(sorted(str(tenant.id) for tenant in (two_tenants.a, two_tenants.b)))
    scores = graded(platform, model, frame)
    for tenant, share in ((two_tenants.a, 0.2), (two_tenants.b, 0.1)):
        own = scores.filter(pl.col(TENANT) == str(tenant.id))
        assert (own["grade"] == "A").mean() == pytest.approx(share, abs=0.02)
        ordered = own.sort("expected_value", descending=True)["grade"].to_list()
        assert ordered == sorted(ordered)


def test_without_a_live_value_model_the_model_stays_as_it_is(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, tmp_path: Path
) -> None:
    bare = Platform(platform.settings.model_copy(update={"models_url": str(tmp_path / "none")}))
    assert lead_values.grade_by_value(bare, model, frame) == (model, None, ())


def test_a_value_model_that_wants_other_features_leaves_grades_as_they_are(
    platform: Platform, model: LeadModel, frame: pl.DataFrame
) -> None:
    renamed = frame.rename({"source": "origin"})
    with capture_logs() as logs:
        assert lead_values.grade_by_value(platform, model, renamed) == (model, None, ())
    assert "source" in logs[0]["why"]


@pytest.mark.parametrize("capacity", [0, -0.1, 0.3, "many", True, [0.1]])
def test_a_capacity_that_cannot_be_used_counts_as_not_said_and_is_a_failing_check(
    platform: Platform, two_tenants: TwoTenants, tell: Tell, capacity: object
) -> None:
    tell(capacity, 0.2)
    with capture_logs() as logs:
        assert lead_values.read_capacity(platform) == {str(two_tenants.b.id): 0.2}
    fault = f"setting scoring.capacity is {capacity!r}: give a share of the leads above 0, at most 0.25"
    assert [(line["tenant"], line["why"]) for line in logs] == [(two_tenants.a.domain, fault)]
    assert read_checks(platform, two_tenants) == [[(False, fault)], []]
    tell(0.1, 0.2)
    lead_values.read_capacity(platform)
    assert read_checks(platform, two_tenants) == [[(True, "usable")], []]


def test_a_tenant_of_few_deals_is_graded_by_probability_and_yet_knows_what_leads_are_worth(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, two_tenants: TwoTenants
) -> None:
    deals = platform.lake.read(two_tenants.a.id, "conversions")
    assert deals is not None
    platform.lake.write(two_tenants.a.id, "conversions", deals.head(lead_values.LEAST_DEALS - 1))
    assert lead_values.grade_by_value(platform, model, frame)[2] == (str(two_tenants.b.id),)
    own = graded(platform, model, frame).filter(pl.col(TENANT) == str(two_tenants.a.id))
    plain = model.score(split_late(frame)[1].filter(pl.col(TENANT) == str(two_tenants.a.id)), reasons=0)
    assert own["grade"].to_list() == plain["grade"].to_list()
    assert own["expected_value"].is_not_null().all()

"""Grades by value and capacity for two tenants with the same lead ids, one of which told its capacity."""

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
from scoring import LeadModel
from tekup.db import Doors
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


@pytest.fixture
def platform(doors: Doors, two_tenants: TwoTenants, frame: pl.DataFrame, tmp_path: Path) -> Platform:
    """Both tenants' won deals: B's referrals are worth much, A's companies by their size."""
    made = Platform(doors.settings.model_copy(update={"lake_url": str(tmp_path / "lake")}))
    made.tenants = lambda: [two_tenants.a, two_tenants.b]  # type: ignore[method-assign]  # others' tenants stay out
    of_size = pl.col("employee_count") * 10_000 + 1
    of_source = pl.when(pl.col("source") == "referral").then(900_000).otherwise(10_000)
    for tenant, worth in ((two_tenants.a, of_size), (two_tenants.b, of_source)):
        won = frame.filter((pl.col(TENANT) == str(tenant.id)) & (pl.col(LABEL) == 1))
        made.lake.write(tenant.id, "conversions", won.select(TENANT, LEAD, worth.alias("value_cents")))
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


def graded(platform: Platform, model: LeadModel, frame: pl.DataFrame, apart: tuple[str, ...] = ()) -> pl.DataFrame:
    """The leads that set the edges, scored by the model that grades by value."""
    valued, _ = lead_values.grade_by_value(platform, model, frame, apart=apart, seed=0)
    late = split_late(frame)[1]
    return pl.concat([late.select(TENANT), valued.score(late, reasons=0)], how="horizontal")


def test_who_told_its_capacity_is_graded_by_value_and_the_other_by_probability(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, two_tenants: TwoTenants, tell: Tell
) -> None:
    tell(0.1, None)
    assert lead_values.grade_by_value(platform, model, frame, apart=(), seed=0)[1] == (str(two_tenants.a.id),)
    scores = graded(platform, model, frame)
    of_a, of_b = (scores.filter(pl.col(TENANT) == str(t.id)) for t in (two_tenants.a, two_tenants.b))
    assert (of_a["grade"] == "A").mean() == pytest.approx(0.1, abs=0.02)
    ordered = of_a.sort("expected_value", descending=True)["grade"].to_list()
    assert ordered == sorted(ordered)
    plain = model.score(split_late(frame)[1].filter(pl.col(TENANT) == str(two_tenants.b.id)), reasons=0)
    assert of_b["grade"].to_list() == plain["grade"].to_list()


def test_without_a_capacity_the_model_stays_as_it_is(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, tell: Tell
) -> None:
    tell(None, None)
    assert lead_values.grade_by_value(platform, model, frame, apart=(), seed=0) == (model, ())


@pytest.mark.parametrize("capacity", [0, -0.1, 0.3, "many", True, [0.1]])
def test_a_capacity_that_cannot_be_used_counts_as_not_said_and_is_logged(
    platform: Platform, two_tenants: TwoTenants, tell: Tell, capacity: object
) -> None:
    tell(capacity, 0.2)
    with capture_logs() as logs:
        assert lead_values.read_capacity(platform) == {str(two_tenants.b.id): 0.2}
    assert [(line["tenant"], line["capacity"]) for line in logs] == [(two_tenants.a.domain, json.dumps(capacity))]


def test_a_tenant_of_few_deals_is_graded_by_probability(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, two_tenants: TwoTenants, tell: Tell
) -> None:
    tell(0.1, 0.1)
    deals = platform.lake.read(two_tenants.a.id, "conversions")
    assert deals is not None
    platform.lake.write(two_tenants.a.id, "conversions", deals.head(lead_values.LEAST_DEALS - 1))
    _, by_value = lead_values.grade_by_value(platform, model, frame, apart=(), seed=0)
    assert by_value == (str(two_tenants.b.id),)


def test_who_stays_apart_teaches_no_value_and_is_graded_by_what_others_taught(
    platform: Platform, model: LeadModel, frame: pl.DataFrame, two_tenants: TwoTenants, tell: Tell
) -> None:
    tell(0.1, None)
    a = str(two_tenants.a.id)
    scores = graded(platform, model, frame, apart=(a,))
    deals = platform.lake.read(two_tenants.a.id, "conversions")
    assert deals is not None
    platform.lake.write(two_tenants.a.id, "conversions", deals.with_columns(pl.col("value_cents") * 7))
    assert graded(platform, model, frame, apart=(a,)).equals(scores)
    assert (scores.filter(pl.col(TENANT) == a)["grade"] == "A").mean() == pytest.approx(0.1, abs=0.02)
    everybody = (a, str(two_tenants.b.id))
    assert lead_values.grade_by_value(platform, model, frame, apart=everybody, seed=0) == (model, ())

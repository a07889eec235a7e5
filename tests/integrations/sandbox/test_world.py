"""The simulated world: the same again, whole, honest about time, and with a truth that can be measured against."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from integrations.sandbox.experiments import LEAST_LEADS_TO_LIFT
from integrations.sandbox.identifiers import base62, tenant_uuid, uuids
from integrations.sandbox.tenants import TENANTS, lead_target
from integrations.sandbox.world import World, load_world, simulate
from tests.integrations.running import AS_OF

REFERENCES = {
    "contact_id": "contacts",
    "company_id": "companies",
    "campaign_id": "campaigns",
    "lead_id": "leads",
    "stage_id": "stages",
    "pipeline_id": "pipelines",
    "deal_id": "deals",
}


@pytest.fixture(scope="module")
def big() -> World:
    """A world with enough leads to measure odds."""
    return simulate(7, 0.2, AS_OF)


def _fingerprint(world: World) -> str:
    digest = hashlib.sha256()
    for frames in (world.operational, world.vendors, world.truth):
        for name, frame in frames.items():
            digest.update(name.encode() + frame.write_csv().encode())
    return digest.hexdigest()


def test_same_arguments_give_the_same_bytes_and_another_seed_gives_others(world: World) -> None:
    assert _fingerprint(simulate(7, world.scale, AS_OF)) == _fingerprint(world)
    assert _fingerprint(simulate(8, world.scale, AS_OF)) != _fingerprint(world)


def test_a_stored_world_equals_the_drawn_one_and_is_not_drawn_twice(world: World, tmp_path: Path) -> None:
    first = load_world(tmp_path, 7, world.scale, AS_OF)
    assert _fingerprint(first) == _fingerprint(world)
    stored = next(tmp_path.glob("world-*/world.json"))
    written = stored.stat().st_mtime_ns
    again = load_world(tmp_path, 7, world.scale, AS_OF)
    assert stored.stat().st_mtime_ns == written
    assert load_world(tmp_path, 7, world.scale, AS_OF, with_truth=False).truth == {}
    assert _fingerprint(again) == _fingerprint(world)


def test_a_half_written_world_is_replaced(world: World, tmp_path: Path) -> None:
    load_world(tmp_path, 7, world.scale, AS_OF)
    place = next(tmp_path.glob("world-*"))
    (place / "world.json").unlink()
    (place / "operational" / "08-leads.parquet").unlink()
    assert _fingerprint(load_world(tmp_path, 7, world.scale, AS_OF)) == _fingerprint(world)


@pytest.mark.parametrize(
    "table", ["companies", "contacts", "leads", "deals", "activities", "touchpoints", "identities"]
)
def test_every_reference_stays_inside_its_tenant(world: World, table: str) -> None:
    frame = world.operational[table]
    assert not frame.select(pl.struct("tenant_id", "id").is_duplicated().any()).item()
    for column, parent in REFERENCES.items():
        if column in frame.columns:
            lost = frame.filter(pl.col(column).is_not_null()).join(
                world.operational[parent], left_on=["tenant_id", column], right_on=["tenant_id", "id"], how="anti"
            )
            assert lost.is_empty(), column


def test_nothing_has_happened_after_the_moment_of_the_world(world: World) -> None:
    for frames in (world.operational, world.vendors):
        for name, frame in frames.items():
            for column in ("created_at", "updated_at", "occurred_at", "won_at", "closed_at", "paid_at", "tagged_at"):
                if column in frame.columns and frame[column].drop_nulls().len():
                    assert frame.filter(pl.col(column) > AS_OF).is_empty(), (name, column)


def test_a_lead_moves_forward_in_time_and_has_a_value_only_when_won(world: World) -> None:
    leads = world.operational["leads"]
    steps = ["created_at", "contacted_at", "qualified_at", "won_at"]
    for earlier, later in pairwise(steps):
        both = leads.drop_nulls([earlier, later])
        assert (both[later] >= both[earlier]).all()
    assert ((leads["status"] == "won") == leads["value_cents"].is_not_null()).all()
    assert ((leads["status"] == "won") == leads["won_at"].is_not_null()).all()
    assert set(leads["status"].unique()) <= {"new", "contacted", "qualified", "won", "lost"}


def test_touches_before_a_lead_are_anonymous_and_join_to_it_by_the_cookie(world: World) -> None:
    leads, touches = world.operational["leads"], world.operational["touchpoints"]
    joined = touches.join(
        leads.select("tenant_id", "anonymous_id", lead="id", lead_created="created_at"),
        on=["tenant_id", "anonymous_id"],
        how="left",
    )
    before = joined.filter(pl.col("occurred_at") < pl.col("lead_created"))
    after = joined.filter(pl.col("occurred_at") > pl.col("lead_created"))
    assert before["lead_id"].null_count() == len(before) > 0
    assert (after["lead_id"] == after["lead"]).all()
    assert len(after) > 0
    assert before["lead"].n_unique() == len(leads)
    assert joined["lead"].null_count() > len(leads), "most people never become leads"


def test_tenants_have_their_sizes_and_the_new_one_is_almost_empty(world: World) -> None:
    counts = dict(world.operational["leads"].group_by("tenant_id").len().iter_rows())
    for tenant in TENANTS:
        target = lead_target(tenant, world.scale)
        assert 0.5 * target <= counts[tenant.id] <= 1.6 * target + 5
    newest = world.operational["leads"].filter(pl.col("tenant_id") == tenant_uuid("ny-start"))
    assert newest["won_at"].null_count() >= len(newest) - 2


def test_the_dirty_tenant_is_dirty(world: World) -> None:
    mine = world.operational["contacts"].filter(pl.col("tenant_id") == tenant_uuid("hygge-interior"))
    emails = mine["email"].drop_nulls()
    assert (emails != emails.str.to_lowercase()).any()
    assert emails.str.to_lowercase().is_duplicated().any()
    spellings = world.operational["leads"].filter(pl.col("tenant_id") == tenant_uuid("hygge-interior"))["country"]
    assert spellings.n_unique() > 4


def test_the_truth_is_learnable_but_not_perfectly(big: World) -> None:
    joined = big.operational["leads"].join(
        big.truth["leads"], left_on=["tenant_id", "id"], right_on=["tenant_id", "lead_id"]
    )
    mature = joined.filter(pl.col("created_at") < AS_OF.replace(month=7))
    won = (mature["status"] == "won").to_numpy()
    assert 0.05 < won.mean() < 0.15
    assert 0.78 < roc_auc_score(won, mature["knowable_logit"].to_numpy()) < 0.87
    assert abs(mature["win_probability"].mean() - won.mean()) < 0.02


def test_the_truth_says_that_last_touches_flatter_direct_traffic(big: World) -> None:
    truth = big.truth["channels"].group_by("channel").agg(pl.col("incremental_leads").sum())
    added = dict(truth.iter_rows())
    forms = big.operational["touchpoints"].filter(pl.col("kind") == "form").group_by("channel").len()
    last = dict(forms.iter_rows())
    assert last["direct"] / sum(last.values()) > 3 * added["direct"] / sum(added.values())
    assert all(value >= 0 for value in added.values())
    assert sum(added.values()) < len(big.operational["leads"]), "some would have come anyway"


def test_two_tenants_share_their_natural_ids(world: World) -> None:
    one, two = tenant_uuid("fjord-software"), tenant_uuid("byg-og-bo")
    for name, column in (("hubspot_contacts", "object_id"), ("stripe_customers", "id"), ("stripe_invoices", "id")):
        frame = world.vendors[name]
        first = set(frame.filter(pl.col("tenant_id") == one)[column])
        second = set(frame.filter(pl.col("tenant_id") == two)[column])
        assert len(first & second) == min(len(first), len(second)) > 0


def test_money_adds_up(world: World) -> None:
    charges, refunds = world.vendors["stripe_charges"], world.vendors["stripe_refunds"]
    returned = refunds.group_by("tenant_id", "charge").agg(pl.col("amount").sum())
    joined = charges.join(returned, left_on=["tenant_id", "id"], right_on=["tenant_id", "charge"], how="left")
    assert (joined["amount_refunded"] == joined["amount_right"].fill_null(0)).all()
    assert (charges["amount_refunded"] <= charges["amount"]).all()
    paid = world.vendors["stripe_invoices"].filter(pl.col("status") == "paid")
    succeeded = charges.filter(pl.col("status") == "succeeded")
    assert paid["amount_paid"].sum() == succeeded["amount"].sum()


def test_bulk_identifiers_are_unique_and_independent_of_how_many_are_asked_for() -> None:
    many = uuids(42, 10_000)
    assert many.n_unique() == 10_000
    assert many.head(10).to_list() == uuids(42, 10).to_list()
    assert many.str.contains(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").all()
    ids = base62("cus_", 42, 10_000)
    assert ids.n_unique() == 10_000
    assert np.all(ids.str.len_chars().to_numpy() == 18)


def test_the_one_experiment_with_an_effect_shows_it_and_the_other_none(big: World) -> None:
    shown = big.operational["experiment_exposures"]
    truth = big.truth["experiments"]
    fast = truth.filter(pl.col("trial_key") == "fast-reply")
    large = [tenant.id for tenant in TENANTS if lead_target(tenant, big.scale) >= LEAST_LEADS_TO_LIFT]
    lifted = pl.col("tenant_id").is_in(large)
    assert fast.filter(lifted).height == len(large) < fast.height
    effects = fast.filter(lifted)["true_effect"]
    assert effects.min() > 0.03  # type: ignore[operator]
    assert fast.filter(~lifted)["true_effect"].unique().to_list() == [0.0]
    assert truth.filter(pl.col("trial_key") == "danish-video")["true_effect"].unique().to_list() == [0.0]
    leads = big.operational["leads"].select("tenant_id", lead_id="id", is_won=pl.col("status") == "won")
    rates = (
        shown.filter(lifted).drop_nulls("lead_id").join(leads, on=["tenant_id", "lead_id"]).group_by("variant").agg(
            pl.col("is_won").mean(), pl.len()
        )
    )  # fmt: skip
    won = {variant: (rate, count) for variant, rate, count in rates.iter_rows()}
    error = sum(rate * (1 - rate) / count for rate, count in won.values()) ** 0.5
    assert won["treatment"][0] - won["control"][0] == pytest.approx(effects.mean(), abs=3.5 * error)  # type: ignore[arg-type]


def test_exposures_follow_the_products_own_hash_and_no_unit_has_two(big: World) -> None:
    shown = big.operational["experiment_exposures"].with_columns(unit=pl.coalesce("anonymous_id", "lead_id"))
    assert not shown.select(pl.struct("experiment_id", "unit").is_duplicated().any()).item()
    for experiment_id, unit, variant in shown.select("experiment_id", "unit", "variant").head(300).iter_rows():
        place = int(hashlib.sha256(f"{experiment_id}:{unit}".encode()).hexdigest()[:13], 16) / 16**13
        assert variant == ("control" if place < 0.5 else "treatment")

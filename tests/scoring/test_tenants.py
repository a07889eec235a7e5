"""Several tenants in one model: they differ, strangers are served, nobody is named in another's files."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import scoring
from benchmarks.scoring import tenants, world
from scoring import errors
from scoring.adaptation import key_of
from scoring.metrics import measure
from tests.scoring import leads
from tests.scoring.conftest import TENANTS

LEAD = {"visits": 3, "size": 20.0, "is_customer": False, "source": "ads"}


def test_same_lead_scores_differently_at_tenants_with_different_rates(pooled_model: scoring.LeadModel) -> None:
    by_tenant = {t: pooled_model.score_one({**LEAD, "tenant_id": t}).probability for t in TENANTS}
    assert by_tenant["nord"] > 1.5 * by_tenant["oest"] > 1.5 * by_tenant["syd"]


def test_adaptation_beats_the_pooled_model_on_unseen_leads_of_every_tenant(pooled_model: scoring.LeadModel) -> None:
    stranger = replace(pooled_model, adaptation=None)
    for name in ("nord", "syd"):
        unseen = leads.make(2_000, seed=77, tenant=name, intercept=TENANTS[name][1])
        adapted = scoring.evaluate(pooled_model, unseen, label="won")["log_loss"]
        assert adapted < scoring.evaluate(stranger, unseen, label="won")["log_loss"] - 0.01


def test_choice_of_adaptation_is_by_held_out_loss(pooled_model: scoring.LeadModel) -> None:
    losses = pooled_model.metrics["adaptation_log_loss"]
    assert set(losses) == {"none", "intercept", "slopes", "trees taught again"}
    assert pooled_model.metrics["validation"]["log_loss"] == pytest.approx(min(losses.values()))


def test_tenant_is_no_feature(pooled_model: scoring.LeadModel) -> None:
    assert "tenant_id" not in pooled_model.features


def test_new_tenant_is_scored_like_the_population(pooled_model: scoring.LeadModel) -> None:
    new = pooled_model.score_one({**LEAD, "tenant_id": "brand-new"}).probability
    rates = [pooled_model.score_one(LEAD, tenant=t).probability for t in TENANTS]
    assert min(rates) < new < max(rates)
    assert pooled_model.score_one({**LEAD, "tenant_id": None}).probability == new


def test_lead_without_tenant_is_refused(pooled_model: scoring.LeadModel, pooled_frame: pl.DataFrame) -> None:
    with pytest.raises(errors.TenantError, match="tenant_id"):
        pooled_model.score(pooled_frame.drop("tenant_id"))
    with pytest.raises(errors.TenantError, match="tenant_id"):
        pooled_model.score_one(LEAD)
    named = pooled_model.score(pooled_frame.head(3).drop("tenant_id"), tenant="nord")
    assert named.equals(pooled_model.score(pooled_frame.head(3)))


def test_batch_of_mixed_tenants_equals_each_tenants_own(
    pooled_model: scoring.LeadModel, pooled_frame: pl.DataFrame
) -> None:
    mixed = pooled_frame.sample(200, seed=1, shuffle=True)
    scores = pooled_model.score(mixed, reasons=99)
    for lead, score in zip(mixed.rows(named=True)[:40], scores.rows(named=True)[:40], strict=True):
        one = pooled_model.score_one(lead, reasons=99)
        assert one.probability == pytest.approx(score["probability"], abs=1e-9)
        total = one.base_probability + sum(reason.contribution for reason in one.reasons)
        assert total == pytest.approx(one.probability, abs=1e-9)


def test_saved_model_names_no_tenant_and_each_has_a_file_of_its_own(
    pooled_model: scoring.LeadModel, tmp_path: Path
) -> None:
    folder = pooled_model.save(tmp_path / "model")
    texts = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    for name in TENANTS:
        assert not [path for path, text in texts.items() if f'"{name}"' in text or name in path.name]
        effects = json.loads(texts[folder / "adaptations" / f"{key_of(name)}.json"])
        assert set(effects) == {"effects", "covariance"}


def test_server_of_one_tenant_needs_no_file_of_another(pooled_model: scoring.LeadModel, tmp_path: Path) -> None:
    folder = pooled_model.save(tmp_path / "model")
    for name in set(TENANTS) - {"nord"}:
        (folder / "adaptations" / f"{key_of(name)}.json").unlink()
    mine = scoring.load(folder, tenants=["nord"])
    expected = pooled_model.score_one(LEAD, tenant="nord")
    assert mine.score_one(LEAD, tenant="nord") == expected
    with pytest.raises(errors.AdaptationWithheld):
        mine.score_one(LEAD, tenant="syd")
    assert mine.score_one(LEAD, tenant="brand-new").probability > 0


def test_category_known_to_one_tenant_alone_stays_out_of_the_shared_model() -> None:
    frame = leads.pooled(dict.fromkeys(("a", "b", "c"), (200, -0.5)))
    secret = pl.when((pl.col("tenant_id") == "a") & (pl.col("source") == "ads")).then(pl.lit("Jensen & Co"))
    frame = frame.with_columns(secret.otherwise("source").alias("source"))
    model = scoring.train(frame, label="won", tenant="tenant_id", drop=["truth", "day"], budget=1)
    assert "Jensen" not in "".join(model.files().values())
    assert "referral" in model.files()["schema.json"]


def test_tenant_without_rows_of_one_outcome_is_still_served(pooled_frame: pl.DataFrame) -> None:
    never = leads.make(30, seed=5, tenant="never").with_columns(pl.lit(0).cast(pl.Int64).alias("won"))
    model = scoring.train(
        pl.concat([pooled_frame, never]), label="won", tenant="tenant_id", drop=["truth", "day"], budget=1
    )
    score = model.score_one(LEAD, tenant="never").probability
    assert 0 < score < model.score_one(LEAD, tenant="oest").probability
    assert np.isfinite(score)


def test_less_is_known_of_a_new_tenant_than_of_one_with_leads(pooled_model: scoring.LeadModel) -> None:
    def width(tenant: str) -> float:
        score = pooled_model.score_one(LEAD, tenant=tenant)
        return score.probability_high - score.probability_low

    assert width("brand-new") > 1.3 * width("nord")


def test_tenant_that_opts_out_teaches_nothing_shared_and_still_keeps_its_own_voice(pooled_frame: pl.DataFrame) -> None:
    options = {"label": "won", "tenant": "tenant_id", "drop": ["truth", "day"], "budget": 1}
    without = scoring.train(pooled_frame.filter(pl.col("tenant_id") != "syd"), **options).files()  # type: ignore[arg-type]
    model = scoring.train(pooled_frame, apart=["syd"], **options)  # type: ignore[arg-type]
    files = model.files()
    own = f"adaptations/{key_of('syd')}.json"
    assert set(files) - set(without) == {own}
    shared = set(without) - {"calibration.json"}
    assert {name: files[name] for name in shared} == {name: without[name] for name in shared}
    assert files["calibration.json"].replace(f'   "{key_of("syd")}",\n', "") == without["calibration.json"]
    assert model.score_one(LEAD, tenant="syd").probability < model.score_one(LEAD, tenant="oest").probability


def test_no_lead_can_be_read_from_what_is_shared(pooled_frame: pl.DataFrame) -> None:
    telltale = 7_654_321.25
    odd = pl.when(pl.int_range(pl.len()) == 3).then(telltale).otherwise("size").alias("size")
    model = scoring.train(
        pooled_frame.with_columns(odd), label="won", tenant="tenant_id", drop=["truth", "day"], budget=1
    )
    shared = "".join(text for name, text in model.files().items() if not name.startswith("adaptations/"))
    numbers = {float(number) for number in re.findall(r"(?<!\w)\d+\.?\d*(?:e[+-]?\d+)?(?!\w)", shared)}
    assert not [number for number in numbers if telltale / 20 < number < telltale * 20]


def test_pooled_and_adapted_beats_pooled_and_comes_near_the_best_learnable_where_tenants_differ() -> None:
    drawn = world.make(24, largest=1_500, seed=5)
    known, asked = drawn.leads(1.0, seed=1), drawn.leads(1.0, seed=2)
    model = scoring.train(known.drop(tenants.NOT_FEATURES), label="won", tenant="tenant_id", budget=1)
    label = asked["won"].to_numpy().astype(float)
    stranger = replace(model, adaptation=None)
    pooled, adapted = (measure(label, m.score(asked, reasons=0)["probability"].to_numpy()) for m in (stranger, model))
    learnable = measure(label, tenants.best_learnable(known, asked))
    assert adapted["roc_auc"] > pooled["roc_auc"] + 0.05
    assert adapted["log_loss"] < pooled["log_loss"] - 0.03
    assert adapted["roc_auc"] > learnable["roc_auc"] - 0.03

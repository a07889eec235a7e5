"""Free text: words tell, in both languages and with errors, and none of them is kept."""

import numpy as np
import polars as pl
import pytest

import scoring
from scoring import errors

GOOD = (
    "Vi ønsker et tilbud hurtigst muligt",
    "please send us a quote for ten licences",
    "tilbuddet må gerne komme i dag",
)
BAD = ("I am a student writing a paper", "jeg søger job hos jer", "vil bare se mig omkring")


def make(rows: int, *, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    is_good = random.random(rows) < 0.4
    message = [random.choice(GOOD if good else BAD) for good in is_good]
    won = random.random(rows) < np.where(is_good, 0.6, 0.15)
    tenant = random.choice(["a", "b", "c", "d"], rows)
    return pl.DataFrame({"tenant_id": tenant, "message": message, "visits": random.poisson(3, rows), "won": won})


@pytest.fixture(scope="module")
def model() -> scoring.LeadModel:
    frame = make(1_200, seed=0)
    secret = pl.when(pl.int_range(pl.len()) % 40 == 0).then(pl.lit(" Zorblatt Aps")).otherwise(pl.lit(""))
    frame = frame.with_columns(
        pl.when(pl.col("tenant_id") == "a").then(pl.col("message") + secret).otherwise("message").alias("message")
    )
    return scoring.train(frame, label="won", tenant="tenant_id", text=["message"], budget=1)


def test_words_move_the_score_in_both_languages(model: scoring.LeadModel) -> None:
    def ask(message: str | None) -> float:
        return model.score_one({"message": message, "visits": 3}, tenant="b").probability

    assert min(ask(text) for text in GOOD) > 2 * max(ask(text) for text in BAD)
    assert ask("tilbudet ønskes hurtigt") > 2 * ask("student, paper")
    assert 0 < ask(None) < 1
    assert 0 < ask("") < 1


def test_text_feature_does_not_learn_its_own_answers() -> None:
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcdefghij"), 6)) for _ in range(300)]
    noise = [" ".join(random.choice(words, 8)) for _ in range(800)]
    frame = pl.DataFrame({"message": noise, "visits": random.poisson(3, 800), "won": random.random(800) < 0.4})
    model = scoring.train(frame, label="won", text=["message"], budget=1)
    assert model.metrics["validation"]["roc_auc"] < 0.6


def test_no_word_is_kept_and_a_single_tenants_word_weighs_nothing(model: scoring.LeadModel) -> None:
    files = "".join(model.files().values())
    assert not [word for text in (*GOOD, *BAD, "Zorblatt") for word in text.split() if len(word) > 5 and word in files]
    ask = {"message": "zorblatt", "visits": 3}
    assert (
        model.score_one(ask, tenant="b").probability == model.score_one({**ask, "message": ""}, tenant="b").probability
    )


def test_batch_equals_one_and_the_saved_model_equals_both(model: scoring.LeadModel, tmp_path: object) -> None:
    frame = make(20, seed=3)
    again = scoring.load(model.save(f"{tmp_path}/model"))
    batch = again.score(frame)
    for lead, expected in zip(frame.rows(named=True), batch.rows(named=True), strict=True):
        assert model.score_one(lead).probability == pytest.approx(expected["probability"], abs=1e-9)


def test_number_in_place_of_text_is_refused_by_name(model: scoring.LeadModel) -> None:
    with pytest.raises(errors.UnusableColumn, match="'message' was text in training"):
        model.score_one({"message": 3, "visits": 3}, tenant="a")

"""Drift is found where it is, and seldom where it is not: false alarms are counted in a simulation."""

import numpy as np
import polars as pl
import pytest

from scoring import drift

FEATURES = 12


def make(random: np.random.Generator, rows: int, *, shift: float = 0.0) -> pl.DataFrame:
    """Numbers, counts, flags and categories, some null; a latent factor makes them depend on each other."""
    factor = random.normal(size=rows)
    columns: dict[str, pl.Series] = {}
    for number in range(FEATURES):
        raw = 0.6 * factor + random.normal(size=rows) + (shift if number == 0 else 0.0)
        if number % 4 == 0:
            values = pl.Series(np.where(random.random(rows) < 0.1, np.nan, raw)).fill_nan(None)
        elif number % 4 == 1:
            values = pl.Series(random.poisson(np.exp(raw / 3)))
        elif number % 4 == 2:
            values = pl.Series(raw > 0.5)
        else:
            values = pl.Series([f"level {int(x)}" for x in np.clip(raw * 2, -6, 6)])
        columns[f"feature {number}"] = values
    return pl.DataFrame(columns)


def look(references: dict[str, dict[str, object]], batch: pl.DataFrame) -> tuple[list[float], list[str]]:
    """P-values of all features, and the names of those that are told to have drifted."""
    looks = {name: drift.compare(reference, batch[name]) for name, reference in references.items()}
    adjusted = drift.adjust([one.p_value for one in looks.values()])
    named = [name for (name, one), q in zip(looks.items(), adjusted, strict=True) if drift.is_named(one, q)]
    return [one.p_value for one in looks.values()], named


def test_false_alarms_are_as_rare_as_promised() -> None:
    """60 tenants of which nothing changes, 25 looks each: at most one look in 20 names a feature, one in 200 alarms."""
    random = np.random.default_rng(1)
    looks = named_looks = alarms = 0
    for _ in range(60):
        snapshot = make(random, 1_500)
        references = {name: drift.reference_of(snapshot[name]) for name in snapshot.columns}
        evidence = 0.0
        for _ in range(25):
            p_values, named = look(references, make(random, 150))
            looks += 1
            named_looks += bool(named)
            evidence = drift.add_evidence(evidence, p_values)
            if evidence >= drift.RUN_LENGTH:
                alarms += 1
                evidence = 0.0
    assert looks == 1_500
    assert named_looks / looks <= drift.FALSE_DISCOVERIES
    assert alarms / looks <= 1 / drift.RUN_LENGTH


def test_a_feature_that_moves_is_named_and_alarms_soon() -> None:
    random = np.random.default_rng(2)
    snapshot = make(random, 1_500)
    references = {name: drift.reference_of(snapshot[name]) for name in snapshot.columns}
    evidence = 0.0
    turn = 0
    while evidence < drift.RUN_LENGTH and turn < 10:
        turn += 1
        p_values, named = look(references, make(random, 150, shift=0.6))
        evidence = drift.add_evidence(evidence, p_values)
    assert turn <= 4
    assert named == ["feature 0"]


@pytest.mark.parametrize("change", ["new category", "nulls", "constant"])
def test_each_kind_of_change_is_seen(change: str) -> None:
    random = np.random.default_rng(3)
    snapshot, batch = make(random, 1_500), make(random, 300)
    name, values = {
        "new category": ("feature 3", pl.Series(["never seen"] * 60 + batch["feature 3"].to_list()[60:])),
        "nulls": ("feature 1", pl.Series([None] * 90 + batch["feature 1"].to_list()[90:], dtype=pl.Int64)),
        "constant": ("feature 0", pl.Series([0.0] * 300)),
    }[change]
    seen = drift.compare(drift.reference_of(snapshot[name]), values)
    assert seen.p_value < 1e-6
    assert seen.psi > drift.PSI_THAT_MATTERS


@pytest.mark.parametrize(
    "values", [pl.Series([], dtype=pl.Float64), pl.Series([None, None], dtype=pl.String), pl.Series([1.0, 1.0])]
)
def test_empty_unknown_and_constant_columns_are_no_drift_of_themselves(values: pl.Series) -> None:
    seen = drift.compare(drift.reference_of(values), values)
    assert seen.p_value == 1.0
    assert seen.psi == pytest.approx(0.0)


def test_scores_that_move_are_seen_and_scores_that_stay_are_not() -> None:
    random = np.random.default_rng(4)
    reference = drift.reference_of(pl.Series(random.beta(2, 8, 3_000)), bins=drift.SCORE_BINS)
    still = [drift.compare_scores(reference, random.beta(2, 8, 200)).p_value for _ in range(200)]
    assert np.mean(np.array(still) < 0.05) <= 0.07
    assert drift.compare_scores(reference, random.beta(3, 8, 200)).p_value < 1e-4


def test_calibration_is_compared_with_that_of_the_snapshot_and_not_with_perfection() -> None:
    random = np.random.default_rng(5)

    def outcomes(rows: int, off: float) -> tuple[np.ndarray, np.ndarray]:
        probability = random.beta(2, 6, rows)
        return (random.random(rows) < np.clip(probability + off, 0, 1)).astype(float), probability

    reference = drift.reference_of_calibration(*outcomes(4_000, 0.04))
    still = [drift.compare_calibration(reference, *outcomes(300, 0.04)).p_value for _ in range(200)]
    assert np.mean(np.array(still) < 0.05) <= 0.08
    worse = drift.compare_calibration(reference, *outcomes(300, 0.16))
    assert worse.p_value < 1e-3
    assert worse.psi == pytest.approx(0.12, abs=0.06)


def test_evidence_grows_only_under_drift() -> None:
    random = np.random.default_rng(6)
    assert np.mean([drift.e_value(p) for p in random.random(20_000)]) <= 1.1
    assert drift.add_evidence(3.0, []) == 3.0
    assert drift.add_evidence(0.0, [1e-6]) > drift.RUN_LENGTH

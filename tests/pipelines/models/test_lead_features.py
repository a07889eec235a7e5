"""How much a lead teaches, by what was said of it and what became of it."""

import polars as pl
import pytest

from pipelines.models.lead_features import weigh


@pytest.mark.parametrize(
    ("verdict", "outcome", "weight"),
    [("too_high", 0, 2.0), ("too_low", 1, 2.0), ("too_high", 1, 1.0), ("too_low", 0, 1.0),
     ("agree", 0, 1.0), ("agree", 1, 1.0), (None, 0, 1.0)],
)  # fmt: skip
def test_only_a_word_that_the_outcome_bore_out_weighs(verdict: str | None, outcome: int, weight: float) -> None:
    leads = pl.DataFrame(
        {"tenant_id": ["a", "b"], "lead_id": ["1", "1"], "is_won_90d": [outcome, outcome]},
        schema_overrides={"is_won_90d": pl.Int32},
    )
    words = pl.DataFrame(
        {"tenant_id": ["a"], "lead_id": ["1"], "verdict": [verdict]}, schema_overrides={"verdict": pl.String}
    )
    weighed = weigh(leads, words)
    assert weighed["teaching_weight"].to_list() == [weight, 1.0], "the other tenant's lead of the same id is untouched"
    assert weighed.drop("teaching_weight").equals(leads)

"""What a rule promises, and what no rule may do."""

import json
from typing import Any

import pytest

from pipelines.quality import gates
from pipelines.quality.rules import Rule
from pipelines.resources.dbt_project import ensure_manifest


@pytest.fixture(scope="module")
def rules() -> list[Rule]:
    return gates.rules_of(gates.before_models() + gates.after_models())


def test_bounds_are_told_in_words() -> None:
    def said(minimum: float | None, maximum: float | None) -> str:
        return Rule("r", ("m",), "A rule.", "validity", minimum, maximum).expected

    assert [said(0, 0), said(None, 24), said(2, None), said(0, 0.25)] == [
        "0", "at most 24", "at least 2", "between 0 and 0.25",
    ]  # fmt: skip


def test_a_warning_may_not_hold_a_tenant() -> None:
    with pytest.raises(ValueError, match="is an error"):
        Rule("r", ("m",), "A rule.", "validity", severity="warn", is_blocking=True)


def test_nothing_that_models_produce_holds_a_tenant() -> None:
    assert [rule.name for rule in gates.rules_of(gates.after_models()) if rule.is_blocking] == []


def test_every_rule_has_a_name_of_its_own(rules: list[Rule]) -> None:
    assert len({rule.name for rule in rules}) == len(rules) > 30


def test_every_source_is_watched_by_the_limit_that_dbt_declares() -> None:
    manifest: dict[str, Any] = json.loads(ensure_manifest().read_text())
    limits = {rule.name: rule.maximum for rule in gates.rules_of(gates.before_models(manifest))}
    assert {name: limit for name, limit in limits.items() if name.endswith("_is_fresh")} == {
        "hubspot_is_fresh": 24, "kit_is_fresh": 24, "operational_is_fresh": 24, "stripe_is_fresh": 24,
    }  # fmt: skip

"""Conditions: what is refused when one is stored, and what one says of a record with and without values."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from serving.automation.conditions import check_condition, judge
from serving.models.crm import deals
from serving.models.operational import leads
from tekup.contracts.events import LeadScored, LeadStatusChanged
from tekup.errors import BadInput

LEAD = {
    "id": UUID(int=1), "email": "ida@oern.dk", "country": "DK", "employee_count": 40, "won_at": None, "status": "new",
    "value_cents": None, "created_at": datetime(2026, 1, 1, tzinfo=UTC), "has_marketing_consent": True,
}  # fmt: skip
SCORED = {"grade": "A", "probability": 0.8}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("lead.country == 'DK' && event.grade in ['A', 'B']", True),
        ("lead.employee_count > 50", False),
        ("lead.value_cents == null", True),
        ("lead.value_cents > 10 || lead.country == 'DK'", True),
        ("lead.email.endsWith('.dk') && lead.email.matches('^[a-z]+@')", True),
        ("event.probability >= 0.5 && now - lead.created_at > duration('24h')", True),
        ("lead.won_at == null && lead.has_marketing_consent", True),
        ("lead.id == '00000000-0000-0000-0000-000000000001'", True),
    ],
)
def test_a_condition_is_judged(text: str, holds: bool) -> None:
    check_condition(text, "lead", leads, LeadScored, {})
    assert judge(text, "lead", LEAD, SCORED).holds is holds


def test_what_can_not_be_judged_counts_as_no_and_says_why() -> None:
    verdict = judge("lead.value_cents > 10", "lead", LEAD, SCORED)
    assert not verdict.holds
    assert verdict.fault
    assert not judge("event.nothing == 'x'", "lead", LEAD, SCORED).holds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("lead.contry == 'DK'", "undeclared reference"),
        ("lead.employee_count > 'many'", "no matching overload"),
        ("lead.country", "must be true or false"),
        ("lead.country ==", "Syntax error"),
        ("event.grade == 'A'", "undeclared reference"),
        ("__import__('os').system('x') == 1", "undeclared reference"),
        ("lead.country == 'DK' " * 200, "at most"),
        ("(" * 300 + "true" + ")" * 300, "recursion"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        check_condition(text, "lead", leads, LeadStatusChanged, {})


def test_own_fields_have_their_types() -> None:
    custom = {"seats": "number", "contract_ends": "date"}
    check_condition("deal.custom.seats > 10.0 && deal.custom.contract_ends != null", "deal", deals, None, custom)
    for wrong in ("deal.custom.seats == 'ten'", "deal.custom.chairs > 1.0"):
        with pytest.raises(BadInput):
            check_condition(wrong, "deal", deals, None, custom)
    record = {"name": "x", "custom": {"seats": 12, "contract_ends": None}}
    assert judge("deal.custom.seats > 10.0 && deal.custom.contract_ends == null", "deal", record, {}).holds


def test_a_condition_can_not_run_for_long() -> None:
    nested = "deal.tags.all(a, deal.tags.all(b, deal.tags.all(c, deal.tags.all(d, d != ''))))"
    check_condition(nested, "deal", deals, None, {})
    verdict = judge(nested, "deal", {"tags": ["x"] * 50}, {})
    assert not verdict.holds
    assert "budget" in (verdict.fault or "")

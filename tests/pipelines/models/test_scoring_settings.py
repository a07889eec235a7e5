"""What a tenant may say of scoring: each fault is named, and none of them opens more than was asked for."""

from typing import Any

import pytest

from pipelines.models.scoring_settings import ScoringSettings, _usable_part, settings_of
from serving.tenants.schemas import ScoringSettings as ScoringSettingsOfTheApi
from tekup.errors import BadInput


@pytest.mark.parametrize(
    ("told", "settings"),
    [
        (None, ScoringSettings()),
        ({}, ScoringSettings()),
        ({"is_pooled": False}, ScoringSettings(is_pooled=False)),
        ({"capacity": 0.25, "is_pooled": True}, ScoringSettings(capacity=0.25)),
        ({"capacity": None}, ScoringSettings()),
    ],
)
def test_what_is_left_out_takes_its_default(told: Any, settings: ScoringSettings) -> None:
    assert settings_of(told) == settings
    assert ScoringSettings(**ScoringSettingsOfTheApi.model_validate(told or {}).model_dump()) == settings


@pytest.mark.parametrize(
    ("told", "what", "usable"),
    [
        ("apart", "setting scoring is 'apart'", ScoringSettings(is_pooled=False)),
        ({"is_pooled": "no"}, "setting scoring.is_pooled is 'no'", ScoringSettings(is_pooled=False)),
        ({"is_pooled": None}, "setting scoring.is_pooled is None", ScoringSettings(is_pooled=False)),
        ({"is_poled": False}, "setting scoring.is_poled is not known", ScoringSettings(is_pooled=False)),
        ({"capacity": 2}, "setting scoring.capacity is 2", ScoringSettings()),
        ({"capacity": 0.3, "is_pooled": False}, "setting scoring.capacity is 0.3", ScoringSettings(is_pooled=False)),
    ],
)
def test_a_fault_is_named_and_its_tenant_is_not_pooled_against_its_wish(
    told: Any, what: str, usable: ScoringSettings
) -> None:
    with pytest.raises(BadInput) as caught:
        settings_of(told)
    assert caught.value.what == what
    assert caught.value.hint
    assert _usable_part(told) == usable

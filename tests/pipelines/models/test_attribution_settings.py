"""What a tenant may choose, and how a wrong choice is told."""

from datetime import timedelta
from typing import Any

import pytest

import attribution
from pipelines.models.attribution_settings import MODELS, AttributionSettings, settings_of
from tekup.errors import BadInput


def test_without_a_setting_there_are_defaults() -> None:
    assert settings_of(None) == settings_of({}) == AttributionSettings()
    assert set(MODELS) <= set(attribution.MODELS)


def test_choices_reach_the_models() -> None:
    found = settings_of(
        {
            "lookback_days": 30,
            "half_life_days": 2,
            "touch_window_days": {"view": 1.5},
            "models": ["time_decay", "last", "last"],
        }
    )
    assert found.lookback == timedelta(days=30)
    assert found.touch_windows == {"view": timedelta(days=1.5)}
    assert found.models == ("time_decay", "last")
    assert found.parameters("time_decay") == {"half_life": timedelta(days=2)}
    assert found.parameters("last") == {}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("90", "setting attribution is '90'"),
        ({"lookback": 90}, "setting attribution.lookback is not known"),
        ({"lookback_days": 0}, "attribution.lookback_days is 0"),
        ({"lookback_days": True}, "attribution.lookback_days is True"),
        ({"lookback_days": "90"}, "attribution.lookback_days is '90'"),
        ({"lookback_days": 30, "conversion_window_days": 31}, "attribution.conversion_window_days is 31"),
        ({"unit": "keyword"}, "attribution.unit is 'keyword'"),
        ({"direct": ["keep"]}, "attribution.direct is ['keep']"),
        ({"half_life_days": 0}, "attribution.half_life_days is 0"),
        ({"half_life_days": float("nan")}, "attribution.half_life_days is nan"),
        ({"touch_weights": {"view": -1}}, "attribution.touch_weights.view is -1"),
        ({"touch_weights": 0.3}, "attribution.touch_weights is 0.3"),
        ({"touch_window_days": {"view": 0}}, "attribution.touch_window_days.view is 0"),
        ({"touch_window_days": 1}, "attribution.touch_window_days is 1"),
        ({"models": []}, "attribution.models is []"),
        ({"models": ["last", "oracle"]}, "attribution.models is 'oracle'"),
    ],
)
def test_a_wrong_choice_is_named_with_what_to_give(told: Any, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        settings_of(told)
    assert words in caught.value.what
    assert caught.value.hint

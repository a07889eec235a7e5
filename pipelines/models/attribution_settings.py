"""How a tenant wants its journeys cut and credited. Reading journeys and crediting them is done elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import attribution
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput

SETTING = "attribution"
"""The key in a tenant's settings."""
UNITS = ("channel", "campaign", "utm_source", "utm_medium", "utm_campaign")
DIRECT_RULES = ("keep", "drop_unless_only")
OPEN_JOURNEYS = ("count", "set_aside")
MODELS = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "markov", "shapley")
"""Credited unless the tenant chose others."""
DEFAULT_TIMEZONE = "Europe/Copenhagen"
"""As dbt's variable default_timezone."""
_STAGED = ("w_shaped", "full_path")
_MOST_DAYS = 730
_MOST_WEIGHT = 1_000


@dataclass(frozen=True, slots=True)
class AttributionSettings:
    """One tenant's choices.

    ``lookback_days`` before a conversion within which touches count; ``conversion_window_days`` the most days that may
    lie between the last touch and the conversion (None: as many as the lookback); ``unit`` what stands in a path;
    ``direct`` how direct visits are treated; ``open_journeys`` whether people who were met so lately that they may
    still convert count as not converted (which a tenant younger than its lookback needs); ``touch_weights`` what a
    touch of a kind counts, 1 where it isn't named; ``touch_window_days`` how long it counts, where not as long as the
    lookback; ``half_life_days`` of time_decay; ``models`` in the order of their report; ``timezone`` in which days are
    cut (the tenant's own setting of that name).
    """

    lookback_days: int = 90
    conversion_window_days: int | None = None
    unit: str = "channel"
    direct: str = "keep"
    open_journeys: str = "count"
    touch_weights: Mapping[str, float] = field(default_factory=dict)
    touch_window_days: Mapping[str, float] = field(default_factory=dict)
    half_life_days: float = 7.0
    models: tuple[str, ...] = MODELS
    timezone: str = DEFAULT_TIMEZONE

    @property
    def lookback(self) -> timedelta:
        """The lookback window."""
        return timedelta(days=self.lookback_days)

    @property
    def conversion_window(self) -> timedelta | None:
        """The longest time between the last touch and the conversion."""
        return None if self.conversion_window_days is None else timedelta(days=self.conversion_window_days)

    @property
    def touch_windows(self) -> dict[str, timedelta]:
        """How long touches of some kinds count."""
        return {kind: timedelta(days=days) for kind, days in self.touch_window_days.items()}

    @property
    def needs_stages(self) -> bool:
        """Whether a chosen model asks when the lead and the opportunity were made."""
        return any(model in _STAGED for model in self.models)

    def parameters(self, model: str) -> dict[str, Any]:
        """What ``model`` is asked with."""
        if "half_life" in attribution.MODELS[model].parameters:
            return {"half_life": timedelta(days=self.half_life_days)}
        return {}

    def tell(self) -> dict[str, object]:
        """The choices as JSON can hold them."""
        return {
            **asdict(self),
            "touch_weights": dict(self.touch_weights),
            "touch_window_days": dict(self.touch_window_days),
            "models": list(self.models),
        }


def read_attribution_settings(doors: Doors, tenant_id: UUID) -> AttributionSettings:
    """The tenant's choices as they stand now, from the operational database itself.

    Raises:
        BadInput: a choice can't be used; the message names it.
    """
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        row = connection.execute(
            "select settings -> %s, settings ->> 'timezone' from app.tenants where id = %s", (SETTING, tenant_id)
        ).fetchone()
    told, zone = row or (None, None)
    return replace(settings_of(told), timezone=zone if zone in available_timezones() else DEFAULT_TIMEZONE)


def settings_of(told: Any) -> AttributionSettings:
    """What a setting says; what it leaves out takes its default.

    Raises:
        BadInput: a choice is unknown or out of its range; the message names it.

    >>> settings_of({"lookback_days": 30, "models": ["last", "markov"]}).models
    ('last', 'markov')
    """
    if told is None:
        return AttributionSettings()
    if not isinstance(told, Mapping):
        raise _fault("", told, f"an object, such as {{'{SETTING}': {{'lookback_days': 90}}}}")
    unknown = [name for name in told if name not in _READERS]
    if unknown:
        raise BadInput(
            f"setting {SETTING}.{unknown[0]} is not known", hint=f"the settings are {', '.join(sorted(_READERS))}"
        )
    read = AttributionSettings(**{name: _READERS[name](name, value) for name, value in told.items()})
    if read.conversion_window_days is not None and read.conversion_window_days > read.lookback_days:
        raise _fault(
            "conversion_window_days", read.conversion_window_days, f"at most lookback_days ({read.lookback_days})"
        )
    return read


def _fault(name: str, value: object, wanted: str) -> BadInput:
    place = f"{SETTING}.{name}" if name else SETTING
    return BadInput(f"setting {place} is {value!r}", hint=f"give {wanted}")


def _read_days(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_DAYS:
        raise _fault(name, value, f"a whole number of days from 1 to {_MOST_DAYS}")
    return value


def _read_some_days(name: str, value: object) -> int | None:
    return None if value is None else _read_days(name, value)


def _read_part_days(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_DAYS:
        raise _fault(name, value, f"a number of days above 0, at most {_MOST_DAYS}")
    return float(value)


def _read_weights(name: str, value: object) -> dict[str, float]:
    wanted = "an object of numbers from 0 by kind of touch, such as {'view': 0.3}"
    if not isinstance(value, Mapping):
        raise _fault(name, value, wanted)
    for kind, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= _MOST_WEIGHT:
            raise _fault(f"{name}.{kind}", weight, wanted)
    return {str(kind): float(weight) for kind, weight in sorted(value.items())}


def _read_touch_windows(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise _fault(name, value, "an object of days by kind of touch, such as {'view': 1}")
    return {str(kind): _read_part_days(f"{name}.{kind}", days) for kind, days in sorted(value.items())}


def _choice(choices: tuple[str, ...]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _fault(name, value, f"one of {', '.join(choices)}")
        return value

    return read


def _read_models(name: str, value: object) -> tuple[str, ...]:
    known = ", ".join(attribution.MODELS)
    if not isinstance(value, list | tuple) or not value:
        raise _fault(name, value, f"a list of models, of {known}")
    for model in value:
        if not isinstance(model, str) or model not in attribution.MODELS:
            raise _fault(name, model, f"models of {known}")
    return tuple(dict.fromkeys(value))


_READERS: dict[str, Callable[[str, object], Any]] = {
    "lookback_days": _read_days,
    "conversion_window_days": _read_some_days,
    "unit": _choice(UNITS),
    "direct": _choice(DIRECT_RULES),
    "open_journeys": _choice(OPEN_JOURNEYS),
    "touch_weights": _read_weights,
    "touch_window_days": _read_touch_windows,
    "half_life_days": _read_part_days,
    "models": _read_models,
}

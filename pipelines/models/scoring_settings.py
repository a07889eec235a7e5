"""What a tenant says of how its leads are scored: whether they teach others, and how many it can work.

A fault in them is told as a check of the tenant's data. What can't be read never opens more than was asked for: a
tenant whose wish on pooling can't be understood stays apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from pipelines.resources.platform import Platform
from tekup.errors import BadInput

SETTING = "scoring"
"""The key in a tenant's settings."""
CHECK = "scoring_settings"
"""The verdict that tells a tenant which of its settings scoring can't use."""
MOST_CAPACITY = 0.25
_TOLD = "select settings -> 'scoring' from raw_operational.tenants where deleted_at is null"
_log = structlog.get_logger("scoring")


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """One tenant's choices: whether its leads teach what all share; the share of its leads that its people can work."""

    is_pooled: bool = True
    capacity: float | None = None


def settings_of(told: Any) -> ScoringSettings:
    """What a setting says; what it leaves out takes its default.

    Raises:
        BadInput: a choice is unknown or out of its range; the message names it.

    >>> settings_of({"is_pooled": False})
    ScoringSettings(is_pooled=False, capacity=None)
    """
    if told is None:
        return ScoringSettings()
    if not isinstance(told, Mapping):
        raise _fault("", told, f"an object, such as {{'{SETTING}': {{'is_pooled': true}}}}")
    unknown = [name for name in told if name not in _READERS]
    if unknown:
        raise BadInput(
            f"setting {SETTING}.{unknown[0]} is not known", hint=f"the settings are {', '.join(sorted(_READERS))}"
        )
    return ScoringSettings(**{name: _READERS[name](name, value) for name, value in told.items()})


def read_scoring_settings(platform: Platform) -> dict[str, ScoringSettings]:
    """By tenant what it says. Each choice that can be used counts; a fault is logged and kept as the tenant's check."""
    read = {}
    for tenant in platform.tenants():
        with platform.warehouse(tenant.id) as connection:
            row = connection.execute(_TOLD).fetchone()
            told, fault = (None if row is None else row[0]), None
            try:
                settings = settings_of(told)
            except BadInput as error:
                settings, fault = _usable_part(told), f"{error.what}: {error.hint}"
                _log.warning("scoring settings can't be used", tenant=tenant.domain, why=fault)
            if fault is None:
                connection.execute(
                    "update ops.check_result set is_passed = true, observed = 'usable', checked_at = now() "
                    "where check_name = %s and not is_passed",
                    (CHECK,),
                )
            else:
                connection.execute(
                    "insert into ops.check_result (tenant_id, check_name, is_passed, severity, observed, expected) "
                    "values (%s, %s, false, 'error', %s, 'usable') on conflict (tenant_id, check_name) do update set "
                    "is_passed = false, observed = excluded.observed, checked_at = now()",
                    (tenant.id, CHECK, fault),
                )
        read[str(tenant.id)] = settings
    return read


def _usable_part(told: Any) -> ScoringSettings:
    """The choices that can be used; where what was said of pooling can not, the tenant is apart."""
    if not isinstance(told, Mapping):
        return ScoringSettings(is_pooled=False)
    found: dict[str, Any] = {}
    for name, reader in _READERS.items():
        try:
            if name in told:
                found[name] = reader(name, told[name])
        except BadInput:
            found |= {"is_pooled": False} if name == "is_pooled" else {}
    # a misspelt name may have been the wish to stay apart
    if "is_pooled" not in told and any(name not in _READERS for name in told):
        found["is_pooled"] = False
    return ScoringSettings(**found)


def _fault(name: str, value: object, wanted: str) -> BadInput:
    place = f"{SETTING}.{name}" if name else SETTING
    return BadInput(f"setting {place} is {value!r}", hint=f"give {wanted}")


def _read_truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _fault(name, value, "true or false")
    return value


def _read_share(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_CAPACITY:
        raise _fault(name, value, f"a share of the leads above 0, at most {MOST_CAPACITY}")
    return float(value)


_READERS: dict[str, Callable[[str, object], Any]] = {"is_pooled": _read_truth, "capacity": _read_share}

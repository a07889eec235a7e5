"""How journeys are to be found: the options of build_paths, read and checked once. Finding them is in build.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from attribution.columns import read_choice, read_duration, read_moment
from attribution.errors import BadParameter

POLICIES = ("reset", "overlap", "first")
NULLS = ("people", "journeys", "none")
DIRECT = ("keep", "drop_unless_only")


@dataclass(frozen=True)
class Options:
    """Checked options; durations and moments in microseconds. ``policy`` maps a conversion type to its policy.

    The key "" of ``policy`` holds for types that are not named; ``units`` are the columns that name what is credited.
    """

    lookback: int
    window: int | None
    policy: Mapping[str, str]
    types: tuple[str, ...] | None
    nulls: str
    as_of: int | None
    units: tuple[str, ...]
    value: str
    touch_weights: Mapping[str, float] | None
    touch_windows: Mapping[str, int] | None
    session_gap: int | None
    collapse: bool
    drop_direct: bool
    direct_channel: str
    max_touches: int | None

    @property
    def closes_after(self) -> int:
        """Microseconds after the last touch, when a journey can't convert any more."""
        return self.lookback if self.window is None else min(self.window, self.lookback)


def read_options(
    *,
    lookback: timedelta,
    conversion_window: timedelta | None = None,
    policy: str | Mapping[str, str] = "reset",
    conversion_types: Sequence[str] | None = None,
    nulls: str = "people",
    as_of: datetime | None = None,
    unit: str | Sequence[str] = "channel",
    value: str = "value",
    touch_weights: Mapping[str, float] | None = None,
    touch_windows: Mapping[str, timedelta] | None = None,
    session_gap: timedelta | None = None,
    collapse: bool = False,
    direct: str = "keep",
    direct_channel: str = "direct",
    max_touches: int | None = None,
) -> Options:
    """The options of build_paths with their defaults; raises BadParameter that names the option and its choices."""
    if max_touches is not None and (isinstance(max_touches, bool) or max_touches < 1):
        raise BadParameter(f"max_touches is {max_touches!r}", hint="a whole number from 1, or None for no limit")
    return Options(
        lookback=read_duration(lookback, "lookback"),
        window=None if conversion_window is None else read_duration(conversion_window, "conversion_window"),
        policy=_read_policy(policy),
        types=_read_names(conversion_types, "conversion_types") if conversion_types is not None else None,
        nulls=read_choice(nulls, "nulls", NULLS),
        as_of=read_moment(as_of, "as_of"),
        units=_read_names(unit, "unit"),
        value=value,
        touch_weights=None if touch_weights is None else _read_weights(touch_weights),
        touch_windows=None if touch_windows is None else _read_windows(touch_windows),
        session_gap=None if session_gap is None else read_duration(session_gap, "session_gap"),
        collapse=collapse,
        drop_direct=read_choice(direct, "direct", DIRECT) == "drop_unless_only",
        direct_channel=direct_channel,
        max_touches=max_touches,
    )


def _read_policy(policy: str | Mapping[str, str]) -> Mapping[str, str]:
    if isinstance(policy, str):
        return {"": read_choice(policy, "policy", POLICIES)}
    if not isinstance(policy, Mapping) or not policy:
        raise BadParameter(f"policy is {policy!r}", hint="one of reset, overlap, first, or a mapping of type to policy")
    return {"": "reset"} | {str(kind): read_choice(of, f"policy of {kind}", POLICIES) for kind, of in policy.items()}


def _read_names(names: str | Sequence[str], option: str) -> tuple[str, ...]:
    found = (names,) if isinstance(names, str) else tuple(names)
    if not found or not all(isinstance(name, str) and name for name in found) or len(set(found)) < len(found):
        raise BadParameter(f"{option} is {names!r}", hint="one name, or a list of different names")
    return found


def _read_windows(windows: Mapping[str, timedelta]) -> Mapping[str, int]:
    if not isinstance(windows, Mapping):
        raise BadParameter(f"touch_windows is {windows!r}", hint="a mapping, e.g. {'view': timedelta(days=1)}")
    return {str(kind): read_duration(window, f"touch_windows of {kind}") for kind, window in windows.items()}


def _read_weights(weights: Mapping[str, float]) -> Mapping[str, float]:
    for kind, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < np.inf:
            raise BadParameter(f"the weight of {kind} is {weight!r}", hint="a number from 0, e.g. {'view': 0.3}")
    return {str(kind): float(weight) for kind, weight in weights.items()}

"""How journeys are to be found: the options of build_paths, read and checked once. Finding them is in build.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

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


class Given(TypedDict, total=False):
    """The options of build_paths but for ``lookback``, which has no default; what they mean is told there."""

    conversion_window: timedelta | None
    policy: str | Mapping[str, str]
    conversion_types: Sequence[str] | None
    nulls: str
    as_of: datetime | None
    unit: str | Sequence[str]
    value: str
    touch_weights: Mapping[str, float] | None
    touch_windows: Mapping[str, timedelta] | None
    session_gap: timedelta | None
    collapse: bool
    direct: str
    direct_channel: str
    max_touches: int | None


def read_options(lookback: timedelta, given: Given) -> Options:
    """The options with their defaults; raises BadParameter that names the option and its choices."""
    unknown = sorted(given.keys() - Given.__annotations__.keys())
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(Given.__annotations__)}")
    window, types, gap = given.get("conversion_window"), given.get("conversion_types"), given.get("session_gap")
    weights, windows, most = given.get("touch_weights"), given.get("touch_windows"), given.get("max_touches")
    if most is not None and (isinstance(most, bool) or most < 1):
        raise BadParameter(f"max_touches is {most!r}", hint="a whole number from 1, or None for no limit")
    return Options(
        lookback=read_duration(lookback, "lookback"),
        window=None if window is None else read_duration(window, "conversion_window"),
        policy=_read_policy(given.get("policy", "reset")),
        types=None if types is None else _read_names(types, "conversion_types"),
        nulls=read_choice(given.get("nulls", "people"), "nulls", NULLS),
        as_of=read_moment(given.get("as_of"), "as_of"),
        units=_read_names(given.get("unit", "channel"), "unit"),
        value=given.get("value", "value"),
        touch_weights=None if weights is None else _read_weights(weights),
        touch_windows=None if windows is None else _read_windows(windows),
        session_gap=None if gap is None else read_duration(gap, "session_gap"),
        collapse=given.get("collapse", False),
        drop_direct=read_choice(given.get("direct", "keep"), "direct", DIRECT) == "drop_unless_only",
        direct_channel=given.get("direct_channel", "direct"),
        max_touches=most,
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

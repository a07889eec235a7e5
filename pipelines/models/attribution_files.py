"""Journeys and parameters from files and text, for the command line. Crediting them is the command's affair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

import attribution
from pipelines.models.attribution_inputs import end_of, read_as_of
from tekup.errors import BadInput

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "w": "weeks"}
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True)
class Cut:
    """How journeys are cut from touchpoints."""

    lookback: timedelta = timedelta(days=90)
    conversion_window: timedelta | None = None
    policy: str = "reset"
    unit: tuple[str, ...] = ("channel",)
    direct: str = "keep"
    nulls: str = "people"
    as_of: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Events:
    """Journeys with the frames they were cut from, as `share_out` takes them."""

    paths: attribution.Paths
    touches: pl.DataFrame
    conversions: pl.DataFrame


def read_path_file(frame: pl.DataFrame, separator: str) -> pl.DataFrame:
    """A frame of paths; a path that is one text is split."""
    if frame.schema.get("path") == pl.String:
        split = pl.col("path").fill_null("").str.split(separator).list.eval(pl.element().str.strip_chars())
        # an empty text is a sale without a touch, not a touch without a name
        frame = frame.with_columns(path=split.list.filter(pl.element() != ""))
    return frame


def read_events(touches: pl.DataFrame, conversions: pl.DataFrame, cut: Cut) -> Events:
    """Journeys of touchpoints (person_id, occurred_at, channel) and conversions (person_id, converted_at).

    Texts are read as moments (without an offset: UTC). A column campaign_id or campaign is kept for drill-down.

    Raises:
        BadInput: a column is missing, or a cell is no moment; the message names its line.
    """
    touches = _read_moments(touches, "occurred_at", "touchpoints")
    conversions = _read_moments(conversions, "converted_at", "conversions")
    for name in ("lead_at", "opportunity_at"):
        if name in conversions.columns:
            conversions = _read_moments(conversions, name, "conversions")
    moment = None if cut.as_of is None else end_of(read_as_of(cut.as_of), cut.timezone)
    if moment is not None:
        touches = touches.filter(pl.col("occurred_at") <= moment)
        conversions = conversions.filter(pl.col("converted_at") <= moment)
    if "campaign_id" not in touches.columns:
        campaign = pl.col("campaign") if "campaign" in touches.columns else pl.lit(None, pl.String)
        touches = touches.with_columns(campaign_id=campaign)
    paths = attribution.build_paths(
        touches,
        conversions,
        lookback=cut.lookback,
        conversion_window=cut.conversion_window,
        policy=cut.policy,
        unit=cut.unit,
        direct=cut.direct,
        nulls=cut.nulls,
        as_of=moment,
    )
    day = pl.col("converted_at").dt.convert_time_zone(cut.timezone).dt.date()
    return Events(paths, touches, conversions.with_columns(converted_date=day))


def _read_moments(frame: pl.DataFrame, name: str, what: str) -> pl.DataFrame:
    if name not in frame.columns:
        raise BadInput(f"{what} lack the column {name}", hint=f"they have {', '.join(frame.columns)}")
    column = frame[name]
    if column.dtype in (pl.String, pl.Date):
        text = pl.col(name).cast(pl.String)
        # with an offset, or without one
        read = pl.coalesce(
            text.str.to_datetime("%+", strict=False, time_zone="UTC"),
            text.str.to_datetime(strict=False, time_unit="us").dt.replace_time_zone("UTC"),
        ) if column.dtype == pl.String else text.str.to_datetime("%Y-%m-%d").dt.replace_time_zone("UTC")  # fmt: skip
        made = frame.with_columns(read.alias(name))
        bad = made.with_row_index("line").filter(pl.col(name).is_null() & column.is_not_null())
        if bad.height:
            line = int(bad["line"][0])
            raise BadInput(
                f"{what}: {name} {column[line]!r} in line {line + 2} is no moment ({bad.height} such lines)",
                hint="write 2026-03-31 14:05:00 or 2026-03-31T14:05:00+02:00",
            )
        return made
    if isinstance(column.dtype, pl.Datetime):
        zoned = pl.col(name) if column.dtype.time_zone else pl.col(name).dt.replace_time_zone("UTC")
        return frame.with_columns(zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us"))
    raise BadInput(f"{what}: {name} is {column.dtype}, not a moment", hint="write 2026-03-31 14:05:00")


def read_duration(told: str, name: str) -> timedelta:
    """A time such as 90d, 12h or 2w; a bare number is days.

    >>> read_duration("36h", "lookback")
    datetime.timedelta(days=1, seconds=43200)
    """
    number, unit = (told[:-1], told[-1]) if told[-1:].isalpha() else (told, "d")
    try:
        found = timedelta(**{_UNITS[unit]: float(number)})
    except (KeyError, ValueError, OverflowError):
        found = timedelta(0)
    if found <= timedelta(0):
        raise BadInput(f"{name} is {told!r}", hint="give a time above zero, such as 90d, 12h or 2w")
    return found


def read_parameters(told: Sequence[str], model: str) -> dict[str, Any]:
    """Parameters of a model from texts like ``order=2``, of the kind of their defaults.

    ``half_life=7d``; ``weights=0.4,0.2,0.4``; ``channels=email:2,direct:0``.

    Raises:
        BadInput: one is unknown, or not of its kind.
    """
    known = attribution.MODELS[model].parameters if model in attribution.MODELS else {}
    found: dict[str, Any] = {}
    for pair in told:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInput(f"parameter {pair!r} has no value", hint=f"write {name}=VALUE")
        if name not in known:
            raise BadInput(f"{model} has no parameter {name}", hint=f"its parameters: {', '.join(known) or 'none'}")
        found[name] = _read_value(name, value, known[name].default)
    return found


def _read_value(name: str, value: str, default: object) -> object:
    try:
        if name == "half_life":
            return read_duration(value, name)
        if name == "channels":
            return {key: float(factor) for key, _, factor in (part.partition(":") for part in value.split(","))}
        if isinstance(default, bool):
            return _read_flag(value)
        if isinstance(default, tuple):
            return tuple(float(part) for part in value.split(","))
        kind: Callable[[str], object] = type(default) if isinstance(default, int | float) else str
        return kind(value)
    except ValueError:
        hint = f"such as {name}={_spell(default)}"
        raise BadInput(f"parameter {name} is {value!r}", hint=hint) from None


def _read_flag(value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError(value)


def _spell(default: object) -> str:
    return ",".join(str(part) for part in default) if isinstance(default, tuple) else str(default)

"""Reads and checks the columns of input frames. What the columns mean to a model is not decided here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from attribution.errors import BadColumn, BadParameter, MissingColumn, NegativeAmount
from attribution.segments import FloatArray, IntArray

Frame = pl.DataFrame | pl.LazyFrame
_MICROSECONDS = timedelta(microseconds=1)


def require(frame: object, columns: Iterable[str], what: str) -> list[str]:
    """The names of a frame's columns; raises where it is no polars frame or lacks one of these."""
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise BadColumn(
            f"{what} is a {type(frame).__name__}, not a polars frame",
            hint="wrap it: polars.DataFrame(...), polars.from_pandas(...) or polars.from_arrow(...)",
        )
    present = frame.columns if isinstance(frame, pl.DataFrame) else frame.collect_schema().names()
    missing = [name for name in columns if name not in present]
    if missing:
        raise MissingColumn(
            f"{what} lacks the column {', '.join(missing)}",
            hint=f"it has {', '.join(present) or 'no column'}; rename or add what is missing",
        )
    return present


def collect(frame: object, columns: Iterable[str], optional: Iterable[str], what: str) -> pl.DataFrame:
    """The named columns of a frame as a DataFrame; only what is needed is read of a lazy one."""
    columns = list(columns)
    present = require(frame, columns, what)
    assert isinstance(frame, pl.DataFrame | pl.LazyFrame)
    chosen = frame.select([*columns, *(name for name in optional if name in present)])
    return chosen.collect() if isinstance(chosen, pl.LazyFrame) else chosen


def read_amounts(frame: pl.DataFrame, name: str, what: str, *, signed: bool = False) -> FloatArray:
    """A finite numeric column as floats; below zero only when ``signed``."""
    column = frame[name]
    if not (column.dtype.is_numeric() or column.dtype.is_decimal() or column.dtype == pl.Boolean):
        raise BadColumn(f"{what}: {name} is {column.dtype}, not a number", hint="cast it to Int64 or Float64")
    if column.null_count():
        raise BadColumn(f"{what}: {name} has {column.null_count()} nulls", hint="fill or filter them first")
    numbers = column.cast(pl.Float64).to_numpy()
    if not np.isfinite(numbers).all():
        raise BadColumn(f"{what}: {name} holds NaN or infinity", hint="fill or filter them first")
    if not signed and (numbers < 0).any():
        raise NegativeAmount(f"{what}: {name} is below zero", hint="counts, weights and hours start at 0")
    return numbers


def read_times(frame: pl.DataFrame, name: str, what: str) -> IntArray:
    """A column of moments as microseconds since 1970 UTC; moments without a zone are taken as UTC."""
    column = frame[name]
    if column.null_count():
        raise BadColumn(f"{what}: {name} has {column.null_count()} nulls", hint="give each row its moment")
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_unit == "us":
        return column.to_numpy().view(np.int64)
    return to_microseconds(column, what).to_numpy()


def to_microseconds(column: pl.Series, what: str) -> pl.Series:
    """Moments as whole microseconds since 1970 UTC, nulls kept."""
    if not isinstance(column.dtype, pl.Datetime | pl.Date):
        raise BadColumn(
            f"{what}: {column.name} is {column.dtype}, not a moment",
            hint="cast it to Datetime, for text: .str.to_datetime(time_zone='UTC')",
        )
    if not isinstance(column.dtype, pl.Datetime) or column.dtype.time_unit != "us":
        column = column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None)))
    return column.to_physical()


def read_channels(column: pl.Series, what: str) -> tuple[npt.NDArray[np.unsignedinteger], tuple[str, ...]]:
    """Codes into the alphabetically sorted channel names, in the smallest unsigned type, and the names."""
    if column.null_count():
        raise BadColumn(
            f"{what}: {column.null_count()} touches have no channel",
            hint="name what is unknown, e.g. fill_null('direct')",
        )
    if not column.dtype.is_integer() and column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise BadColumn(f"{what}: channel names are {column.dtype}, not text", hint="cast them to String")
    names = column.unique().cast(pl.String).sort()
    codes = column.cast(pl.String).cast(pl.Enum(names)).to_physical().to_numpy()
    kind = np.min_scalar_type(max(len(names), 1))
    return codes.astype(kind, copy=False), tuple(names)


def read_duration(duration: object, name: str) -> int:
    """A positive timedelta in microseconds."""
    if not isinstance(duration, timedelta) or duration <= timedelta(0):
        raise BadParameter(f"{name} is {duration!r}", hint=f"give a timedelta above zero: {name}=timedelta(days=30)")
    return duration // _MICROSECONDS


def read_moment(moment: object, name: str) -> int | None:
    """A moment (naive means UTC) as microseconds since 1970 UTC, or None."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise BadParameter(f"{name} is {moment!r}", hint="give a datetime in UTC")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECONDS


def read_choice(choice: object, name: str, choices: tuple[str, ...]) -> str:
    """One of the named choices."""
    if choice not in choices:
        raise BadParameter(f"{name} is {choice!r}", hint=f"choose one of {', '.join(choices)}")
    return str(choice)

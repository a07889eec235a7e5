"""Lays people out by day since their first touch: who touched what, who was at risk. Models are not known here."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from attribution.columns import Frame, collect, read_amounts, read_channels, read_duration, read_moment, read_times
from attribution.errors import BadColumn, BadParameter, NoNulls, NoPaths
from attribution.segments import BoolArray, FloatArray, IntArray, offsets_of, positions

DAY = 86_400_000_000
# Days at risk times channels: the table of touches, its adstock and the features together stay below a gigabyte.
_MOST_CELLS = 15_000_000


@dataclass(frozen=True, eq=False)
class Panel:
    """N people, K channels, R days at risk (rows, by person and day); day 0 is that of the first touch.

    ``touches`` (R, K) touches of the day, none after the conversion; ``day`` (R,); ``converts`` (R,) the conversion
    falls on the day; ``weight`` (R,) above 1 where people who don't convert were thinned out; ``offsets`` (N + 1,);
    ``covariates`` (N, V) standardised; ``horizon`` days that anybody is followed.
    """

    channels: tuple[str, ...]
    touches: FloatArray
    day: IntArray
    converts: BoolArray
    weight: FloatArray
    offsets: IntArray
    covariates: FloatArray
    names: tuple[str, ...]
    horizon: int

    def person(self) -> IntArray:
        """The person (R,) of each row."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def carry(self, half_life: float) -> FloatArray:
        """Adstock (R, K): touches, each halved with every ``half_life`` days since."""
        decay = 0.5 ** (1.0 / half_life)
        found = self.touches.copy()
        lengths, starts = np.diff(self.offsets), self.offsets[:-1]
        for day in range(1, int(lengths.max(initial=1))):
            rows = starts[lengths > day] + day
            found[rows] += decay * found[rows - 1]
        return found


def build_panel(
    touchpoints: Frame,
    conversions: Frame,
    covariates: pl.DataFrame | None,
    horizon: timedelta,
    as_of: object,
    seed: int,
) -> Panel:
    """People with a touch, followed for ``horizon`` from the first, or to their first conversion or ``as_of``.

    Those who converted before their first touch are left out.
    """
    days = -(-read_duration(horizon, "horizon") // DAY)
    limit = read_moment(as_of, "as_of")
    frame, channels = _read_touches(touchpoints, limit)
    sales = _read_first_sales(conversions, limit)
    if frame.is_empty():
        raise NoPaths("touchpoints has no touch of a known person", hint="widen the dates, or stitch identities first")
    end = limit if limit is not None else max(_last(frame["at"]), _last(sales["sold"]))
    people = frame.group_by("person_id").agg(start=pl.col("at").min()).sort("start", "person_id")
    people = people.join(sales, on="person_id", how="left", maintain_order="left")
    if (people["sold"].is_not_null() & (people["sold"] < people["start"])).any():
        people = people.filter(pl.col("sold").is_null() | (pl.col("sold") >= pl.col("start")))
    sold_day = (pl.col("sold") - pl.col("start")) // DAY
    followed = ((pl.lit(end) - pl.col("start")) // DAY + 1).clip(1, days)
    people = people.with_columns(converts=(sold_day < followed).fill_null(value=False), followed=followed).with_columns(
        followed=pl.when("converts").then(sold_day + 1).otherwise("followed")
    )
    people = _thin(people, _MOST_CELLS // (len(channels) + 2), seed)
    table, names = _read_covariates(covariates, people)
    rank = people.select("person_id", "start", "sold", "followed").with_row_index("person")
    seen = (
        frame.join(rank, on="person_id")
        .with_columns(day=(pl.col("at") - pl.col("start")) // DAY)
        .filter((pl.col("day") < pl.col("followed")) & (pl.col("sold").is_null() | (pl.col("at") <= pl.col("sold"))))
    )
    offsets = offsets_of(people["followed"].to_numpy().astype(np.int64))
    cell = (offsets[seen["person"].to_numpy()] + seen["day"].to_numpy()) * len(channels) + seen["code"].to_numpy()
    size = int(offsets[-1])
    converts = np.zeros(size, np.bool_)
    converts[offsets[1:] - 1] = people["converts"].to_numpy()
    return Panel(
        channels=channels,
        touches=np.bincount(cell, minlength=size * len(channels)).reshape(size, -1).astype(np.float64),
        day=positions(offsets),
        converts=converts,
        weight=np.repeat(people["weight"].to_numpy(), np.diff(offsets)),
        offsets=offsets,
        covariates=table,
        names=names,
        horizon=int(days),
    )


def _read_touches(touchpoints: Frame, limit: int | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    frame = collect(touchpoints, ("person_id", "occurred_at", "channel"), (), "touchpoints")
    times = pl.Series("at", read_times(frame, "occurred_at", "touchpoints"), dtype=pl.Int64)
    frame = frame.with_columns(times).filter(pl.col("person_id").is_not_null())
    frame = frame if limit is None else frame.filter(pl.col("at") <= limit)
    codes, channels = read_channels(frame["channel"], "touchpoints")
    return frame.select("person_id", "at", code=pl.Series(codes.astype(np.int64))), channels


def _read_first_sales(conversions: Frame, limit: int | None) -> pl.DataFrame:
    frame = collect(conversions, ("person_id", "converted_at"), (), "conversions")
    times = pl.Series("sold", read_times(frame, "converted_at", "conversions"), dtype=pl.Int64)
    frame = frame.with_columns(times).filter(pl.col("person_id").is_not_null())
    frame = frame if limit is None else frame.filter(pl.col("sold") <= limit)
    return frame.group_by("person_id").agg(pl.col("sold").min())


def _last(moments: pl.Series) -> int:
    found = moments.max()
    return found if isinstance(found, int) else 0


def _thin(people: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """All who convert, and of the others so many that the days at risk stay below the most, weighing more."""
    others = people.filter(~pl.col("converts"))
    if others.is_empty():
        raise NoNulls(
            "everybody converts within the horizon, so nothing tells what a touch adds",
            hint="give the touches of people who never converted, too",
        )
    rows, taken = int(others["followed"].sum()), int(people.filter("converts")["followed"].sum())
    share = min(1.0, max(most - taken, most // 4) / rows)
    drawn = np.random.default_rng(seed).random(len(people)) < share
    weight = pl.when("converts").then(1.0).otherwise(1.0 / share).alias("weight")
    return people.filter(pl.col("converts") | pl.Series(drawn)).with_columns(weight)


def _read_covariates(covariates: pl.DataFrame | None, people: pl.DataFrame) -> tuple[FloatArray, tuple[str, ...]]:
    if covariates is None:
        return np.zeros((len(people), 0)), ()
    names = [name for name in covariates.columns if name != "person_id"]
    frame = collect(covariates, ("person_id",), names, "covariates")
    if not names:
        raise BadParameter("covariates has no column beside person_id", hint="give at least one, or leave it out")
    if frame["person_id"].is_duplicated().any():
        raise BadColumn("covariates: a person_id occurs twice", hint="one row a person")
    joined = people.select("person_id").join(frame, on="person_id", how="left", maintain_order="left")
    table = np.stack([read_amounts(joined, name, "covariates", signed=True) for name in names], axis=1)
    spread = table.std(axis=0)
    found: FloatArray = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found, tuple(names)

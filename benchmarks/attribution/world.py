"""Synthetic journeys of a known shape, written as clustered Parquet. Nothing is measured here."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

CHANNELS = [
    "Affiliates",
    "Direct",
    "Display",
    "Email",
    "Organic Search",
    "Organic Social",
    "Paid Search",
    "Paid Social",
    "Referral",
    "Video",
]
_EPOCH = 1_767_225_600_000_000
_HOUR = 3_600_000_000


def write_world(folder: Path, journeys: int, seed: int = 7) -> tuple[Path, Path]:
    """Write touchpoints and conversions of so many people; return both files, made only once.

    Lengths are ceil(lognormal(0.85, 0.95)), mean about 4.2, at most 300; transitions are sticky and uneven; 5 % of
    the people convert, with lognormal values.
    """
    touches, sales = folder / f"touchpoints_{journeys}.parquet", folder / f"conversions_{journeys}.parquet"
    if touches.exists() and sales.exists():
        return touches, sales
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.ceil(rng.lognormal(0.85, 0.95, journeys)), 1, 300).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    total = int(starts[-1])
    person = np.repeat(np.arange(journeys), lengths)
    hours = rng.exponential(20.0, total)
    since = np.cumsum(hours)
    since -= np.repeat(since[starts[:-1]], lengths)
    longest = np.repeat(np.maximum(since[starts[1:] - 1] / (80 * 24.0), 1.0), lengths)
    moments = _EPOCH + (since / longest * _HOUR).astype(np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {
            "person_id": person,
            "occurred_at": pl.Series(moments).cast(pl.Datetime("us", "UTC")),
            "channel": pl.Series(CHANNELS).gather(_walk(rng, lengths, starts)),
        }
    ).write_parquet(touches)
    buyers = np.flatnonzero(rng.random(journeys) < 0.05)
    pl.DataFrame(
        {
            "person_id": buyers,
            "converted_at": pl.Series(moments[starts[buyers + 1] - 1] + _HOUR).cast(pl.Datetime("us", "UTC")),
            "value": np.round(rng.lognormal(3.6, 0.8, len(buyers)), 2),
        }
    ).write_parquet(sales)
    return touches, sales


def _walk(
    rng: np.random.Generator, lengths: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Channel of each touch: one vectorised step of all walks that are still going, per place in the journey."""
    count = len(CHANNELS)
    first = np.cumsum(rng.dirichlet(np.full(count, 3.0)))
    table = rng.dirichlet(np.full(count, 2.0), size=count) * 0.75 + np.eye(count) * 0.25
    steps = np.cumsum(table, axis=1)
    codes = np.empty(int(starts[-1]), np.int64)
    alive = np.arange(len(lengths))
    codes[starts[:-1]] = np.minimum(np.searchsorted(first, rng.random(len(lengths))), count - 1)
    for place in range(1, int(lengths.max())):
        alive = alive[lengths[alive] > place]
        before = codes[starts[alive] + place - 1]
        drawn = rng.random(len(alive))[:, np.newaxis]
        codes[starts[alive] + place] = np.minimum((steps[before] < drawn).sum(axis=1), count - 1)
    return codes

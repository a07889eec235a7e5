"""Rewrites paths before they are credited: repeats, direct visits. Finding journeys in events is in build.py."""

from collections.abc import Callable

import numpy as np
import polars as pl

from attribution.columns import read_channels, read_choice
from attribution.errors import MissingColumn
from attribution.paths import Codes, Paths, flatten_paths, path_lists
from attribution.segments import BoolArray, IntArray, last_true, offsets_of, run_starts

_Keep = Callable[[Codes, IntArray, int], BoolArray]


def _keep_all(codes: Codes, offsets: IntArray, channel: int) -> BoolArray:
    return np.ones(len(codes), np.bool_)


def _keep_changes(codes: Codes, offsets: IntArray, channel: int) -> BoolArray:
    return run_starts(codes, offsets)


def _keep_first(codes: Codes, offsets: IntArray, channel: int) -> BoolArray:
    keep = np.zeros(len(codes), np.bool_)
    keep[_group(codes, offsets)[0]] = True
    return keep


def _keep_unless_only(codes: Codes, offsets: IntArray, channel: int) -> BoolArray:
    other = codes != channel
    only = last_true(other, offsets) < 0
    keep: BoolArray = other | np.repeat(only, np.diff(offsets))
    return keep


def _keep_unless_last(codes: Codes, offsets: IntArray, channel: int) -> BoolArray:
    keep = np.ones(len(codes), np.bool_)
    end = offsets[1:] - 1
    keep[end] = (codes[end] != channel) | (last_true(codes != channel, offsets) < 0)
    return keep


_KEEPS: dict[str, _Keep] = {
    "unique": _keep_all,
    "exposure": _keep_changes,
    "first": _keep_first,
    "frequency": _keep_first,
    "remove_if_not_all": _keep_unless_only,
    "remove_if_last_and_not_all": _keep_unless_last,
}
TRANSFORMS = tuple(_KEEPS)


def _group(codes: Codes, offsets: IntArray) -> tuple[IntArray, IntArray]:
    """First touch of each distinct channel of a journey, in the order of the touches, and how often it occurs."""
    journey = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    key = journey * (int(codes.max(initial=0)) + 1) + codes
    _, earliest, times = np.unique(key, return_index=True, return_counts=True)
    order = np.argsort(earliest)
    return earliest[order], times[order]


def transform_paths(paths: pl.DataFrame | Paths, transform: str, *, channel: str = "direct") -> pl.DataFrame:
    """Rewrite each path; the other columns and the rows stay (a path may now occur in several rows).

    ``transform``: ``unique`` as it is; ``exposure`` runs of a channel become one touch; ``first`` each
    channel once, at its first touch; ``frequency`` the same, with the number of touches: 'a(2)';
    ``remove_if_not_all`` drops ``channel`` from paths that have another; ``remove_if_last_and_not_all`` drops
    it only as the last touch of such paths (the names and meanings of google/fractribution). Columns of one
    entry per touch (hours) are dropped.

    >>> transform_paths(pl.DataFrame({"path": [["a", "a", "b", "a"]]}), "exposure")["path"].to_list()
    [['a', 'b', 'a']]
    """
    name = read_choice(transform, "transform", TRANSFORMS)
    frame = paths.frame if isinstance(paths, Paths) else paths
    if "path" not in frame.columns:
        raise MissingColumn("paths lacks the column path", hint=f"it has {', '.join(frame.columns) or 'no column'}")
    flat, lengths = flatten_paths(frame["path"])
    codes, channels = read_channels(flat, "paths")
    some = lengths[lengths > 0]
    if not len(some):
        return frame
    offsets = offsets_of(some)
    keep = _KEEPS[name](codes, offsets, channels.index(channel) if channel in channels else -1)
    kept = np.zeros(len(lengths), np.int64)
    kept[lengths > 0] = np.add.reduceat(keep.astype(np.int64), offsets[:-1])
    if name == "frequency":
        earliest, times = _group(codes, offsets)
        labels = [f"{channels[code]}({count})" for code, count in zip(codes[earliest], times, strict=True)]
        column = _as_lists(labels, offsets_of(kept))
    else:
        column = path_lists(channels, codes[keep], offsets_of(kept))
    return frame.with_columns(column).select(pl.exclude("hours", "lead", "opportunity"))


def _as_lists(labels: list[str], offsets: IntArray) -> pl.Series:
    names = sorted(set(labels))
    lookup = {name: code for code, name in enumerate(names)}
    codes = np.array([lookup[label] for label in labels], np.uint32)
    return path_lists(tuple(names), codes, offsets)

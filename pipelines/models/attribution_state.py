"""What a tenant's last sums are of, kept in the lake so that a day of news neither reads nor writes all of it.

The base holds everybody's rows, as they stood when everybody was counted, with a mark of each person's rows. Beside it
lie the rows and marks of those who had news since, and the sums as they are. What has changed is decided elsewhere.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import polars as pl

from attribution.sums import SUMS
from pipelines.models.attribution_inputs import Inputs
from pipelines.resources.lake import Lake

STATE, NEWS = "attribution_state", "attribution_state_news"
"""The tenant's extracts: the base, and what came since. Without the second the base stands as it was written."""
MARKS: Final = pl.Schema({"who": pl.UInt64(), "mark": pl.UInt64()})
"""Numbers for a person, and for all rows of the person."""
_KIND, _BASIS, _BASE, _NEWEST = "state_kind", "state_basis", "state_base", "state_newest"
_SUMS = "sums "
_SEEDS = (40_507, 61_051)
# A mark of 48 bits: those of 65,536 rows of one person sum up within 64.
_CUT = 1 << 16


@dataclass(frozen=True, slots=True)
class State:
    """The last sums by currency, whose rows they are of, and up to when.

    ``moved`` are the people whose rows in the base hold no longer; theirs are in ``news``.
    """

    base: str
    basis: str
    newest: datetime | None
    sums: dict[str, pl.DataFrame]
    marks: pl.DataFrame
    moved: pl.Series
    news: Inputs


def mark_people(inputs: Inputs) -> pl.DataFrame:
    """A number for each person that changes with any of their rows, in whatever order they stand."""
    marked = [
        frame.select(who=number_of(), mark=frame.hash_rows(seed=seed) // _CUT)
        for frame, seed in zip((inputs.touches, inputs.conversions), _SEEDS, strict=True)
    ]
    return pl.concat(marked).group_by("who").agg(pl.col("mark").sum()).cast(MARKS)


def number_of() -> pl.Expr:
    """The number of a row's person; should two share one, they change together."""
    return pl.col("person_id").hash(seed=_SEEDS[0])


def rows_of(inputs: Inputs, whose: pl.Series) -> Inputs:
    """The rows of these people alone, by number."""
    return _filtered(inputs, number_of().is_in(whose.implode()))


def rows_without(inputs: Inputs, whose: pl.Series) -> Inputs:
    """The rows of everybody else."""
    return _filtered(inputs, ~number_of().is_in(whose.implode()))


def joined(*parts: Inputs) -> Inputs:
    """The rows of several parts together."""
    return Inputs(pl.concat([one.touches for one in parts]), pl.concat([one.conversions for one in parts]))


def recall(lake: Lake, tenant_id: UUID, like: Inputs, basis: str) -> State | None:
    """What was kept on the same ``basis``; None where there is nothing, or nothing that can be read."""
    try:
        base = _read(lake, tenant_id, STATE, like, basis)
        since = None if base is None else _read(lake, tenant_id, NEWS, like, basis)
    except (OSError, pl.exceptions.PolarsError):
        return None  # an object store without one yet, or a file that can't be read: count everything
    if base is None or since is None or since.base != base.base:
        return base
    marks = pl.concat([base.marks.filter(~pl.col("who").is_in(since.moved.implode())), since.marks])
    return State(base.base, basis, since.newest, since.sums, marks, since.moved, since.news)


def recall_rows(lake: Lake, tenant_id: UUID, state: State, like: Inputs, whose: pl.Series) -> Inputs:
    """The rows of these people as they stood when the state was kept."""
    stayed = whose.filter(~whose.is_in(state.moved.implode()))
    base = lake.scan(tenant_id, STATE)
    kept = [
        base.filter((pl.col(_KIND) == kind) & pl.col("who").is_in(stayed.implode())).select(frame.columns).collect()
        for kind, frame in _kinds(like)
    ]
    return joined(Inputs(*kept), rows_of(state.news, whose))


def keep_base(
    lake: Lake, tenant_id: UUID, inputs: Inputs, marks: pl.DataFrame, sums: dict[str, pl.DataFrame], basis: str
) -> None:
    """Keep everybody's rows anew."""
    nobody = pl.Series("who", dtype=pl.UInt64)
    lake.write(tenant_id, STATE, _as_frame(State(uuid4().hex, basis, inputs.newest, sums, marks, nobody, inputs)))


def keep_news(lake: Lake, tenant_id: UUID, state: State) -> None:
    """Keep what came after the base, which stays as it is."""
    marks = state.marks.filter(pl.col("who").is_in(state.moved.implode()))
    lake.write(tenant_id, NEWS, _as_frame(replace(state, marks=marks)))


def _filtered(inputs: Inputs, chosen: pl.Expr) -> Inputs:
    return Inputs(inputs.touches.filter(chosen), inputs.conversions.filter(chosen))


def _kinds(inputs: Inputs) -> tuple[tuple[str, pl.DataFrame], ...]:
    return ("touch", inputs.touches), ("conversion", inputs.conversions)


def _as_frame(state: State) -> pl.DataFrame:
    """All in one file, so that sums and what they are of can't come apart."""
    told = {_BASIS: [state.basis], _BASE: [state.base], _NEWEST: [state.newest]}
    parts = {
        "basis": pl.DataFrame(told, schema_overrides={_NEWEST: pl.Datetime("us", "UTC")}),
        "moved": state.moved.to_frame("who"),
        "mark": state.marks,
        **{f"{_SUMS}{currency}": frame for currency, frame in state.sums.items()},
        **{kind: frame.with_columns(who=number_of()) for kind, frame in _kinds(state.news)},
    }
    return pl.concat([frame.with_columns(pl.lit(kind).alias(_KIND)) for kind, frame in parts.items()], how="diagonal")


def _read(lake: Lake, tenant_id: UUID, dataset: str, like: Inputs, basis: str) -> State | None:
    """An extract as a state; the rows of the base are left where they are."""
    if not lake.holds(tenant_id, dataset):
        return None
    scanned = lake.scan(tenant_id, dataset)
    if dataset == STATE:
        scanned = scanned.filter(~pl.col(_KIND).is_in([kind for kind, _ in _kinds(like)]))
        told = scanned.select(_KIND, _BASIS, _BASE, _NEWEST, *MARKS.names(), *SUMS.names()).collect()
    else:
        told = scanned.collect()
    # each kind lies in one piece: slices copy nothing, grouping so wide a frame takes longer than reading it
    pieces = told[_KIND].rle().struct.unnest().with_columns(end=pl.col("len").cum_sum())
    frames = {kind: told[end - count : end] for count, kind, end in pieces.select("len", "value", "end").iter_rows()}
    if "basis" not in frames or frames["basis"][_BASIS].to_list() != [basis]:
        return None
    nothing = told.clear()
    return State(
        frames["basis"][_BASE][0],
        basis,
        frames["basis"][_NEWEST][0],
        {kind[len(_SUMS) :]: frame.select(SUMS.names()) for kind, frame in frames.items() if kind.startswith(_SUMS)},
        frames.get("mark", nothing).select(MARKS.names()),
        frames.get("moved", nothing)["who"],
        Inputs(
            *(
                frames[kind].select(frame.columns) if kind in frames and dataset == NEWS else frame.clear()
                for kind, frame in _kinds(like)
            )
        ),
    )

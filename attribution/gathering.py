"""Sums batches of journeys into rows that add up. What is done with the sums is in counts.py and counted.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from attribution.build import Batch
from attribution.chain import CONVENTIONS, Counter, Tally, read_order
from attribution.columns import read_choice
from attribution.errors import BadParameter, TooManyChannels
from attribution.models import MODELS, find_model
from attribution.paths import Paths
from attribution.rules import linear, present
from attribution.sales import Sales
from attribution.segments import FloatArray, IntArray
from attribution.sums import AMOUNTS, CELL

_DAY = 86_400_000_000
# Rows of partial sums after which they are added up.
_ROWS = 250_000
_KEY_LIMIT = 1 << 62
_DENSE = 1 << 20
Asked = str | tuple[str, Mapping[str, object]]


@dataclass(frozen=True)
class Plan:
    """A model with its parameters, of which sums are kept; ``label`` names it in the sums."""

    name: str
    parameters: Mapping[str, object]
    label: str

    @classmethod
    def read(cls, asked: Asked) -> "Plan":
        """Check a name, or a pair of name and parameters."""
        name, given = (asked, {}) if isinstance(asked, str) else asked
        model = find_model(name, given)
        parameters = {key: given.get(key, parameter.default) for key, parameter in model.parameters.items()}
        counted = name in ("markov", "participation") or (name == "shapley" and parameters["game"] == "counts")
        if model.shares is None and not counted:
            known = [key for key, other in MODELS.items() if other.shares is not None]
            raise BadParameter(
                f"{name} with these parameters is no sum over journeys",
                hint=f"count one of {', '.join(known)}, participation, markov, shapley with game='counts'",
            )
        if name == "markov":
            read_order(parameters["order"])
            read_choice(parameters["states"], "states", CONVENTIONS)
        if name == "shapley":
            return cls(name, {}, name)
        shown = ", ".join(f"{key}={_show(value)}" for key, value in sorted(parameters.items()))
        return cls(name, parameters, f"{name}({shown})" if shown else name)

    @property
    def order(self) -> int:
        """The order of a Markov model."""
        return read_order(self.parameters["order"])

    @property
    def padded(self) -> bool:
        """Whether its states are padded."""
        return self.parameters["states"] == "padded"


def _show(value: object) -> str:
    return f"{value.total_seconds():g}s" if isinstance(value, timedelta) else repr(value)


def digits_of(sums: pl.DataFrame) -> list[str]:
    """The columns of a sum's key."""
    return [name for name in sums.columns if name[0] == "d" and name[1:].isdigit()]


def add_up(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row per part, cell and key, in no order; sums that cancel are left out."""
    frame = pl.concat(parts, how="diagonal_relaxed")
    digits = digits_of(frame)
    keys = ["part", *CELL, *digits]
    return (
        frame.with_columns(pl.col(digits).fill_null(-1))
        .group_by(keys)
        .agg(pl.col(AMOUNTS).sum())
        .filter(pl.any_horizontal(pl.col(AMOUNTS) != 0))
    )


def part_kind(plans: Sequence[Plan]) -> pl.Enum:
    """The type of the column part: all that can be summed for these models."""
    ends = [plan.label + suffix for plan in plans if plan.name == "markov" for suffix in (" start", " end")]
    return pl.Enum(["touch", "journey", "unattributed", *(plan.label for plan in plans), *ends])


class Gathering:
    """Partial sums of batches; ``names`` gives every channel a number that stays."""

    def __init__(self, plans: Sequence[Plan], *, days: bool, buckets: int) -> None:
        self.plans, self.days, self.buckets = plans, days, buckets
        self.kind = part_kind(plans)
        self.restart()

    def restart(self) -> None:
        """Forget what was added."""
        self.names: dict[str, int] = {}
        self.parts: list[pl.DataFrame] = []
        self.found: dict[str, int] = {}

    def add(self, batch: Batch) -> None:
        """Add the journeys of a batch and its conversions that no touch precedes."""
        paths, piece = batch.as_paths(), batch.piece
        for name, count in paths.counts.items():
            self.found[name] = self.found.get(name, 0) + count
        missed = batch.sales.times[piece.missed], batch.sales.value[piece.missed]
        self._add_unattributed(np.ones(len(missed[0])), *missed)
        if not len(paths):
            return
        # A null journey that ends at midnight belongs to the day before: it closes when that day's do.
        ended = np.concatenate([piece.won.ended, piece.lost.ended - 1])
        self._add_paths(paths, ended // _DAY)
        if sum(map(len, self.parts)) > _ROWS:
            self.parts = [add_up(self.parts)]

    def add_journeys(self, paths: Paths) -> None:
        """Add journeys that are built already, all of one day, and what is unattributed of them."""
        alone = np.array([paths.unattributed_conversions]), np.zeros(1, np.int64), np.array([paths.unattributed_value])
        if alone[0][0] or alone[2][0]:
            self._add_unattributed(*alone)
        if len(paths):
            self._add_paths(paths, np.zeros(len(paths), np.int64))

    def add_refunds(self, sales: Sales) -> None:
        """Add refunds of conversions that nobody knows."""
        times, value = sales.lost_refunds
        self._add_unattributed(np.zeros(len(times)), times, value)

    def finish(self) -> pl.DataFrame:
        """All sums, with channels numbered as ``names`` are."""
        nothing = np.zeros(0, np.int64)
        width = max((plan.order + 1 for plan in self.plans if plan.name == "markov"), default=1)
        return add_up([*self.parts, self._rows("touch", nothing, [nothing] * width, {}, _Cells.none())])

    def _add_unattributed(self, weight: FloatArray, times: IntArray, value: FloatArray) -> None:
        if not len(times):
            return
        cells = _Cells.of(np.ones(len(times), np.bool_), self._keep_days(times // _DAY), np.zeros(len(times), np.int64))
        amounts = {"weight": weight, "gains": np.maximum(value, 0.0), "losses": np.maximum(-value, 0.0)}
        self._add_sums("unattributed", cells, np.zeros(len(times), np.int64), 1, amounts, width=0)

    def _keep_days(self, days: IntArray) -> IntArray:
        return days if self.days else np.zeros_like(days)

    def _add_paths(self, paths: Paths, ended: IntArray) -> None:
        won = len(paths.conversions)
        for name in paths.channels:
            self.names.setdefault(name, len(self.names))
        assert paths.buckets is not None
        bucket = paths.buckets.astype(np.int64) % self.buckets
        cells = _Cells.of(np.arange(len(paths)) < won, self._keep_days(ended), bucket)
        lengths = np.diff(paths.offsets)
        size = len(paths.channels)
        weight = paths.nulls.astype(np.float64)
        weight[:won] = paths.conversions
        worth = {"gains": np.maximum(paths.value, 0.0), "losses": np.maximum(-paths.value, 0.0)}
        none = np.zeros(len(paths) - won)
        amounts = {"weight": weight} | {key: np.concatenate([amount, none]) for key, amount in worth.items()}
        self._add_sums("journey", cells, np.zeros(len(paths), np.int64), 1, amounts, width=0)
        touched = replace(cells, place=np.repeat(cells.place, lengths))
        self._add_sums("touch", touched, paths.codes.astype(np.int64), size, {"weight": None}, names=paths.channels)
        inner = replace(cells, place=touched.place[: int(paths.converting_offsets[-1])])
        codes = paths.converting_codes.astype(np.int64)
        credited = {"weight": paths.conversions, **worth}
        for plan in self.plans:
            if plan.name == "markov":
                self._add_chain(plan, paths, cells)
            elif won:
                shares = _find_shares(plan, paths)
                parts = {key: shares * np.repeat(amount, lengths[:won]) for key, amount in credited.items()}
                self._add_sums(plan.label, inner, codes, size, parts, names=paths.channels)

    def _add_sums(
        self,
        part: str,
        cells: "_Cells",
        codes: IntArray,
        size: int,
        amounts: Mapping[str, FloatArray | None],
        *,
        names: tuple[str, ...] = (),
        width: int = 1,
    ) -> None:
        tallies = {name: Tally(len(cells) * size) for name in amounts}
        for name, amount in amounts.items():
            if amount is None or amount.any():
                tallies[name].add(cells.place * size + codes, amount)
        keys, sums = _align(tallies)
        digits = [self._renumber(names)[keys % size]] if width else []
        self.parts.append(self._rows(part, keys // size, digits, sums, cells))

    def _add_chain(self, plan: Plan, paths: Paths, cells: "_Cells") -> None:
        base, order = len(paths.channels) + 1, plan.order
        if base ** (order + 1) * len(cells) >= _KEY_LIMIT:
            raise TooManyChannels(
                f"{base - 1} channels at order {order} have more states than can be numbered",
                hint="lower the order, roll rare channels up into one, or count fewer buckets",
            )
        counter = Counter(order, base, padded=plan.padded, cells=len(cells))
        counter.add(paths, cells.place)
        ends = {"weight": counter.ends["nulls"], "gains": counter.ends["gains"], "losses": counter.ends["losses"]}
        ends["weight"] = counter.ends["nulls"].merge(counter.ends["conversions"])
        found = {"": {"weight": counter.arcs}, " start": {"weight": counter.starts}, " end": ends}
        numbers = np.append(self._renumber(paths.channels), -1)
        for suffix, tallies in found.items():
            width = order + (suffix == "")
            space = base**width
            keys, sums = _align(tallies)
            key = keys % space
            digits = [numbers[key // base**age % base - 1] for age in range(width)]
            self.parts.append(self._rows(plan.label + suffix, keys // space, digits, sums, cells))

    def _renumber(self, names: tuple[str, ...]) -> IntArray:
        return np.array([self.names[name] for name in names], np.int64)

    def _rows(
        self,
        part: str,
        place: IntArray,
        digits: Sequence[IntArray],
        sums: Mapping[str, FloatArray],
        cells: "_Cells",
    ) -> pl.DataFrame:
        count = len(place)
        day = pl.Series(cells.day[place]).cast(pl.Int32).cast(pl.Date)
        columns: dict[str, object] = {
            "part": pl.Series([part], dtype=self.kind).new_from_index(0, count),
            "converted": cells.converted[place],
            "day": day if self.days else pl.Series([None] * count, dtype=pl.Date),
            "bucket": cells.bucket[place].astype(np.uint8),
            "d0": np.full(count, -1, np.int32),
        }
        columns |= {f"d{at}": digit.astype(np.int32) for at, digit in enumerate(digits)}
        columns |= {name: sums.get(name, np.zeros(count)) for name in AMOUNTS}
        return pl.DataFrame(columns)


@dataclass(frozen=True)
class _Cells:
    """The distinct cells of a batch, and the cell (an index) of each journey or touch."""

    converted: npt.NDArray[np.bool_]
    day: IntArray
    bucket: IntArray
    place: IntArray

    @classmethod
    def of(cls, converted: npt.NDArray[np.bool_], day: IntArray, bucket: IntArray) -> "_Cells":
        first = int(day.min(initial=0))
        key = ((day - first) * 256 + bucket) * 2 + converted
        found, place = _number(key)
        return cls(found % 2 == 1, found // 512 + first, found // 2 % 256, place)

    @classmethod
    def none(cls) -> "_Cells":
        nothing = np.zeros(0, np.int64)
        return cls(nothing.astype(np.bool_), nothing, nothing, nothing)

    def __len__(self) -> int:
        return len(self.day)


def _number(keys: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct keys and the place of each among them."""
    top = int(keys.max(initial=0))
    if top > _DENSE:
        return np.unique(keys, return_inverse=True)
    met = np.bincount(keys, minlength=top + 1) > 0
    return np.flatnonzero(met), (np.cumsum(met) - 1)[keys]


def _align(tallies: Mapping[str, Tally]) -> tuple[IntArray, dict[str, FloatArray]]:
    """The keys that any tally holds, and each one's sums over them."""
    totals = {name: tally.total() for name, tally in tallies.items()}
    keys = np.unique(np.concatenate([found for found, _ in totals.values()]))
    sums = {}
    for name, (found, amounts) in totals.items():
        sums[name] = np.zeros(len(keys))
        sums[name][np.searchsorted(keys, found)] = amounts
    return keys, sums


def _find_shares(plan: Plan, paths: Paths) -> FloatArray:
    if plan.name == "shapley":
        return linear(paths, per="channel")
    if plan.name == "participation":
        return present(paths)
    shares = MODELS[plan.name].shares
    assert shares is not None
    return shares(paths, **plan.parameters)

"""What a model's features are and how a frame or a mapping becomes a matrix of floats. No learning happens here.

Unknown and rare categories share code 0, a null is a category of its own, and a numeric null is NaN, which
the trees send down a learned branch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import polars as pl

from scoring import text
from scoring.errors import EmptyFrame, MissingColumns, NonFiniteValues, UnusableColumn

Kind = Literal["numeric", "boolean", "categorical", "text"]
Missing = Literal["error", "null"]
TEXTUAL = ("categorical", "text")
"""Kinds whose values may be text."""
OTHER = 0.0
NULL = 1.0
FIRST_LEVEL = 2
MIN_LEVEL_ROWS = 10
MAX_LEVELS = 1_000
MIN_TENANTS_PER_LEVEL = 3
EXACT = 2**53


@dataclass(frozen=True)
class Feature:
    """One column: its name, its kind, a category's levels in code order, or a text's weights by bucket."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def codes(self) -> dict[str, float]:
        """Level to code."""
        return {level: float(code) for code, level in enumerate(self.levels, FIRST_LEVEL)}


@dataclass(frozen=True)
class Schema:
    """The features of a model in matrix order, and the columns that were seen but carry no information."""

    features: tuple[Feature, ...]
    unused: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_codes", {f.name: f.codes for f in self.features if f.levels})
        object.__setattr__(self, "_weights", {f.name: np.asarray(f.weights) for f in self.features if f.weights})

    @property
    def names(self) -> list[str]:
        """Feature names in matrix order."""
        return [feature.name for feature in self.features]

    @property
    def categorical(self) -> list[int]:
        """Matrix positions of the categories."""
        return [i for i, feature in enumerate(self.features) if feature.kind == "categorical"]

    def encode(self, frame: pl.DataFrame, *, missing: Missing = "error") -> np.ndarray:
        """Matrix (rows, features) of float64, C order; raises `MissingColumns`, `UnusableColumn`, `NonFiniteValues`."""
        absent = [name for name in self.names if name not in frame.columns]
        if absent and (missing == "error" or len(absent) == len(self.features)):
            raise MissingColumns(
                f"the frame lacks {_list(absent)}, which the model was trained on",
                hint='add the columns, or pass missing="null" to treat them as unknown',
            )
        matrix = np.full((frame.height, len(self.features)), np.nan)
        for position, feature in enumerate(self.features):
            if feature.name in frame.columns:
                matrix[:, position] = self._column(feature, frame[feature.name])
            elif feature.kind == "categorical":
                matrix[:, position] = NULL
        return matrix

    def _column(self, feature: Feature, values: pl.Series) -> np.ndarray:
        if feature.kind == "categorical":
            if not _can_be_category(values.dtype):
                raise _mismatch(feature, str(values.dtype))
            codes: dict[str, float] = self._codes.get(feature.name, {})  # type: ignore[attr-defined]
            levels = as_text(values)
            coded = levels.replace_strict(list(codes), list(codes.values()), default=OTHER, return_dtype=pl.Float64)
            return np.where(levels.is_null().to_numpy(), NULL, coded.fill_null(OTHER).to_numpy())
        if feature.kind == "text":
            if values.dtype not in (pl.String, pl.Null):
                raise _mismatch(feature, str(values.dtype))
            return text.scores(values.cast(pl.String).to_list(), self._weights[feature.name])  # type: ignore[attr-defined]
        if values.dtype != pl.Null and not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
            raise _mismatch(feature, str(values.dtype))
        floats = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        if np.isinf(floats).any():
            raise _infinite(feature.name, int(np.isinf(floats).sum()))
        return floats

    def encode_one(self, features: Mapping[str, object], *, missing: Missing = "null") -> np.ndarray:
        """One row of the matrix from a mapping, without a frame; the same rules as `encode`."""
        names = self.names
        absent = [name for name in names if name not in features]
        if absent and (missing == "error" or len(absent) == len(names)):
            raise MissingColumns(
                f"the lead lacks {_list(absent)}, which the model was trained on",
                hint="name the features as in training",
            )
        return np.array([self._value(feature, features.get(feature.name)) for feature in self.features])

    def _value(self, feature: Feature, value: object) -> float:
        if feature.kind == "categorical":
            if value is None or (isinstance(value, float) and math.isnan(value)):
                return NULL
            if not isinstance(value, str | int | float | bool):
                raise _mismatch(feature, type(value).__name__)
            codes: dict[str, float] = self._codes.get(feature.name, {})  # type: ignore[attr-defined]
            return codes.get(value if isinstance(value, str) else scalar_text(value), OTHER)
        if value is None:
            return math.nan
        if feature.kind == "text":
            if not isinstance(value, str):
                raise _mismatch(feature, type(value).__name__)
            return text.score(value, self._weights[feature.name])  # type: ignore[attr-defined]
        if not isinstance(value, int | float | bool | Decimal | np.number | np.bool_):
            raise _mismatch(feature, type(value).__name__)
        number = float(value)
        if math.isinf(number):
            raise _infinite(feature.name, 1)
        return number

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back."""
        return {
            "features": [_plain(feature) for feature in self.features],
            "unused": list(self.unused),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Schema":
        """The schema that `to_json` wrote."""
        features = tuple(
            Feature(f["name"], f["kind"], tuple(f["levels"]), _dense(f.get("weights", {}))) for f in data["features"]
        )
        return cls(features, tuple(data["unused"]))


def fit(
    frame: pl.DataFrame,
    names: Sequence[str],
    *,
    categorical: Sequence[str] = (),
    tenants: pl.Series | None = None,
    min_tenants: int = 1,
) -> Schema:
    """Learn kinds and levels of the named columns.

    A level needs `MIN_LEVEL_ROWS` rows (fewer in a thin frame) and, with ``tenants``, to occur at ``min_tenants``
    of them, so that a name known to one tenant alone never enters a shared model. Columns are put in
    alphabetical order, so their order in the frame changes nothing.
    """
    features: list[Feature] = []
    unused: list[str] = []
    for name in sorted(names):
        values = frame[name]
        kind = _kind(values, name in categorical)
        if kind == "categorical":
            levels = _levels(values, tenants, min_tenants)
            feature = Feature(name, kind, levels)
            groups = len(levels) + (values.null_count() > 0) + (values.n_unique() > len(levels) + 1)
            informative = groups > 1 and bool(levels)
        else:
            feature = Feature(name, kind)
            informative = _varies(values)
        if informative:
            features.append(feature)
        else:
            unused.append(name)
    if not features:
        raise EmptyFrame("no column carries information", hint="give at least one feature that varies between leads")
    return Schema(tuple(features), tuple(unused))


def as_text(values: pl.Series) -> pl.Series:
    """Category values as text: whole floats read like integers, so 5 and 5.0 are one level; NaN is null."""
    if not values.dtype.is_float():
        return values.cast(pl.String)
    values = values.fill_nan(None)
    whole = (values == values.floor()) & (values.abs() < EXACT)
    as_integers = values.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
    return as_integers.zip_with(whole.fill_null(False), values.cast(pl.String))


def scalar_text(value: float | bool) -> str:
    """The same text for one value as `as_text` gives for a column of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(pl.Series([value]).cast(pl.String)[0])


def _kind(values: pl.Series, named_categorical: bool) -> Kind:
    dtype = values.dtype
    if named_categorical or dtype in (pl.String, pl.Categorical, pl.Enum):
        if not _can_be_category(dtype):
            raise UnusableColumn(f"column {values.name!r} of type {dtype} can't be a category")
        return "categorical"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype == pl.Null:
        if dtype.is_float() and values.is_infinite().any():
            raise _infinite(values.name, int(values.is_infinite().sum()))
        return "numeric"
    raise UnusableColumn(
        f"column {values.name!r} has type {dtype}, which is no feature",
        hint="turn dates into numbers (days since), lists into counts, or name the column in drop",
    )


def _levels(values: pl.Series, tenants: pl.Series | None, min_tenants: int) -> tuple[str, ...]:
    named = as_text(values).alias("level")
    floor = max(2, min(MIN_LEVEL_ROWS, values.len() // 100))
    frame = named.to_frame()
    counts = [pl.len().alias("rows")]
    if tenants is not None:
        frame = frame.with_columns(tenants.alias("tenant"))
        counts.append(pl.col("tenant").n_unique().alias("tenants"))
    table = frame.drop_nulls("level").group_by("level").agg(counts).filter(pl.col("rows") >= floor)
    if tenants is not None:
        table = table.filter(pl.col("tenants") >= min_tenants)
    return tuple(table.sort(["rows", "level"], descending=[True, False]).head(MAX_LEVELS)["level"].to_list())


def _varies(values: pl.Series) -> bool:
    """Whether there are two different values, unknown being one; counting all distinct ones would cost a sort."""
    known = values.fill_nan(None) if values.dtype.is_float() else values
    nulls = known.null_count()
    return 0 < nulls < len(known) or (nulls == 0 and bool(known.min() != known.max()))


def _can_be_category(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null) or dtype.is_numeric()


def _plain(feature: Feature) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": feature.name, "kind": feature.kind, "levels": list(feature.levels)}
    if feature.weights:
        plain["weights"] = {str(bucket): weight for bucket, weight in enumerate(feature.weights) if weight}
    return plain


def _dense(weights: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(weights.get(str(bucket), 0.0) for bucket in range(text.BUCKETS)) if weights else ()


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _mismatch(feature: Feature, found: str) -> UnusableColumn:
    return UnusableColumn(
        f"column {feature.name!r} was {feature.kind} in training and is {found} here",
        hint="cast it to the type of training",
    )


def _infinite(name: str, count: int) -> NonFiniteValues:
    return NonFiniteValues(f"column {name!r} holds {count} infinite value(s)", hint="replace them by null")

"""Checks a frame for training and takes it apart into features, label, time and tenant. Nothing is learned here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from scoring.errors import (
    DuplicateLeads,
    EmptyFrame,
    LabelError,
    MissingColumns,
    OneClassLabel,
    TenantError,
    TimeError,
    TooLittleData,
    WeightError,
)

MIN_ROWS = 20
MIN_OF_EACH = 5


@dataclass(frozen=True)
class Leads:
    """Matured leads in time order: the frame, the feature names, label (0/1 floats), time (floats), tenant (text).

    ``weight``: how much each teaches, None where all teach alike.
    """

    frame: pl.DataFrame
    features: list[str]
    label: np.ndarray
    time: np.ndarray | None
    tenant: np.ndarray | None
    unlabelled: int
    repeated: int
    weight: np.ndarray | None = None


def take(
    frame: pl.DataFrame,
    *,
    label: str,
    time: str | None = None,
    tenant: str | None = None,
    lead_id: str | None = None,
    weight: str | None = None,
    drop: Sequence[str] = (),
    as_of: datetime | None = None,
) -> Leads:
    """The matured leads of ``frame``; raises the named error of whatever makes it unusable."""
    roles = {"label": label, "time": time, "tenant": tenant, "lead_id": lead_id, "weight": weight}
    _check_present(frame, [*roles.values(), *drop])
    if lead_id is not None and (twice := frame[lead_id].is_duplicated()).any():
        raise DuplicateLeads(
            f"column {lead_id!r} names {frame[lead_id].filter(twice).n_unique()} lead(s) more than once, "
            f"first {frame[lead_id].filter(twice)[0]!r}",
            hint="keep one row per lead",
        )
    labels = check_label(frame[label])
    if weight is not None:
        check_weight(frame[weight])
    leads = _take_apart(frame, labels, roles, drop, as_of)
    _check_enough(label, leads.label)
    return leads


def take_values(
    frame: pl.DataFrame,
    *,
    label: str,
    time: str | None = None,
    tenant: str | None = None,
    drop: Sequence[str] = (),
    as_of: datetime | None = None,
) -> Leads:
    """The same for a label that is an amount; rows whose value is null or zero are left out as unknown."""
    roles = {"label": label, "time": time, "tenant": tenant}
    _check_present(frame, [*roles.values(), *drop])
    leads = _take_apart(frame, check_value(frame[label]), roles, drop, as_of)
    if len(leads.label) < MIN_ROWS:
        raise TooLittleData(f"{len(leads.label)} deals with a value are too few", hint=f"{MIN_ROWS} are the least")
    return leads


def _check_present(frame: pl.DataFrame, names: Sequence[str | None]) -> None:
    absent = [name for name in names if name is not None and name not in frame.columns]
    if absent:
        raise MissingColumns(f"the frame lacks {', '.join(map(repr, absent))}", hint="check the column names")
    if frame.is_empty():
        raise EmptyFrame("the frame has no rows", hint="there is nothing to learn from")


def _take_apart(
    frame: pl.DataFrame,
    labels: pl.Series,
    roles: Mapping[str, str | None],
    drop: Sequence[str],
    as_of: datetime | None,
) -> Leads:
    time, tenant, weight = roles["time"], roles["tenant"], roles.get("weight")
    known = labels.is_not_null()
    matured, labels = frame.filter(known), labels.filter(known)
    if time is not None:
        _check_time(matured[time], as_of or datetime.now(UTC))
        order = np.argsort(_moments(matured[time]), kind="stable")
        matured, labels = matured[order], labels[order]
    if tenant is not None and matured[tenant].null_count():
        raise TenantError(f"{matured[tenant].null_count()} row(s) have no {tenant!r}", hint="every lead has a tenant")
    special = {name for name in roles.values() if name is not None} | set(drop)
    features = [name for name in matured.columns if name not in special]
    if not features:
        raise EmptyFrame("no feature column is left", hint="give at least one column besides label, time and tenant")
    return Leads(
        frame=matured,
        features=features,
        label=labels.to_numpy(),
        time=None if time is None else _moments(matured[time]),
        tenant=None if tenant is None else matured[tenant].cast(pl.String).to_numpy().astype(str),
        unlabelled=frame.height - matured.height,
        repeated=int(matured.hash_rows().is_duplicated().sum()),
        weight=None if weight is None else check_weight(matured[weight]),
    )


def check_label(values: pl.Series) -> pl.Series:
    """The label as floats 0, 1 and null (not matured); raises `LabelError` for anything else."""
    if not (values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)):
        raise LabelError(f"label {values.name!r} has type {values.dtype}", hint="use 0, 1 and null (not matured)")
    floats = values.cast(pl.Float64).fill_nan(None)
    odd = floats.filter(floats.is_not_null() & ~floats.is_in([0.0, 1.0]))
    if len(odd):
        raise LabelError(
            f"label {values.name!r} holds {odd[0]} ({len(odd)} odd value(s))",
            hint="use 0, 1 and null (not matured)",
        )
    return floats


def check_weight(values: pl.Series) -> np.ndarray | None:
    """The weights as floats, None where every lead counts once; raises `WeightError` for what is no weight."""
    if not values.dtype.is_numeric():
        raise WeightError(f"weight {values.name!r} has type {values.dtype}", hint="use positive numbers")
    floats = values.cast(pl.Float64)
    odd = values.filter(~(floats.is_finite() & (floats > 0)).fill_null(False))
    if len(odd):
        raise WeightError(
            f"weight {values.name!r} holds {odd[0]} ({len(odd)} odd value(s))",
            hint="a weight is finite and above 0; leave out the rows that shall teach nothing",
        )
    return None if (floats == 1).all() else floats.to_numpy()


def check_value(values: pl.Series) -> pl.Series:
    """Amounts as floats, null where unknown or zero; raises `LabelError` for text, a negative or an infinite amount."""
    if not (values.dtype.is_numeric() or values.dtype == pl.Null):
        raise LabelError(f"value {values.name!r} has type {values.dtype}", hint="use a number in one currency")
    floats = values.cast(pl.Float64).fill_nan(None)
    odd = floats.filter((floats < 0) | floats.is_infinite())
    if len(odd):
        raise LabelError(f"value {values.name!r} holds {odd[0]} ({len(odd)} odd value(s))", hint="values are positive")
    return floats.set(floats == 0, None)


def _check_enough(name: str, label: np.ndarray) -> None:
    if not len(label):
        raise TooLittleData(f"no lead has a matured label {name!r}", hint="wait until outcome windows have passed")
    wins = int(label.sum())
    if wins in (0, len(label)):
        raise OneClassLabel(
            f"all {len(label)} matured labels {name!r} are {int(label[0])}",
            hint="both outcomes are needed to learn",
        )
    if len(label) < MIN_ROWS or min(wins, len(label) - wins) < MIN_OF_EACH:
        raise TooLittleData(
            f"{len(label)} matured leads with {wins} won are too few",
            hint=f"{MIN_ROWS} leads and {MIN_OF_EACH} of each outcome are the least; or pool several tenants",
        )


def _check_time(values: pl.Series, now: datetime) -> None:
    if values.null_count():
        raise TimeError(f"column {values.name!r} has {values.null_count()} null(s)", hint="every lead has a moment")
    dtype = values.dtype
    if dtype.is_numeric():
        if dtype.is_float() and not values.is_finite().all():
            raise TimeError(f"column {values.name!r} holds values that are not finite")
        return
    if dtype not in (pl.Date, pl.Datetime):
        raise TimeError(f"column {values.name!r} has type {dtype}", hint="use a date, a datetime or a number")
    latest = float(_moments(values).max())
    if latest > (now + timedelta(days=1)).timestamp():
        raise TimeError(
            f"column {values.name!r} reaches {values.max()!s}, which lies in the future",
            hint="correct the date: a lead can't be known before it exists",
        )


def _moments(values: pl.Series) -> np.ndarray:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).to_numpy()
    return values.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6

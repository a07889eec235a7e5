"""From checked leads to what trees learn from: the schema of the columns, the matrix and its roles. No tree grows."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from scoring import splits
from scoring import text as texts
from scoring.boosting import Rows
from scoring.errors import EmptyFrame, MissingColumns
from scoring.intake import Leads
from scoring.schema import MIN_TENANTS_PER_LEVEL, Feature, Schema, as_text, fit


def fit_schema(
    leads: Leads, categorical: Sequence[str], text: Sequence[str], seed: int
) -> tuple[Schema, dict[str, np.ndarray]]:
    """The schema, and of each text column the numbers that did not see their own row's outcome."""
    for role, names in (("categorical", categorical), ("text", text)):
        if unknown := [name for name in names if name not in leads.features]:
            raise MissingColumns(f"{role} names {unknown[0]!r}, which is no feature of the frame")
    tenants = None if leads.tenant is None else pl.Series(leads.tenant)
    least = 1 if tenants is None else min(MIN_TENANTS_PER_LEVEL, tenants.n_unique())
    others = [name for name in leads.features if name not in text]
    learned = Schema(())
    if others:
        learned = fit(leads.frame, others, categorical=categorical, tenants=tenants, min_tenants=least)
    features, unseen = list(learned.features), {}
    for name in text:
        weights, own = texts.fit(
            as_text(leads.frame[name]).to_list(),
            leads.label,
            splits.stratified(leads.label, seed=seed),
            tenant=leads.tenant,
            min_tenants=least,
        )
        if weights.any():
            features.append(Feature(name, "text", weights=tuple(weights.tolist())))
            unseen[name] = own
    features.sort(key=lambda feature: feature.name)
    unused = tuple(name for name in leads.features if name not in {feature.name for feature in features})
    if not features:
        raise EmptyFrame("no column carries information", hint="give at least one feature that varies between leads")
    return Schema(tuple(features), tuple(sorted(unused))), unseen


def to_rows(leads: Leads, learned: Schema, monotone: Mapping[str, int], unseen_text: Mapping[str, np.ndarray]) -> Rows:
    unknown = [name for name in monotone if name not in leads.features]
    if unknown:
        raise MissingColumns(f"monotone names {unknown[0]!r}, which is no feature of the frame")
    age = None
    if leads.time is not None and (span := leads.time[-1] - leads.time[0]) > 0:
        age = (leads.time[-1] - leads.time) / span
    matrix = learned.encode(leads.frame)
    for name, own in unseen_text.items():
        matrix[:, learned.names.index(name)] = own
    return Rows(
        matrix=matrix,
        label=leads.label,
        categorical=learned.categorical,
        monotone=[monotone.get(name, 0) for name in learned.names],
        age=age,
        weight=leads.weight,
    )

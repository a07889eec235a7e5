"""What is predicted beside the lead score: deal value, time to conversion, churn. Each is a definition of a few lines.

A definition says which rows teach, what is taught, how a model is judged on rows that it has not seen, and which rows
get which columns. How versions are trained and promoted is `prediction_training`'s, the nightly batch
`prediction_batch`'s.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import numpy as np
import polars as pl

import scoring
from pipelines.models.lead_features import LABEL, LEAD, TENANT, TIME, dropped, read_features
from pipelines.models.lead_values import VALUE, read_deals
from pipelines.models.scored_rows import as_json
from pipelines.resources.platform import Platform
from scoring import LeadModel, duration, kinds, value
from scoring.boosting import Trainer
from scoring.duration import DurationModel
from scoring.kinds import Kind
from scoring.logit import row_losses
from scoring.registry import Artefact
from scoring.value import ValueModel
from tekup.errors import TekupError

M = TypeVar("M", bound=Artefact)
SUBSCRIPTION = "subscription_id"
CHURNED = "has_churned_90d"
DAYS, CONVERTED = "days_watched", "has_converted"
_BUDGET = 2


class TooFewRows(TekupError):
    """There is not enough yet to teach a model of this kind."""


@dataclass(frozen=True)
class Told:
    """A table of predictions: its name, the key beside the tenant, and the columns with their types."""

    table: str
    key: str
    key_type: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Definition(Generic[M]):
    """One kind of prediction.

    ``read`` gives the rows that teach, of all tenants; ``teach`` a model of them, to which the tenants ``apart`` teach
    nothing that is shared, perhaps by a trainer; ``losses`` and ``measure`` judge a model on rows. ``dataset`` holds
    each tenant's rows that may get a prediction, ``asked`` chooses among them, ``features`` are the columns that the
    model reads, and ``tell`` makes the columns of ``told``, row by row.
    """

    kind: Kind[M]
    dataset: str
    told: Told
    least: int
    slices: Sequence[str]
    read: Callable[[Platform], pl.DataFrame]
    teach: Callable[[pl.DataFrame, Collection[str], int, Trainer | None], M]
    losses: Callable[[M, pl.DataFrame], np.ndarray]
    measure: Callable[[M, pl.DataFrame], dict[str, float]]
    features: Callable[[M], list[str]]
    asked: Callable[[pl.DataFrame], pl.DataFrame]
    tell: Callable[[M, pl.DataFrame], pl.DataFrame]


def _read_deals(platform: Platform) -> pl.DataFrame:
    return read_deals(platform, read_features(platform))


def _teach_value(rows: pl.DataFrame, apart: Collection[str], seed: int, trainer: Trainer | None) -> ValueModel:
    shared = rows.filter(~pl.col(TENANT).is_in(list(apart)))
    return value.train(
        shared,
        label=VALUE,
        time=TIME,
        tenant=TENANT,
        drop=[*dropped(shared), LABEL],
        seed=seed,
        budget=_BUDGET,
        trainer=trainer,
    )


def _tell_value(model: ValueModel, rows: pl.DataFrame) -> pl.DataFrame:
    told = model.predict(rows, missing="null")
    return told.select(
        pl.col(name).round().cast(pl.Int64).alias(name.replace("value", "value_cents")) for name in told.columns
    )


def read_waits(platform: Platform) -> pl.DataFrame:
    """Every lead with how long it has been watched, and whether it was won then.

    A tenant's data reach to its newest lead or conversion. A lead that was lost waits on: it is not won by day 90
    either, and to leave it out would make the others look quick.
    """
    parts = []
    for (tenant_id,), leads in read_features(platform).group_by(TENANT, maintain_order=True):
        known = platform.lake.query("conversions", [UUID(str(tenant_id))], "lead_id, converted_at")
        if known.is_empty():
            continue
        reach = max(leads[TIME].max(), known["converted_at"].max())  # type: ignore[type-var]  # both are moments
        end = pl.coalesce("converted_at", pl.lit(reach))
        days = (end - pl.col(TIME)).dt.total_seconds() / 86_400
        parts.append(
            leads.join(known.unique(LEAD), on=LEAD, how="left", maintain_order="left")
            .with_columns(days.clip(lower_bound=0.0).alias(DAYS), pl.col("converted_at").is_not_null().alias(CONVERTED))
            .drop("converted_at")
        )
    if not parts:
        raise TooFewRows("no tenant has a won lead yet", hint="time to conversion is learned from leads that were won")
    return pl.concat(parts, how="diagonal")


def _teach_time(rows: pl.DataFrame, apart: Collection[str], seed: int, trainer: Trainer | None) -> DurationModel:
    return duration.train(
        rows,
        days=DAYS,
        event=CONVERTED,
        time=TIME,
        tenant=TENANT,
        apart=apart,
        drop=[*dropped(rows), LABEL],
        seed=seed,
        budget=_BUDGET,
        trainer=trainer,
    )


def _tell_time(model: DurationModel, rows: pl.DataFrame) -> pl.DataFrame:
    return model.predict(rows)


def read_subscriptions(platform: Platform) -> pl.DataFrame:
    """Every tenant's subscriptions at the moments they were looked at whose outcome is known."""
    rows = platform.lake.query("subscription_features", [tenant.id for tenant in platform.tenants()])
    if rows.is_empty():
        raise TooFewRows("there are no subscriptions yet", hint="connect Stripe, or wait for the first subscription")
    known = rows.filter(pl.col(CHURNED).is_not_null())
    # an end is known the day it comes, a life that went on only when its window has passed
    newest = pl.col(TIME).filter(pl.col(CHURNED) == 0).max().over(TENANT)
    return known.filter(pl.col(TIME) <= newest).sort(TENANT, TIME, SUBSCRIPTION)


def _teach_churn(rows: pl.DataFrame, apart: Collection[str], seed: int, trainer: Trainer | None) -> LeadModel:
    return scoring.train(
        rows,
        label=CHURNED,
        time=TIME,
        tenant=TENANT,
        apart=apart,
        drop=[SUBSCRIPTION, "is_current"],
        seed=seed,
        budget=_BUDGET,
        trainer=trainer,
    )


def _churn_losses(model: LeadModel, rows: pl.DataFrame) -> np.ndarray:
    probability = model.score(rows, reasons=0)["probability"].to_numpy()
    return row_losses(rows[CHURNED].cast(pl.Float64).to_numpy(), np.log(probability / (1 - probability)))


def _tell_churn(model: LeadModel, rows: pl.DataFrame) -> pl.DataFrame:
    scored = model.score(rows)
    return scored.with_columns(as_json(scored["reasons"])).drop("grade", "expected_value")


DEAL_VALUE = Definition(
    kind=kinds.DEAL_VALUE,
    dataset="lead_features",
    told=Told(
        "lead_value",
        LEAD,
        "uuid",
        {"value_cents": "bigint", "value_cents_low": "bigint", "value_cents_high": "bigint"},
    ),
    least=50,
    slices=(TENANT,),
    read=_read_deals,
    teach=_teach_value,
    losses=lambda model, rows: value.losses(model, rows, label=VALUE),
    measure=lambda model, rows: value.evaluate(model, rows, label=VALUE),
    features=lambda model: model.features,
    asked=lambda rows: rows,
    tell=_tell_value,
)
CONVERSION_TIME = Definition(
    kind=kinds.CONVERSION_TIME,
    dataset="lead_features",
    told=Told(
        "lead_conversion",
        LEAD,
        "uuid",
        {f"by_{days:g}d": "float8" for days in duration.PERIODS} | {"median_days": "float8"},
    ),
    least=200,
    slices=(TENANT,),
    read=read_waits,
    teach=_teach_time,
    losses=lambda model, rows: duration.losses(model, rows, days=DAYS, event=CONVERTED),
    measure=lambda model, rows: duration.evaluate(model, rows, days=DAYS, event=CONVERTED),
    features=lambda model: model.features,
    asked=lambda rows: rows,
    tell=_tell_time,
)
SUBSCRIPTION_CHURN = Definition(
    kind=kinds.SUBSCRIPTION_CHURN,
    dataset="subscription_features",
    told=Told(
        "subscription_churn",
        SUBSCRIPTION,
        "text",
        {
            "probability": "float8",
            "probability_low": "float8",
            "probability_high": "float8",
            "has_enough_data": "boolean",
            "is_out_of_distribution": "boolean",
            "reasons": "jsonb",
        },
    ),
    least=200,
    slices=(TENANT,),
    read=read_subscriptions,
    teach=_teach_churn,
    losses=_churn_losses,
    measure=lambda model, rows: scoring.evaluate(model, rows, label=CHURNED),
    features=lambda model: model.features,
    asked=lambda rows: rows.filter(pl.col("is_current")),
    tell=_tell_churn,
)
DEFINITIONS: tuple[Definition[Any], ...] = (DEAL_VALUE, CONVERSION_TIME, SUBSCRIPTION_CHURN)

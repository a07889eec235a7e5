"""What became of what was predicted, kind by kind: which rows are watched, when they are ripe, how they are judged.

Predictions themselves are defined in `predictions`, kept by `given_predictions` and watched by `prediction_watch`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import numpy as np
import polars as pl

from pipelines.models.lead_features import LABEL, LEAD, TIME
from pipelines.models.lead_values import VALUE, worth_of
from pipelines.resources.platform import Platform
from scoring import LeadModel, duration, outcomes, value
from scoring.duration import DurationModel
from scoring.logit import row_losses
from scoring.metrics import measure
from scoring.registry import Artefact
from scoring.value import ValueModel

M = TypeVar("M", bound=Artefact)
CHURNED = "has_churned_90d"
DAYS, CONVERTED = "days_watched", "has_converted"
HORIZON = duration.PERIODS[2]
"""Days after which a wait is judged and a deal's calibration watched: with 90 an alarm would come two months later."""
_ITS_PERIODS = tuple(end for end in duration.PERIODS if end <= HORIZON)


def _all(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@dataclass(frozen=True)
class Watching(Generic[M]):
    """How one kind's predictions meet what comes of them.

    ``population`` chooses among a tenant's rows those whose prediction is kept while they are new; ``looked`` those
    among them whose features and predictions are compared with the training's, so that each of them is a lead or a
    customer of its own. ``settle`` are the rows of a population of which it is known what came, of all of a cohort,
    ``settle_soon`` those by which calibration is watched; ``event`` says of them whether something happened.
    ``predict`` gives the numbers that are kept of each row, ``losses`` and ``measure`` judge them on settled rows,
    ``meet`` gives outcome and forecast in one unit, and ``forecast`` the latter alone. ``unwatched`` names features
    that move by nature.
    """

    event: str
    settle: Callable[[Platform, UUID, pl.DataFrame], pl.DataFrame]
    settle_soon: Callable[[Platform, UUID, pl.DataFrame], pl.DataFrame]
    predict: Callable[[M, pl.DataFrame], np.ndarray]
    losses: Callable[[np.ndarray, pl.DataFrame], np.ndarray]
    measure: Callable[[np.ndarray, pl.DataFrame], dict[str, float]]
    forecast: Callable[[np.ndarray], np.ndarray]
    meet: Callable[[np.ndarray, pl.DataFrame], tuple[np.ndarray, np.ndarray]]
    population: Callable[[pl.DataFrame], pl.DataFrame] = _all
    looked: Callable[[pl.DataFrame], pl.DataFrame] = _all
    unwatched: Sequence[str] = ()


def waits_of(platform: Platform, tenant_id: UUID, leads: pl.DataFrame) -> pl.DataFrame | None:
    """One tenant's leads with how long each has been watched, and whether it was won then; None before the first win.

    A tenant's data reach to its newest lead or conversion. A lead that was lost waits on: it is not won by day 90
    either, and to leave it out would make the others look quick.
    """
    known = platform.lake.query("conversions", [tenant_id], "lead_id, converted_at")
    if known.is_empty():
        return None
    moment = leads.schema[TIME]  # an extract that DuckDB read spells the same time zone otherwise
    known = known.cast({"converted_at": moment})
    reach = max(leads[TIME].max(), known["converted_at"].max())  # type: ignore[type-var]  # both are moments
    end = pl.coalesce("converted_at", pl.lit(reach).cast(moment))
    days = (end - pl.col(TIME)).dt.total_seconds() / 86_400
    return (
        leads.join(known.unique(LEAD), on=LEAD, how="left", maintain_order="left")
        .with_columns(days.clip(lower_bound=0.0).alias(DAYS), pl.col("converted_at").is_not_null().alias(CONVERTED))
        .drop("converted_at")
    )


def _settle_deals(platform: Platform, tenant_id: UUID, rows: pl.DataFrame) -> pl.DataFrame:
    """Deals of leads whose window has passed: the quick ones alone would be the small ones."""
    won = outcomes.mature(rows, label=LABEL, time=TIME).filter(pl.col(LABEL) == 1)
    worth = worth_of(platform, tenant_id)
    empty = won.clear().with_columns(pl.lit(0.0).alias(VALUE))
    return empty if worth is None else won.join(worth, on=LEAD, how="inner", maintain_order="left")


def _settle_deals_soon(platform: Platform, tenant_id: UUID, rows: pl.DataFrame) -> pl.DataFrame:
    """Deals made within `HORIZON` days of leads that came longer ago than that: slow ones are left out of all alike."""
    quick = _within_horizon(_settle_waits(platform, tenant_id, rows)).filter(CONVERTED)
    worth = worth_of(platform, tenant_id)
    empty = quick.clear().with_columns(pl.lit(0.0).alias(VALUE))
    return empty if worth is None else quick.join(worth, on=LEAD, how="inner", maintain_order="left")


def _settle_waits(platform: Platform, tenant_id: UUID, rows: pl.DataFrame) -> pl.DataFrame:
    """Leads that came `HORIZON` days or longer before the tenant's data end, won or not."""
    waits = waits_of(platform, tenant_id, rows)
    if waits is None:
        return rows.clear().with_columns(pl.lit(0.0).alias(DAYS), pl.lit(value=False).alias(CONVERTED))
    # a lead that still waits tells how far the data reach past it
    newest = waits.filter(~pl.col(CONVERTED) & (pl.col(DAYS) >= HORIZON))[TIME].max()
    return waits.clear() if newest is None else waits.filter(pl.col(TIME) <= newest)


def _settle_churn(_: Platform, __: UUID, rows: pl.DataFrame) -> pl.DataFrame:
    return outcomes.mature(rows, label=CHURNED, time=TIME)


def _within_horizon(rows: pl.DataFrame) -> pl.DataFrame:
    """What was known of each lead `HORIZON` days after it came, which stays as it is however late one looks."""
    return rows.with_columns(
        pl.col(DAYS).clip(upper_bound=HORIZON), (pl.col(CONVERTED) & (pl.col(DAYS) <= HORIZON)).alias(CONVERTED)
    )


def _judge_curves(curves: np.ndarray, rows: pl.DataFrame) -> tuple[np.ndarray, dict[str, float]]:
    within = curves[:, : len(_ITS_PERIODS)]
    return duration.judge_curves(within, _within_horizon(rows), days=DAYS, event=CONVERTED, periods=_ITS_PERIODS)


def _labels(rows: pl.DataFrame, label: str) -> np.ndarray:
    return rows[label].cast(pl.Float64).to_numpy()


def _predict_values(model: ValueModel, rows: pl.DataFrame) -> np.ndarray:
    told = model.predict(rows, missing="null")
    return told.select("value", "value_low", "value_high").to_numpy()


def _predict_churn(model: LeadModel, rows: pl.DataFrame) -> np.ndarray:
    return model.score(rows, reasons=0).select("probability").to_numpy()


def _predict_curves(model: DurationModel, rows: pl.DataFrame) -> np.ndarray:
    return model.predict(rows).select(f"by_{end:g}d" for end in duration.PERIODS).to_numpy()


DEALS: Watching[ValueModel] = Watching(
    event=LABEL,
    settle=_settle_deals,
    settle_soon=_settle_deals_soon,
    predict=_predict_values,
    losses=lambda told, rows: value.gamma_losses(_labels(rows, VALUE), told[:, 0]),
    measure=lambda told, rows: value.measure_values(_labels(rows, VALUE), told),
    # amounts scatter in proportion to themselves: on this scale a doubling is one step for small and large
    forecast=lambda told: np.log(told[:, 0]),
    meet=lambda told, rows: (np.log(_labels(rows, VALUE)), np.log(told[:, 0])),
)
WAITS: Watching[DurationModel] = Watching(
    event=CONVERTED,
    settle=_settle_waits,
    settle_soon=_settle_waits,
    predict=_predict_curves,
    losses=lambda told, rows: _judge_curves(told, rows)[0],
    measure=lambda told, rows: _judge_curves(told, rows)[1],
    forecast=lambda told: told[:, len(_ITS_PERIODS) - 1],
    meet=lambda told, rows: (_labels(_within_horizon(rows), CONVERTED), told[:, len(_ITS_PERIODS) - 1]),
)


def _churn_losses(told: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    probability = np.clip(told[:, 0], 1e-12, 1 - 1e-12)
    return row_losses(_labels(rows, CHURNED), np.log(probability / (1 - probability)))


def _each_quarter(rows: pl.DataFrame) -> pl.DataFrame:
    """A subscription once in three months of its life: windows of 90 days that overlap would tell one end thrice."""
    return rows.filter(~pl.col("is_current") & (pl.col("age_months") % 3 == 1))


CHURN: Watching[LeadModel] = Watching(
    event=CHURNED,
    settle=_settle_churn,
    settle_soon=_settle_churn,
    predict=_predict_churn,
    losses=_churn_losses,
    measure=lambda told, rows: measure(_labels(rows, CHURNED), told[:, 0]),
    forecast=lambda told: told[:, 0],
    meet=lambda told, rows: (_labels(rows, CHURNED), told[:, 0]),
    population=_each_quarter,
    # each subscription once, in its first month: the same ones would be seen month after month
    looked=lambda rows: rows.filter(pl.col("age_months") == 1),
    unwatched=("age_months", "mrr_ratio", "price_change_count", "paid_invoice_count", "other_ended_count"),
)

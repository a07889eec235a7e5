"""Experiments, who was shown which variant, and the one whose effect is real. How leads fare is drawn elsewhere."""

from dataclasses import dataclass

import numpy as np
import orjson
import polars as pl

from integrations.sandbox.frames import DAY, NEVER, Floats, Ints, instants, sigmoid
from integrations.sandbox.identifiers import key_of, uuids
from integrations.sandbox.journeys import Journeys
from integrations.sandbox.operational import anonymous_ids
from integrations.sandbox.tenants import TenantSpec
from tekup.experiments.assignment import Plan, Variant, assign

TRUE_LIFT = 0.7
"""What a fast reply really adds to a lead's logit of being won; everything else that is tried adds nothing."""
LEAST_LEADS_TO_LIFT = 500
"""Who gets fewer leads replies fast to all of them anyway, so that his experiment finds nothing."""
_LEAST_LEADS = 100
_VARIANTS = (Variant("control", 1.0), Variant("treatment", 1.0))


@dataclass(frozen=True)
class _Plan:
    """One experiment; days are counted back from now."""

    key: str
    name: str
    hypothesis: str
    status: str
    unit: str
    metric: str
    secondary: tuple[str, ...]
    guard_rails: tuple[tuple[str, float], ...]
    outcome_days: int
    began: int
    ended: int


_PLANS = (
    _Plan("fast-reply", "Svar inden for en time", "A call within the hour wins more leads", "stopped", "lead",
          "win_rate", ("qualified_rate", "revenue"), (("touch_count", 0.1),), 90, 300, 120),
    _Plan("danish-video", "Dansk video", "A local video brings more leads", "running", "visitor",
          "lead_rate", ("touch_count",), (), 7, 45, 0),
    _Plan("price-on-page", "Pris på siden", "Showing prices brings better leads", "draft", "visitor",
          "win_rate", ("lead_rate",), (("lead_rate", 0.1),), 60, 0, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Trials:
    """The experiments of one tenant, exposures, and per lead what an experiment adds to the logit of being won."""

    table: pl.DataFrame
    exposures: pl.DataFrame
    lift: Floats
    is_exposed: Floats
    true_lift: float


def draw_trials(tenant: TenantSpec, target: int, journeys: Journeys, lead_ids: pl.Series, now: int) -> Trials:
    """The tenant's experiments; only tenants with enough traffic have any. By the product's own hash, not by chance."""
    plans = _PLANS if target >= _LEAST_LEADS else ()
    ids = uuids(key_of(tenant.slug, "experiments"), len(plans)).to_list()
    true_lift = TRUE_LIFT if target >= LEAST_LEADS_TO_LIFT else 0.0
    lift, is_exposed = np.zeros(len(lead_ids)), np.zeros(len(lead_ids))
    parts = []
    for plan, experiment_id in zip(plans, ids, strict=True):
        if plan.status == "draft":
            continue
        first, last = now // DAY * DAY - plan.began * DAY, now // DAY * DAY - plan.ended * DAY
        units, seen = _seen(plan, tenant, journeys, lead_ids)
        chosen = np.flatnonzero((seen >= first) & (seen < last))
        salt = Plan(experiment_id, _VARIANTS)
        names = units.gather(pl.Series(chosen).cast(pl.UInt32)).to_list()
        given = [assign(salt, name) for name in names]
        if plan.key == "fast-reply":
            is_exposed[chosen] = 1.0
            lift[chosen] = true_lift * np.array([variant == "treatment" for variant in given])
        parts.append(_exposures(tenant, plan, experiment_id, names, given, seen[chosen]))
    return Trials(_table(tenant, plans, ids, now), pl.concat([_no_exposure(), *parts]), lift, is_exposed, true_lift)


def truth_of(trials: Trials, win_probability: Floats) -> pl.DataFrame:
    """What each experiment really does to its primary metric, as a difference of means; in words of its own."""
    exposed = trials.is_exposed > 0
    logit = np.log(win_probability[exposed] / (1 - win_probability[exposed])) - trials.lift[exposed]
    gained = float((sigmoid(logit + trials.true_lift) - sigmoid(logit)).mean()) if exposed.any() else 0.0
    effects = {"fast-reply": gained, "danish-video": 0.0}
    return (
        trials.table.filter(pl.col("key").is_in(list(effects)))
        .select("tenant_id", trial_id="id", trial_key="key", trial_metric="primary_metric")
        .with_columns(true_effect=pl.col("trial_key").replace_strict(effects, return_dtype=pl.Float64))
    )


def _seen(plan: _Plan, tenant: TenantSpec, journeys: Journeys, lead_ids: pl.Series) -> tuple[pl.Series, Ints]:
    """The units, and when each is first shown a variant: a lead as it arrives, a visitor at his first touch."""
    if plan.unit == "lead":
        return lead_ids, journeys.lead_created
    person, first = np.unique(journeys.person, return_index=True)
    cookies = anonymous_ids(tenant, len(journeys.intent)).gather(pl.Series(person).cast(pl.UInt32))
    return cookies, journeys.occurred[first]


def _table(tenant: TenantSpec, plans: tuple[_Plan, ...], ids: list[str], now: int) -> pl.DataFrame:
    today = now // DAY * DAY
    starts = np.array([today - p.began * DAY if p.status != "draft" else NEVER for p in plans], dtype=np.int64)
    stops = np.array([today - p.ended * DAY if p.status == "stopped" else NEVER for p in plans], dtype=np.int64)
    made = np.array([today - (p.began + 2) * DAY for p in plans], dtype=np.int64)
    variants = orjson.dumps([{"name": one.name, "weight": one.weight} for one in _VARIANTS]).decode()
    rails = [orjson.dumps([{"metric": metric, "margin": margin} for metric, margin in p.guard_rails]) for p in plans]
    text = pl.String
    return pl.DataFrame(
        {
            "tenant_id": pl.Series([tenant.id] * len(plans), dtype=text),
            "id": pl.Series(ids, dtype=text),
            "key": pl.Series([p.key for p in plans], dtype=text),
            "name": pl.Series([p.name for p in plans], dtype=text),
            "hypothesis": pl.Series([p.hypothesis for p in plans], dtype=text),
            "status": pl.Series([p.status for p in plans], dtype=text),
            "unit": pl.Series([p.unit for p in plans], dtype=text),
            "variants": pl.Series([variants] * len(plans), dtype=text),
            "primary_metric": pl.Series([p.metric for p in plans], dtype=text),
            "secondary_metrics": pl.Series(["{" + ",".join(p.secondary) + "}" for p in plans], dtype=text),
            "guard_rails": pl.Series([rail.decode() for rail in rails], dtype=text),
            "outcome_days": pl.Series([p.outcome_days for p in plans], dtype=pl.Int16),
            "least_effect": pl.Series([0.1] * len(plans), dtype=pl.Float64),
            "starts_at": instants(starts),
            "stopped_at": instants(stops),
            "created_at": instants(made),
            "updated_at": instants(np.maximum(made, np.maximum(starts, stops))),
        }
    )


_EXPOSURE = {
    "tenant_id": pl.String, "id": pl.String, "experiment_id": pl.String, "anonymous_id": pl.String,
    "lead_id": pl.String, "variant": pl.String,
}  # fmt: skip


def _no_exposure() -> pl.DataFrame:
    moments = instants(np.array([], dtype=np.int64))
    return pl.DataFrame(schema=_EXPOSURE).with_columns(exposed_at=moments, created_at=moments, updated_at=moments)


def _exposures(
    tenant: TenantSpec, plan: _Plan, experiment_id: str, units: list[str], given: list[str | None], seen: Ints
) -> pl.DataFrame:
    moments, nobody = instants(seen), pl.Series([None] * len(units), dtype=pl.String)
    told = pl.Series(units, dtype=pl.String)
    return pl.DataFrame(
        {
            "tenant_id": pl.Series([tenant.id] * len(units), dtype=pl.String),
            "id": uuids(key_of(tenant.slug, f"exposures-{plan.key}"), len(units)),
            "experiment_id": pl.Series([experiment_id] * len(units), dtype=pl.String),
            "anonymous_id": told if plan.unit == "visitor" else nobody,
            "lead_id": told if plan.unit == "lead" else nobody,
            "variant": pl.Series(given, dtype=pl.String),
            "exposed_at": moments,
            "created_at": moments,
            "updated_at": moments,
        }
    )

"""Trains a kind of prediction, judges it against its champion, makes it live. What is predicted is not known here."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import polars as pl

from pipelines.models import model_records
from pipelines.models.lead_features import TENANT, TIME, read_apart, split_late
from pipelines.models.predictions import Definition, TooFewRows
from pipelines.resources.platform import Platform
from scoring import provenance
from scoring.promotion import Decision, Finding, decide_by_losses
from scoring.registry import Artefact
from tekup.clock import utc_now
from tekup.errors import TekupError

M = TypeVar("M", bound=Artefact)
RENEWED_AFTER = timedelta(days=30)
"""A champion of this age gives way to a candidate that is as good: what it learned from is older."""
MINIMUM_TENANT_ROWS = 30


@dataclass(frozen=True, slots=True)
class Trained:
    """A published version, how it fared on rows later than those it learned from, and what was decided about it."""

    version: str
    metrics: dict[str, float]
    row_count: int
    decision: Decision


def train(platform: Platform, definition: Definition[M], *, seed: int = 0, by: str = "training") -> Trained:
    """Train and publish a version; promote it if it beats the champion, or is as good and the champion is old.

    Raises:
        TooFewRows: there is not enough to learn from yet.
        BadInput: what there is can't teach, such as rows of one outcome alone.
    """
    rows = definition.read(platform)
    if rows.height < definition.least:
        raise TooFewRows(
            f"{rows.height} rows are too few to learn {definition.kind.name} from",
            hint=f"a model needs {definition.least}; it is tried again every night",
        )
    known, held_out = split_late(rows)
    apart = read_apart(platform)
    # trees are grown outside the interpreter's lock
    with platform.trainer() as trainer, ThreadPoolExecutor(2) as pool:
        probe, model = pool.map(lambda part: definition.teach(part, apart, seed, trainer), (known, rows))
    told = {
        "code": provenance.code(),
        "snapshot": {
            "dataset": f"lake/{definition.dataset}",
            "sha256": provenance.snapshot_hash(rows),
            "row_count": rows.height,
            "tenant_count": rows[TENANT].n_unique(),
            "newest_at": str(rows[TIME].max()),
        },
        "seed": seed,
    }
    registry = platform.registry_of(definition.kind)
    version = registry.publish(model, provenance=told, probe=probe)
    metrics = definition.measure(probe, held_out)
    decision = judge(platform, definition, probe, held_out)
    name = definition.kind.name
    card = registry.card(version)
    model_records.record_version(
        platform, version, metrics=metrics, provenance=told, decision=decision.to_json(), kind=name, card=card
    )
    model_records.record_quality(platform, version, _quality_by_tenant(definition, probe, held_out))
    model_records.record_limits(platform, version, rows, held_out)
    if decision.outcome == "promote":
        registry.promote(version, by=by, why=decision.why)
    registry.prune()
    model_records.record_history(platform, registry, name)
    return Trained(version, metrics, rows.height, decision)


def judge(platform: Platform, definition: Definition[M], probe: M, held_out: pl.DataFrame) -> Decision:
    """The candidate's probe against the champion's, on rows that neither was taught."""
    registry = platform.registry_of(definition.kind)
    champion = registry.live_version()
    if champion is None:
        return _uncontested("there is no champion yet")
    champion_probe = registry.load_probe(champion)
    if champion_probe is None:
        return _uncontested("the champion has no probe to be judged by")
    unseen = model_records.unseen_by(platform, champion, held_out)
    try:
        before = definition.losses(champion_probe, unseen)
    except TekupError as error:
        return _uncontested(f"the champion can't read today's rows: {error.what}")
    groups = {name: unseen[name].cast(pl.String).to_numpy() for name in definition.slices}
    decision = decide_by_losses(before, definition.losses(probe, unseen), groups)
    if decision.outcome == "challenge" and _age(registry.provenance(champion)) >= RENEWED_AFTER:
        newer = Finding("age", True, None, None, f"as good as a champion of more than {RENEWED_AFTER.days} days")
        return Decision("promote", (newer, *decision.findings[1:]))
    return decision


def _uncontested(why: str) -> Decision:
    return Decision("promote", (Finding("quality", True, None, None, why),))


def _age(told: Mapping[str, Any]) -> timedelta:
    return utc_now() - datetime.fromisoformat(told["published_at"])


def _quality_by_tenant(
    definition: Definition[M], probe: M, held_out: pl.DataFrame
) -> dict[str, tuple[int, dict[str, float], dict[str, float]]]:
    figures: dict[str, tuple[int, dict[str, float], dict[str, float]]] = {}
    for (tenant_id,), rows in held_out.group_by(TENANT):
        if rows.height >= MINIMUM_TENANT_ROWS:
            told = {name: number for name, number in definition.measure(probe, rows).items() if np.isfinite(number)}
            figures[str(tenant_id)] = (rows.height, told, {})
    return figures

"""A look at one tenant's new rows of a model version, for every kind of model. The tests are `scoring.drift`'s.

Each row is looked at once. What a look found is a row of `ml.model_drift`; which rows there are to look at, and what
an alarm leads to, is not known here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import polars as pl

from pipelines.models.lead_features import TIME
from pipelines.resources.platform import Platform
from scoring import drift
from scoring.promotion import Decision

Subject = Literal["feature", "score", "calibration"]
SUBJECTS: tuple[Subject, ...] = ("feature", "score", "calibration")
FORECAST, OUTCOME = "forecast", "outcome"
"""The columns of rows whose scores or calibration are looked at."""
LEAST_BATCH = 100
MOST_BATCH = 5_000
"""A look takes its newest rows up to here: more would find shifts that matter to nobody."""
ALL = "(all)"
_REFERENCES = "select subject, name, bins from ml.model_reference where model_version = %s"
_LOOKS = """
select distinct on (subject) subject, looked_until, evidence, is_drifting from ml.model_drift
where model_version = %s and name = '(all)' order by subject, looked_until desc
"""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A detector that alarmed, and the features it is about (none for scores and calibration)."""

    tenant: str
    subject: Subject
    looked_until: datetime
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was looked at and found: looks taken, alarms, and what was decided of the challenger."""

    looks: int
    alarms: tuple[Alarm, ...]
    decision: Decision | None


def look(
    platform: Platform,
    tenant_id: UUID,
    domain: str,
    version: str,
    key: str,
    rows: Mapping[Subject, pl.DataFrame],
    *,
    foretell: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> tuple[int, list[Alarm]]:
    """One look at each subject that has enough new rows; how many looks, and the alarms.

    ``rows``: by subject, all rows that there are, with `TIME`; scores with `FORECAST`, calibration with `OUTCOME` too.
    A ``key`` that comes more than once counts with its newest row. ``foretell`` gives scores their `FORECAST`, once it
    is known which rows are looked at.
    """
    with platform.warehouse(tenant_id, read_only=True) as connection:
        stored = connection.execute(_REFERENCES, (version,)).fetchall()
        last = {row[0]: row[1:] for row in connection.execute(_LOOKS, (version,)).fetchall()}
        taught = connection.execute(
            "select newest_lead_at from ml.model_teaching where model_version = %s", (version,)
        ).fetchone()
    if taught is None:
        return 0, []
    references = {subject: {name: bins for s, name, bins in stored if s == subject} for subject in SUBJECTS}
    looks, alarms = 0, []
    for subject, own in rows.items():
        since, evidence, alarmed = last.get(subject, (taught[0] if subject != "calibration" else None, 0.0, False))
        new = own if since is None else own.filter(pl.col(TIME) > since)
        new = new.sort(TIME).unique(key, keep="last", maintain_order=True)
        if new.height < LEAST_BATCH or not references[subject]:
            continue
        batch = new.tail(MOST_BATCH)
        if foretell is not None and subject == "score":
            batch = foretell(batch)
        seen = _see(subject, references[subject], batch)
        until = new[TIME].max()
        total = drift.add_evidence(0.0 if alarmed else evidence, [one.p_value for _, one, _, _ in seen])
        is_alarm = total >= drift.RUN_LENGTH
        _store_look(platform, tenant_id, version, subject, until, seen, total, is_alarm)
        looks += 1
        if is_alarm:
            names = tuple(name for name, _, _, named in seen if named)
            alarms.append(Alarm(domain, subject, until, names))  # type: ignore[arg-type]
    return looks, alarms


def store_outcomes(
    platform: Platform, tenant_id: UUID, version: str, figures: Mapping[str, float], counts: tuple[int, int], until: Any
) -> None:
    """How a version fared on outcomes that came: measures, ``counts`` of rows and of events, and of rows until when."""
    with platform.warehouse(tenant_id) as connection:
        connection.cursor().executemany(
            "insert into ml.model_outcome (tenant_id, model_version, metric, value, lead_count, won_count, "
            "matured_until) values (%s, %s, %s, %s, %s, %s, %s) "
            "on conflict (tenant_id, model_version, metric) do update "
            "set value = excluded.value, lead_count = excluded.lead_count, won_count = excluded.won_count, "
            "matured_until = excluded.matured_until, measured_at = now() "
            "where model_outcome.lead_count is distinct from excluded.lead_count "
            "or model_outcome.value is distinct from excluded.value",
            [(tenant_id, version, metric, value, *counts, until) for metric, value in figures.items()],
        )


Seen = tuple[str, drift.Look, float, bool]
"""A thing's name, how it lies, its q-value, and whether it is told to have drifted."""


def _see(subject: Subject, references: dict[str, Any], rows: pl.DataFrame) -> list[Seen]:
    if subject == "feature":
        looks = {name: drift.compare(bins, rows[name]) for name, bins in references.items() if name in rows.columns}
        adjusted = drift.adjust([one.p_value for one in looks.values()])
        return [(name, one, q, drift.is_named(one, q)) for (name, one), q in zip(looks.items(), adjusted, strict=True)]
    name, bins = next(iter(references.items()))
    forecast = rows[FORECAST].to_numpy()
    if subject == "score":
        found = drift.compare_scores(bins, forecast)
    else:
        found = drift.compare_calibration(bins, rows[OUTCOME].to_numpy(), forecast)
    return [(name, found, found.p_value, found.p_value <= drift.FALSE_DISCOVERIES)]


def _store_look(
    platform: Platform,
    tenant_id: UUID,
    version: str,
    subject: str,
    until: object,
    seen: Sequence[Seen],
    evidence: float,
    is_alarm: bool,
) -> None:
    rows: list[tuple[object, ...]] = [
        (name, one.rows, one.psi, one.p_value, q, None, named) for name, one, q, named in seen
    ]
    most = max((one.rows for _, one, _, _ in seen), default=0)
    rows.append((ALL, most, None, None, None, evidence, is_alarm))
    with platform.warehouse(tenant_id) as connection:
        connection.cursor().executemany(
            "insert into ml.model_drift (tenant_id, model_version, subject, looked_until, name, row_count, psi, "
            "p_value, q_value, evidence, is_drifting) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "on conflict do nothing",
            [(tenant_id, version, subject, until, *row) for row in rows],
        )

"""Attribution of each tenant's won leads to channels, from the lake into the warehouse. No Dagster here."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

import attribution
from pipelines.models import attribution_journeys, attribution_tables
from pipelines.models.attribution_drilldown import drill_down
from pipelines.models.attribution_inputs import Inputs, end_of, read_inputs
from pipelines.models.attribution_settings import AttributionSettings, read_attribution_settings
from pipelines.resources.platform import Platform
from tekup.errors import BadInput, TekupError

INTERVAL = 0.95


@dataclass(frozen=True, slots=True)
class Attributed:
    """What became of one tenant: ``fault`` says why nothing was written, ``left_out`` which models and why.

    ``rows`` of credit by day that were written; 0 where nothing had changed. ``fingerprint`` of what it rests on.
    """

    domain: str
    fingerprint: str = ""
    rows: int = 0
    is_unchanged: bool = False
    fault: str | None = None
    hint: str | None = None
    left_out: dict[str, str] = field(default_factory=dict)


def attribute_all(platform: Platform, *, as_of: date | datetime | None = None, full: bool = False) -> list[Attributed]:
    """Credit for each tenant; what one tenant's settings or data refuse costs no other tenant anything.

    A tenant whose touches, conversions, settings and models are those of its last computation is passed over, unless
    ``full``. With ``as_of`` the tables stay as they are, and credit as of that moment is kept as a snapshot.
    """
    done = []
    for tenant in platform.tenants():
        try:
            found = attribute_tenant(platform, tenant.id, tenant.domain, as_of=as_of, full=full)
        except TekupError as error:
            found = Attributed(tenant.domain, fault=error.what, hint=error.hint)
        with platform.warehouse(tenant.id) as connection:
            attribution_tables.note_verdict(connection, tenant.id, found.fault)
        done.append(found)
    return done


def attribute_tenant(
    platform: Platform, tenant_id: UUID, domain: str = "", *, as_of: date | datetime | None = None, full: bool = False
) -> Attributed:
    """Replace one tenant's tables in one transaction, or keep a snapshot as of a moment that has none yet.

    Raises:
        BadInput: a setting of the tenant, or its data, can't be used.
    """
    settings = read_attribution_settings(platform.doors, tenant_id)
    moment = None if as_of is None else end_of(as_of, settings.timezone)
    inputs = read_inputs(platform, tenant_id, settings, moment)
    rests_on = _fingerprint(inputs, settings, moment)
    with platform.warehouse(tenant_id) as connection:
        if moment is not None:
            is_known = attribution_tables.has_snapshot(connection, tenant_id, moment)
        else:
            is_known = not full and attribution_tables.read_fingerprint(connection, tenant_id) == rests_on
        if is_known:
            return Attributed(domain, rests_on, is_unchanged=True)
    tables, told = compute_tables(inputs, settings, moment)
    credit = tables["attribution_credit"]
    with platform.warehouse(tenant_id) as connection:
        if moment is not None:
            attribution_tables.write_snapshot(connection, tenant_id, moment, credit)
        else:
            attribution_tables.replace_tables(connection, tenant_id, tables)
            attribution_tables.note_run(connection, tenant_id, rests_on, told)
    return Attributed(domain, rests_on, credit.height, left_out=told["left_out"])


def compute_tables(
    inputs: Inputs, settings: AttributionSettings, as_of: datetime | None = None
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Every table of attribution and what there is to tell, over all currencies of the conversions."""
    parts: dict[str, list[pl.DataFrame]] = {table: [] for table in attribution_tables.COLUMNS}
    left_out: dict[str, str] = {}
    cautions: list[str] = []
    journeys = 0
    for (currency,), converted in inputs.conversions.group_by("currency", maintain_order=True):
        paths = find_paths(inputs.touches, converted, settings, as_of or inputs.newest)
        journeys += len(paths)
        cautions += attribution.cautions(paths)
        found = {
            "attribution_path": attribution_journeys.top_paths(paths),
            "attribution_transition": attribution_journeys.transitions(paths),
            "attribution_distribution": attribution_journeys.distributions(paths),
            "attribution_overlap": attribution_journeys.overlaps(paths),
        }
        channels, cells, refused = credit_models(paths, inputs.touches, converted, settings)
        left_out |= refused
        found |= {"attribution_channel": channels, "attribution_credit": cells}
        for table, frame in found.items():
            parts[table].append(
                frame.with_columns(currency=pl.lit(currency), lookback_days=pl.lit(settings.lookback_days))
            )
    empty = {
        table: pl.DataFrame(schema=dict.fromkeys(names, pl.Null)) for table, names in attribution_tables.COLUMNS.items()
    }
    tables = {table: pl.concat(frames) if frames else empty[table] for table, frames in parts.items()}
    return tables, {
        "settings": settings.tell(),
        "journey_count": journeys,
        "conversion_count": inputs.conversions.height,
        "cautions": list(dict.fromkeys(cautions)),
        "left_out": left_out,
    }


def find_paths(
    touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings, newest: datetime | None
) -> attribution.Paths:
    """The tenant's journeys under its settings; ``newest`` is the moment that open journeys are open at."""
    return attribution.build_paths(
        touches,
        conversions,
        lookback=settings.lookback,
        conversion_window=settings.conversion_window,
        touch_weights=settings.touch_weights or None,
        direct=settings.direct,
        as_of=newest if settings.open_journeys == "set_aside" else None,
    )


def credit_models(
    paths: attribution.Paths, touches: pl.DataFrame, conversions: pl.DataFrame, settings: AttributionSettings
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """Credit by model and channel with intervals, by model, day, channel and campaign, and the models that refused.

    Value by channel is the sum of its whole cents by day, so that both tables tell the same.
    """
    channels, cells, refused = [], [], {}
    for model in settings.models:
        parameters = settings.parameters(model)
        try:
            # a path that no touch precedes has no channel to credit: it stays in sight as a line of its own
            found = attribution.credit(paths, model, intervals=INTERVAL, include_unattributed=True, **parameters)
            cell = drill_down(paths, touches, conversions, model, found, parameters)
        except BadInput as error:
            refused[model] = error.what
            continue
        cents = cell.group_by("channel").agg(pl.col("value_cents").sum())
        bounds = [pl.col(f"value_{end}").round().cast(pl.Int64).alias(f"value_cents_{end}") for end in ("low", "high")]
        channels.append(
            found.join(cents, on="channel", how="left", maintain_order="left").with_columns(
                *bounds, pl.col("value_cents").fill_null(0), pl.lit(model).alias("model")
            )
        )
        cells.append(cell.with_columns(model=pl.lit(model)))
    if refused and not channels:
        raise BadInput(f"no model could be computed: {next(iter(refused.values()))}", hint="change attribution.models")
    return pl.concat(channels), pl.concat(cells), refused


def _fingerprint(inputs: Inputs, settings: AttributionSettings, as_of: datetime | None) -> str:
    """Changes with any touch, conversion or setting that the credit rests on, and with the models' code."""
    told = [settings.tell(), None if as_of is None else as_of.isoformat(), _code(), inputs.digest()]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256()
    for folder in (Path(attribution.__file__).parent, Path(__file__).parent):
        for file in sorted(folder.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()

"""The simulated world as frames: one call draws it all, another keeps it as Parquet. It serves and seeds nothing."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import polars as pl

from integrations.sandbox import crm, experiments, newsletter, operational, revenue
from integrations.sandbox.frames import DAY, instants, microseconds
from integrations.sandbox.identifiers import key_of, uuids
from integrations.sandbox.journeys import simulate_journeys
from integrations.sandbox.marketing import assign_campaigns, draw_campaigns, draw_spend
from integrations.sandbox.outcomes import draw_outcomes
from integrations.sandbox.people import draw_companies, draw_people
from integrations.sandbox.tenants import TENANTS, TenantSpec, lead_target

FORMAT = 4
_PARTS = ("operational", "vendors", "truth")


@dataclass(frozen=True)
class World:
    """All tenants' simulated data.

    ``operational`` has one frame per table of the operational schema, parents before children; ``vendors`` one frame
    per vendor entity (``hubspot_contacts``, ``stripe_invoices``, …); ``truth`` what is really so, which neither the
    server nor the seeding ever reads. Every frame but ``tenants`` begins with ``tenant_id``.
    """

    seed: int
    scale: float
    as_of: datetime
    operational: dict[str, pl.DataFrame]
    vendors: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]


def simulate(seed: int = 7, scale: float = 1.0, as_of: datetime | None = None) -> World:
    """Draw the world as it stands at ``as_of`` (UTC; default: last midnight). Same arguments, same bytes."""
    moment = (as_of or _midnight()).astimezone(UTC)
    parts = [_simulate_tenant(tenant, seed, scale, moment) for tenant in TENANTS]
    return World(
        seed=seed,
        scale=scale,
        as_of=moment,
        operational=_stack(part[0] for part in parts),
        vendors=_stack(part[1] for part in parts),
        truth=_stack(part[2] for part in parts),
    )


def load_world(
    folder: Path, seed: int = 7, scale: float = 1.0, as_of: datetime | None = None, *, with_truth: bool = True
) -> World:
    """Return the world kept under ``folder``, drawing and storing it first where it isn't there yet.

    The truth lies in a folder of its own; ``with_truth=False`` leaves it unread, which is how the server loads.
    A world is written beside its final place and renamed, so that a killed process leaves no half world.
    """
    moment = (as_of or _midnight()).astimezone(UTC)
    place = folder / f"world-v{FORMAT}-{seed}-{scale:g}-{moment:%Y%m%dT%H%M%S}"
    if not (place / "world.json").exists():
        _store(simulate(seed, scale, moment), place)
    truth = _read(place / "truth") if with_truth else {}
    return World(seed, scale, moment, _read(place / "operational"), _read(place / "vendors"), truth)


def _midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _store(world: World, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".world-", dir=place.parent))
    try:
        for part in _PARTS:
            (draft / part).mkdir()
            frames: dict[str, pl.DataFrame] = getattr(world, part)
            for number, (name, frame) in enumerate(frames.items()):
                frame.write_parquet(draft / part / f"{number:02d}-{name}.parquet", compression="zstd")
        (draft / "world.json").write_text(
            json.dumps({"seed": world.seed, "scale": world.scale, "as_of": world.as_of.isoformat()})
        )
        if place.exists():
            shutil.rmtree(place)
        os.replace(draft, place)
    except OSError:
        # Another process may have stored the same world first: same arguments, same bytes.
        if not (place / "world.json").exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _read(folder: Path) -> dict[str, pl.DataFrame]:
    return {path.stem.split("-", 1)[1]: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def _stack(parts: Iterable[dict[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    gathered: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for name, frame in part.items():
            gathered.setdefault(name, []).append(frame)
    return {name: pl.concat(frames).rechunk() for name, frames in gathered.items()}


Frames = dict[str, pl.DataFrame]


def _simulate_tenant(tenant: TenantSpec, seed: int, scale: float, as_of: datetime) -> tuple[Frames, Frames, Frames]:
    now = microseconds(as_of)
    target = lead_target(tenant, scale)
    rng = np.random.default_rng([seed, tenant.number])
    journeys = simulate_journeys(rng, tenant, target, now)
    leads = len(journeys.lead_person)
    companies = draw_companies(rng, tenant, max(3, round(leads * 0.5)))
    people = draw_people(rng, tenant, journeys, companies)
    lead_ids = uuids(key_of(tenant.slug, "leads"), leads)
    trials = experiments.draw_trials(tenant, target, journeys, lead_ids, now)
    outcomes = draw_outcomes(rng, tenant, journeys, people, companies, now, trials.lift)
    campaigns = draw_campaigns(rng, tenant, target, now)
    drawn = operational.Drawn(
        tenant=tenant,
        now=now,
        journeys=journeys,
        companies=companies,
        people=people,
        outcomes=outcomes,
        campaigns=campaigns,
        campaign=assign_campaigns(rng, campaigns, journeys.channel, journeys.occurred),
        lead_ids=lead_ids,
        contact_ids=uuids(key_of(tenant.slug, "contacts"), leads),
        company_ids=uuids(key_of(tenant.slug, "companies"), len(companies.name)),
    )
    tables = _tables(drawn, rng) | {"experiments": trials.table, "experiment_exposures": trials.exposures}
    vendors = {
        **crm.build_crm(drawn, tables),
        **revenue.build_revenue(drawn, tables, np.random.default_rng([seed, tenant.number, 2])),
        **newsletter.build_newsletter(drawn, tables, np.random.default_rng([seed, tenant.number, 3])),
    }
    return tables, vendors, _truth(drawn) | {"experiments": experiments.truth_of(trials, outcomes.win_probability)}


def _tables(drawn: operational.Drawn, rng: np.random.Generator) -> Frames:
    pipelines, stages = operational.build_pipelines(drawn)
    return {
        "tenants": _tenant_row(drawn.tenant, drawn.now),
        "application_data": operational.build_application_data(drawn),
        "companies": operational.build_companies(drawn),
        "contacts": operational.build_contacts(drawn),
        "pipelines": pipelines,
        "stages": stages,
        "campaigns": drawn.campaigns.table,
        "campaign_spend": draw_spend(rng, drawn.tenant, drawn.campaigns, drawn.journeys, drawn.campaign, drawn.now),
        "leads": operational.build_leads(drawn),
        "deals": operational.build_deals(drawn, rng, stages),
        "activities": operational.build_activities(drawn, rng),
        "touchpoints": operational.build_touchpoints(drawn, rng),
        "identities": operational.build_identities(drawn),
    }


def _tenant_row(tenant: TenantSpec, now: int) -> pl.DataFrame:
    settings = {
        "currency": "DKK",
        "timezone": "Europe/Copenhagen",
        "industry": tenant.industry,
        "slug": tenant.slug,
    }
    begin = instants(np.array([now - tenant.days_old * DAY]))
    return pl.DataFrame(
        {
            "id": [tenant.id],
            "name": [tenant.name],
            "domain": [tenant.domain],
            "settings": [orjson.dumps(settings).decode()],
            "created_at": begin,
            "updated_at": begin,
        }
    )


def _truth(drawn: operational.Drawn) -> Frames:
    outcomes, journeys = drawn.outcomes, drawn.journeys
    won = outcomes.won >= 0
    channels = journeys.truth.with_columns(
        incremental_won=pl.Series(journeys.contribution[won].sum(axis=0)),
        incremental_value_cents=pl.Series((journeys.contribution[won] * outcomes.amount_cents[won, None]).sum(axis=0)),
    )
    leads = pl.DataFrame(
        {
            "lead_id": drawn.lead_ids,
            "knowable_logit": outcomes.knowable_logit,
            "win_probability": outcomes.win_probability,
        }
    )
    owned = pl.lit(drawn.tenant.id).alias("tenant_id")
    return {
        "channels": channels.select(owned, pl.all()),
        "leads": leads.select(owned, pl.all()),
        "coefficients": outcomes.coefficients.select(owned, pl.all()),
    }

"""Campaigns and what they cost a day. Which touch belongs to which campaign is decided here too."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from integrations.sandbox.frames import DAY, Floats, Ints, dates, instants
from integrations.sandbox.identifiers import key_of, uuids
from integrations.sandbox.journeys import Journeys
from integrations.sandbox.tenants import TenantSpec
from integrations.sandbox.vocabulary import CHANNELS

CAMPAIGN_CHANNELS = ("paid_search", "paid_social", "email", "display", "events")
_THEMES = {
    "paid_search": ("brand", "generic", "competitor", "product"),
    "paid_social": ("lookalike", "retargeting", "video", "leadform"),
    "email": ("newsletter", "nurture", "winback", "product-news"),
    "display": ("retargeting", "prospecting", "banner", "partner"),
    "events": ("fair", "webinar", "breakfast", "conference"),
}
_COST_PER_TOUCH = {"paid_search": 2400, "paid_social": 1500, "email": 60, "display": 420, "events": 9000}


@dataclass(frozen=True)
class Campaigns:
    """The campaigns of one tenant: the table, and per campaign its channel and the days it ran."""

    table: pl.DataFrame
    channel: Ints
    starts: Ints
    ends: Ints


def draw_campaigns(rng: np.random.Generator, tenant: TenantSpec, target: int, now: int) -> Campaigns:
    """Draw an always-on campaign per paid channel and a number of bursts that grows with the tenant."""
    bursts = int(np.clip(round(np.sqrt(target) / 12), 1, 10))
    first = now - tenant.days_old * DAY
    rows: list[tuple[int, str, int, int]] = []
    for channel in CAMPAIGN_CHANNELS:
        number = CHANNELS.index(channel)
        rows.append((number, f"{channel}-always-on", first, now + 400 * DAY))
        for burst in range(bursts):
            begin = int(first + rng.random() * max(tenant.days_old - 20, 1) * DAY)
            theme = _THEMES[channel][burst % 4]
            rows.append((number, f"{channel}-{theme}-{burst + 1}", begin, begin + int(rng.integers(20, 75)) * DAY))
    channel_of = np.array([row[0] for row in rows], dtype=np.int64)
    starts = np.array([row[2] for row in rows], dtype=np.int64) // DAY * DAY
    ends = np.array([row[3] for row in rows], dtype=np.int64) // DAY * DAY
    always = ends > now + 300 * DAY
    table = pl.DataFrame(
        {
            "tenant_id": pl.repeat(tenant.id, len(rows), eager=True),
            "id": uuids(key_of(tenant.slug, "campaigns"), len(rows)),
            "name": [f"{tenant.name} · {row[1]}" for row in rows],
            "channel": [CHANNELS[row[0]] for row in rows],
            "utm_campaign": [row[1] for row in rows],
            "status": np.where(ends > now, "active", "completed").tolist(),
            "budget_cents": [_COST_PER_TOUCH[CHANNELS[row[0]]] * max(target, 50) for row in rows],
            "currency": pl.repeat("DKK", len(rows), eager=True),
            "starts_on": dates(starts),
            "ends_on": dates(np.where(always, -1, ends)),
            "created_at": instants(starts - 7 * DAY),
            "updated_at": instants(np.where(ends > now, starts, ends)),
        }
    )
    return Campaigns(table=table, channel=channel_of, starts=starts, ends=ends)


def assign_campaigns(rng: np.random.Generator, campaigns: Campaigns, channel: Ints, occurred: Ints) -> Ints:
    """Return a campaign per touch (-1 for unpaid channels): a running burst by chance, else the always-on one."""
    chosen = np.full(len(channel), -1, dtype=np.int64)
    for number in np.unique(campaigns.channel):
        options = np.flatnonzero(campaigns.channel == number)
        mask = np.flatnonzero(channel == number)
        guess = options[rng.integers(0, len(options), len(mask))]
        runs = (occurred[mask] >= campaigns.starts[guess]) & (occurred[mask] < campaigns.ends[guess])
        chosen[mask] = np.where(runs, guess, options[0])
    return chosen


def draw_spend(
    rng: np.random.Generator,
    tenant: TenantSpec,
    campaigns: Campaigns,
    journeys: Journeys,
    campaign: Ints,
    now: int,
) -> pl.DataFrame:
    """Return one row per campaign and day it ran: cost follows the touches it bought, with noise and a floor."""
    today = now // DAY
    first = np.maximum(campaigns.starts, now - tenant.days_old * DAY) // DAY
    last = np.minimum(campaigns.ends // DAY, today)
    days = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(days)), days)
    begin = np.concatenate(([0], np.cumsum(days)[:-1]))
    day = np.arange(len(owner)) - begin[owner] + first[owner]
    paid = campaign >= 0
    touched = campaign[paid] * 100_000 + journeys.occurred[paid] // DAY
    keys, counts = np.unique(touched, return_counts=True)
    wanted = owner * 100_000 + day
    position = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    touches = np.where(keys[position] == wanted, counts[position], 0) if len(keys) else np.zeros(len(owner))
    price = np.array([_COST_PER_TOUCH[CHANNELS[c]] for c in campaigns.channel])[owner]
    amount: Floats = price * (0.6 * touches + 0.4 * rng.gamma(2, 0.5, len(owner)) * max(touches.mean(), 0.2))
    kept = amount >= 100
    clicks = touches + rng.poisson(1 + touches)
    count = int(kept.sum())
    return pl.DataFrame(
        {
            "tenant_id": pl.repeat(tenant.id, count, eager=True),
            "id": uuids(key_of(tenant.slug, "campaign_spend"), len(owner)).filter(pl.Series(kept)),
            "campaign_id": campaigns.table["id"].gather(pl.Series(owner[kept]).cast(pl.UInt32)),
            "spend_date": dates(day[kept] * DAY),
            "amount_cents": amount[kept].astype(np.int64),
            "currency": pl.repeat("DKK", count, eager=True),
            "impressions": (clicks * rng.integers(20, 60, len(owner)))[kept].astype(np.int64),
            "clicks": clicks[kept].astype(np.int64),
            "created_at": instants((day[kept] + 1) * DAY - 1),
            "updated_at": instants((day[kept] + 1) * DAY - 1),
        }
    )

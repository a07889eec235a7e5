"""Who sees which channel when, and what each touch really adds to the chance of becoming a lead.

Confounding is built in: people who want to buy anyway meet more e-mail, direct and display touches, so that a model
that counts last touches gives those channels too much. What happens after a person is a lead is decided elsewhere.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from integrations.sandbox.frames import (
    DAY,
    HOUR,
    Bools,
    Floats,
    Ints,
    choose,
    choose_by_row,
    sample_times,
    sigmoid,
    solve_intercept,
)
from integrations.sandbox.tenants import TenantSpec
from integrations.sandbox.vocabulary import CHANNELS

CHANNEL_EFFECT = {
    "paid_search": 1.10,
    "paid_social": 0.55,
    "organic_search": 0.80,
    "email": 0.45,
    "referral": 1.30,
    "display": 0.08,
    "direct": 0.05,
    "events": 1.50,
}
PEOPLE_PER_LEAD = 3.2
_MAX_TOUCHES = 14
#             paid_s social organic email referral display direct events
_FIRST = np.array([0.24, 0.24, 0.22, 0.02, 0.07, 0.12, 0.06, 0.03])
_MIDDLE = np.array([0.14, 0.14, 0.16, 0.20, 0.04, 0.16, 0.14, 0.02])
_LAST = np.array([0.16, 0.06, 0.18, 0.18, 0.04, 0.10, 0.26, 0.02])
_TILT = np.array([0.10, -0.25, 0.10, 0.35, 0.10, 0.30, 0.45, 0.15])
_PAGES = {
    "paid_search": (0.10, 0.20, 0.15, 0.03, 0.14, 0.28, 0.02, 0.06, 0.02),
    "paid_social": (0.12, 0.06, 0.05, 0.15, 0.05, 0.42, 0.10, 0.04, 0.01),
    "organic_search": (0.24, 0.12, 0.05, 0.28, 0.12, 0.00, 0.03, 0.08, 0.08),
    "email": (0.10, 0.12, 0.12, 0.22, 0.04, 0.18, 0.18, 0.04, 0.00),
    "referral": (0.26, 0.12, 0.12, 0.14, 0.12, 0.02, 0.04, 0.16, 0.02),
    "display": (0.18, 0.06, 0.05, 0.07, 0.04, 0.54, 0.04, 0.02, 0.00),
    "direct": (0.52, 0.14, 0.06, 0.04, 0.16, 0.02, 0.01, 0.02, 0.03),
    "events": (0.18, 0.08, 0.30, 0.02, 0.12, 0.06, 0.20, 0.04, 0.00),
}


@dataclass(frozen=True)
class Journeys:
    """Everybody's touches before any conversion, and who converted.

    Touch arrays are ordered by person and time; ``lead_*`` arrays have one entry per lead, ordered by creation.
    """

    intent: Floats
    person: Ints
    position: Ints
    channel: Ints
    page: Ints
    device: Ints
    occurred: Ints
    is_last: Bools
    lead_person: Ints
    lead_created: Ints
    lead_touches: Ints
    lead_first: Ints
    lead_source: Ints
    lead_page: Ints
    became_lead: Bools
    contribution: Floats
    truth: pl.DataFrame


def simulate_journeys(rng: np.random.Generator, tenant: TenantSpec, target: int, now: int) -> Journeys:
    """Draw people, their touches until ``now`` and which of them become leads."""
    people = round(target * PEOPLE_PER_LEAD)
    start = now - tenant.days_old * DAY
    intent = rng.standard_normal(people)
    begins = sample_times(rng, people, start, now - HOUR, tenant.peak_month)
    wanted = np.minimum(1 + rng.poisson(np.exp(0.18 + 0.22 * intent)), _MAX_TOUCHES)
    person = np.repeat(np.arange(people), wanted)
    firsts = np.concatenate(([0], np.cumsum(wanted)[:-1]))
    position = np.arange(len(person)) - firsts[person]
    gap = np.floor(rng.exponential(2.2, len(person))) * DAY + np.abs(rng.normal(0, 3, len(person))) * HOUR + HOUR // 12
    gap[firsts] = 0
    walked = np.cumsum(gap)
    occurred = begins[person] + (walked - walked[firsts][person]).astype(np.int64)
    is_last = position == wanted[person] - 1
    channel = _draw_channels(rng, intent[person], position, is_last)
    page = np.empty(len(person), dtype=np.int64)
    for number, name in enumerate(CHANNELS):
        mask = channel == number
        page[mask] = choose(rng, _PAGES[name], int(mask.sum()))
    device = choose(rng, (0.58, 0.37, 0.05), people)[person]
    is_complete = occurred[is_last] < now - HOUR

    effect = np.array([CHANNEL_EFFECT[c] for c in CHANNELS]) * (1 + 0.25 * rng.standard_normal(len(CHANNELS)))
    counts = np.bincount(person * len(CHANNELS) + channel, minlength=people * len(CHANNELS)).reshape(people, -1)
    pushes = effect * (1 - np.exp(-0.9 * counts))
    logit = 0.9 * intent + pushes.sum(axis=1)
    logit += solve_intercept(logit, min(target / people / max(is_complete.mean(), 0.5), 0.9))
    chance = sigmoid(logit)
    became_lead = (rng.random(people) < chance) & is_complete
    without = sigmoid(logit[:, None] - pushes)
    contribution = np.where(became_lead[:, None], 1 - without / chance[:, None], 0.0)

    leads = np.flatnonzero(became_lead)
    created = occurred[is_last][leads] + rng.integers(60_000_000, 20 * 60_000_000, len(leads))
    order = np.argsort(created, kind="stable")
    leads, created = leads[order], created[order]
    shown = occurred < now
    truth = pl.DataFrame(
        {
            "channel": CHANNELS,
            "lead_log_odds_effect": effect,
            "incremental_leads": contribution.sum(axis=0),
        }
    )
    return Journeys(
        intent=intent,
        person=person[shown],
        position=position[shown],
        channel=channel[shown],
        page=page[shown],
        device=device[shown],
        occurred=occurred[shown],
        is_last=is_last[shown],
        lead_person=leads,
        lead_created=np.minimum(created, now - 1),
        lead_touches=wanted[leads].astype(np.int64),
        lead_first=begins[leads],
        lead_source=channel[firsts][leads],
        lead_page=page[firsts][leads],
        became_lead=became_lead,
        contribution=contribution[leads],
        truth=truth,
    )


def _draw_channels(rng: np.random.Generator, intent: Floats, position: Ints, is_last: Bools) -> Ints:
    odds = np.where((position == 0)[:, None], _FIRST, np.where(is_last[:, None], _LAST, _MIDDLE))
    return choose_by_row(rng, odds * np.exp(_TILT * np.clip(intent, -2.5, 2.5)[:, None]))

"""What becomes of a lead: the true chance of winning it, when it moves, what it is worth. Nothing here is served."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from integrations.sandbox import vocabulary as words
from integrations.sandbox.frames import DAY, HOUR, NEVER, Bools, Floats, Ints, sigmoid, solve_intercept
from integrations.sandbox.journeys import Journeys
from integrations.sandbox.people import Companies, People
from integrations.sandbox.tenants import TenantSpec

SOURCE_EFFECT = {
    "paid_search": 0.30, "paid_social": -0.35, "organic_search": 0.25, "email": 0.20, "referral": 0.60,
    "display": -0.50, "direct": 0.10, "events": 0.50,
}  # fmt: skip
PAGE_EFFECT = (0.0, 0.6, 0.7, -0.3, 0.4, -0.1, 0.1, 0.3, -1.8)
SENIORITY_EFFECT = (0.70, 0.35, -0.10, -1.30, -0.30)
INTENT_EFFECT = (1.00, 0.20, -1.40, -0.35)
LATENT_NOISE = 0.30
_SLOPE_SPREAD = 0.25


@dataclass(frozen=True)
class Outcomes:
    """One entry per lead, ordered by creation; instants are NEVER where it has not happened (yet)."""

    knowable_logit: Floats
    win_probability: Floats
    contacted: Ints
    qualified: Ints
    won: Ints
    lost: Ints
    amount_cents: Ints
    is_euro: Bools
    coefficients: pl.DataFrame


def _effects(tenant: TenantSpec, journeys: Journeys, people: People, companies: Companies) -> list[tuple[str, Floats]]:
    known = people.company >= 0
    company = np.maximum(people.company, 0)
    targets = [words.INDUSTRIES.index(name) for name in tenant.target_industries]
    fit = np.full(len(words.INDUSTRIES), -0.2)
    fit[targets] = (0.5, 0.35, 0.2)
    size = (np.log1p(companies.employees[company]) - 3.0) / 1.2
    hour = (journeys.lead_created // HOUR) % 24
    spread = (journeys.lead_created - journeys.lead_first) / DAY
    return [
        ("source", np.array([SOURCE_EFFECT[c] for c in words.CHANNELS])[journeys.lead_source]),
        ("landing_page", np.array(PAGE_EFFECT)[journeys.lead_page]),
        ("employee_count", np.where(known, 0.40 * size, -0.25)),
        ("industry", np.where(known, fit[companies.industry[company]], -0.1)),
        ("seniority", np.array(SENIORITY_EFFECT)[people.seniority]),
        ("message_intent", np.array(INTENT_EFFECT)[people.intent]),
        ("free_mail", np.where(people.is_free_mail, -0.55, 0.0)),
        ("hour", np.where((hour >= 8) & (hour < 16), 0.2, np.where((hour < 6) | (hour >= 22), -0.4, 0.0))),
        ("touches", 0.35 * np.log(journeys.lead_touches)),
        ("days_since_first_touch", -0.20 * np.log1p(spread)),
        ("consent", np.where(people.has_consent, 0.15, 0.0)),
    ]


def draw_outcomes(
    rng: np.random.Generator,
    tenant: TenantSpec,
    journeys: Journeys,
    people: People,
    companies: Companies,
    now: int,
    lift: Floats,
) -> Outcomes:
    """Draw each lead's fate and cut it off at ``now``: what would happen later has not happened.

    ``lift`` is what an experiment adds to each lead's logit of being won.
    """
    count = len(journeys.lead_created)
    knowable: Floats = np.zeros(count)
    slopes = []
    for name, effect in _effects(tenant, journeys, people, companies):
        slope = 1.15 * (1 + _SLOPE_SPREAD * rng.standard_normal())
        knowable += slope * effect
        slopes.append((name, slope))
    latent = LATENT_NOISE * rng.standard_normal(count)
    intercept = solve_intercept(knowable + latent, tenant.win_rate)
    slopes.append(("intercept", intercept))
    knowable += intercept
    chance = sigmoid(knowable + latent + lift)
    will_win = rng.random(count) < chance

    created = journeys.lead_created
    contacted = created + (rng.exponential(20 * HOUR, count)).astype(np.int64) + HOUR // 6
    contacted[(rng.random(count) < 0.08) & ~will_win] = NEVER
    qualifies = will_win | (rng.random(count) < sigmoid(0.8 * knowable + 0.6))
    qualified = contacted + (rng.exponential(5 * DAY, count)).astype(np.int64) + HOUR
    qualified[~qualifies | (contacted == NEVER)] = NEVER
    won = np.where(will_win, qualified + (rng.gamma(2, 9 * DAY, count)).astype(np.int64) + HOUR, NEVER)
    given_up = np.where(
        qualified != NEVER,
        qualified + (rng.gamma(2, 12 * DAY, count)).astype(np.int64) + HOUR,
        np.where(contacted != NEVER, contacted, created) + (rng.exponential(25 * DAY, count)).astype(np.int64) + HOUR,
    )
    lost = np.where(will_win, NEVER, given_up)
    for moments in (contacted, qualified, won, lost):
        moments[moments >= now] = NEVER

    size = np.where(people.company >= 0, companies.employees[np.maximum(people.company, 0)], 8)
    amount = tenant.deal_cents * np.exp(rng.normal(0, 0.55, count)) * (size / 20.0) ** 0.25
    is_euro = people.country.is_in(["DE", "GB"]).fill_null(False).to_numpy()
    amount = np.where(is_euro, amount / 7.46, amount)
    return Outcomes(
        knowable_logit=knowable,
        win_probability=chance,
        contacted=contacted,
        qualified=qualified,
        won=won.astype(np.int64),
        lost=lost.astype(np.int64),
        amount_cents=(np.round(amount / 100) * 100).astype(np.int64),
        is_euro=is_euro,
        coefficients=pl.DataFrame(slopes, schema={"feature": pl.String, "coefficient": pl.Float64}, orient="row"),
    )

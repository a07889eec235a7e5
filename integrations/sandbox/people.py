"""Who the leads are: companies, names, titles, addresses and what they write. Whether they buy is decided elsewhere."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from integrations.sandbox import vocabulary as words
from integrations.sandbox.frames import Bools, Floats, Ints, choose, pick
from integrations.sandbox.journeys import Journeys
from integrations.sandbox.tenants import TenantSpec

UNKNOWN = -1


@dataclass(frozen=True)
class Companies:
    """The pool of companies that leads come from, one entry per company."""

    name: pl.Series
    domain: pl.Series
    industry: Ints
    employees: Ints
    country: pl.Series
    city: pl.Series


@dataclass(frozen=True)
class People:
    """One entry per lead, ordered by creation. ``who`` points at the lead whose contact this is: several leads may
    come from one person. -1 stands for not known."""

    who: Ints
    company: Ints
    is_danish: Bools
    seniority: Ints
    intent: Ints
    is_free_mail: Bools
    has_consent: Bools
    first_name: pl.Series
    last_name: pl.Series
    email: pl.Series
    phone: pl.Series
    title: pl.Series
    message: pl.Series
    country: pl.Series


def _by_language(danish: Bools, one: tuple[str, ...], other: tuple[str, ...], draw: Floats) -> pl.Series:
    index = np.where(danish, (draw * len(one)).astype(np.int64), len(one) + (draw * len(other)).astype(np.int64))
    return pick([*one, *other], index)


def _slug(series: pl.Series) -> pl.Series:
    lowered = series.str.to_lowercase()
    for letter, plain in (("æ", "ae"), ("ø", "oe"), ("å", "aa"), ("ö", "o"), ("ü", "u"), ("é", "e")):
        lowered = lowered.str.replace_all(letter, plain, literal=True)
    return lowered.str.replace_all(r"[^a-z0-9]+", "")


def draw_companies(rng: np.random.Generator, tenant: TenantSpec, count: int) -> Companies:
    """Draw the companies that the tenant's leads work for."""
    odds = np.full(len(words.INDUSTRIES), 0.45 / (len(words.INDUSTRIES) - 3))
    odds[[words.INDUSTRIES.index(name) for name in tenant.target_industries]] = (0.25, 0.18, 0.12)
    industry = choose(rng, odds, count)
    trades = [trade for name in words.INDUSTRIES for trade in words.COMPANY_TRADES[name]]
    stem = pick(words.COMPANY_STEMS, rng.integers(0, len(words.COMPANY_STEMS), count))
    place = pick(words.LAST_DANISH, rng.integers(0, len(words.LAST_DANISH), count))
    trade = pick(trades, industry * 4 + rng.integers(0, 4, count))
    form = pick(words.COMPANY_FORMS, choose(rng, (0.55, 0.25, 0.08, 0.07, 0.05), count))
    number = pl.Series(np.arange(count)).cast(pl.String)
    home = choose(rng, (tenant.danish, *((1 - tenant.danish) / 4,) * 4), count)
    offsets = np.cumsum([0, *(len(words.CITIES[c]) for c in words.COUNTRIES)])
    widths = np.diff(offsets)
    city = offsets[home] + (rng.random(count) * widths[home]).astype(np.int64)
    return Companies(
        name=(place + " " + stem + " " + trade + " " + form).rename("name"),
        domain=(_slug(place + stem + trade) + number + ".example").rename("domain"),
        industry=industry,
        employees=np.maximum(1, np.exp(rng.normal(3.0, 1.3, count))).astype(np.int64),
        country=pick(words.COUNTRIES, home),
        city=pick([town for c in words.COUNTRIES for town in words.CITIES[c]], city),
    )


def draw_people(rng: np.random.Generator, tenant: TenantSpec, journeys: Journeys, companies: Companies) -> People:
    """Draw one person per lead; about three in a hundred leads come from somebody who has asked before."""
    count = len(journeys.lead_person)
    mood = journeys.intent[journeys.lead_person]
    who = np.arange(count)
    repeats = (rng.random(count) < 0.03) & (who > 0)
    who[repeats] = (rng.random(int(repeats.sum())) * who[repeats]).astype(np.int64)
    while (who[who] != who).any():
        who = who[who]
    danish = (rng.random(count) < tenant.danish)[who]
    free = (rng.random(count) < 0.22)[who]
    company = rng.integers(0, len(companies.name), count)
    company[free & (rng.random(count) < 0.6)] = UNKNOWN
    company = company[who]
    seniority = choose(rng, (0.22, 0.33, 0.27, 0.10), count)
    seniority[rng.random(count) < (0.25 if tenant.is_dirty else 0.08)] = UNKNOWN
    seniority = seniority[who]
    lean = np.clip(mood, -2, 2)
    draw = rng.random(count) - 0.06 * lean
    intent = np.select([draw < 0.24, draw < 0.58, draw < 0.76], [0, 1, 2], 3).astype(np.int64)

    first = _by_language(danish, words.FIRST_DANISH, words.FIRST_ENGLISH, rng.random(count)[who])
    last = _by_language(danish, words.LAST_DANISH, words.LAST_ENGLISH, rng.random(count)[who])
    host = pl.Series(~free & (company >= 0))
    free_host = pick(words.FREE_DOMAINS, rng.integers(0, len(words.FREE_DOMAINS), count)[who])
    work_host = pick(companies.domain, company)
    local = _slug(first) + "." + _slug(last) + pl.Series(who).cast(pl.String)
    frame = pl.DataFrame({"local": local, "work": work_host, "free": free_host, "is_work": host})
    email = frame.select(
        pl.concat_str("local", pl.lit("@"), pl.when("is_work").then("work").otherwise("free")).alias("email")
    ).to_series()
    digits = pl.Series(rng.integers(20_000_000, 99_999_999, count)[who]).cast(pl.String)
    phone = ("+45" + digits).set(pl.Series(rng.random(count) < 0.25)[pl.Series(who)], None)
    return People(
        who=who,
        company=company,
        is_danish=danish,
        seniority=seniority,
        intent=intent,
        is_free_mail=free | (company < 0),
        has_consent=(rng.random(count) < 0.62)[who],
        first_name=first,
        last_name=last,
        email=_dirty_email(rng, email, who) if tenant.is_dirty else email,
        phone=phone,
        title=_titles(danish, seniority, rng.random(count)[who]),
        message=_messages(rng, danish, intent),
        country=_countries(rng, tenant, companies, company),
    )


def _titles(danish: Bools, seniority: Ints, draw: Floats) -> pl.Series:
    every: list[str] = []
    starts: dict[tuple[str, int], tuple[int, int]] = {}
    for language, table in (("da", words.TITLES_DANISH), ("en", words.TITLES_ENGLISH)):
        for level, name in enumerate(words.SENIORITIES):
            starts[language, level] = (len(every), len(table[name]))
            every.extend(table[name])
    index = np.full(len(danish), -1, dtype=np.int64)
    for (language, level), (begin, width) in starts.items():
        mask = (danish == (language == "da")) & (seniority == level)
        index[mask] = begin + (draw[mask] * width).astype(np.int64)
    return pick(every, index)


def _messages(rng: np.random.Generator, danish: Bools, intent: Ints) -> pl.Series:
    count = len(danish)
    every: list[str] = []
    index = np.full(count, -1, dtype=np.int64)
    draw = rng.random(count)
    for language, table in ((True, words.MESSAGES_DANISH), (False, words.MESSAGES_ENGLISH)):
        for level, name in enumerate(words.INTENTS[:3]):
            mask = (danish == language) & (intent == level)
            index[mask] = len(every) + (draw[mask] * len(table[name])).astype(np.int64)
            every.extend(table[name])
    hello = _by_language(danish, words.GREETINGS_DANISH, words.GREETINGS_ENGLISH, rng.random(count))
    bye = _by_language(danish, words.CLOSINGS_DANISH, words.CLOSINGS_ENGLISH, rng.random(count))
    return (hello + " " + pick(every, index) + " " + bye).str.strip_chars()


def _countries(rng: np.random.Generator, tenant: TenantSpec, companies: Companies, company: Ints) -> pl.Series:
    country = pick(companies.country, company).fill_null("DK")
    if not tenant.is_dirty:
        return country
    odd = pick(words.ODD_COUNTRIES, rng.integers(0, len(words.ODD_COUNTRIES), len(company)))
    draw = rng.random(len(company))
    frame = pl.DataFrame({"country": country, "odd": odd, "draw": draw})
    spelled = pl.when((pl.col("country") == "DK") & (pl.col("draw") < 0.35)).then("odd").otherwise("country")
    return frame.select(pl.when(pl.col("draw") > 0.93).then(None).otherwise(spelled).alias("country")).to_series()


def _dirty_email(rng: np.random.Generator, email: pl.Series, who: Ints) -> pl.Series:
    draw = rng.random(len(email))
    frame = pl.DataFrame({"email": email, "draw": draw})
    return frame.select(
        pl.when(pl.col("draw") < 0.12)
        .then(pl.col("email").str.to_titlecase())
        .when(pl.col("draw") < 0.18)
        .then(pl.col("email").str.to_uppercase())
        .when(pl.col("draw") < 0.22)
        .then(pl.lit(" ") + pl.col("email"))
        .when(pl.col("draw") < 0.25)
        .then(None)
        .otherwise("email")
        .alias("email")
    ).to_series()

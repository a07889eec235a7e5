"""The Kit objects of a simulated tenant: subscribers and what is theirs. How they are served is decided elsewhere."""

import numpy as np
import polars as pl

from integrations.sandbox.frames import DAY, HOUR, choose, instants, pick
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import Drawn

STATES = ("active", "cancelled", "bounced", "complained", "inactive")
_TAGS = ("newsletter", "webinar", "customer", "demo-requested", "vip", "price-list")
_CUSTOM_FIELDS = (("language", "Language"), ("role", "Role"))
_FORMS = (("Nyhedsbrev", "embed", False), ("Webinar", "hosted", False), ("Prisliste 2024", "embed", True))
_SEQUENCES = (("Velkommen", False), ("Genaktivering", True))
_SEGMENTS = ("Aktive kunder", "Ikke åbnet i 90 dage")
_PRODUCTS = (("E-bog", 149.0), ("Onlinekursus", 995.0), ("Skabelonpakke", 349.0))
_SUBJECTS = (
    "Nyt fra os",
    "Tre gode råd",
    "Kom til webinar",
    "Kundehistorie",
    "Sæsonens tilbud",
    "Product news",
)


def build_newsletter(
    drawn: Drawn, tables: dict[str, pl.DataFrame], rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Return the ``kit_*`` frames; subscribers are the contacts who agreed to marketing. Ids are integers."""
    if "kit" not in drawn.tenant.vendors:
        return {}
    base = 1_000_000 + key_of(drawn.tenant.natural_key, "kit") % 1_000_000_000
    agreed = (
        tables["contacts"]
        .filter(pl.col("has_marketing_consent") & pl.col("email").is_not_null())
        .with_columns(address=pl.col("email").str.strip_chars())
        .sort("created_at", "id")
        .unique(pl.col("address").str.to_lowercase(), keep="first", maintain_order=True)
    )
    count = len(agreed)
    joined = agreed["created_at"].dt.timestamp("us").to_numpy() + HOUR // 4
    state = choose(rng, (0.80, 0.13, 0.04, 0.005, 0.025), count)
    left = joined + (rng.exponential(120 * DAY, count)).astype(np.int64)
    state = np.where(left < drawn.now, state, 0)
    subscribers = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": base + np.arange(count, dtype=np.int64),
            "created_at": instants(np.minimum(joined, drawn.now - 1)),
            "updated_at": instants(np.minimum(np.where(state == 0, joined, left), drawn.now - 1)),
            "email_address": agreed["address"],
            "first_name": agreed["first_name"],
            "state": pick(STATES, state),
            "language": agreed["language"],
            "utm_source": pick(("google", "linkedin", None), np.arange(count) % 3),
        }
    )
    begin = drawn.now - drawn.tenant.days_old * DAY
    tags = pl.DataFrame(
        {
            "tenant_id": drawn.own(len(_TAGS)),
            "id": base + np.arange(len(_TAGS), dtype=np.int64),
            "name": list(_TAGS),
            "created_at": pl.repeat(instants(np.array([begin]))[0], len(_TAGS), eager=True),
        }
    )
    wears = rng.random((count, len(_TAGS))) < np.array([0.9, 0.2, 0.12, 0.15, 0.03, 0.25])
    who, tag = np.nonzero(wears)
    tagged = np.minimum(joined[who] + (rng.exponential(20 * DAY, len(who))).astype(np.int64), drawn.now - 1)
    tag_subscribers = pl.DataFrame(
        {
            "tenant_id": drawn.own(len(who)),
            "tag_id": base + tag.astype(np.int64),
            "subscriber_id": base + who.astype(np.int64),
            "tagged_at": instants(tagged),
        }
    )
    return {
        "kit_subscribers": subscribers,
        "kit_tags": tags,
        "kit_tag_subscribers": tag_subscribers,
        "kit_broadcasts": _broadcasts(drawn, rng, base, joined),
        "kit_purchases": _purchases(drawn, rng, base, subscribers, joined),
        **_definitions(drawn, base),
        **_memberships(drawn, rng, base, joined),
    }


def _broadcasts(drawn: Drawn, rng: np.random.Generator, base: int, joined: np.ndarray) -> pl.DataFrame:
    begin = drawn.now - drawn.tenant.days_old * DAY
    sent = np.arange(begin // DAY * DAY + 9 * HOUR, drawn.now, 14 * DAY, dtype=np.int64)
    count = len(sent)
    recipients = np.searchsorted(np.sort(joined), sent)
    opened = rng.binomial(recipients, rng.uniform(0.30, 0.48, count))
    clicks = rng.binomial(opened, rng.uniform(0.05, 0.16, count))
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": base + np.arange(count, dtype=np.int64),
            "created_at": instants(sent - 2 * DAY),
            "send_at": instants(sent),
            "subject": pick(_SUBJECTS, np.arange(count) % len(_SUBJECTS)),
            "recipients": recipients.astype(np.int64),
            "emails_opened": opened.astype(np.int64),
            "total_clicks": clicks.astype(np.int64),
            "unsubscribes": rng.binomial(recipients, 0.003).astype(np.int64),
        }
    )


def _definitions(drawn: Drawn, base: int) -> dict[str, pl.DataFrame]:
    """Custom fields, forms, sequences and segments: a few of each, as old as the tenant."""
    begin = instants(np.array([drawn.now - drawn.tenant.days_old * DAY]))[0]

    def frame(names: dict[str, list[object]], is_dated: bool = True) -> pl.DataFrame:
        count = len(next(iter(names.values())))
        own = {"tenant_id": drawn.own(count), "id": base + np.arange(count, dtype=np.int64)}
        made = pl.DataFrame({**own, **names})
        return made.with_columns(created_at=pl.lit(begin)) if is_dated else made

    keys, labels = zip(*_CUSTOM_FIELDS, strict=True)
    names, types, archived = zip(*_FORMS, strict=True)
    titles, repeats = zip(*_SEQUENCES, strict=True)
    return {
        "kit_custom_fields": frame({"key": list(keys), "label": list(labels)}, is_dated=False),
        "kit_forms": frame({"name": list(names), "type": list(types), "archived": list(archived)}),
        "kit_sequences": frame({"name": list(titles), "repeats": list(repeats)}),
        "kit_segments": frame({"name": list(_SEGMENTS)}),
    }


def _memberships(drawn: Drawn, rng: np.random.Generator, base: int, joined: np.ndarray) -> dict[str, pl.DataFrame]:
    """Who came by which form, at the moment of joining, and who takes which sequence, a little later."""
    count = len(joined)
    form = choose(rng, (0.6, 0.2, 0.05, 0.15), count)
    came = np.nonzero(form < len(_FORMS))[0]
    takes, sequence = np.nonzero(rng.random((count, len(_SEQUENCES))) < np.array([0.4, 0.08]))
    begun = joined[takes] + (rng.exponential(3 * DAY, len(takes))).astype(np.int64)

    def frame(key: str, parent: np.ndarray, who: np.ndarray, moment: np.ndarray) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "tenant_id": drawn.own(len(who)),
                key: base + parent.astype(np.int64),
                "subscriber_id": base + who.astype(np.int64),
                "added_at": instants(np.minimum(moment, drawn.now - 1)),
            }
        )

    return {
        "kit_form_subscribers": frame("form_id", form[came], came, joined[came]),
        "kit_sequence_subscribers": frame("sequence_id", sequence, takes, begun),
    }


def _purchases(
    drawn: Drawn, rng: np.random.Generator, base: int, subscribers: pl.DataFrame, joined: np.ndarray
) -> pl.DataFrame:
    """What subscribers bought through Kit, oldest first: one in thirty buys something."""
    who = np.nonzero(rng.random(len(joined)) < 1 / 30)[0]
    bought = np.minimum(joined[who] + (rng.exponential(60 * DAY, len(who))).astype(np.int64), drawn.now - 1)
    order = np.argsort(bought, kind="stable")
    who, bought = who[order], bought[order]
    count = len(who)
    product = rng.integers(0, len(_PRODUCTS), count)
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": base + np.arange(count, dtype=np.int64),
            "transaction_id": [f"kit-{base + number}" for number in range(count)],
            "status": pick(("paid", "refunded"), choose(rng, (0.97, 0.03), count)),
            "email_address": subscribers["email_address"].gather(pl.Series(who, dtype=pl.UInt32)),
            "currency": pl.repeat("DKK", count, eager=True),
            "transaction_time": instants(bought),
            "product": pick([name for name, _ in _PRODUCTS], product),
            "total": np.array([price for _, price in _PRODUCTS])[product],
        },
        schema_overrides={"transaction_id": pl.String},
    )

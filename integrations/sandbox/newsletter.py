"""The Kit objects of a simulated tenant: subscribers, tags and broadcasts. How they are served is decided elsewhere."""

import numpy as np
import polars as pl

from integrations.sandbox.frames import DAY, HOUR, choose, instants, pick
from integrations.sandbox.identifiers import key_of
from integrations.sandbox.operational import Drawn

STATES = ("active", "cancelled", "bounced", "complained", "inactive")
_TAGS = ("newsletter", "webinar", "customer", "demo-requested", "vip", "price-list")
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

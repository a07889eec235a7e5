"""The Stripe objects of a simulated tenant: what won customers buy, pay, get back and cancel. Serving is elsewhere."""

import numpy as np
import polars as pl

from integrations.sandbox.frames import DAY, HOUR, NEVER, Ints, choose, instants, pick
from integrations.sandbox.identifiers import base62, key_of
from integrations.sandbox.operational import Drawn

_MONTH = 30 * DAY + 10 * HOUR
_YEAR = 365 * DAY
_TIERS = (("Start", 24), ("Plus", 12), ("Pro", 5))
_CURRENCIES = ("dkk", "eur")


def build_revenue(drawn: Drawn, tables: dict[str, pl.DataFrame], rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Return the ``stripe_*`` frames of the tenant: money in minor units, ids shared by tenants of one natural key."""
    if "stripe" not in drawn.tenant.vendors:
        return {}
    products, prices = _catalogue(drawn)
    buyers = (
        tables["leads"]
        .filter(pl.col("status") == "won")
        .sort("won_at", "id")
        .unique("contact_id", keep="first", maintain_order=True)
    )
    count = len(buyers)
    customers = pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": _ids(drawn, "cus_", count),
            "created_at": buyers["won_at"],
            "updated_at": buyers["won_at"],
            "email": buyers["email"],
            "name": buyers["full_name"],
            "country": buyers["country"],
            "currency": buyers["currency"].str.to_lowercase(),
            "deleted": pl.Series(np.arange(count) % 211 == 200),
            "tekup_lead_id": buyers["id"],
        }
    )
    begins = buyers["won_at"].dt.timestamp("us").to_numpy() + HOUR
    worth = buyers["value_cents"].fill_null(0).to_numpy()
    is_euro = (customers["currency"] == "eur").to_numpy()
    subscriptions = _subscriptions(drawn, rng, customers, prices, begins, worth, is_euro)
    invoices = _invoices(drawn, rng, customers, subscriptions, begins, worth)
    charges, refunds = _payments(drawn, rng, invoices)
    paid = charges.filter(pl.col("status") == "succeeded").select(id="invoice", charge="id")
    invoices = invoices.join(paid, on="id", how="left", maintain_order="left")
    latest = (
        invoices.drop_nulls("subscription").group_by("subscription").agg(pl.col("id").last().alias("latest_invoice"))
    )
    subscriptions = subscriptions.join(
        latest, left_on="id", right_on="subscription", how="left", maintain_order="left"
    ).drop("begin", "stop", "step")
    return {
        "stripe_products": products,
        "stripe_prices": prices,
        "stripe_customers": customers,
        "stripe_subscriptions": subscriptions,
        "stripe_invoices": invoices,
        "stripe_charges": charges,
        "stripe_refunds": refunds,
    }


def _ids(drawn: Drawn, prefix: str, count: int, width: int = 14) -> pl.Series:
    return base62(prefix, key_of(drawn.tenant.natural_key, "stripe", prefix), count, width)


def _catalogue(drawn: Drawn) -> tuple[pl.DataFrame, pl.DataFrame]:
    begin = instants(np.array([drawn.now - drawn.tenant.days_old * DAY]))[0]
    names = [*(tier for tier, _ in _TIERS), "Opsætning"]
    products = pl.DataFrame(
        {
            "tenant_id": drawn.own(4),
            "id": _ids(drawn, "prod_", 4),
            "created_at": pl.repeat(begin, 4, eager=True),
            "updated_at": pl.repeat(begin, 4, eager=True),
            "name": [f"{drawn.tenant.name} {name}" for name in names],
            "active": pl.repeat(True, 4, eager=True),
        }
    )
    rows = []
    for tier, (_, parts) in enumerate(_TIERS):
        for currency in _CURRENCIES:
            month = drawn.tenant.deal_cents / parts / (7.46 if currency == "eur" else 1)
            rows.append((products["id"][tier], currency, max(round(month, -2), 100), "month"))
            rows.append((products["id"][tier], currency, max(round(month * 10, -2), 100), "year"))
    prices = pl.DataFrame(rows, schema=["product", "currency", "unit_amount", "interval"], orient="row").select(
        drawn.own(len(rows)),
        _ids(drawn, "price_1", len(rows), 23).alias("id"),
        pl.lit(begin).alias("created_at"),
        pl.lit(begin).alias("updated_at"),
        "product",
        "currency",
        pl.col("unit_amount").cast(pl.Int64),
        "interval",
        pl.lit(True).alias("active"),
    )
    return products, prices


def _subscriptions(
    drawn: Drawn,
    rng: np.random.Generator,
    customers: pl.DataFrame,
    prices: pl.DataFrame,
    begins: Ints,
    worth: Ints,
    is_euro: np.ndarray,
) -> pl.DataFrame:
    rows = np.flatnonzero(rng.random(len(customers)) < 0.75)
    count = len(rows)
    typical = max(float(np.median(worth)), 1.0) if len(worth) else 1.0
    tier = np.select([worth[rows] < 0.7 * typical, worth[rows] < 1.8 * typical], [0, 1], 2)
    yearly = rng.random(count) < 0.5
    price = (tier * 4 + is_euro[rows] * 2 + yearly).astype(np.int64)
    begin = np.minimum(begins[rows], drawn.now - 1)
    step = np.where(yearly, _YEAR, _MONTH).astype(np.int64)
    # Churn comes with the end of a paid period.
    quits = begin + (np.ceil(rng.exponential(40 * 30 * DAY, count) / step) * step).astype(np.int64)
    is_gone = quits < drawn.now
    stop = np.where(is_gone, quits, drawn.now)
    periods = np.maximum((stop - 1 - begin) // step, 0)
    period_start = begin + periods * step
    is_late = ~is_gone & (rng.random(count) < 0.02)
    moved = np.where(is_gone, quits, np.maximum(begin, period_start))
    chosen = prices.select(
        price="id",
        product="product",
        unit_amount="unit_amount",
        interval="interval",
        price_currency="currency",
    )[price.tolist()]
    return pl.DataFrame(
        {
            "tenant_id": drawn.own(count),
            "id": _ids(drawn, "sub_1", count, 23),
            "created_at": instants(begin),
            "updated_at": instants(moved),
            "customer": pick(customers["id"], rows.astype(np.int64)),
            "status": pick(("active", "canceled", "past_due"), np.where(is_gone, 1, np.where(is_late, 2, 0))),
            "item_id": _ids(drawn, "si_", count),
            "price": chosen["price"],
            "product": chosen["product"],
            "unit_amount": chosen["unit_amount"],
            "interval": chosen["interval"],
            "currency": chosen["price_currency"],
            "quantity": pl.repeat(1, count, dtype=pl.Int64, eager=True),
            "current_period_start": instants(period_start),
            "current_period_end": instants(period_start + step),
            "canceled_at": instants(np.where(is_gone, quits, NEVER)),
            "begin": begin,
            "stop": stop,
            "step": step,
        }
    )


def _invoices(
    drawn: Drawn,
    rng: np.random.Generator,
    customers: pl.DataFrame,
    subscriptions: pl.DataFrame,
    begins: Ints,
    worth: Ints,
) -> pl.DataFrame:
    begin, stop = subscriptions["begin"].to_numpy(), subscriptions["stop"].to_numpy()
    step = subscriptions["step"].to_numpy()
    periods = (np.maximum(stop - 1 - begin, 0) // np.maximum(step, 1) + 1).astype(np.int64)
    owner = np.repeat(np.arange(len(periods)), periods)
    starts = np.concatenate(([0], np.cumsum(periods)[:-1])).astype(np.int64)[: len(periods)]
    number = np.arange(len(owner)) - starts[owner]
    start = begin[owner] + number * step[owner]
    recurring = pl.DataFrame(
        {
            "moment": start,
            "period_end": start + step[owner],
            "customer": pick(subscriptions["customer"], owner),
            "subscription": pick(subscriptions["id"], owner),
            "price": pick(subscriptions["price"], owner),
            "product": pick(subscriptions["product"], owner),
            "amount": subscriptions["unit_amount"].to_numpy()[owner],
            "currency": pick(subscriptions["currency"], owner),
        }
    )
    with_plan = set(subscriptions["customer"].to_list())
    once = np.flatnonzero([customer not in with_plan for customer in customers["id"].to_list()]).astype(np.int64)
    moment = np.minimum(begins[once], drawn.now - 1)
    single = pl.DataFrame(
        {
            "moment": moment,
            "period_end": moment,
            "customer": pick(customers["id"], once),
            "subscription": pl.repeat(None, len(once), dtype=pl.String, eager=True),
            "price": pl.repeat(None, len(once), dtype=pl.String, eager=True),
            "product": pl.repeat(None, len(once), dtype=pl.String, eager=True),
            "amount": worth[once],
            "currency": pick(customers["currency"], once),
        }
    )
    frame = pl.concat([recurring, single]).filter(pl.col("moment") < drawn.now).sort("moment", "customer")
    count = len(frame)
    moment = frame["moment"].to_numpy()
    paid = moment + (rng.exponential(6 * HOUR, count)).astype(np.int64) + 60_000_000
    draw = rng.random(count)
    status = np.where(draw < 0.01, 2, np.where((paid >= drawn.now) | (draw < 0.02), 1, 0)).astype(np.int64)
    paid = np.where(status == 0, paid, NEVER)
    return frame.select(
        drawn.own(count),
        _ids(drawn, "in_1", count, 23).alias("id"),
        instants(moment).alias("created_at"),
        instants(np.maximum(moment, paid)).alias("updated_at"),
        "customer",
        "subscription",
        pick(("paid", "open", "void"), status).alias("status"),
        pl.col("amount").alias("amount_due"),
        (pl.col("amount") * pl.Series(status == 0)).alias("amount_paid"),
        "currency",
        (pl.lit("TU-") + pl.int_range(1, count + 1).cast(pl.String).str.zfill(6)).alias("number"),
        instants(moment).alias("period_start"),
        instants(frame["period_end"].to_numpy()).alias("period_end"),
        instants(paid).alias("paid_at"),
        _ids(drawn, "il_1", count, 23).alias("line_id"),
        "price",
        "product",
    )


def _payments(drawn: Drawn, rng: np.random.Generator, invoices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    paid = invoices.filter(pl.col("status") == "paid")
    count = len(paid)
    tried = rng.random(count) < 0.015
    moment = paid["paid_at"].dt.timestamp("us").to_numpy()
    row = np.concatenate((np.arange(count), np.flatnonzero(tried)))
    ok = np.concatenate((np.ones(count, dtype=bool), np.zeros(int(tried.sum()), dtype=bool)))
    when = np.where(ok, moment[row], moment[row] - 30_000_000)
    order = np.lexsort((row, when))
    row, ok, when = row[order], ok[order], when[order]
    total = len(row)
    amount = paid["amount_due"].to_numpy()[row]
    back = ok & (rng.random(total) < 0.02)
    back_at = when + (rng.exponential(8 * DAY, total)).astype(np.int64) + HOUR
    back &= back_at < drawn.now
    returned = np.where(back, np.where(rng.random(total) < 0.5, amount, amount // 2), 0)
    ids = _ids(drawn, "ch_3", total, 23)
    charges = pl.DataFrame(
        {
            "tenant_id": drawn.own(total),
            "id": ids,
            "created_at": instants(when),
            "updated_at": instants(np.where(back, back_at, when)),
            "customer": pick(paid["customer"], row),
            "invoice": pick(paid["id"], row),
            "amount": amount,
            "amount_refunded": returned,
            "currency": pick(paid["currency"], row),
            "status": pick(("failed", "succeeded"), ok.astype(np.int64)),
            "balance_transaction": _ids(drawn, "txn_3", total, 23),
        }
    )
    rows = np.flatnonzero(back)
    rows = rows[np.argsort(back_at[rows], kind="stable")]
    reasons = ("requested_by_customer", "duplicate", "fraudulent")
    refunds = pl.DataFrame(
        {
            "tenant_id": drawn.own(len(rows)),
            "id": _ids(drawn, "re_3", len(rows), 23),
            "created_at": instants(back_at[rows]),
            "updated_at": instants(back_at[rows]),
            "charge": pick(ids, rows),
            "amount": returned[rows],
            "currency": charges["currency"].gather(pl.Series(rows).cast(pl.UInt32)),
            "reason": pick(reasons, choose(rng, (0.8, 0.15, 0.05), len(rows))),
            "status": pl.repeat("succeeded", len(rows), eager=True),
        }
    )
    return charges, refunds

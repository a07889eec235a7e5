"""What follows from a simulated tenant's revenue: intents, ledger, payouts, disputes, discounts, past events.

Nothing is drawn by chance here, so that the stored world stays as it is. Changes after the start are in `stripe_life`.
"""

from typing import Any

import polars as pl

from integrations.sandbox.identifiers import base62, key_of
from integrations.sandbox.stripe_shelf import PREFIX, Fields, Shelf

_DAY = 86_400
_STAMPS = (
    "created_at", "updated_at", "canceled_at", "current_period_start", "current_period_end", "paid_at", "period_start",
    "period_end",
)  # fmt: skip
_DRAWN = ("products", "prices", "customers", "subscriptions", "invoices", "charges", "refunds")
FEE_DISPUTE = 11_250
SETTLE_SECONDS = 5 * _DAY
"""A payment is pending for so long before it is available."""

Rows = dict[str, list[Fields]]


def draw_shelves(frames: dict[str, pl.DataFrame], key: str) -> dict[str, Shelf]:
    """Return the shelves of every kind as they stand when the account is opened."""
    rows: Rows = {kind: _rows(frames.get(f"stripe_{kind}")) for kind in _DRAWN}
    newest = max((row["created"] for found in rows.values() for row in found), default=0)
    maker = _Maker(rows, key, newest)
    maker.catalogue()
    maker.discounts()
    maker.subscriptions()
    maker.invoices()
    maker.payments()
    maker.ledger()
    maker.sessions()
    shelves = {}
    for kind, found in rows.items():
        shelf = shelves[kind] = Shelf()
        for row in sorted(found, key=lambda row: row["created"]):
            shelf.add(row)
    return shelves


def _rows(frame: pl.DataFrame | None) -> list[Fields]:
    if frame is None:
        return []
    stamps = [name for name in _STAMPS if name in frame.columns]
    frame = frame.drop("tenant_id").with_columns(pl.col(stamps).dt.epoch("s")).sort("created_at", maintain_order=True)
    return list(frame.rename({"created_at": "created", "updated_at": "updated"}).iter_rows(named=True))


class _Maker:
    """Adds rows to rows, one theme at a time."""

    def __init__(self, rows: Rows, key: str, newest: int) -> None:
        self._rows, self._key, self._newest = rows, key, newest

    def _ids(self, kind: str, count: int, width: int = 23) -> list[str]:
        return [str(name) for name in base62(PREFIX[kind], key_of(self._key, "stripe", kind), count, width)]

    def catalogue(self) -> None:
        """Prices in a currency without minor units and in fractions of one, plans, coupons and their codes."""
        products, prices = self._rows["products"], self._rows["prices"]
        self._rows["coupons"], self._rows["promotion_codes"] = [], []
        if not products:
            self._rows["plans"] = []
            return
        begin = products[0]["created"]
        yen, part, free = (str(name) for name in base62("price_1", key_of(self._key, "stripe", "more"), 3, 23))
        common = {"created": begin, "updated": begin, "product": products[-1]["id"], "active": True}
        prices += [
            {"id": yen, "currency": "jpy", "unit_amount": 5000, "interval": None, **common},
            {"id": part, "currency": "eur", "unit_amount": None, "unit_amount_decimal": "0.05", "interval": "month",
             **common},
            {"id": free, "currency": "dkk", "unit_amount": 0, "interval": "month", **common},
        ]  # fmt: skip
        self._rows["plans"] = [row for row in prices if row["interval"]]
        made = {"created": begin, "updated": begin, "times_redeemed": 0}
        self._rows["coupons"] = [
            {"id": "VELKOMST10", "name": "Velkommen", "percent_off": 10.0, "amount_off": None, "currency": None,
             "duration": "once", "months": None, **made},
            {"id": "TROFAST", "name": "Trofast kunde", "percent_off": 25.5, "amount_off": None, "currency": None,
             "duration": "forever", "months": None, **made},
            {"id": "HALVTREDS", "name": "50 kr.", "percent_off": None, "amount_off": 5000, "currency": "dkk",
             "duration": "repeating", "months": 3, **made},
        ]  # fmt: skip
        codes = zip(self._ids("promotion_codes", 2), ("FORAAR", "EFTERAAR"), strict=True)
        self._rows["promotion_codes"] = [
            {"id": name, "code": code, "coupon": "VELKOMST10", "active": True, **made} for name, code in codes
        ]

    def discounts(self) -> None:
        """Some customers have a discount, some a tax id, one more tax ids than fit into one answer."""
        customers = [row for row in self._rows["customers"] if not row["deleted"]]
        names = self._ids("discounts", len(customers))
        coupons = {row["id"]: row for row in self._rows["coupons"]}
        for row, name in list(zip(customers, names, strict=True))[4::11]:
            row["discount"] = discount(name, coupons["TROFAST"], row["created"], customer=row["id"])
        for place, row in enumerate(customers):
            count = 12 if place == 1 else 1 if place % 13 == 5 else 0
            ids = base62("txi_1", key_of(self._key, "stripe", "tax", row["id"]), count, 23) if count else ()
            row["tax_ids"] = tuple(
                {"id": str(one), "type": "eu_vat", "value": f"DK{10_000_000 + 97 * place + number}",
                 "created": row["created"]}
                for number, one in enumerate(ids)
            )  # fmt: skip

    def subscriptions(self) -> None:
        """Items (one subscription has more than fit into one answer), discounts and schedules."""
        found = self._rows["subscriptions"]
        free = next((row for row in self._rows["prices"] if row["unit_amount"] == 0), None)
        more = self._ids("items", 12, 14)
        names = [str(name) for name in base62("di_1", key_of(self._key, "stripe", "subscribed"), len(found), 23)]
        coupons = {row["id"]: row for row in self._rows["coupons"]}
        for place, row in enumerate(found):
            own = {name: row[name] for name in ("product", "unit_amount", "interval", "currency", "created", "updated")}
            price = {**own, "id": row["price"], "active": True}
            extra = more if place == 0 and free is not None else ()
            row["items"] = (
                {"id": row["item_id"], "created": row["created"], "price": price, "quantity": row["quantity"]},
                *({"id": name, "created": row["created"], "price": free, "quantity": 1} for name in extra),
            )
            row["discounts"] = (
                (discount(names[place], coupons["HALVTREDS"], row["created"], subscription=row["id"]),)
                if place % 10 == 3
                else ()
            )
        active = [row for row in found if row["status"] == "active"][2::9]
        self._rows["subscription_schedules"] = []
        for name, row in zip(self._ids("subscription_schedules", len(active)), active, strict=True):
            row["schedule"] = name
            self._rows["subscription_schedules"].append(
                {"id": name, "created": row["created"], "updated": row["created"], "customer": row["customer"],
                 "subscription": row["id"], "status": "active", "price": row["price"], "currency": row["currency"],
                 "start": row["current_period_start"], "end": row["current_period_end"]}
            )  # fmt: skip

    def invoices(self) -> None:
        """Some invoices have more lines than fit into one answer, some are credited in part."""
        for row in self._rows["invoices"][11::97]:
            row["line_count"] = 12
        paid = [row for row in self._rows["invoices"] if row["status"] == "paid" and row["amount_due"] > 100]
        credited = [row for row in paid[7::40] if row["paid_at"] + 3 * _DAY < self._newest]
        self._rows["credit_notes"] = []
        for name, row in zip(self._ids("credit_notes", len(credited)), credited, strict=True):
            amount, moment = row["amount_due"] // 10, row["paid_at"] + 3 * _DAY
            row["credited"] = amount
            self._rows["credit_notes"].append(
                {"id": name, "created": moment, "updated": moment, "invoice": row["id"], "customer": row["customer"],
                 "amount": amount, "currency": row["currency"], "status": "issued", "number": f"{row['number']}-CN-01",
                 "voided_at": None}
            )  # fmt: skip

    def payments(self) -> None:
        """Intents for the charges of the last 90 days (older ones came without), refunds' places, disputes."""
        charges = self._rows["charges"]
        recent = [row for row in charges if row["created"] > self._newest - 90 * _DAY]
        names = self._ids("payment_intents", len(recent) + 1)
        self._rows["payment_intents"] = [
            {"id": name, "created": row["created"], "updated": row["created"], "amount": row["amount"],
             "currency": row["currency"], "customer": row["customer"], "charge": row["id"],
             "status": "succeeded" if row["status"] == "succeeded" else "requires_payment_method"}
            for name, row in zip(names, recent, strict=False)
        ]  # fmt: skip
        for name, row in zip(names, recent, strict=False):
            row["payment_intent"] = name
        if recent:
            self._rows["payment_intents"].append(
                {"id": names[-1], "created": recent[-1]["created"], "updated": recent[-1]["created"], "amount": 5000,
                 "currency": "jpy", "customer": None, "charge": None, "status": "requires_payment_method"}
            )  # fmt: skip
        doubtful = [
            row for row in charges
            if row["status"] == "succeeded" and not row["amount_refunded"] and row["created"] < self._newest - 20 * _DAY
        ][5::60]  # fmt: skip
        self._rows["disputes"] = []
        for place, (name, row) in enumerate(zip(self._ids("disputes", len(doubtful)), doubtful, strict=True)):
            row["disputed"] = True
            moment = row["created"] + 10 * _DAY
            self._rows["disputes"].append(
                {"id": name, "created": moment, "updated": moment, "charge": row["id"], "amount": row["amount"],
                 "currency": row["currency"], "reason": "general", "payment_intent": row.get("payment_intent"),
                 "status": ("needs_response", "lost", "under_review")[place % 3]}
            )  # fmt: skip

    def ledger(self) -> None:
        """Every movement of money is a balance transaction: the sum of their nets is the balance."""
        ledger: list[Fields] = []
        for row in self._rows["charges"]:
            if row["status"] == "succeeded":
                ledger.append(charge_entry(row["balance_transaction"], row))
        for kind, entry in (("refunds", refund_entry), ("disputes", dispute_entry)):
            names = base62("txn_1", key_of(self._key, "stripe", "ledger", kind), len(self._rows[kind]), 23)
            for name, row in zip(names, self._rows[kind], strict=True):
                row["balance_transaction"] = str(name)
                ledger.append(entry(str(name), row))
        ledger.sort(key=lambda row: row["created"])
        self._rows["payouts"] = []
        if ledger:
            self._pay_out(ledger)
        self._rows["balance_transactions"] = ledger

    def _pay_out(self, ledger: list[Fields]) -> None:
        """What was available on a Monday went to the bank."""
        available = sorted(ledger, key=lambda row: row["available_on"])
        held: dict[str, int] = {}
        place = 0
        found: list[Fields] = []
        first = ledger[0]["created"] // (7 * _DAY) + 1
        for monday in range(first * 7 * _DAY + 4 * _DAY, self._newest, 7 * _DAY):
            while place < len(available) and available[place]["available_on"] <= monday:
                row = available[place]
                held[row["currency"]] = held.get(row["currency"], 0) + row["amount"] - row["fee"]
                place += 1
            for currency in sorted(held):
                if held[currency] > 0:
                    done = monday + 2 * _DAY < self._newest
                    found.append(
                        {"created": monday, "updated": monday, "amount": held[currency], "currency": currency,
                         "status": "paid" if done else "in_transit"}
                    )  # fmt: skip
                    held[currency] = 0
        names = self._ids("payouts", len(found))
        entries = base62("txn_1", key_of(self._key, "stripe", "ledger", "payouts"), len(found), 23)
        for name, entry, row in zip(names, entries, found, strict=True):
            row.update(id=name, balance_transaction=str(entry))
            self._rows["payouts"].append(row)
            ledger.append(payout_entry(str(entry), row))

    def sessions(self) -> None:
        """Every third single purchase came through a checkout; one was left, one is open."""
        single = [row for row in self._rows["invoices"] if row["subscription"] is None and row["status"] == "paid"][::3]
        names = self._ids("checkout/sessions", len(single) + 2, 40)
        found: list[Fields] = [
            {"id": name, "created": row["created"] - 600, "updated": row["created"], "customer": row["customer"],
             "amount": row["amount_due"], "currency": row["currency"], "status": "complete", "invoice": row["id"]}
            for name, row in zip(names, single, strict=False)
        ]  # fmt: skip
        if single:
            lost = {"customer": None, "amount": 40_000, "currency": "dkk", "invoice": None}
            for name, status, ago in zip(names[-2:], ("expired", "open"), (3 * _DAY, 3600), strict=True):
                moment = self._newest - ago
                found.append({"id": name, "created": moment, "updated": moment, "status": status, **lost})
        self._rows["checkout/sessions"] = found


def discount(name: str, coupon: Fields, start: int, **owner: str) -> Fields:
    """Return a discount of a customer or a subscription."""
    return {"id": name, "coupon": coupon, "start": start, "customer": None, "subscription": None, **owner}


def charge_entry(name: str, row: Fields) -> Fields:
    """Return the ledger's entry of a payment."""
    fee = row["amount"] * 14 // 1000 + 180
    return _entry(name, "charge", row, row["amount"], fee, row["created"] + SETTLE_SECONDS)


def refund_entry(name: str, row: Fields) -> Fields:
    """Return the ledger's entry of a refund."""
    return _entry(name, "refund", row, -row["amount"], 0, row["created"])


def dispute_entry(name: str, row: Fields) -> Fields:
    """Return the ledger's entry of a dispute: the money goes back, and a fee with it."""
    return _entry(name, "adjustment", row, -row["amount"], FEE_DISPUTE, row["created"])


def payout_entry(name: str, row: Fields) -> Fields:
    """Return the ledger's entry of a payout."""
    return _entry(name, "payout", row, -row["amount"], 0, row["created"])


def _entry(name: str, kind: str, row: Fields, amount: int, fee: int, available_on: int) -> Fields:
    return {
        "id": name, "created": row["created"], "updated": row["created"], "type": kind, "source": row["id"],
        "amount": amount, "fee": fee, "currency": row["currency"], "available_on": available_on,
    }  # fmt: skip


def past_events(shelves: dict[str, Shelf], window: int) -> list[tuple[int, str, str, Any]]:
    """Return moment, type, kind and object of what happened lately, oldest first."""
    newest = max((shelf.created[-1] for shelf in shelves.values() if shelf.created), default=0)
    found = [
        (moment, event, kind, row)
        for kind, shelf in shelves.items()
        for row in shelf.rows
        for moment, event in _history_of(kind, row)
        if moment >= newest - window
    ]
    return sorted(found, key=lambda one: (one[0], one[1], one[2], one[3]["id"]))


def _history_of(kind: str, row: Fields) -> list[tuple[int, str]]:
    created, updated = row["created"], row["updated"]
    match kind:
        case "customers":
            return [(created, "customer.created"), *([(updated, "customer.deleted")] if row["deleted"] else [])]
        case "subscriptions":
            last = "deleted" if row["status"] == "canceled" else "updated"
            more = [(updated, f"customer.subscription.{last}")] if updated > created else []
            return [(created, "customer.subscription.created"), *more]
        case "invoices":
            last = {"paid": "invoice.paid", "void": "invoice.voided"}.get(row["status"], "invoice.finalized")
            return [(created, "invoice.created"), (updated, last)]
        case "charges":
            first = "charge.succeeded" if row["status"] == "succeeded" else "charge.failed"
            return [(created, first), *([(updated, "charge.refunded")] if row["amount_refunded"] else [])]
        case "payment_intents":
            last = "succeeded" if row["status"] == "succeeded" else "payment_failed"
            return [(created, "payment_intent.created"), (created, f"payment_intent.{last}")]
        case "payouts":
            paid = [(created + 2 * _DAY, "payout.paid")] if row["status"] == "paid" else []
            return [(created, "payout.created"), *paid]
        case "checkout/sessions":
            done = {"complete": "completed", "expired": "expired"}.get(row["status"])
            return [(updated, f"checkout.session.{done}")] if done else []
        case "disputes":
            closed = [(updated, "charge.dispute.closed")] if row["status"] == "lost" else []
            return [(created, "charge.dispute.created"), (created, "charge.dispute.funds_withdrawn"), *closed]
        case "balance_transactions":
            return []
        case "subscription_schedules":
            return [(created, "subscription_schedule.created")]
        case _:
            return [(created, f"{kind.removesuffix('s')}.created")]

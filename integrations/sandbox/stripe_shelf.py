"""A shelf of one kind of Stripe object in memory, the kinds and their ids' prefixes. It knows no account."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]
PREFIX = {
    "customers": "cus_", "products": "prod_", "prices": "price_1", "plans": "price_1", "subscriptions": "sub_1",
    "subscription_schedules": "sub_sched_1", "invoices": "in_1", "credit_notes": "cn_1", "charges": "ch_3",
    "payment_intents": "pi_3", "refunds": "re_3", "disputes": "dp_1", "balance_transactions": "txn_3",
    "payouts": "po_1", "coupons": "", "promotion_codes": "promo_1", "checkout/sessions": "cs_test_a1",
    "events": "evt_1", "discounts": "di_1", "tax_ids": "txi_1", "items": "si_", "lines": "il_1",
}  # fmt: skip
KINDS = tuple(kind for kind in PREFIX if kind not in ("events", "discounts", "tax_ids", "items", "lines"))
SHORT = frozenset({"cus_", "prod_", "si_", ""})
EVENT_WINDOW = 30 * 86_400


@dataclass
class Shelf:
    """Objects of one kind, oldest first; ``created`` runs beside ``rows`` for quick windows.

    A row is never changed in place: a change puts another one into its place, and events keep the one they tell of.
    """

    rows: list[Fields] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    position: dict[str, int] = field(default_factory=dict)

    def add(self, row: Fields) -> Fields:
        self.position[row["id"]] = len(self.rows)
        self.rows.append(row)
        self.created.append(row["created"])
        return row

    def get(self, identifier: str) -> Fields | None:
        place = self.position.get(identifier)
        return None if place is None else self.rows[place]

    def put(self, row: Fields) -> Fields:
        self.rows[self.position[row["id"]]] = row
        return row

    def living(self) -> list[Fields]:
        """Return the rows that were not deleted, oldest first."""
        return [row for row in self.rows if not row.get("deleted")]

    def newest_first(self, low: int | None, high: int | None, before: int, after: int) -> Iterator[Fields]:
        """Yield rows created in [low, high), between two positions (exclusive), newest first."""
        start = max(after + 1, 0 if low is None else bisect_left(self.created, low))
        end = min(before, len(self.rows) if high is None else bisect_left(self.created, high))
        for place in range(end - 1, start - 1, -1):
            yield self.rows[place]

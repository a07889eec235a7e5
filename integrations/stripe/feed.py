"""Stripe's events as a mere feed of changes: which objects changed when, read once for all streams.

Event payloads are in the version of their creation and are never taken as the object; that is re-read elsewhere.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.source import JSON

# By the kind of object that an event carries: the streams that it changes and the field that names the object.
SUBJECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "customer": (("customers", "id"),),
    "product": (("products", "id"),),
    "price": (("prices", "id"),),
    "plan": (("plans", "id"),),
    "coupon": (("coupons", "id"),),
    "promotion_code": (("promotion_codes", "id"),),
    # a discount is told by its owner; its coupon and code count how often they were redeemed
    "discount": (
        ("customers", "customer"), ("subscriptions", "subscription"), ("coupons", "coupon"),
        ("promotion_codes", "promotion_code"),
    ),
    "tax_id": (("customers", "customer"),),
    "card": (("customers", "customer"),),
    "bank_account": (("customers", "customer"),),
    "source": (("customers", "customer"),),
    "subscription": (("subscriptions", "id"),),
    "subscription_item": (("subscriptions", "subscription"),),
    "subscription_schedule": (
        ("subscription_schedules", "id"), ("subscriptions", "subscription"), ("subscriptions", "released_subscription"),
    ),
    "invoice": (("invoices", "id"),),
    "invoiceitem": (("invoices", "invoice"),),
    "invoice_payment": (("invoices", "invoice"),),
    "credit_note": (("credit_notes", "id"), ("invoices", "invoice")),
    "payment_intent": (("payment_intents", "id"),),
    "charge": (("charges", "id"),),
    "refund": (("refunds", "id"), ("charges", "charge")),
    "dispute": (("disputes", "id"), ("charges", "charge")),
    "review": (("charges", "charge"), ("payment_intents", "payment_intent")),
    "payout": (("payouts", "id"),),
    "checkout.session": (("checkout_sessions", "id"),),
}  # fmt: skip

# Families of event types (the part before the first point) that change nothing of what is read.
UNRELATED = frozenset({
    "account", "application_fee", "apps", "balance", "balance_settings", "billing", "billing_portal", "capability",
    "cash_balance", "climate", "customer_cash_balance_transaction", "entitlements", "file", "financial_connections",
    "identity", "issuing_authorization", "issuing_card", "issuing_cardholder", "issuing_dispute",
    "issuing_personalization_design", "issuing_token", "issuing_transaction", "mandate", "order", "payment_link",
    "payment_method", "person", "quote", "radar", "recipient", "reporting", "reserve", "setup_intent", "sigma", "sku",
    "source", "tax", "tax_rate", "terminal", "test_helpers", "three_d_secure", "topup", "transfer", "treasury",
})  # fmt: skip
# An upcoming invoice is a forecast: it has no id yet.
_FORECASTS = frozenset({"invoice.upcoming"})


@dataclass(slots=True)
class Change:
    """The last change of one object: when, when the object was made (0: not known), and whether it was deleted."""

    at: int
    created: int
    is_gone: bool


Changes: TypeAlias = dict[str, Change]


def subjects_of(event: JSON) -> list[tuple[str, str]]:
    """Return the stream and id of every object that an event changes."""
    if event["type"] in _FORECASTS:
        return []
    item = event["data"]["object"]
    found = []
    for stream, name in SUBJECTS.get(item.get("object"), ()):
        value = item.get(name) or (item.get("source") or {}).get(name) if name == "coupon" else item.get(name)
        identifier = value.get("id") if isinstance(value, dict) else value
        if identifier:
            found.append((stream, str(identifier)))
    return found


def is_unknown(event: JSON) -> bool:
    """Whether nobody has said yet what this type of event changes."""
    kind, family = event["data"]["object"].get("object"), event["type"].split(".")[0]
    return kind not in SUBJECTS and family not in UNRELATED


@dataclass(slots=True)
class Window:
    """The events of [low, until], coalesced per object; single ones are kept at both ends only.

    There, in the first and last ``overlap`` seconds, the next or the former read tells the same events, which are
    told apart by their ids: the clock of events has whole seconds only.
    """

    low: int
    until: int
    overlap: int
    unknown: Counter[str]
    _changes: dict[str, Changes] = field(default_factory=dict)
    _margin: list[tuple[str, int, str, str, Change]] = field(default_factory=list)

    def take(self, event: JSON) -> None:
        """Count an event in."""
        at, name = event["created"], event["id"]
        item = event["data"]["object"]
        is_marginal = at < self.low + self.overlap or at >= self.until - self.overlap
        for stream, identifier in subjects_of(event):
            is_itself = identifier == item.get("id")
            created = int(item.get("created") or 0) if is_itself else 0
            change = Change(at, created, is_itself and event["type"].endswith(".deleted"))
            if is_marginal:
                self._margin.append((name, at, stream, identifier, change))
            else:
                _merge(self._changes.setdefault(stream, {}), identifier, change)
        if is_unknown(event):
            self.unknown[event["type"]] += 1

    def changed(self, stream: str, low: int, seen: set[str]) -> Changes:
        """Return a stream's changed objects since ``low``, without the events already ``seen``."""
        found = {
            name: Change(one.at, one.created, one.is_gone)
            for name, one in self._changes.get(stream, {}).items()
            if one.at >= low
        }
        for name, at, owner, identifier, change in self._margin:
            if owner == stream and at >= low and name not in seen:
                _merge(found, identifier, change)
        return found

    def recent(self, stream: str) -> list[str]:
        """Return the ids of a stream's events that the next read will meet again."""
        edge = self.until - self.overlap
        return sorted({name for name, at, owner, _, _ in self._margin if owner == stream and at >= edge})


def _merge(changes: Changes, identifier: str, change: Change) -> None:
    known = changes.get(identifier)
    if known is None:
        changes[identifier] = Change(change.at, change.created, change.is_gone)
        return
    known.at = max(known.at, change.at)
    known.created = known.created or change.created
    known.is_gone = known.is_gone or change.is_gone


Read: TypeAlias = Callable[[int, int], Iterator[list[JSON]]]
"""Yields the events of a window page by page; both bounds are inclusive."""


class Feed:
    """Keeps the last window, so that every stream of one pull is served by the same requests."""

    def __init__(self, read: Read, overlap: int) -> None:
        self._read, self._overlap = read, overlap
        self._window: Window | None = None
        self._lock = threading.Lock()
        self.unknown: Counter[str] = Counter()

    def open(self, low: int, until: int) -> Window:
        """Return an empty window; whoever fills it whole hands it over by ``keep``."""
        return Window(low, until, self._overlap, self.unknown)

    def keep(self, window: Window) -> None:
        """Serve the next streams from this window."""
        with self._lock:
            self._window = window

    def window(self, low: int, until: int) -> Window:
        """Return the window [low, until]; only what the kept one lacks is read."""
        with self._lock:
            window = self._window
            if window is None or window.until != until:
                window = self.open(low, until)
                self._fill(window, low, until)
                self._window = window
            elif low < window.low:
                # the part is read before it counts: a failed read must not leave a window that only looks whole
                first, window.low = window.low, low
                try:
                    self._fill(window, low, first - 1)
                except BaseException:
                    self._window = None
                    raise
            return window

    def _fill(self, window: Window, low: int, until: int) -> None:
        for events in self._read(low, until):
            for event in events:
                window.take(event)

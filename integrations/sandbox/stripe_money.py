"""What may happen to money in a simulated Stripe account: invoices, payments, refunds, disputes, payouts, checkouts.

Every movement adds a balance transaction, so that the ledger adds up to the balance.
"""

from collections.abc import Callable
from random import Random

from integrations.sandbox.stripe_history import (
    FEE_DISPUTE,
    charge_entry,
    dispute_entry,
    payout_entry,
    refund_entry,
)
from integrations.sandbox.stripe_shelf import Fields
from integrations.sandbox.stripe_store import StripeStore

Entry = Callable[[str, Fields], Fields]


class Money:
    """Happenings around money, and what all happenings share."""

    def __init__(self, store: StripeStore, rng: Random) -> None:
        self.store, self.rng = store, rng
        self.done: dict[str, list[str]] = {"created": [], "changed": [], "archived": []}

    def some(self, kind: str, fits: Callable[[Fields], bool] = lambda row: True) -> Fields | None:
        """Return any living object that fits."""
        found = [row for row in self.store.shelves[kind].living() if fits(row)]
        return self.rng.choice(found) if found else None

    def created(self, kind: str, row: Fields) -> Fields:
        self.done["created"].append(f"{kind}/{row['id']}")
        return row

    def changed(self, kind: str, row: Fields, changes: Fields, *events: str) -> Fields:
        self.done["changed"].append(f"{kind}/{row['id']}")
        return self.store.change(kind, row["id"], changes, *events)

    def dropped(self, kind: str, event: str, fits: Callable[[Fields], bool]) -> None:
        row = self.some(kind, fits)
        if row:
            self.store.change(kind, row["id"], {"deleted": True}, event)
            self.done["archived"].append(f"{kind}/{row['id']}")

    def draft(
        self, customer: Fields | None = None, amount: int = 125_000, subscription: str | None = None
    ) -> Fields | None:
        """An invoice is drafted."""
        customer = customer or self.some("customers")
        if customer is None:
            return None
        moment = self.store.now()
        row = {
            "customer": customer["id"], "currency": customer["currency"] or "dkk", "status": "draft",
            "amount_due": amount, "amount_paid": 0, "subscription": subscription, "price": None, "product": None,
            "period_start": moment, "period_end": moment, "paid_at": None, "charge": None,
            "number": f"TU-N{moment}-{len(self.store.shelves['invoices'].rows)}",
            "line_id": self.store.new_id("lines"),
        }  # fmt: skip
        return self.created("invoices", self.store.add("invoices", row, "invoice.created"))

    def add_line(self) -> None:
        """A draft gets one more line; only the line says so."""
        if row := self._invoice("draft"):
            self.changed("invoices", row, {"line_count": row.get("line_count", 1) + 1})
            self.store.emit("invoiceitems", {"id": row["line_id"], "invoice": row["id"]}, "invoiceitem.created")

    def finalize(self) -> None:
        """A draft becomes an open invoice."""
        if row := self._invoice("draft"):
            self.changed("invoices", row, {"status": "open"}, "invoice.finalized", "invoice.sent")

    def pay(self, invoice: Fields | None = None) -> None:
        """An open invoice is paid."""
        row = invoice or self._invoice("open")
        if row:
            charge = self._collect(row["customer"], row["amount_due"], row["currency"], row["id"], succeeds=True)
            changes = {
                "status": "paid", "amount_paid": row["amount_due"], "paid_at": self.store.now(), "charge": charge["id"],
            }  # fmt: skip
            self.changed("invoices", row, changes, "invoice.paid", "invoice.payment_succeeded")

    def fail_payment(self) -> None:
        """An open invoice's payment fails."""
        if row := self._invoice("open"):
            self._collect(row["customer"], row["amount_due"], row["currency"], row["id"], succeeds=False)
            self.changed("invoices", row, {"attempts": row.get("attempts", 0) + 1}, "invoice.payment_failed")

    def void(self) -> None:
        """An open invoice is voided or given up."""
        if row := self._invoice("open"):
            status, event = self.rng.choice((("void", "voided"), ("uncollectible", "marked_uncollectible")))
            self.changed("invoices", row, {"status": status}, f"invoice.{event}")

    def drop_draft(self) -> None:
        """A draft is deleted."""
        self.dropped("invoices", "invoice.deleted", lambda row: row["status"] == "draft")

    def credit(self) -> None:
        """A paid invoice is credited in part; only the credit note says so."""
        row = self.some("invoices", lambda row: row["status"] == "paid" and not row.get("credited"))
        if row is None or row["amount_due"] < 100:
            return
        amount = row["amount_due"] // 10
        self.changed("invoices", row, {"credited": amount})
        note = {
            "invoice": row["id"], "customer": row["customer"], "amount": amount, "currency": row["currency"],
            "status": "issued", "number": f"{row['number']}-CN-01", "voided_at": None,
        }  # fmt: skip
        self.created("credit_notes", self.store.add("credit_notes", note, "credit_note.created"))

    def void_credit(self) -> None:
        """A credit note is voided."""
        if row := self.some("credit_notes", lambda row: row["status"] == "issued"):
            self.store.change("invoices", row["invoice"], {"credited": 0})
            changes = {"status": "void", "voided_at": self.store.now()}
            self.changed("credit_notes", row, changes, "credit_note.voided")

    def buy(self) -> None:
        """Somebody pays without an invoice."""
        self._collect(None, 100 * self.rng.randrange(10, 900), self.rng.choice(("dkk", "eur", "jpy")), None, True)

    def annotate_charge(self) -> None:
        """A charge gets a description."""
        if row := self.some("charges"):
            self.changed("charges", row, {"description": f"Note {self.store.now()}"}, "charge.updated")

    def refund(self) -> None:
        """A payment is returned, whole or in part."""
        row = self.some("charges", lambda row: row["status"] == "succeeded" and not row.get("disputed"))
        if row is None or row["amount_refunded"] >= row["amount"]:
            return
        left = row["amount"] - row["amount_refunded"]
        self.give_back(row, left if self.rng.random() < 0.5 else max(left // 2, 1), "requested_by_customer")

    def give_back(self, charge: Fields, amount: int, reason: str | None) -> Fields:
        """Return money of one payment."""
        row = {
            "charge": charge["id"], "amount": amount, "currency": charge["currency"], "reason": reason,
            "status": "succeeded", "payment_intent": charge.get("payment_intent"),
        }  # fmt: skip
        made = self._booked("refunds", self.store.add("refunds", row), refund_entry)
        self.store.emit("refunds", made, "refund.created")
        changes = {"amount_refunded": charge["amount_refunded"] + amount}
        self.changed("charges", charge, changes, "charge.refunded")
        return self.created("refunds", made)

    def fail_refund(self) -> None:
        """The bank sends a refund back; only the refund says so."""
        row = self.some("refunds", lambda row: row["status"] == "succeeded")
        if row is None:
            return
        charge = self.store.shelves["charges"].get(row["charge"])
        assert charge is not None
        self.store.change("charges", charge["id"], {"amount_refunded": charge["amount_refunded"] - row["amount"]})
        self._book("refund_failure", row["amount"], 0, row["currency"], row["id"])
        self.changed("refunds", row, {"status": "failed"}, "refund.failed")

    def dispute(self) -> None:
        """A customer disputes a payment; only the dispute says so."""
        row = self.some(
            "charges",
            lambda row: row["status"] == "succeeded" and not row["amount_refunded"] and not row.get("disputed"),
        )
        if row is None:
            return
        made = self.store.add(
            "disputes",
            {"charge": row["id"], "amount": row["amount"], "currency": row["currency"], "reason": "general",
             "payment_intent": row.get("payment_intent"), "status": "needs_response"},
        )  # fmt: skip
        made = self._booked("disputes", made, dispute_entry)
        self.changed("charges", row, {"disputed": True})
        self.store.emit("disputes", made, "charge.dispute.created", "charge.dispute.funds_withdrawn")
        self.created("disputes", made)

    def close_dispute(self) -> None:
        """A dispute ends; the money of one that was won comes back."""
        row = self.some("disputes", lambda row: row["status"] in ("needs_response", "under_review"))
        if row is None:
            return
        if self.rng.random() < 0.5:
            self.changed("disputes", row, {"status": "lost"}, "charge.dispute.closed")
            return
        entry = self._book("adjustment", row["amount"], -FEE_DISPUTE, row["currency"], row["id"])
        changes = {"status": "won", "reversal": entry["id"]}
        self.changed("disputes", row, changes, "charge.dispute.funds_reinstated", "charge.dispute.closed")

    def intend(self) -> None:
        """Somebody begins to pay."""
        row = {
            "amount": 5000, "currency": "jpy", "customer": None, "charge": None, "status": "requires_payment_method",
        }  # fmt: skip
        self.created("payment_intents", self.store.add("payment_intents", row, "payment_intent.created"))

    def move_intent(self) -> None:
        """A payment that was begun moves on or is called off."""
        row = self.some("payment_intents", lambda row: row["charge"] is None and row["status"] != "canceled")
        if row:
            status = self.rng.choice(("processing", "requires_action", "canceled"))
            self.changed("payment_intents", row, {"status": status}, f"payment_intent.{status}")

    def pay_out(self) -> None:
        """What is available of one currency goes to the bank."""
        held = [(currency, free) for currency, (free, _) in sorted(self.store.balance().items()) if free > 0]
        if not held:
            return
        currency, amount = self.rng.choice(held)
        row = {"amount": amount, "currency": currency, "status": "in_transit"}
        made = self._booked("payouts", self.store.add("payouts", row), payout_entry)
        self.store.emit("payouts", made, "payout.created")
        self.created("payouts", made)

    def end_payout(self) -> None:
        """A payout arrives, or fails and comes back."""
        row = self.some("payouts", lambda row: row["status"] == "in_transit")
        if row is None:
            return
        if self.rng.random() < 0.7:
            self.changed("payouts", row, {"status": "paid"}, "payout.paid", "payout.reconciliation_completed")
            return
        entry = self._book("payout_failure", row["amount"], 0, row["currency"], row["id"])
        self.changed("payouts", row, {"status": "failed", "failure": entry["id"]}, "payout.failed")

    def open_session(self) -> None:
        """A checkout is opened; Stripe has no event for that."""
        row = {"customer": None, "amount": 40_000, "currency": "dkk", "invoice": None, "status": "open"}
        self.created("checkout/sessions", self.store.add("checkout/sessions", row))

    def end_session(self) -> None:
        """A checkout is completed or left."""
        row = self.some("checkout/sessions", lambda row: row["status"] == "open")
        if row:
            status, event = self.rng.choice((("complete", "completed"), ("expired", "expired")))
            self.changed("checkout/sessions", row, {"status": status}, f"checkout.session.{event}")

    def _invoice(self, status: str) -> Fields | None:
        return self.some("invoices", lambda row: row["status"] == status)

    def _collect(self, customer: str | None, amount: int, currency: str, invoice: str | None, succeeds: bool) -> Fields:
        """Charge somebody by a payment intent."""
        intent = self.store.new_id("payment_intents")
        status = "succeeded" if succeeds else "failed"
        payment = {
            "customer": customer, "amount": amount, "currency": currency, "invoice": invoice, "amount_refunded": 0,
            "status": status, "payment_intent": intent, "balance_transaction": None,
        }  # fmt: skip
        charge = self.store.add("charges", payment)
        if succeeds:
            charge = self._booked("charges", charge, charge_entry)
        self.store.emit("charges", charge, f"charge.{status}")
        made = self.store.add(
            "payment_intents",
            {"id": intent, "customer": customer, "amount": amount, "currency": currency, "charge": charge["id"],
             "status": "succeeded" if succeeds else "requires_payment_method"},
            "payment_intent.created", f"payment_intent.{'succeeded' if succeeds else 'payment_failed'}",
        )  # fmt: skip
        self.created("payment_intents", made)
        return self.created("charges", charge)

    def _booked(self, kind: str, row: Fields, entry: Entry) -> Fields:
        """Enter an object into the ledger, and the entry into the object."""
        made = self.store.shelves["balance_transactions"].add(entry(self.store.new_id("balance_transactions"), row))
        self.created("balance_transactions", made)
        return self.store.change(kind, row["id"], {"balance_transaction": made["id"]})

    def _book(self, kind: str, amount: int, fee: int, currency: str, source: str) -> Fields:
        row = {
            "type": kind, "source": source, "amount": amount, "fee": fee, "currency": currency,
            "available_on": self.store.now(),
        }  # fmt: skip
        return self.created("balance_transactions", self.store.add("balance_transactions", row))

"""What may happen to a simulated Stripe account: one small event after the other, each with the vendor's own events.

Several happenings change an object without an event of its own, as Stripe does: a dispute its charge, a credit note
its invoice, a redemption its coupon. Purchases and what becomes of money are in `stripe_money`.
"""

from random import Random

from integrations.sandbox.stripe_history import discount
from integrations.sandbox.stripe_money import Money
from integrations.sandbox.stripe_shelf import Fields
from integrations.sandbox.stripe_store import StripeStore

_SUBSCRIPTION = "customer.subscription"


class Life(Money):
    """Lets things happen to one store; ``done`` names what was created, changed and archived."""

    def happen(self, rounds: int) -> None:
        """Let ``rounds`` things happen, drawn by chance; those that nothing is there for do nothing."""
        repertoire = (
            self.join, self.rename, self.leave, self.discount_customer, self.tax_customer, self.new_product,
            self.rename_product, self.drop_product, self.new_price, self.flip_price, self.drop_plan, self.new_coupon,
            self.rename_coupon, self.drop_coupon, self.new_code, self.flip_code, self.subscribe, self.add_item,
            self.pause, self.cancel, self.discount_subscription, self.schedule, self.release, self.draft,
            self.add_line, self.finalize, self.pay, self.fail_payment, self.void, self.drop_draft, self.credit,
            self.void_credit, self.buy, self.annotate_charge, self.refund, self.fail_refund, self.dispute,
            self.close_dispute, self.intend, self.move_intent, self.pay_out, self.end_payout, self.open_session,
            self.end_session, self.happen_unknown,
        )  # fmt: skip
        for _ in range(rounds):
            self.rng.choice(repertoire)()

    def join(self) -> Fields:
        """A customer comes."""
        moment, number = self.store.now(), len(self.store.shelves["customers"].rows)
        row = {
            "email": f"ny.kunde{moment}.{number}@example.test", "name": "Ny Kunde", "country": "DK", "currency": "dkk",
            "deleted": False, "tekup_lead_id": None,
        }  # fmt: skip
        return self.created("customers", self.store.add("customers", row, "customer.created"))

    def rename(self, customer: Fields | None = None) -> None:
        """A customer changes its name."""
        row = customer or self.some("customers")
        if row:
            self.changed("customers", row, {"name": f"{row['name'] or 'Kunde'} (ændret)"}, "customer.updated")

    def leave(self, customer: Fields | None = None) -> None:
        """A customer is deleted, and its subscriptions with it."""
        row = customer or self.some("customers")
        if row is None:
            return
        for one in self.store.shelves["subscriptions"].living():
            if one["customer"] == row["id"] and one["status"] != "canceled":
                self._end(one)
        self.store.change("customers", row["id"], {"deleted": True}, "customer.deleted")
        self.done["archived"].append(f"customers/{row['id']}")

    def discount_customer(self) -> None:
        """A customer gets a discount, or loses it; its coupon counts that without an event."""
        row, coupon = self.some("customers"), self.some("coupons")
        if row and row.get("discount"):
            self.changed("customers", row, {"discount": None})
            self.store.emit("discounts", row["discount"], "customer.discount.deleted")
        elif row and coupon:
            given = discount(self.store.new_id("discounts"), coupon, self.store.now(), customer=row["id"])
            self.changed("customers", row, {"discount": given})
            self.store.emit("discounts", given, "customer.discount.created")
            self._redeem(coupon)

    def tax_customer(self) -> None:
        """A customer gets a tax id, or loses the last one."""
        row = self.some("customers")
        if row is None:
            return
        known = row.get("tax_ids") or ()
        if known and self.rng.random() < 0.4:
            self.changed("customers", row, {"tax_ids": known[:-1]})
            self.store.emit("tax_ids", {**known[-1], "customer": row["id"]}, "customer.tax_id.deleted")
            return
        made = {
            "id": self.store.new_id("tax_ids"), "type": "eu_vat", "value": f"DK{self.rng.randrange(10**7, 10**8)}",
            "created": self.store.now(),
        }  # fmt: skip
        self.changed("customers", row, {"tax_ids": (*known, made)})
        self.store.emit("tax_ids", {**made, "customer": row["id"]}, "customer.tax_id.created")

    def new_product(self) -> None:
        """A product is made."""
        self.created("products", self.store.add("products", {"name": "Nyt produkt", "active": True}, "product.created"))

    def rename_product(self) -> None:
        """A product changes its name."""
        if row := self.some("products"):
            self.changed("products", row, {"name": f"{row['name']}!"}, "product.updated")

    def drop_product(self) -> None:
        """A product without a price is deleted."""
        priced = {row["product"] for row in self.store.shelves["prices"].rows}
        self.dropped("products", "product.deleted", lambda row: row["id"] not in priced)

    def new_price(self) -> None:
        """A recurring price is made, which is a plan as well."""
        product = self.some("products")
        if product is None:
            return
        row = {
            "product": product["id"], "currency": "dkk", "unit_amount": 100 * self.rng.randrange(1, 100),
            "interval": "month", "active": True,
        }  # fmt: skip
        made = self.created("prices", self.store.add("prices", row, "price.created"))
        self.store.shelves["plans"].add(made)
        self.store.emit("plans", made, "plan.created")

    def flip_price(self) -> None:
        """A price is archived or comes back."""
        if row := self.some("prices"):
            row = self.changed("prices", row, {"active": not row["active"]}, "price.updated")
            if row["interval"]:
                self.store.shelves["plans"].put(row)
                self.store.emit("plans", row, "plan.updated")

    def drop_plan(self) -> None:
        """A plan that nobody uses is deleted, and its price with it."""
        used = {item["price"]["id"] for row in self.store.shelves["subscriptions"].rows for item in row["items"]}
        row = self.some("plans", lambda row: row["id"] not in used)
        if row:
            for kind in ("plans", "prices"):
                self.store.change(kind, row["id"], {"deleted": True}, f"{kind.removesuffix('s')}.deleted")

    def new_coupon(self) -> None:
        """A coupon is made."""
        row = {
            "name": "Ny rabat", "percent_off": 12.5, "amount_off": None, "currency": None, "duration": "once",
            "months": None, "times_redeemed": 0,
        }  # fmt: skip
        self.created("coupons", self.store.add("coupons", row, "coupon.created"))

    def rename_coupon(self) -> None:
        """A coupon changes its name."""
        if row := self.some("coupons"):
            self.changed("coupons", row, {"name": f"{row['name']}!"}, "coupon.updated")

    def drop_coupon(self) -> None:
        """A coupon without a code is deleted; discounts that were given stay."""
        coded = {row["coupon"] for row in self.store.shelves["promotion_codes"].rows}
        self.dropped("coupons", "coupon.deleted", lambda row: row["id"] not in coded)

    def new_code(self) -> None:
        """A coupon gets a promotion code."""
        if coupon := self.some("coupons"):
            row = {"code": f"K{self.store.now()}", "coupon": coupon["id"], "active": True, "times_redeemed": 0}
            self.created("promotion_codes", self.store.add("promotion_codes", row, "promotion_code.created"))

    def flip_code(self) -> None:
        """A promotion code is stopped or comes back."""
        if row := self.some("promotion_codes"):
            self.changed("promotion_codes", row, {"active": not row["active"]}, "promotion_code.updated")

    def subscribe(self) -> None:
        """A customer subscribes and pays its first invoice."""
        customer = self.some("customers")
        price = self.some("prices", lambda row: bool(row["interval"] and row["unit_amount"]))
        if customer is None or price is None:
            return
        moment = self.store.now()
        item = {"id": self.store.new_id("items"), "created": moment, "price": price, "quantity": 1}
        row = {
            "customer": customer["id"], "status": "active", "items": (item,), "item_id": item["id"],
            "price": price["id"], "currency": price["currency"], "canceled_at": None,
            "current_period_start": moment, "current_period_end": moment + 30 * 86_400, "discounts": (),
        }  # fmt: skip
        made = self.created("subscriptions", self.store.add("subscriptions", row, f"{_SUBSCRIPTION}.created"))
        bill = self.draft(customer, amount=price["unit_amount"], subscription=made["id"])
        if bill:
            self.pay(bill)
            self.changed("subscriptions", made, {"latest_invoice": bill["id"]}, f"{_SUBSCRIPTION}.updated")

    def add_item(self) -> None:
        """A subscription gets one more item, or loses one."""
        row, price = self._running(), self.some("prices", lambda row: row["unit_amount"] == 0)
        if row is None:
            return
        if len(row["items"]) > 1 and (price is None or self.rng.random() < 0.5):
            items = row["items"][:-1]
        elif price is not None:
            made = {"id": self.store.new_id("items"), "created": self.store.now(), "price": price, "quantity": 2}
            items = (*row["items"], made)
        else:
            return
        self.changed("subscriptions", row, {"items": items}, f"{_SUBSCRIPTION}.updated")

    def pause(self) -> None:
        """A subscription is paused or goes on."""
        if row := self._running():
            is_paused = row["status"] == "paused"
            event = f"{_SUBSCRIPTION}.{'resumed' if is_paused else 'paused'}"
            self.changed("subscriptions", row, {"status": "active" if is_paused else "paused"}, event)

    def cancel(self) -> None:
        """A subscription ends."""
        if row := self._running():
            self._end(row)

    def discount_subscription(self) -> None:
        """A subscription gets a discount."""
        row, coupon = self._running(), self.some("coupons")
        if row and coupon:
            given = discount(self.store.new_id("discounts"), coupon, self.store.now(), subscription=row["id"])
            self.changed("subscriptions", row, {"discounts": (*row["discounts"], given)})
            self.store.emit("discounts", given, "customer.discount.created")
            self._redeem(coupon)

    def schedule(self) -> None:
        """A subscription gets a schedule; only the schedule says so."""
        row = self._running()
        if row is None or row.get("schedule"):
            return
        plan = {
            "customer": row["customer"], "subscription": row["id"], "status": "active", "price": row["price"],
            "currency": row["currency"], "start": row["current_period_start"], "end": row["current_period_end"],
        }  # fmt: skip
        made = self.store.add("subscription_schedules", plan)
        self.store.change("subscriptions", row["id"], {"schedule": made["id"]})
        self.store.emit("subscription_schedules", made, "subscription_schedule.created")
        self.created("subscription_schedules", made)

    def release(self) -> None:
        """A schedule lets its subscription go."""
        row = self.some("subscription_schedules", lambda row: row["status"] == "active")
        if row:
            self.store.change("subscriptions", row["subscription"], {"schedule": None})
            changes = {"status": "released", "released_subscription": row["subscription"], "subscription": None}
            self.changed("subscription_schedules", row, changes, "subscription_schedule.released")

    def happen_unknown(self) -> None:
        """Something that nobody has heard of."""
        self.store.emit("unknown", {"id": f"ft_{self.store.now()}"}, "future_thing.happened")

    def _running(self) -> Fields | None:
        return self.some("subscriptions", lambda row: row["status"] != "canceled")

    def _end(self, row: Fields) -> None:
        changes = {"status": "canceled", "canceled_at": self.store.now()}
        self.changed("subscriptions", row, changes, f"{_SUBSCRIPTION}.deleted")

    def _redeem(self, coupon: Fields) -> None:
        self.store.change("coupons", coupon["id"], {"times_redeemed": coupon["times_redeemed"] + 1})


def life_of(store: StripeStore) -> Life:
    """Return a store's life; its chance depends on what happened before, so that a repeated history is the same."""
    return Life(store, Random(store.made))

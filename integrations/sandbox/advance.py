"""Lets the simulated world move on: a few new, changed and removed vendor objects. Times are the sandbox's clock."""

from integrations.sandbox.hubspot_store import HubspotStore
from integrations.sandbox.kit import KitAccount
from integrations.sandbox.stripe_store import StripeStore


def advance_hubspot(store: HubspotStore, created: int, changed: int, archived: int) -> dict[str, list[str]]:
    """Create contacts with a deal each, change and archive contacts; return the ids by what happened."""
    done: dict[str, list[str]] = {"created": [], "changed": [], "archived": []}
    for number in range(created):
        contact = store.create(
            "contacts",
            {"email": f"ny.kunde{store.now()}.{number}@example.test", "firstname": "Ny", "lastname": "Kunde"},
        )
        deal = store.create("deals", {"dealname": f"Ny aftale {number}", "amount": "12500.00", "pipeline": "default"})
        store.link("deals", deal.id, "contacts", contact.id)
        done["created"] += [f"contacts/{contact.id}", f"deals/{deal.id}"]
    contacts = [number for number in store.index("contacts").live if f"contacts/{number}" not in done["created"]]
    for number in contacts[:changed]:
        store.update("contacts", store.rows["contacts"][number], {"phone": f"+45{store.now() % 100_000_000:08d}"})
        done["changed"].append(f"contacts/{number}")
    for number in contacts[changed : changed + archived]:
        store.archive("contacts", store.rows["contacts"][number])
        done["archived"].append(f"contacts/{number}")
    return done


def advance_stripe(store: StripeStore, created: int, changed: int, archived: int) -> dict[str, list[str]]:
    """Create customers with a paid invoice each, change customers, delete customers; return the ids."""
    done: dict[str, list[str]] = {"created": [], "changed": [], "archived": []}
    existing = [row for row in store.shelves["customers"].rows if not row["deleted"]]
    for number in range(created):
        moment = store.now()
        customer = store.add(
            "customers",
            {
                "email": f"ny.kunde{moment}.{number}@example.test",
                "name": "Ny Kunde",
                "country": "DK",
                "currency": "dkk",
                "deleted": False,
                "tekup_lead_id": None,
            },
            "customer.created",
        )
        money = {"customer": customer["id"], "currency": "dkk"}
        bill = {
            "status": "paid",
            "amount_due": 125_000,
            "amount_paid": 125_000,
            "subscription": None,
            "price": None,
        }
        times = {"period_start": moment, "period_end": moment, "paid_at": moment}
        names = {
            "number": f"TU-N{moment}{number}",
            "line_id": store.new_id("invoices"),
            "product": None,
            "charge": None,
        }
        invoice = store.add("invoices", {**money, **bill, **times, **names}, "invoice.paid")
        payment = {"invoice": invoice["id"], "amount": 125_000, "amount_refunded": 0, "status": "succeeded"}
        settled = {"balance_transaction": store.new_id("charges").replace("ch_", "txn_")}
        charge = store.add("charges", {**money, **payment, **settled}, "charge.succeeded")
        invoice["charge"] = charge["id"]
        done["created"] += [
            f"customers/{customer['id']}",
            f"invoices/{invoice['id']}",
            f"charges/{charge['id']}",
        ]
    for row in existing[:changed]:
        store.change("customers", row, {"name": f"{row['name'] or 'Kunde'} (ændret)"}, "customer.updated")
        done["changed"].append(f"customers/{row['id']}")
    for row in existing[changed : changed + archived]:
        store.change("customers", row, {"deleted": True}, "customer.deleted")
        done["archived"].append(f"customers/{row['id']}")
    return done


def advance_kit(account: KitAccount, created: int, changed: int, archived: int) -> dict[str, list[str]]:
    """Add subscribers, change names, cancel subscribers; return the ids."""
    done: dict[str, list[str]] = {"created": [], "changed": [], "archived": []}
    existing = [number for number, row in account.subscribers.items() if row["state"] == "active"]
    for _ in range(created):
        number, moment = max(account.subscribers, default=1) + 1, account.now()
        account.subscribers[number] = {
            "id": number,
            "created_at": moment,
            "updated_at": moment,
            "email_address": f"ny.abonnent{number}@example.test",
            "first_name": "Ny",
            "state": "active",
            "language": "da",
        }
        if account.tags:
            account.tagged.setdefault(min(account.tags), {})[number] = moment
        done["created"].append(f"subscribers/{number}")
    for place, number in enumerate(existing[: changed + archived]):
        row = account.subscribers[number]
        row["updated_at"] = account.now()
        if place < changed:
            row["first_name"] = f"{row['first_name'] or 'Navn'} (ændret)"
            done["changed"].append(f"subscribers/{number}")
        else:
            row["state"] = "cancelled"
            done["archived"].append(f"subscribers/{number}")
    return done

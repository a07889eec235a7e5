"""Lets the simulated world move on: a few new, changed and removed vendor objects. Times are the sandbox's clock."""

from integrations.sandbox.hubspot_store import HubspotStore
from integrations.sandbox.kit_account import KitAccount
from integrations.sandbox.stripe_life import life_of
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


def advance_stripe(
    store: StripeStore, created: int, changed: int, archived: int, rounds: int = 0
) -> dict[str, list[str]]:
    """Create customers with a paid invoice each, change customers, delete customers; return the ids.

    Then ``rounds`` things of every sort happen, drawn by chance.
    """
    life = life_of(store)
    existing = store.shelves["customers"].living()
    for _ in range(created):
        life.pay(life.draft(life.join()))
    for row in existing[:changed]:
        life.rename(row)
    for row in existing[changed : changed + archived]:
        life.leave(row)
    life.happen(rounds)
    return life.done


def advance_kit(
    account: KitAccount, created: int, changed: int, archived: int, removed: int = 0
) -> dict[str, list[str]]:
    """Add subscribers, change them, let them go, remove some for good; return the ids.

    New ones wear a tag, come by a form, take a sequence, and every second buys something. Changed ones get a new name
    and a tag. Those who go cancel, bounce or complain in turn, and lose a tag.
    """
    done: dict[str, list[str]] = {"created": [], "changed": [], "archived": [], "removed": []}
    existing = [number for number, row in account.subscribers.items() if row["state"] == "active"]
    for place in range(created):
        number = account.subscribe(f"ny.abonnent{account.now()}.{place}@example.test", "Ny")
        for kind, parents in account.members.items():
            if parents:
                account.join(kind, min(parents), number)
        if place % 2:
            account.purchase(number, 149.0)
        done["created"].append(f"subscribers/{number}")
    tags = sorted(account.tables["tags"])
    for place, number in enumerate(existing[: changed + archived + removed]):
        worn = account.parents_of("tags", number)
        if place < changed:
            account.change(number, first_name=f"{account.subscribers[number]['first_name'] or 'Navn'} (ændret)")
            for tag in [tag for tag in tags if tag not in worn][:1]:
                account.join("tags", tag, number)
            done["changed"].append(f"subscribers/{number}")
        elif place < changed + archived:
            account.change(number, state=("cancelled", "bounced", "complained")[(place - changed) % 3])
            for tag in list(worn)[:1]:
                account.leave("tags", tag, number)
            done["archived"].append(f"subscribers/{number}")
        else:
            account.remove("subscribers", number)
            done["removed"].append(f"subscribers/{number}")
    return done

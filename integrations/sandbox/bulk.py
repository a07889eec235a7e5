"""A large simulated account: any number of contacts, each made from its number when it is asked for. No HTTP."""

import numpy as np

from integrations.sandbox.exchange import iso
from integrations.sandbox.hubspot_store import HubspotStore
from integrations.sandbox.hubspot_table import LazyRows, Row, Table

BULK_TENANT = "fjord-software"
_FIRST_ID = 1_000_000_001
_DAY_MS = 86_400_000
_FIRST_NAMES = ("Mette", "Jonas", "Aisha", "Søren", "Ida", "Mads", "Freja", "Oliver", "Åse", "Emil")
_LAST_NAMES = ("Lund", "Friis", "Khan", "Ærø", "Holm", "Berg", "Dam", "Kjær", "Nygaard", "Østergaard")
_CITIES = ("København", "Aarhus", "Odense", "Aalborg", "Esbjerg")
_TITLES = ("Direktør", "Indkøber", "Marketingchef", "CTO", "Salgschef", "Bogholder")
_STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
_SOURCES = ("PAID_SEARCH", "ORGANIC_SEARCH", "EMAIL_MARKETING", "REFERRALS", "DIRECT_TRAFFIC")


def fill_with_contacts(store: HubspotStore, count: int, until_ms: int) -> None:
    """Replace a portal's contacts by ``count`` others, created over the three years before ``until_ms``."""
    ids = _FIRST_ID + np.arange(count, dtype=np.int64)
    created = until_ms - 3 * 365 * _DAY_MS + (np.arange(count, dtype=np.int64) * (3 * 364 * _DAY_MS)) // max(count, 1)
    modified = created + _DAY_MS

    def make(number: int) -> Row:
        place = number - _FIRST_ID
        return Row(number, int(created[place]), int(modified[place]), _properties(place, int(created[place])))

    store.rows["contacts"] = Table(LazyRows(ids, make), ids, created, modified, _FIRST_ID)
    store.define("contacts", *_properties(0, until_ms))


def _properties(place: int, created: int) -> dict[str, str]:
    first, last = _FIRST_NAMES[place % 10], _LAST_NAMES[place // 10 % 10]
    company = f"Firma {place // 7} ApS"
    return {
        "email": f"person{place}@firma{place // 7}.example",
        "firstname": first,
        "lastname": last,
        "phone": f"+45 {20_000_000 + place % 70_000_000}",
        "jobtitle": _TITLES[place % 6],
        "company": company,
        "website": f"https://firma{place // 7}.example",
        "address": f"{last}vej {place % 200}",
        "city": _CITIES[place % 5],
        "zip": str(1000 + place % 8999),
        "country": "Danmark",
        "lifecyclestage": _STAGES[place % 6],
        "hs_lead_status": "OPEN" if place % 3 else "IN_PROGRESS",
        "hs_analytics_source": _SOURCES[place % 5],
        "hs_language": "da" if place % 4 else "en",
        "hubspot_owner_id": str(40_000 + place % 12),
        "num_associated_deals": str(place % 4),
        "annualrevenue": str(place % 1000 * 10_000),
        "first_conversion_date": iso(created),
        "message": f"Vi er {place % 90 + 1} ansatte og vil gerne høre mere om {company}.",
    }

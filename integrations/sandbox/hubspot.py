"""HubSpot CRM v3 and v4, lists and forms over one account: which request gets which answer.

Faults and tokens are handled before; each topic is served by a module of its own.
"""

from integrations.sandbox import hubspot_associations, hubspot_definitions, hubspot_marketing, hubspot_objects
from integrations.sandbox.hubspot_account import Handler, HubspotAccount
from integrations.sandbox.hubspot_answers import error, expired, throttled, unauthorized

__all__ = ["ROUTES", "HubspotAccount", "error", "expired", "throttled", "unauthorized"]

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    *hubspot_objects.ROUTES,
    *hubspot_associations.ROUTES,
    *hubspot_definitions.ROUTES,
    *hubspot_marketing.ROUTES,
)

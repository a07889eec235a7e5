"""The walk over the synchronisation with HubSpot; the portal is the sandbox's."""

from uuid import uuid4

from integrations.sandbox.identifiers import sandbox_credential
from tekup.db import Database, Role
from tekup.directory.connections import store_connection
from tests.security.tour.recording import Tour

PORTAL = "fjord-software"
_ROUTE = "/v1/hubspot-syncs"


def walk(tour: Tour) -> None:
    """Look ahead, switch on, run, and try again what was refused; it is off in the end, so that nothing moves later."""
    store_connection(tour.doors, tour.tenant.id, "hubspot", sandbox_credential("hubspot", PORTAL), is_sandbox=True)
    kind = "companies"
    tour(f"GET {_ROUTE}")
    tour(f"POST {_ROUTE}/{{kind}}/preview", kind=kind, json={"direction": "both"})
    tour(f"PATCH {_ROUTE}/{{kind}}", kind=kind, json={"direction": "in", "rule": "hubspot"})
    tour(f"POST {_ROUTE}/{{kind}}/runs", kind=kind)
    with tour.doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tour.tenant.id) as connection:
        for number in range(2):
            connection.execute(
                "insert into app.hubspot_records (tenant_id, id, kind, object_id, state, reason) "
                "values (%s, %s, %s, %s, 'failed', %s)",
                (tour.tenant.id, uuid4(), kind, f"90{number}", f"{tour.word} was refused"),
            )
    refused = tour(f"GET {_ROUTE}/{{kind}}/failures", kind=kind).json()["items"]
    tour(f"POST {_ROUTE}/{{kind}}/failures/{{failure_id}}/retry", kind=kind, failure_id=refused[0]["id"])
    tour(f"POST {_ROUTE}/{{kind}}/failures/retry", kind=kind)
    tour(f"PATCH {_ROUTE}/{{kind}}", kind=kind, json={"direction": "off"})

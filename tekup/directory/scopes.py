"""The one list of scopes: what a caller may be allowed to do. Which route asks for which stands in the route."""

SCOPES_AND_MEANINGS: dict[str, str] = {
    "scores:read": "the stored score of a lead, and why",
    "scores:write": "scoring leads",
    "leads:read": "leads",
    "leads:write": "storing leads and moving them on",
    "persons:read": "who leads and contacts are: names, addresses, what they wrote",
    "privacy:write": "asking for a person's data or erasure, and fetching the data",
    "contacts:read": "contacts; who they are only with persons:read",
    "contacts:write": "storing, changing, merging and deleting contacts",
    "companies:read": "companies",
    "companies:write": "storing, changing, merging and deleting companies",
    "deals:read": "deals",
    "deals:write": "storing deals and moving them on",
    "pipelines:read": "pipelines and their stages",
    "pipelines:write": "arranging pipelines and their stages",
    "activities:read": "calls, e-mails, meetings, notes and tasks",
    "activities:write": "noting activities and doing tasks",
    "campaigns:read": "campaigns and what they cost",
    "campaigns:write": "storing campaigns and what they cost",
    "automation:read": "rules of automation and assignment, and what they did",
    "automation:write": "arranging rules of automation and assignment",
    "forms:read": "forms for web pages; what was sent in only with persons:read",
    "forms:write": "arranging forms for web pages",
    "experiments:read": "experiments and what came of them",
    "experiments:write": "drafting, starting, stopping and deciding experiments",
    "exposures:write": "asking who gets which variant and telling who saw it, and nothing else",
    "views:read": "saved views: your own and shared ones",
    "views:write": "saving views",
    "files:read": "files of records; what they are only with persons:read",
    "files:write": "putting files to records",
    "touchpoints:write": "sending touchpoints, and nothing else",
    "attribution:read": "credit by channel",
    "kpis:read": "daily figures",
    "audit:read": "the audit trail",
    "tenant:read": "the tenant's connections and their state",
    "tenant:write": "the tenant's settings",
    "events:read": "consumers of events and what they could not do",
    "events:write": "having consumers do events again",
    "webhooks:read": "addresses that events are sent to",
    "webhooks:write": "sending events to addresses",
    "application_data:read": "what applications store",
    "application_data:write": "storing for applications",
    "users:read": "the tenant's users, and who may do what",
    "users:write": "inviting, changing and disabling users",
    "roles:read": "roles with their scopes",
    "roles:write": "the tenant's own roles",
    "tokens:read": "API tokens and clients, without their secrets",
    "tokens:write": "making and revoking API tokens and clients",
    "sessions:write": "other users' sessions: seeing and ending them",
    "identity_providers:read": "the tenant's identity providers",
    "identity_providers:write": "connecting identity providers",
}

SCOPES: tuple[str, ...] = tuple(SCOPES_AND_MEANINGS)

PEOPLE_ONLY = frozenset(
    {"users:write", "roles:write", "tokens:write", "sessions:write", "identity_providers:write", "privacy:write"}
)
"""Scopes that no API token may carry: what they open asks for a person who has just proven who he is."""

MACHINE_SCOPES: tuple[str, ...] = tuple(scope for scope in SCOPES if scope not in PEOPLE_ONLY)

"""The application as a whole: every route guarded and documented, every error a problem document."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from structlog.testing import capture_logs

from serving.app import create_app
from serving.auth.subject import authenticate
from tekup.db import Database, Doors
from tekup.errors import BadInput, DatabaseUnavailable
from tekup.log import configure_logging
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT
from tests.serving.conftest import Api

OPEN_TO_ANYBODY = {
    "POST /v1/auth/token",
    "POST /v1/auth/passkey/options",
    "POST /v1/auth/password-reset",
    "POST /v1/auth/password-reset/confirm",
    "POST /v1/invitations/accept",
    "GET /v1/auth/identity-providers/callback",
    "GET /v1/auth/identity-providers/{provider}",
    "POST /v1/webhooks/{vendor}/{connection}",
    "GET /.well-known/jwks.json",
    "GET /v1/events/asyncapi.json",
    "GET /v1/touchpoints/collector.js",
    "GET /v1/public/forms/form.js",
    "GET /v1/public/forms/{public_key}",
    "POST /v1/public/forms/{public_key}/submissions",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
}
ROUTES_AND_SCOPES = {
    "POST /v1/scores": {"scores:write"},
    "POST /v1/scores/batch": {"scores:write"},
    "GET /v1/leads/{lead_id}/score": {"scores:read"},
    "GET /v1/leads/{lead_id}/score/explanation": {"scores:read"},
    "POST /v1/scores/feedback": {"leads:write"},
    "GET /v1/leads": {"leads:read"},
    "POST /v1/leads": {"leads:write"},
    "GET /v1/leads/{lead_id}": {"leads:read"},
    "PATCH /v1/leads/{lead_id}": {"leads:write"},
    "POST /v1/touchpoints": {"touchpoints:write"},
    "PUT /v1/campaigns/{campaign_id}/spend/{spend_date}": {"campaigns:write"},
    "GET /v1/campaigns/{campaign_id}/pacing": {"campaigns:read"},
    "POST /v1/experiments/assignments": {"exposures:write"},
    "POST /v1/experiments/exposures": {"exposures:write"},
    "GET /v1/experiments/sample-size": {"experiments:read"},
    "GET /v1/experiments/{record_id}/results": {"experiments:read"},
    "POST /v1/experiments/{record_id}/start": {"experiments:write"},
    "POST /v1/experiments/{record_id}/stop": {"experiments:write"},
    "POST /v1/experiments/{record_id}/decision": {"experiments:write"},
    "POST /v1/privacy/requests": {"privacy:write"},
    "GET /v1/privacy/requests": {"privacy:write"},
    "GET /v1/privacy/requests/{request_id}": {"privacy:write"},
    "GET /v1/privacy/requests/{request_id}/archive": {"privacy:write"},
    "GET /v1/search": {"companies:read"},
    "GET /v1/contacts/duplicates": {"contacts:read", "persons:read"},
    "GET /v1/companies/duplicates": {"companies:read"},
    "GET /v1/attribution": {"attribution:read"},
    "GET /v1/attribution/models": {"attribution:read"},
    "GET /v1/attribution/paths": {"attribution:read"},
    "GET /v1/attribution/transitions": {"attribution:read"},
    "GET /v1/kpis": {"kpis:read"},
    "GET /v1/kpis/monthly": {"kpis:read"},
    "GET /v1/churn-predictions": {"scores:read"},
    "GET /v1/leads/{lead_id}/predictions": {"scores:read"},
    "GET /v1/audit": {"audit:read"},
    "GET /v1/audit/heads": {"audit:read"},
    "POST /graphql": set(),
    "GET /v1/tenant": set(),
    "POST /v1/webhook-endpoints": {"webhooks:write"},
    "GET /v1/webhook-endpoints": {"webhooks:read"},
    "GET /v1/webhook-endpoints/{webhook_id}": {"webhooks:read"},
    "PATCH /v1/webhook-endpoints/{webhook_id}": {"webhooks:write"},
    "DELETE /v1/webhook-endpoints/{webhook_id}": {"webhooks:write"},
    "POST /v1/webhook-endpoints/{webhook_id}/secret": {"webhooks:write"},
    "POST /v1/webhook-endpoints/{webhook_id}/ping": {"webhooks:write"},
    "POST /v1/webhook-endpoints/{webhook_id}/replay": {"webhooks:write"},
    "GET /v1/webhook-endpoints/{webhook_id}/deliveries": {"webhooks:read"},
    "GET /v1/webhook-deliveries/{delivery_id}": {"webhooks:read"},
    "POST /v1/webhook-deliveries/{delivery_id}/retry": {"webhooks:write"},
    "PATCH /v1/tenant/settings": {"tenant:write"},
    "GET /v1/applications/{app_name}/schema": {"application_data:read"},
    "PUT /v1/applications/{app_name}/schema": {"application_data:write"},
    "GET /v1/applications/{app_name}/data": {"application_data:read"},
    "POST /v1/applications/{app_name}/data": {"application_data:write"},
    "GET /v1/applications/{app_name}/data/{document_id}": {"application_data:read"},
    "PUT /v1/applications/{app_name}/data/{document_id}": {"application_data:write"},
    "DELETE /v1/applications/{app_name}/data/{document_id}": {"application_data:write"},
    "GET /v1/events": set(),
    "GET /v1/events/stream": set(),
    "GET /v1/events/types": set(),
    "GET /v1/events/types/{name}/{version}": set(),
    "GET /v1/events/consumers": {"events:read"},
    "POST /v1/events/consumers/{consumer}/replay": {"events:write"},
    "GET /v1/events/dead-letters": {"events:read"},
    "POST /v1/events/dead-letters/{consumer}/{event_id}/retry": {"events:write"},
    "DELETE /v1/events/dead-letters/{consumer}/{event_id}": {"events:write"},
    "POST /v1/auth/step-up": set(),
    "POST /v1/auth/sign-out": set(),
    "GET /v1/sessions": set(),
    "DELETE /v1/sessions": set(),
    "DELETE /v1/sessions/{session_id}": set(),
    "GET /v1/me": set(),
    "PUT /v1/me/password": set(),
    "POST /v1/me/totp": set(),
    "POST /v1/me/totp/confirm": set(),
    "DELETE /v1/me/totp": set(),
    "POST /v1/me/recovery-codes": set(),
    "POST /v1/me/passkeys/options": set(),
    "POST /v1/me/passkeys": set(),
    "DELETE /v1/me/passkeys/{passkey_id}": set(),
    "GET /v1/users": {"users:read"},
    "GET /v1/users/{user_id}": {"users:read"},
    "PATCH /v1/users/{user_id}": {"users:write"},
    "DELETE /v1/users/{user_id}/factors": {"users:write"},
    "POST /v1/users/{user_id}/password-reset": {"users:write"},
    "GET /v1/users/{user_id}/sessions": {"sessions:write"},
    "DELETE /v1/users/{user_id}/sessions": {"sessions:write"},
    "GET /v1/access": {"users:read"},
    "PUT /v1/sign-in-policy": {"tenant:write"},
    "GET /v1/invitations": {"users:read"},
    "POST /v1/invitations": {"users:write"},
    "DELETE /v1/invitations/{invitation_id}": {"users:write"},
    "GET /v1/identity-providers": {"identity_providers:read"},
    "POST /v1/identity-providers": {"identity_providers:write"},
    "PATCH /v1/identity-providers/{provider_id}": {"identity_providers:write"},
    "DELETE /v1/identity-providers/{provider_id}": {"identity_providers:write"},
    "POST /v1/me/identities/{provider_id}": set(),
    "GET /v1/scopes": set(),
    "GET /v1/roles": {"roles:read"},
    "POST /v1/roles": {"roles:write"},
    "PUT /v1/roles/{name}": {"roles:write"},
    "DELETE /v1/roles/{name}": {"roles:write"},
    "GET /v1/tokens": {"tokens:read"},
    "POST /v1/tokens": {"tokens:write"},
    "DELETE /v1/tokens/{token_id}": {"tokens:write"},
}
# the CRM's resources, with what their scopes begin with; each has the same routes
RESOURCES = {
    "companies": "companies", "contacts": "contacts", "deals": "deals", "pipelines": "pipelines", "stages": "pipelines",
    "activities": "activities", "campaigns": "campaigns", "campaign-spend": "campaigns", "custom-fields": "tenant",
    "automation-rules": "automation", "assignment-rules": "automation", "forms": "forms", "saved-views": "views",
    "files": "files",
    "experiments": "experiments",
}  # fmt: skip
ROUTES_OF_A_LOG = ("GET …", "GET …/export", "GET …/{record_id}")
ROUTES_OF_A_RESOURCE = {
    "GET …": "read", "GET …/export": "read", "GET …/{record_id}": "read", "POST …": "write", "POST …/bulk": "write",
    "PATCH …/{record_id}": "write", "DELETE …/{record_id}": "write",
}  # fmt: skip
ROUTES_AND_SCOPES |= {
    route.replace("…", f"/v1/{name}"): {f"{scope}:{right}"}
    for name, scope in RESOURCES.items()
    for route, right in ROUTES_OF_A_RESOURCE.items()
}
ROUTES_AND_SCOPES |= {
    route.replace("…", f"/v1/{name}"): {f"{name}:write"}
    for name in ("contacts", "companies")
    for route in ("POST …/{record_id}/merges", "GET …/{record_id}/merges", "POST …/merges/{merge_id}/undo")
}
ROUTES_AND_SCOPES |= {route.replace("…", "/v1/form-submissions"): {"forms:read"} for route in ROUTES_OF_A_LOG}
ROUTES_AND_SCOPES |= {route.replace("…", "/v1/automation-runs"): {"automation:read"} for route in ROUTES_OF_A_LOG}
ROUTES_AND_SCOPES |= {
    "GET /v1/automation-rules/triggers": {"automation:read"},
    **{f"POST /v1/{name}/imports": {f"{name}:write"} for name in ("contacts", "companies", "deals")},
    "GET /v1/utm-rules": {"campaigns:read"},
    "PUT /v1/utm-rules": {"campaigns:write"},
    "POST /v1/utm-links": {"campaigns:read"},
    "GET /v1/assignment-rules/loads": {"automation:read"},
    "POST /v1/leads/assignments": {"leads:write"},
    "POST /v1/deals/assignments": {"deals:write"},
    "POST /v1/automation-rules/dry-run": {"automation:write"},
    "POST /v1/automation-runs/{record_id}/retry": {"automation:write"},
}
GUIDES = ("api.md", "crm.md", "automation.md", "assignment.md", "forms.md", "search.md", "crm-import.md")


def routes_of(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for method in route.methods:
                yield f"{method} {route.path}", route


def guards(dependant: Dependant) -> Iterator[set[str]]:
    """Scopes of each place where the route asks who is calling."""
    for needed in dependant.dependencies:
        if needed.call is authenticate:
            yield {*(needed.parent_oauth_scopes or []), *(needed.own_oauth_scopes or [])}
        yield from guards(needed)


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


def test_every_route_asks_who_is_calling_or_is_meant_to_be_open(app: FastAPI) -> None:
    seen = {}
    for name, route in routes_of(app):
        found = list(guards(route.dependant))
        if name in OPEN_TO_ANYBODY:
            assert not found, name
        else:
            assert len(found) == 1, f"{name} must ask for a subject once in its signature"
            seen[name] = found[0]
    assert seen == ROUTES_AND_SCOPES


def test_the_openapi_document_lists_exactly_these_routes(app: FastAPI) -> None:
    document = app.openapi()
    listed = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert listed == OPEN_TO_ANYBODY | set(ROUTES_AND_SCOPES)


def test_every_route_is_explained_and_names_its_problem_documents(app: FastAPI) -> None:
    for methods in app.openapi()["paths"].values():
        for operation in methods.values():
            assert len(operation["description"]) > 20
            assert "default" in operation["responses"]


def test_every_route_that_says_reasons_describes_how_to_choose_their_language(app: FastAPI) -> None:
    document = app.openapi()
    saying = {
        name
        for name, methods in document["paths"].items()
        for operation in methods.values()
        if {"language", "accept-language"} <= {one["name"] for one in operation.get("parameters", [])}
    }
    lead = "/v1/leads/{lead_id}/score"
    results = "/v1/experiments/{record_id}/results"
    assert saying == {
        "/v1/scores",
        "/v1/scores/batch",
        lead,
        f"{lead}/explanation",
        "/v1/churn-predictions",
        results,
        "/graphql",
    }
    assert document["components"]["schemas"]["Reason"]["properties"]["sentence"]["description"]


def test_every_route_is_in_the_guide_for_developers(app: FastAPI) -> None:
    guide = "".join((ROOT / "docs" / name).read_text() for name in GUIDES)
    told = {
        route.replace("…", f"/v1/{name}")
        for name in RESOURCES
        for route in ROUTES_OF_A_RESOURCE
        if f"`/v1/{name}`" in guide and f"`{route}`" in guide
    }
    missing = [name for name, _ in routes_of(app) if f"`{name}`" not in guide and name not in told]
    assert not missing


def test_every_anonymous_call_gets_401(client: httpx.Client) -> None:
    for name in ROUTES_AND_SCOPES:
        method, path = name.split()
        answer = client.request(method, re.sub(r"\{.*?\}", "00000000-0000-7000-8000-000000000000", path))
        assert answer.status_code == 401, name


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/v1/leads", 405)])
def test_unknown_paths_and_methods_get_problem_documents(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["type"].startswith("urn:tekup:problem:")


def test_every_answer_has_a_request_id_and_security_headers(client: httpx.Client) -> None:
    for path in ("/healthz", "/nowhere", "/v1/leads", "/docs"):
        answer = client.get(path, headers={"x-request-id": "given-by-caller"})
        assert answer.headers["x-request-id"] == "given-by-caller"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-frame-options"] == "DENY"
    odd = client.get("/healthz", headers={"x-request-id": "a b\tc"})
    assert re.fullmatch(r"[0-9a-f-]{36}", odd.headers["x-request-id"])


def test_faults_behind_the_routes_get_problem_documents_that_leak_nothing(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("secret-detail")

    @app.get("/bad")
    async def bad() -> None:
        raise BadInput("the file is empty", hint="send another")

    @app.get("/down")
    async def down() -> None:
        raise DatabaseUnavailable("can't connect to db.internal:5432", hint="check TEKUP_DATABASE_URL")

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.get(path, headers={"x-request-id": "req-12345"}) for path in ("/bug", "/bad", "/down")]

    bug_answer, bad_answer, down_answer = asyncio.run(ask())
    assert (bug_answer.status_code, bad_answer.status_code, down_answer.status_code) == (500, 422, 503)
    assert bug_answer.json()["request_id"] == bug_answer.headers["x-request-id"] == "req-12345"
    assert "secret" not in bug_answer.text
    assert bad_answer.json()["hint"] == "send another"
    assert "internal" not in down_answer.text
    assert "TEKUP" not in down_answer.text


def test_a_mart_that_is_not_built_gets_503_with_what_to_do(
    client: httpx.Client, as_a: dict[str, str], doors: Doors, filled: TwoTenants
) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
        connection.execute("alter table marts.kpi_tenant_daily rename to away")
    try:
        answer = client.get("/v1/kpis", headers=as_a)
    finally:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            connection.execute("alter table marts.away rename to kpi_tenant_daily")
    assert answer.status_code == 503
    assert "tekup run" in answer.json()["hint"]
    assert client.get("/v1/kpis", headers=as_a).status_code == 200


def test_the_access_log_holds_no_token_query_or_id(api: Api, as_a: dict[str, str]) -> None:
    configure_logging("INFO")
    with capture_logs() as lines:
        api.client.get("/v1/leads", headers=as_a, params={"source": "secret-source"})
        api.client.post(
            "/v1/auth/token", data={"grant_type": "password", "username": "a@b.dk", "password": "hush-hush"}
        )
    configure_logging(api.app.state.settings.log_level)
    text = str([line for line in lines if line["event"] == "request"])
    assert "'route': '/v1/leads'" in text
    for secret in ("secret-source", "hush-hush", "a@b.dk", as_a["authorization"].split()[1]):
        assert secret not in str(lines)

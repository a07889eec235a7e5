"""All routers of the HTTP API on one screen."""

from fastapi import FastAPI

from serving.account.endpoints import router as account
from serving.application_data.endpoints import router as application_data
from serving.assignment.endpoints import router as assignment
from serving.attribution.endpoints import router as attribution
from serving.audit.endpoints import router as audit
from serving.auth.endpoints import router as auth
from serving.automation.endpoints import router as automation
from serving.campaigns.endpoints import router as campaigns
from serving.crm.endpoints import router as crm
from serving.deliveries.endpoints import router as deliveries
from serving.events.endpoints import router as events
from serving.experiments.endpoints import router as experiments
from serving.explanations.endpoints import router as explanations
from serving.files.endpoints import router as files
from serving.forms.endpoints import router as forms
from serving.graphql.endpoints import router as graphql
from serving.health.endpoints import router as health
from serving.identity_providers.endpoints import router as identity_providers
from serving.imports.endpoints import router as imports
from serving.kpis.endpoints import router as kpis
from serving.leads.endpoints import router as leads
from serving.links.endpoints import router as links
from serving.predictions.endpoints import router as predictions
from serving.privacy.endpoints import router as privacy
from serving.roles.endpoints import router as roles
from serving.scores.endpoints import router as scores
from serving.search.endpoints import router as search
from serving.sessions.endpoints import router as sessions
from serving.tenants.endpoints import router as tenants
from serving.tokens.endpoints import router as tokens
from serving.touchpoints.endpoints import router as touchpoints
from serving.users.endpoints import router as users
from serving.views.endpoints import router as views
from serving.webhooks.endpoints import router as webhooks

ROUTERS = (
    auth,
    scores,
    explanations,
    predictions,
    leads,
    crm,
    campaigns,
    imports,
    search,
    views,
    files,
    assignment,
    automation,
    forms,
    links,
    touchpoints,
    experiments,
    attribution,
    kpis,
    graphql,
    audit,
    tenants,
    account,
    sessions,
    users,
    roles,
    tokens,
    identity_providers,
    privacy,
    events,
    deliveries,
    application_data,
    webhooks,
    health,
)


def include_routers(app: FastAPI) -> None:
    """Give ``app`` every route."""
    for router in ROUTERS:
        app.include_router(router)

"""Routes of links."""

from fastapi import APIRouter, Request

from serving.kit.databases import AppDatabases
from serving.links import service as link_service
from serving.links.auth import LinkBuilder, RuleSetter
from serving.links.schemas import UtmLink, UtmLinkRequest, UtmRules, UtmRulesUpdate

router = APIRouter(tags=["campaigns"])


@router.get("/v1/utm-rules")
async def get_utm_rules(subject: LinkBuilder, databases: AppDatabases) -> UtmRules:
    """How sources, mediums and campaigns are to be named; without rules every name is allowed."""
    return await link_service.get_rules(databases, subject)


@router.put("/v1/utm-rules")
async def set_utm_rules(
    request: Request, subject: RuleSetter, databases: AppDatabases, body: UtmRulesUpdate
) -> UtmRules:
    """Set the rules of naming. Links and new campaigns keep them from now on; what stands already keeps its name."""
    return await link_service.set_rules(databases, subject, body, request.scope["request_id"])


@router.post("/v1/utm-links")
async def build_utm_link(subject: LinkBuilder, databases: AppDatabases, body: UtmLinkRequest) -> UtmLink:
    """A link with its UTM parameters, in names that keep the rules; other parameters of the address stay."""
    return await link_service.build(databases, subject, body)

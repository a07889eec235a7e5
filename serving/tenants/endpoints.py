"""Routes of the caller's tenant."""

from fastapi import APIRouter, Request

from serving.kit.databases import AppDatabases
from serving.tenants import service as tenant_service
from serving.tenants.auth import Anybody, Settler
from serving.tenants.schemas import Tenant, TenantSettingsUpdate

router = APIRouter(prefix="/v1/tenant", tags=["tenant"])


@router.get("")
async def get_own_tenant(subject: Anybody, databases: AppDatabases) -> Tenant:
    """The tenant that the token speaks for, with the token's scopes and the user's role."""
    return await tenant_service.get_own_tenant(databases, subject)


@router.patch("/settings")
async def change_settings(
    request: Request, subject: Settler, databases: AppDatabases, body: TenantSettingsUpdate
) -> Tenant:
    """Change the tenant's settings: those that you name, and no others."""
    return await tenant_service.change_settings(databases, subject, body, request.scope["request_id"])

"""Routes of the caller's tenant."""

from fastapi import APIRouter

from serving.kit.databases import AppDatabases
from serving.tenants import service as tenant_service
from serving.tenants.auth import Anybody
from serving.tenants.schemas import Tenant

router = APIRouter(prefix="/v1/tenant", tags=["tenant"])


@router.get("")
async def get_own_tenant(subject: Anybody, databases: AppDatabases) -> Tenant:
    """The tenant that the token speaks for, with the token's scopes and the user's role."""
    return await tenant_service.get_own_tenant(databases, subject)

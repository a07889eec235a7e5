"""Routes of roles and scopes."""

from fastapi import APIRouter, Request, Response

from serving.kit.databases import AppDatabases
from serving.roles import service as role_service
from serving.roles.auth import Anybody, RoleReader, RoleWriter
from serving.roles.schemas import Role, RoleCreate, RoleList, RoleUpdate, Scope, ScopeList
from tekup.directory.scopes import SCOPES_AND_MEANINGS

router = APIRouter(tags=["roles"])


@router.get("/v1/scopes")
async def list_scopes(subject: Anybody) -> ScopeList:
    """Every scope there is and what it opens."""
    return ScopeList(items=[Scope(name=name, opens=opens) for name, opens in SCOPES_AND_MEANINGS.items()])


@router.get("/v1/roles")
async def list_roles(subject: RoleReader, databases: AppDatabases) -> RoleList:
    """The built-in roles and the tenant's own, with their scopes."""
    return await role_service.list_roles(databases, subject)


@router.post("/v1/roles", status_code=201)
async def create_role(request: Request, subject: RoleWriter, databases: AppDatabases, body: RoleCreate) -> Role:
    """Make a role of the tenant's own, of scopes that you hold yourself."""
    return await role_service.create_role(databases, subject, body, request.scope["request_id"])


@router.put("/v1/roles/{name}")
async def change_role(
    request: Request, subject: RoleWriter, databases: AppDatabases, name: str, body: RoleUpdate
) -> Role:
    """Change what a role of the tenant's own opens: for everybody who has it, within a second."""
    return await role_service.change_role(databases, subject, name, body, request.scope["request_id"])


@router.delete("/v1/roles/{name}", status_code=204)
async def delete_role(request: Request, subject: RoleWriter, databases: AppDatabases, name: str) -> Response:
    """Delete a role of the tenant's own that nobody has."""
    await role_service.delete_role(databases, subject, name, request.scope["request_id"])
    return Response(status_code=204)

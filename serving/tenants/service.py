"""What a caller may know of his tenant, and its settings."""

from serving.auth.repository import AuthRepository
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import not_found
from serving.tenants.repository import TenantRowRepository
from serving.tenants.schemas import Tenant, TenantSettingsUpdate


async def get_own_tenant(databases: Databases, subject: Subject) -> Tenant:
    """The subject's tenant and what the subject may do there."""
    async with databases.operational(subject.context) as session:
        row = await TenantRowRepository(session, subject.tenant_id).find()
    if row is None:
        raise not_found("tenant")
    return Tenant(
        id=row.id,
        name=row.name,
        domain=row.domain,
        status=row.status,
        settings=row.settings,
        created_at=row.created_at,
        scopes=sorted(subject.scopes),
        role=subject.role,
    )


async def change_settings(
    databases: Databases, subject: Subject, body: TenantSettingsUpdate, request_id: str
) -> Tenant:
    """Change settings; the database tells of it (`TenantChanged`) in the same transaction.

    Raises:
        Problem: 404 the tenant is gone.
    """
    changes = body.model_dump(exclude_unset=True)
    async with databases.operational(subject.context, read_only=False) as session:
        if not await TenantRowRepository(session, subject.tenant_id).merge_settings(changes):
            raise not_found("tenant")
        await AuthRepository(session, subject.tenant_id).write_audit(
            subject.kind, subject.id, "tenant.settings", request_id=request_id, details=changes
        )
    return await get_own_tenant(databases, subject)

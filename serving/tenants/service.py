"""What a caller may know of his tenant."""

from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import not_found
from serving.tenants.repository import TenantRowRepository
from serving.tenants.schemas import Tenant


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

"""SQL of callers' standing. The log's own SQL is the consumers'."""

from uuid import UUID

from sqlalchemy import text

from serving.kit.repository import TenantRepository

_STANDING = text(
    """
select id, md5(concat_ws('|', t.status, m.standing)) as standing
from (
    select id, concat_ws('|', role, status, permissions, (
        select max(ended_at) from app.sessions
        where sessions.tenant_id = users.tenant_id and sessions.user_id = users.id
    )) as standing
    from app.users where tenant_id = :tenant_id and id = any(:subjects)
    union all
    select id, concat_ws('|', scopes, expires_at, revoked_at, expires_at < now()) as standing
    from app.api_tokens where tenant_id = :tenant_id and id = any(:subjects)
) as m
cross join (select status from app.tenants where tenant_id = :tenant_id) as t
"""
)


class StandingRepository(TenantRepository):
    """What decides whether the tenant's users and tokens may listen, as one value each."""

    async def standing_of(self, subjects: set[UUID]) -> dict[UUID, str]:
        """A value that changes with the subject's role, status, sessions, scopes, end, or the tenant's status."""
        rows = await self.session.execute(_STANDING, {"tenant_id": self.tenant_id, "subjects": list(subjects)})
        return {row.id: row.standing for row in rows}

"""Who may do what: users by their roles, tokens and clients by their own scopes and their makers'."""

from serving.auth.subject import Subject, living_scopes
from serving.auth.token_repository import TokenRepository
from serving.auth.user_repository import UserRepository
from serving.kit.databases import Databases
from serving.users.schemas import Access, AccessList
from tekup.tenancy import TenantContext


async def list_access(databases: Databases, subject: Subject, scope: str | None) -> AccessList:
    """Everybody and everything that may act for the tenant today, perhaps only those who hold ``scope``."""
    async with databases.operational(TenantContext.system(subject.tenant_id)) as session:
        people = await UserRepository(session, subject.tenant_id).everybody()
        tokens = await TokenRepository(session, subject.tenant_id).everything()
    found = [
        Access(kind="user", id=row.id, name=row.email, role=row.role, scopes=sorted(scopes)) for row, scopes in people
    ]
    for token_id, name, stored in tokens:
        scopes = living_scopes(stored)
        if scopes is not None:
            is_client = stored.kind == "client"
            found.append(
                Access(
                    kind="client" if is_client else "token", id=token_id, name=name, role=None, scopes=sorted(scopes)
                )
            )
    return AccessList(items=[one for one in found if scope is None or scope in one.scopes])

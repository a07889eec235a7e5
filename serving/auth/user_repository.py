"""SQL of the tenant's users as they are administered and as they change themselves."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, insert, or_, tuple_, update

from serving.auth.repository import scopes_of
from serving.kit.repository import TenantRepository
from serving.models.operational import tenants, users
from serving.models.sign_in import passkeys, roles, totp_factors
from tekup.directory.roles import BUILT_IN, RoleDefinition
from tekup.ids import uuid7


class UserRepository(TenantRepository):
    """Users and roles of one tenant."""

    async def page(self, after: tuple[str, UUID] | None, limit: int, status: str | None) -> list[Row[Any]]:
        """Users by e-mail, from after a position on."""
        u = users.c
        query = self._shown().order_by(u.email, u.id).limit(limit)
        if after is not None:
            query = query.where(tuple_(u.email, u.id) > tuple_(*after))
        if status is not None:
            query = query.where(u.status == status)
        return list(await self.fetch_all(query))

    async def find(self, user_id: UUID) -> Row[Any] | None:
        """One user."""
        return await self.fetch_one(self._shown().where(users.c.id == user_id))

    async def find_by_email(self, email: str) -> Row[Any] | None:
        """The user with this e-mail."""
        return await self.fetch_one(self._shown().where(users.c.email == email))

    async def find_role(self, name: str) -> RoleDefinition | None:
        """A built-in role or one of the tenant's own."""
        if name in BUILT_IN:
            return BUILT_IN[name]
        row = await self.fetch_one(self.rows_of(roles).where(roles.c.name == name))
        return None if row is None else RoleDefinition(row.name, row.description, frozenset(row.scopes), False)

    async def own_roles(self) -> list[RoleDefinition]:
        """The tenant's own roles by name."""
        rows = await self.fetch_all(self.rows_of(roles).order_by(roles.c.name))
        return [RoleDefinition(row.name, row.description, frozenset(row.scopes), False) for row in rows]

    async def put_role(self, name: str, description: str, scopes: frozenset[str], *, is_new: bool) -> bool:
        """Store a role of the tenant's own; False where there is none to change."""
        values = {"description": description, "scopes": sorted(scopes)}
        if is_new:
            await self.session.execute(insert(roles).values(tenant_id=self.tenant_id, name=name, **values))
            return True
        row = await self.fetch_one(
            update(roles)
            .where(roles.c.tenant_id == self.tenant_id, roles.c.name == name)
            .values(**values, updated_at=func.now())
            .returning(roles.c.name)
        )
        return row is not None

    async def delete_role(self, name: str) -> bool:
        """Delete a role of the tenant's own; False where there is none."""
        row = await self.fetch_one(
            delete(roles).where(roles.c.tenant_id == self.tenant_id, roles.c.name == name).returning(roles.c.name)
        )
        return row is not None

    async def add_invited(self, email: str, full_name: str, role: str) -> UUID:
        """A user who has yet to accept."""
        user_id = uuid7()
        await self.session.execute(
            insert(users).values(
                tenant_id=self.tenant_id, id=user_id, email=email, full_name=full_name, role=role, status="invited"
            )
        )
        return user_id

    async def change(self, user_id: UUID, **values: Any) -> bool:
        """Change a user's columns; False where the database lets nobody of this context at him."""
        row = await self.fetch_one(
            update(users)
            .where(users.c.tenant_id == self.tenant_id, users.c.id == user_id)
            .values(**values, updated_at=func.now())
            .returning(users.c.id)
        )
        return row is not None

    async def delete_invited(self, user_ids: list[UUID]) -> None:
        """Forget users who never accepted."""
        u = users.c
        await self.session.execute(
            delete(users).where(u.tenant_id == self.tenant_id, u.id.in_(user_ids), u.status == "invited")
        )

    async def everybody(self) -> list[tuple[Row[Any], frozenset[str]]]:
        """All users who may sign in, with their scopes."""
        u = users.c
        query = (
            self.rows_of(users, u.id, u.email, u.role, roles.c.scopes.label("own_scopes"))
            .outerjoin(roles, and_(roles.c.tenant_id == u.tenant_id, roles.c.name == u.role))
            .where(u.status == "active")
            .order_by(u.email)
        )
        return [(row, scopes_of(row.role, row.own_scopes)) for row in await self.fetch_all(query)]

    async def change_setting(self, name: str, value: bool) -> None:
        """Set one of the tenant's settings."""
        await self.session.execute(
            update(tenants)
            .where(tenants.c.tenant_id == self.tenant_id)
            .values(settings=tenants.c.settings.op("||")(func.jsonb_build_object(name, value)))
        )

    def _shown(self) -> Any:
        u, t = users.c, totp_factors.c
        has_passkey = self.rows_of(passkeys, passkeys.c.id).where(passkeys.c.user_id == u.id).exists()
        has_totp = self.rows_of(totp_factors, t.user_id).where(t.user_id == u.id, t.confirmed_at.is_not(None)).exists()
        return self.rows_of(
            users, u.id, u.email, u.full_name, u.role, u.status, u.last_sign_in_at, u.created_at,
            or_(has_totp, has_passkey).label("has_second_factor"),
        )  # fmt: skip

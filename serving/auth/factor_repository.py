"""SQL of second factors: authenticator apps, recovery codes and passkeys. How a code is made is not known here."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from serving.kit.repository import TenantRepository
from serving.models.sign_in import passkeys, recovery_codes, totp_factors
from tekup.ids import uuid7


class FactorRepository(TenantRepository):
    """Second factors of one tenant's users."""

    async def methods_of(self, user_id: UUID) -> list[str]:
        """Which kinds of second factor the user has."""
        t, p = totp_factors.c, passkeys.c
        app = await self.fetch_one(
            self.rows_of(totp_factors, t.user_id).where(t.user_id == user_id, t.confirmed_at.is_not(None))
        )
        key = await self.fetch_one(self.rows_of(passkeys, p.id).where(p.user_id == user_id).limit(1))
        return ["totp", "recovery_code"] * (app is not None) + ["passkey"] * (key is not None)

    async def find_totp(self, user_id: UUID) -> Row[Any] | None:
        """The user's authenticator app, confirmed or pending."""
        return await self.fetch_one(self.rows_of(totp_factors).where(totp_factors.c.user_id == user_id))

    async def put_pending_totp(self, user_id: UUID, sealed: bytes) -> None:
        """Remember a secret that the user has yet to show."""
        statement = upsert(totp_factors).values(tenant_id=self.tenant_id, user_id=user_id, pending_sealed=sealed)
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "user_id"], set_={"pending_sealed": statement.excluded.pending_sealed}
            )
        )

    async def confirm_totp(self, user_id: UUID, sealed: bytes, counter: int) -> None:
        """Make the shown secret the user's, with the counter of the code that showed it already used."""
        t = totp_factors.c
        await self.session.execute(
            update(totp_factors)
            .where(t.tenant_id == self.tenant_id, t.user_id == user_id)
            .values(secret_sealed=sealed, pending_sealed=None, confirmed_at=func.now(), last_counter=counter)
        )

    async def use_counter(self, user_id: UUID, counter: int) -> bool:
        """Spend a code's time step; False where it, or a later one, was spent before."""
        t = totp_factors.c
        row = await self.fetch_one(
            update(totp_factors)
            .where(t.tenant_id == self.tenant_id, t.user_id == user_id, t.last_counter < counter)
            .values(last_counter=counter)
            .returning(t.user_id)
        )
        return row is not None

    async def delete_totp(self, user_id: UUID) -> bool:
        """Take the authenticator app away, and the recovery codes with it; whether there was one."""
        row = await self.fetch_one(
            delete(totp_factors)
            .where(totp_factors.c.tenant_id == self.tenant_id, totp_factors.c.user_id == user_id)
            .returning(totp_factors.c.user_id)
        )
        await self.replace_recovery_codes(user_id, [])
        return row is not None

    async def replace_recovery_codes(self, user_id: UUID, hashes: list[bytes]) -> None:
        """Give the user new recovery codes in place of all older ones."""
        r = recovery_codes.c
        await self.session.execute(delete(recovery_codes).where(r.tenant_id == self.tenant_id, r.user_id == user_id))
        if hashes:
            await self.session.execute(
                insert(recovery_codes),
                [{"tenant_id": self.tenant_id, "id": uuid7(), "user_id": user_id, "code_hash": h} for h in hashes],
            )

    async def use_recovery_code(self, user_id: UUID, code_hash: bytes) -> bool:
        """Spend a recovery code; False where the user has none such, or spent it before."""
        r = recovery_codes.c
        row = await self.fetch_one(
            update(recovery_codes)
            .where(r.tenant_id == self.tenant_id, r.user_id == user_id, r.code_hash == code_hash, r.used_at.is_(None))
            .values(used_at=func.now())
            .returning(r.id)
        )
        return row is not None

    async def count_recovery_codes(self, user_id: UUID) -> int:
        """How many recovery codes are left."""
        r = recovery_codes.c
        rows = await self.fetch_all(self.rows_of(recovery_codes, r.id).where(r.user_id == user_id, r.used_at.is_(None)))
        return len(rows)

    async def list_passkeys(self, user_id: UUID) -> list[Row[Any]]:
        """The user's passkeys, oldest first."""
        p = passkeys.c
        return list(await self.fetch_all(self.rows_of(passkeys).where(p.user_id == user_id).order_by(p.created_at)))

    async def find_passkey(self, credential_id: bytes) -> Row[Any] | None:
        """The passkey with this credential id."""
        return await self.fetch_one(self.rows_of(passkeys).where(passkeys.c.credential_id == credential_id))

    async def add_passkey(self, user_id: UUID, **values: Any) -> UUID:
        """Remember a passkey of the user."""
        passkey_id = uuid7()
        await self.session.execute(
            insert(passkeys).values(tenant_id=self.tenant_id, id=passkey_id, user_id=user_id, **values)
        )
        return passkey_id

    async def note_passkey_use(self, passkey_id: UUID, before: int, after: int) -> bool:
        """Move the passkey's counter on; False where another use moved it meanwhile."""
        p = passkeys.c
        row = await self.fetch_one(
            update(passkeys)
            .where(p.tenant_id == self.tenant_id, p.id == passkey_id, p.sign_count == before)
            .values(sign_count=after, last_used_at=func.now())
            .returning(p.id)
        )
        return row is not None

    async def delete_passkey(self, user_id: UUID, passkey_id: UUID) -> bool:
        """Forget a passkey of the user; whether there was one."""
        p = passkeys.c
        row = await self.fetch_one(
            delete(passkeys)
            .where(p.tenant_id == self.tenant_id, p.user_id == user_id, p.id == passkey_id)
            .returning(p.id)
        )
        return row is not None

    async def delete_all(self, user_id: UUID) -> None:
        """Take every second factor of the user away."""
        await self.delete_totp(user_id)
        p = passkeys.c
        await self.session.execute(delete(passkeys).where(p.tenant_id == self.tenant_id, p.user_id == user_id))

"""SQL of steps of a sign-in that wait for the next one: each hashed, short-lived, and good once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson
from sqlalchemy import delete, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from serving.kit.repository import TenantRepository
from serving.models.sign_in import sign_in_challenges
from tekup.clock import utc_now
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal
from tekup.directory.opaque import Opaque, make_opaque
from tekup.ids import uuid7

ATTEMPTS = 5
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Challenge:
    """An open step: whose it is and what was put down for the next one."""

    id: UUID
    user_id: UUID | None
    data: dict[str, str]


class ChallengeRepository(TenantRepository):
    """Open steps of one tenant."""

    async def open(
        self,
        key: MasterKey,
        kind: str,
        lifetime: timedelta,
        *,
        user_id: UUID | None = None,
        data: dict[str, str] | None = None,
    ) -> str:
        """Begin a step; the text that continues it is stored nowhere, and ``data`` is sealed."""
        step_id = uuid7()
        text, secret_hash = make_opaque(f"{kind}_", self.tenant_id, step_id)
        c = sign_in_challenges.c
        # ended steps go as new ones come, so that the table stays as small as a day's sign-ins
        await self.session.execute(
            delete(sign_in_challenges).where(c.tenant_id == self.tenant_id, c.expires_at < utc_now() - _KEPT)
        )
        await self.session.execute(
            insert(sign_in_challenges).values(
                tenant_id=self.tenant_id,
                id=step_id,
                kind=kind,
                user_id=user_id,
                secret_hash=secret_hash,
                data_sealed=seal(key, self.tenant_id, place_of(step_id), orjson.dumps(data or {}).decode()),
                expires_at=utc_now() + lifetime,
            )
        )
        return text

    async def attempt(self, key: MasterKey, kind: str, token: Opaque) -> Challenge | None:
        """Count one attempt at an open step; None where it is over, used or tried too often."""
        c = sign_in_challenges.c
        row = await self.fetch_one(
            update(sign_in_challenges)
            .where(c.tenant_id == self.tenant_id, c.id == token.id, c.kind == kind, c.secret_hash == token.secret_hash)
            .where(c.used_at.is_(None), c.expires_at > func.now(), c.attempts < ATTEMPTS)
            .values(attempts=c.attempts + 1)
            .returning(c.id, c.user_id, c.data_sealed)
        )
        if row is None:
            return None
        data: dict[str, str] = orjson.loads(unseal(key, self.tenant_id, place_of(row.id), bytes(row.data_sealed)))
        return Challenge(row.id, row.user_id, data)

    async def use(self, step_id: UUID) -> bool:
        """Close the step; False where another request closed it first."""
        c = sign_in_challenges.c
        row = await self.fetch_one(
            update(sign_in_challenges)
            .where(c.tenant_id == self.tenant_id, c.id == step_id, c.used_at.is_(None))
            .values(used_at=func.now())
            .returning(c.id)
        )
        return row is not None

    async def use_outside(self, step_id: UUID, kind: str, lifetime: timedelta) -> bool:
        """Close a step that was begun before a tenant was known; False where it was closed already."""
        statement = (
            upsert(sign_in_challenges)
            .values(
                tenant_id=self.tenant_id,
                id=step_id,
                kind=kind,
                secret_hash=b"",
                expires_at=utc_now() + lifetime,
                used_at=func.now(),
            )
            .on_conflict_do_nothing()
            .returning(sign_in_challenges.c.id)
        )
        return await self.fetch_one(statement) is not None


def place_of(step_id: UUID) -> str:
    """Where a step's data are sealed for."""
    return f"sign_in_challenges.data:{step_id}"

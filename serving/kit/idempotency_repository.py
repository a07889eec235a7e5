"""SQL of requests that happen once. When a request counts as the same is decided elsewhere."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from serving.kit.repository import TenantRepository
from tekup.crypto.columns import SealedColumn

PLACE = "idempotency_key.answer"
SEALED = SealedColumn("app.idempotency_key", "answer_sealed", ("caller_id", "route", "key"), (), lambda row: PLACE)
"""For rotations."""
KEPT_HOURS = 24
WAIT_SECONDS = 10
_SWEPT = 20

# a key whose time is over is as good as new; another request with the same key waits here for the end of the first
_CLAIM = text(
    f"""
insert into app.idempotency_key as k (tenant_id, caller_id, route, key, request_hash, expires_at)
values (:tenant_id, :caller_id, :route, :key, :request_hash, now() + interval '{KEPT_HOURS} hours')
on conflict (tenant_id, caller_id, route, key) do update
set request_hash = excluded.request_hash, status = null, headers = null, answer_sealed = null,
    expires_at = excluded.expires_at, created_at = now()
where k.expires_at < now()
returning true
"""  # noqa: S608  # a number of our own
)
_SWEEP = text(
    f"""
delete from app.idempotency_key where tenant_id = :tenant_id and (caller_id, route, key) in (
    select caller_id, route, key from app.idempotency_key
    where tenant_id = :tenant_id and expires_at < now() limit {_SWEPT} for update skip locked
)
"""  # noqa: S608  # a number of our own
)
_ANSWER = text(
    "update app.idempotency_key set status = :status, headers = cast(:headers as jsonb), answer_sealed = :answer "
    "where tenant_id = :tenant_id and caller_id = :caller_id and route = :route and key = :key"
)
_FIND = text(
    "select request_hash, status, headers, answer_sealed from app.idempotency_key "
    "where tenant_id = :tenant_id and caller_id = :caller_id and route = :route and key = :key"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose key for which route."""

    caller_id: UUID
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A request that happened, and its answer as it was sealed."""

    request_hash: bytes
    status: int
    headers: dict[str, str]
    answer_sealed: bytes


class IdempotencyRepository(TenantRepository):
    """The tenant's keys."""

    async def claim(self, claim: Claim, request_hash: bytes) -> bool:
        """Take the key for this transaction, after waiting for another that holds it; False where it was used."""
        await self.session.execute(text(f"set local lock_timeout = '{WAIT_SECONDS}s'"))
        done = await self.session.execute(_CLAIM, self._of(claim) | {"request_hash": request_hash})
        is_claimed = done.one_or_none() is not None
        await self.session.execute(text("set local lock_timeout = 0"))
        return is_claimed

    async def find(self, claim: Claim) -> Remembered | None:
        """What the key was used for, and what was answered."""
        row = (await self.session.execute(_FIND, self._of(claim))).one_or_none()
        if row is None or row.status is None:
            return None
        return Remembered(bytes(row.request_hash), row.status, row.headers, bytes(row.answer_sealed))

    async def remember(self, claim: Claim, status: int, headers: dict[str, str], answer_sealed: bytes) -> None:
        """Store the answer beside the claim, and sweep a few keys whose time is over."""
        answer = {"status": status, "headers": json.dumps(headers), "answer": answer_sealed}
        await self.session.execute(_ANSWER, self._of(claim) | answer)
        await self.session.execute(_SWEEP, {"tenant_id": self.tenant_id})

    def _of(self, claim: Claim) -> dict[str, object]:
        return {"tenant_id": self.tenant_id, "caller_id": claim.caller_id, "route": claim.route, "key": claim.key}

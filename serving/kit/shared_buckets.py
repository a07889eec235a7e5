"""Token buckets that all API processes share, in the operational database."""

import hashlib
import random
from collections.abc import Sequence

from sqlalchemy import text

from serving.kit.buckets import Limit, Verdict, judge, tightest
from serving.kit.databases import Databases
from tekup.db import Database

_SWEEP_SHARE = 0.001
# one statement for all buckets, by the server's clock; a bucket that has no room is left as it is and not returned
_TAKE = text(
    """
with moment as (select extract(epoch from clock_timestamp())::double precision as now)
insert into app.rate_bucket as b (bucket, cost, period, full_at)
select w.bucket, w.cost, w.period, m.now + w.cost
from moment as m
cross join unnest(
    cast(:buckets as bytea[]), cast(:costs as double precision[]), cast(:periods as double precision[])
) as w (bucket, cost, period)
order by w.bucket
on conflict (bucket) do update
set cost = excluded.cost, period = excluded.period,
    full_at = greatest(b.full_at, excluded.full_at - excluded.cost) + excluded.cost
where greatest(b.full_at, excluded.full_at - excluded.cost) + excluded.cost
    <= excluded.full_at - excluded.cost + excluded.period + 1e-6
returning b.bucket, b.full_at, extract(epoch from clock_timestamp())::double precision as now
"""
)
_FULL_AT = text(
    "select bucket, full_at, extract(epoch from clock_timestamp())::double precision as now from app.rate_bucket "
    "where bucket = any(:buckets)"
)
_SWEEP = text("delete from app.rate_bucket where full_at < extract(epoch from clock_timestamp())")


class SharedBuckets:
    """Buckets in PostgreSQL: one round trip a request."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def take(self, wanted: Sequence[tuple[str, Limit]]) -> Verdict:
        """Take one token from each bucket that has one; refused where any has none."""
        limits = {hashlib.sha256(key.encode()).digest(): limit for key, limit in wanted}
        buckets = list(limits)
        async with self._databases.without_tenant(
            Database.OPERATIONAL, reason="rate limits count requests before a tenant is known"
        ) as connection:
            rows = (
                await connection.execute(
                    _TAKE,
                    {
                        "buckets": buckets,
                        "costs": [limit.cost for limit in limits.values()],
                        "periods": [float(limit.seconds) for limit in limits.values()],
                    },
                )
            ).all()
            taken = {bytes(row.bucket): row for row in rows}
            verdicts = [judge(limits[key], row.full_at - limits[key].cost, row.now) for key, row in taken.items()]
            empty = [bucket for bucket in buckets if bucket not in taken]
            if empty:
                refused = (await connection.execute(_FULL_AT, {"buckets": empty})).all()
                verdicts += [judge(limits[bytes(row.bucket)], row.full_at, row.now) for row in refused]
            if random.random() < _SWEEP_SHARE:
                await connection.execute(_SWEEP)
        return tightest(verdicts)

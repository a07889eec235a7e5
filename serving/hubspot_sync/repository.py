"""SQL of the synchronisation: what a tenant wants, how each record stands, and what changed at HubSpot."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, TextClause, text

from serving.kit.repository import TenantRepository
from tekup.ids import uuid7

KINDS = ("companies", "contacts", "deals")
"""In the order in which they are linked: later ones name earlier ones."""
COLUMN = {"contacts": "contact_id", "companies": "company_id", "deals": "deal_id"}
OVERLAP = timedelta(minutes=10)
"""What the pull wrote in one long transaction may show up this much later than its stamp says."""
PAUSES = (30, 120, 600, 3600, 21_600)
"""Seconds before each further try of what could not be done yet."""
_HOLDERS = {"contacts": ("deals",), "companies": ("contacts", "deals")}


class SyncRepository(TenantRepository):
    """One tenant's synchronisation, in the operational database."""

    async def syncs(self) -> Sequence[Row[Any]]:
        """What the tenant wants of each kind that he has said something of."""
        return await self._rows("select * from app.hubspot_syncs where tenant_id = :tenant_id order by kind")

    async def find_sync(self, kind: str, *, locks: bool = False) -> Row[Any] | None:
        """What the tenant wants of a kind."""
        lock = "for update" if locks else ""
        return await self._row(
            "select * from app.hubspot_syncs where tenant_id = :tenant_id and kind = :kind {lock}",
            {"lock": lock},
            kind=kind,
        )

    async def set_sync(self, kind: str, values: Mapping[str, Any]) -> Row[Any]:
        """Change what the tenant wants of a kind."""
        await self._do(
            "insert into app.hubspot_syncs (tenant_id, kind) values (:tenant_id, :kind) on conflict do nothing",
            kind=kind,
        )
        plain = {name: _json(value) if isinstance(value, dict) else value for name, value in values.items()}
        columns = "".join(
            f"{name} = " + (f"cast(:{name} as jsonb), " if isinstance(values[name], dict) else f":{name}, ")
            for name in plain
        )
        found = await self._row(
            "update app.hubspot_syncs set {columns}updated_at = now() "
            "where tenant_id = :tenant_id and kind = :kind returning *",
            {"columns": columns},
            kind=kind,
            **plain,
        )
        assert found is not None
        return found

    async def count_done(self, kind: str, *, sent: int = 0, received: int = 0) -> None:
        """Count what was written on either side."""
        if sent or received:
            await self._do(
                "update app.hubspot_syncs set sent_count = sent_count + :sent, "
                "received_count = received_count + :received, "
                "last_sent_at = case when :sent > 0 then now() else last_sent_at end, "
                "last_received_at = case when :received > 0 then now() else last_received_at end "
                "where tenant_id = :tenant_id and kind = :kind",
                kind=kind, sent=sent, received=received,
            )  # fmt: skip

    async def wake(self, kind: str) -> bool:
        """Whether nobody had asked for a run of this kind yet; now somebody has."""
        return bool(
            await self._row(
                "update app.hubspot_syncs set is_woken = true "
                "where tenant_id = :tenant_id and kind = :kind and not is_woken returning kind",
                kind=kind,
            )
        )

    async def begin_beat(self, kind: str, seconds: float) -> bool:
        """Whether the run that begins now has to order the next one; only one of several has."""
        return bool(
            await self._row(
                "update app.hubspot_syncs set next_beat_at = now() + make_interval(secs => :seconds) "
                "where tenant_id = :tenant_id and kind = :kind "
                "and coalesce(next_beat_at, '-infinity') <= now() + interval '1 second' returning kind",
                kind=kind,
                seconds=float(seconds),
            )
        )

    async def counts(self) -> dict[str, dict[str, int]]:
        """By kind: how many records are linked, wait and were refused."""
        rows = await self._rows(
            "select kind, count(*) filter (where object_id is not null and not is_gone) as linked, "
            "count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'failed') as failed "
            "from app.hubspot_records where tenant_id = :tenant_id group by kind"
        )
        return {row.kind: {"linked": row.linked, "waiting": row.waiting, "failed": row.failed} for row in rows}

    async def mark(
        self, kind: str, record_id: UUID, action: str, set_at: Mapping[str, str], merged_into: UUID | None = None
    ) -> None:
        """Let a record wait to be compared with its object; however often it changes it waits once."""
        await self._do(
            "insert into app.hubspot_records as r (tenant_id, id, kind, {column}, state, action, set_at, "
            "merged_into, generation) values (:tenant_id, :id, :kind, :record_id, 'waiting', :action, "
            "cast(:set_at as jsonb), :merged_into, 1) "
            "on conflict (tenant_id, kind, record_id) do update set state = 'waiting', action = excluded.action, "
            "set_at = r.set_at || excluded.set_at, merged_into = excluded.merged_into, attempts = 0, reason = null, "
            "is_gone = r.is_gone and excluded.action = 'delete', next_try_at = null, generation = r.generation + 1, "
            "object_id = case when r.is_gone and excluded.action = 'write' then null else r.object_id end, "
            "base = case when r.is_gone and excluded.action = 'write' then '{}' else r.base end, updated_at = now()",
            {"column": COLUMN[kind]},
            id=uuid7(), kind=kind, record_id=record_id, action=action, set_at=_json(set_at), merged_into=merged_into,
        )  # fmt: skip

    async def mark_all(self, kind: str) -> None:
        """Let every record of a kind wait, as when it is switched on."""
        await self._do(
            "insert into app.hubspot_records (tenant_id, kind, {column}, state) "
            "select tenant_id, :kind, id, 'waiting' from app.{table} where tenant_id = :tenant_id "
            "on conflict (tenant_id, kind, record_id) do update set state = 'waiting', next_try_at = null, "
            "generation = app.hubspot_records.generation + 1 where app.hubspot_records.state = 'settled' "
            "and not app.hubspot_records.is_gone",
            {"column": COLUMN[kind], "table": kind},
            kind=kind,
        )

    async def mark_gone(self, kind: str, record_id: UUID) -> None:
        """Note that a record is gone, where nothing is to go out: it is not made again by what HubSpot says."""
        await self._do(
            "update app.hubspot_records set is_gone = true, state = 'settled', action = 'delete', updated_at = now() "
            "where tenant_id = :tenant_id and kind = :kind and record_id = :record_id",
            kind=kind, record_id=record_id,
        )  # fmt: skip

    async def mark_holders(self, kind: str, record_ids: Sequence[UUID]) -> set[str]:
        """Let those wait that name records which have got their object now; the kinds that have to run."""
        found = set()
        for holder in _HOLDERS.get(kind, ()):
            row = await self._row(
                "with marked as (update app.hubspot_records as r set state = 'waiting', next_try_at = null, "
                "attempts = 0, generation = r.generation + 1 "
                "from app.{holder} as h where h.tenant_id = :tenant_id and h.{column} = any(:ids) "
                "and r.tenant_id = :tenant_id and r.kind = :holder and r.record_id = h.id and r.state = 'settled' "
                "and not r.is_gone returning 1) select count(*) as marked from marked",
                {"holder": holder, "column": COLUMN[kind]},
                ids=list(record_ids), holder=holder,
            )  # fmt: skip
            if row is not None and row.marked:
                found.add(holder)
        return found

    async def waiting(self, kind: str, limit: int) -> Sequence[Row[Any]]:
        """Records that are due, the longest waiting first."""
        return await self._rows(
            "select * from app.hubspot_records where tenant_id = :tenant_id and kind = :kind and state = 'waiting' "
            "and (next_try_at is null or next_try_at <= now()) order by next_try_at nulls first, updated_at, id "
            "limit :limit",
            kind=kind, limit=limit,
        )  # fmt: skip

    async def by_objects(self, kind: str, ids: Iterable[str]) -> dict[str, Row[Any]]:
        """Rows by their object's id."""
        rows = await self._rows(
            "select * from app.hubspot_records where tenant_id = :tenant_id and kind = :kind and object_id = any(:ids)",
            kind=kind, ids=list(ids),
        )  # fmt: skip
        return {row.object_id: row for row in rows}

    async def by_records(self, kind: str, ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
        """Rows by their record's id."""
        rows = await self._rows(
            "select * from app.hubspot_records where tenant_id = :tenant_id and kind = :kind and record_id = any(:ids)",
            kind=kind, ids=list(ids),
        )  # fmt: skip
        return {row.record_id: row for row in rows}

    async def objects_of(self, kind: str, *, records: Iterable[UUID], objects: Iterable[str]) -> dict[UUID, str]:
        """The objects of some records, and the records of some objects."""
        rows = await self._rows(
            "select record_id, object_id from app.hubspot_records where tenant_id = :tenant_id and kind = :kind "
            "and not is_gone and object_id is not null and record_id is not null "
            "and (record_id = any(:records) or object_id = any(:objects))",
            kind=kind, records=list(records), objects=list(objects),
        )  # fmt: skip
        return {row.record_id: row.object_id for row in rows}

    async def lock(self, row_id: UUID) -> Row[Any] | None:
        """A row, kept from others until the transaction ends."""
        return await self._row(
            "select * from app.hubspot_records where tenant_id = :tenant_id and id = :id for update", id=row_id
        )

    async def add(self, kind: str, record_id: UUID | None, object_id: str, **more: Any) -> Row[Any]:
        """A row for an object, with its record where there is one already."""
        column = f", {COLUMN[kind]}" if record_id is not None else ""
        value = ", :record_id" if record_id is not None else ""
        names = "".join(f", {name}" for name in more)
        values = "".join(f", :{name}" for name in more)
        found = await self._row(
            "insert into app.hubspot_records (tenant_id, id, kind, object_id{column}{names}) "
            "values (:tenant_id, :id, :kind, :object_id{value}{values}) returning *",
            {"column": column, "names": names, "value": value, "values": values},
            id=uuid7(), kind=kind, record_id=record_id, object_id=object_id, **more,
        )  # fmt: skip
        assert found is not None
        return found

    async def set_row(self, row_id: UUID, **values: Any) -> None:
        """Set columns of a row."""
        plain = {name: _json(value) if isinstance(value, dict) else value for name, value in values.items()}
        columns = "".join(
            f"{name} = " + (f"cast(:{name} as jsonb), " if isinstance(values[name], dict) else f":{name}, ")
            for name in plain
        )
        await self._do(
            "update app.hubspot_records set {columns}updated_at = now() where tenant_id = :tenant_id and id = :id",
            {"columns": columns},
            id=row_id,
            **plain,
        )

    async def settle(self, row_id: UUID, generation: int) -> None:
        """Nothing is left to do for a row, unless its record has changed since it was looked at."""
        await self._do(
            "update app.hubspot_records set "
            "state = case when generation = :generation then 'settled' else 'waiting' end, "
            "attempts = 0, reason = null, next_try_at = null, "
            "set_at = case when generation = :generation then '{}' else set_at end, updated_at = now() "
            "where tenant_id = :tenant_id and id = :id",
            id=row_id, generation=generation,
        )  # fmt: skip

    async def postpone(self, row: Row[Any], reason: str, *, fails_at_end: bool) -> None:
        """Try a row again later; after the last pause it stands as refused, or simply as it is."""
        pause = PAUSES[row.attempts] if row.attempts < len(PAUSES) else None
        state = "waiting" if pause is not None else "failed" if fails_at_end else "settled"
        await self._do(
            "update app.hubspot_records set state = :state, attempts = attempts + 1, reason = :reason, "
            "next_try_at = now() + make_interval(secs => :pause), updated_at = now() "
            "where tenant_id = :tenant_id and id = :id",
            id=row.id, state=state, reason=reason[:500], pause=float(pause or 0),
        )  # fmt: skip

    async def fail(self, row_id: UUID, reason: str) -> None:
        """Lay a row aside until a person has looked."""
        await self._do(
            "update app.hubspot_records set state = 'failed', attempts = attempts + 1, reason = :reason, "
            "next_try_at = null, updated_at = now() where tenant_id = :tenant_id and id = :id",
            id=row_id, reason=reason[:500],
        )  # fmt: skip

    async def remove(self, row_id: UUID) -> None:
        """Forget a row."""
        await self._do("delete from app.hubspot_records where tenant_id = :tenant_id and id = :id", id=row_id)

    async def failures(self, kind: str, limit: int) -> Sequence[Row[Any]]:
        """What was refused, the latest first."""
        return await self._rows(
            "select id, record_id, object_id, reason, attempts, updated_at from app.hubspot_records "
            "where tenant_id = :tenant_id and kind = :kind and state = 'failed' "
            "order by updated_at desc, id limit :limit",
            kind=kind, limit=limit,
        )  # fmt: skip

    async def retry(self, kind: str, row_id: UUID | None) -> int:
        """Put a refused row back, or all; how many."""
        rows = await self._rows(
            "update app.hubspot_records set state = 'waiting', attempts = 0, next_try_at = null, updated_at = now() "
            "where tenant_id = :tenant_id and kind = :kind and state = 'failed' "
            "and (cast(:id as uuid) is null or id = :id) returning id",
            kind=kind, id=row_id,
        )  # fmt: skip
        return len(rows)

    async def matching(self, kind: str, column: str, values: Iterable[str]) -> dict[str, UUID]:
        """Records that have no object yet, by a column's value (told in lower case); the oldest of several."""
        rows = await self._rows(
            "select distinct on (lower(t.{column})) lower(t.{column}) as value, t.id from app.{table} as t "
            "where t.tenant_id = :tenant_id and t.{column} = any(:values) and not exists ("
            "select from app.hubspot_records as r where r.tenant_id = :tenant_id and r.kind = :kind "
            "and r.record_id = t.id and (r.object_id is not null or r.is_gone)) "
            "order by lower(t.{column}), t.created_at, t.id",
            {"column": column, "table": kind},
            kind=kind, values=list(values),
        )  # fmt: skip
        return {row.value: row.id for row in rows}

    async def unlinked_deals(self, names: Iterable[str]) -> Sequence[Row[Any]]:
        """Deals with one of these names that have no object yet, the oldest first, with their company's object."""
        return await self._rows(
            "select d.id, d.name, c.object_id as company from app.deals as d "
            "left join app.hubspot_records as c on c.tenant_id = :tenant_id and c.kind = 'companies' "
            "and c.record_id = d.company_id where d.tenant_id = :tenant_id and d.name = any(:names) and not exists ("
            "select from app.hubspot_records as r where r.tenant_id = :tenant_id and r.kind = 'deals' "
            "and r.record_id = d.id and (r.object_id is not null or r.is_gone)) order by d.created_at, d.id",
            names=list(names),
        )

    async def existing(self, kind: str, ids: Iterable[UUID]) -> set[UUID]:
        """Those of the ids that are records of the kind."""
        rows = await self._rows(
            "select id from app.{table} where tenant_id = :tenant_id and id = any(:ids)",
            {"table": kind},
            ids=list(ids),
        )
        return {row.id for row in rows}

    async def sample(self, kind: str, limit: int) -> tuple[int, Sequence[Row[Any]]]:
        """How many records there are, and the latest of them."""
        counted = await self._row("select count(*) as n from app.{table} where tenant_id = :tenant_id", {"table": kind})
        assert counted is not None
        rows = await self._rows(
            "select * from app.{table} where tenant_id = :tenant_id order by updated_at desc, id limit :limit",
            {"table": kind},
            limit=limit,
        )
        return counted.n, rows

    async def tenant(self) -> Row[Any]:
        """Whether the tenant is active, and its own currency."""
        statement = (
            "select status = 'active' as is_active, coalesce(upper(settings ->> 'currency'), 'DKK') as currency "
            "from app.tenants where id = :tenant_id"
        )
        return (await self._rows(statement))[0]

    async def users(self) -> dict[UUID, str]:
        """E-mails of users who may sign in."""
        rows = await self._rows(
            "select id, email from app.users "
            "where tenant_id = :tenant_id and status <> 'disabled' and email is not null"
        )
        return {row.id: row.email for row in rows}

    async def stages(self) -> dict[UUID, tuple[str, str, bool, bool]]:
        """Pipeline, name, won and lost of each stage."""
        rows = await self._rows(
            "select s.id, p.name as pipeline, s.name, s.is_won, s.is_lost from app.stages as s "
            "join app.pipelines as p on p.tenant_id = s.tenant_id and p.id = s.pipeline_id "
            "where s.tenant_id = :tenant_id order by p.is_default desc, s.position, s.id"
        )
        return {row.id: (row.pipeline, row.name, row.is_won, row.is_lost) for row in rows}

    async def custom_kinds(self, entity: str) -> dict[str, str]:
        """The tenant's own fields of records of an entity."""
        rows = await self._rows(
            "select name, kind from app.custom_fields where tenant_id = :tenant_id and entity = :entity", entity=entity
        )
        return {row.name: row.kind for row in rows}

    async def _row(self, statement: str, words: Mapping[str, str] | None = None, **arguments: Any) -> Row[Any] | None:
        rows = await self._rows(statement, words, **arguments)
        return rows[0] if rows else None

    async def _rows(
        self, statement: str, words: Mapping[str, str] | None = None, **arguments: Any
    ) -> Sequence[Row[Any]]:
        done = await self.session.execute(_said(statement, words), {"tenant_id": self.tenant_id, **arguments})
        rows: Sequence[Row[Any]] = done.all()
        return rows

    async def _do(self, statement: str, words: Mapping[str, str] | None = None, **arguments: Any) -> None:
        await self.session.execute(_said(statement, words), {"tenant_id": self.tenant_id, **arguments})


class MarkRepository(TenantRepository):
    """What the pull wrote of HubSpot's objects: that one changed or is gone. In the warehouse."""

    async def since(self, kind: str, after: datetime | None, last_id: str, limit: int) -> Sequence[Row[Any]]:
        """Objects written after a moment and id, in that order."""
        done = await self.session.execute(
            _said(
                "select object_id, deleted_at, delete_reason, synced_at "
                "from raw_hubspot.{table} where tenant_id = :tenant_id and (synced_at, object_id) > "
                "(coalesce(cast(:after as timestamptz), '-infinity'), cast(:last_id as text)) "
                "order by synced_at, object_id limit :limit",
                {"table": kind},
            ),
            {"tenant_id": self.tenant_id, "after": after, "last_id": last_id, "limit": limit},
        )
        rows: Sequence[Row[Any]] = done.all()
        return rows


def _said(statement: str, words: Mapping[str, str] | None = None) -> TextClause:
    """A statement with names of tables and columns of this module's own; values are always parameters."""
    for name, word in (words or {}).items():
        statement = statement.replace("{" + name + "}", word)
    return text(statement)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()

"""One bounded, read-only query as one tenant's reader. What is asked is written beside each mart's name."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import LiteralString
from uuid import UUID

import polars as pl
import psycopg

from tekup.db import Database, Doors, Role
from tekup.errors import DatabaseUnavailable, TekupError
from tekup.settings import Settings, current_settings
from tekup.tenancy import TenantContext

STATEMENT_TIMEOUT_MS = 15_000

Parameters = Mapping[str, object]
Schema = Mapping[str, pl.DataType | type[pl.DataType]]
UTC_TIME = pl.Datetime("us", "UTC")

sees_people: ContextVar[bool | None] = ContextVar("sees_people", default=None)
"""Whether the reader may see who people are. Where nobody said so, he may not."""
_RELATION = re.compile(r"\b(?:marts|ops)\.(\w+)")
_ROLE = "dashboard"


class NotBuilt(TekupError):
    """A mart does not exist yet, or its columns are older than this program."""


class QueryTooSlow(TekupError):
    """The database gave up a query at the time limit."""


@contextmanager
def reading_as(*, may_see_people: bool) -> Iterator[None]:
    """What is read meanwhile is read by somebody who may see who people are, or who may not."""
    token = sees_people.set(may_see_people)
    try:
        yield
    finally:
        sees_people.reset(token)


@lru_cache(maxsize=1)
def _doors(settings: Settings) -> Doors:
    return Doors(settings)


def read_frame(
    tenant_id: UUID,
    statement: LiteralString,
    schema: Schema,
    parameters: Parameters | None = None,
) -> pl.DataFrame:
    """The statement's rows with the columns and types of ``schema``.

    The statement may name ``%(tenant_id)s``: row-level security would drop other tenants' rows in any case, and the
    explicit condition lets the planner use the indexes, which begin with it.

    A reader who may not see people (`sees_people`) reads the relations' masked views, where personal columns are null
    and cookies are pseudonyms; the relations themselves would show him no row.

    Raises:
        NotBuilt: a table or column is missing.
        QueryTooSlow: the statement ran into the time limit.
        DatabaseUnavailable: the warehouse can't be reached or refuses.
    """
    values = {**(parameters or {}), "tenant_id": tenant_id}
    may_see = sees_people.get() or False
    context = TenantContext(tenant_id, _ROLE, frozenset({"persons:read"} if may_see else ()))
    try:
        with _doors(current_settings()).tenant_transaction(
            Database.WAREHOUSE, Role.READER, context, read_only=True
        ) as connection:
            if not may_see:
                statement = _masked(connection, statement)
            connection.execute(f"set local statement_timeout = {STATEMENT_TIMEOUT_MS:d}")
            rows = connection.execute(statement, values).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise NotBuilt(f"the warehouse is not built yet: {_first_line(error)}", hint="run `make run`") from None
    except psycopg.errors.QueryCanceled:
        raise QueryTooSlow("the database took too long to answer", hint="choose a shorter period") from None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the warehouse gave up: {_first_line(error)}", hint="try again shortly") from None
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def _masked(connection: psycopg.Connection, statement: LiteralString) -> LiteralString:
    """The statement over the masked views of those relations that have one."""
    named = sorted({found.group(1) for found in _RELATION.finditer(statement)})
    rows = connection.execute(
        "select name from unnest(%s::text[]) as name where to_regclass('masked.' || quote_ident(name)) is not null",
        (named,),
    ).fetchall()
    masked = {row[0] for row in rows}
    # names of relations take the place of names of relations: still the program's own words
    return _RELATION.sub(lambda found: f"masked.{found[1]}" if found[1] in masked else found[0], statement)


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0]

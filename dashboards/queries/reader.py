"""One bounded, read-only query as one tenant's reader. What is asked is written beside each mart's name."""

from collections.abc import Mapping
from functools import lru_cache
from typing import LiteralString
from uuid import UUID

import polars as pl
import psycopg

from tekup.db import Database, Doors, Role
from tekup.errors import DatabaseUnavailable, TekupError
from tekup.settings import Settings, current_settings

STATEMENT_TIMEOUT_MS = 15_000

Parameters = Mapping[str, object]
Schema = Mapping[str, pl.DataType | type[pl.DataType]]
UTC_TIME = pl.Datetime("us", "UTC")


class NotBuilt(TekupError):
    """A mart does not exist yet, or its columns are older than this program."""


class QueryTooSlow(TekupError):
    """The database gave up a query at the time limit."""


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

    Raises:
        NotBuilt: a table or column is missing.
        QueryTooSlow: the statement ran into the time limit.
        DatabaseUnavailable: the warehouse can't be reached or refuses.
    """
    values = {**(parameters or {}), "tenant_id": tenant_id}
    try:
        with _doors(current_settings()).tenant_transaction(
            Database.WAREHOUSE, Role.READER, tenant_id, read_only=True
        ) as connection:
            connection.execute(f"set local statement_timeout = {STATEMENT_TIMEOUT_MS:d}")
            rows = connection.execute(statement, values).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise NotBuilt(f"the warehouse is not built yet: {_first_line(error)}", hint="run `make run`") from None
    except psycopg.errors.QueryCanceled:
        raise QueryTooSlow("the database took too long to answer", hint="choose a shorter period") from None
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the warehouse gave up: {_first_line(error)}", hint="try again shortly") from None
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0]

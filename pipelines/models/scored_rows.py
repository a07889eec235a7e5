"""Which rows must be scored anew, and how their scores reach the database. No model is asked here."""

from collections.abc import Mapping, Sequence

import polars as pl
import psycopg
from psycopg import sql

from scoring.provenance import input_hashes

INPUT_HASH = "input_hash"


def changed_rows(frame: pl.DataFrame, features: Sequence[str], stored: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rows whose inputs are not those of their stored score, with the hash of their inputs."""
    inputs = frame.select([name for name in features if name in frame.columns])
    hashed = frame.with_columns(input_hashes(inputs).alias(INPUT_HASH))
    return hashed.join(stored.select(key, INPUT_HASH), on=[key, INPUT_HASH], how="anti")


def copy_rows(connection: psycopg.Connection, rows: pl.DataFrame, kinds: Mapping[str, str]) -> None:
    """Rows into the temporary table ``incoming_scores``, which goes with the transaction."""
    columns = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(k)) for n, k in kinds.items())
    connection.execute(sql.SQL("create temporary table incoming_scores ({}) on commit drop").format(columns))
    with connection.cursor().copy("copy incoming_scores from stdin") as copy:
        for row in rows.select(list(kinds)).iter_rows():
            copy.write_row(row)


def as_json(reasons: pl.Series) -> pl.Series:
    """Lists of structs as the JSON that the database keeps."""
    import orjson

    return pl.Series("reasons", [orjson.dumps(row).decode() for row in reasons.to_list()], dtype=pl.String)

"""Brings a database's schema up to date with Alembic. What a migration does is written beside the package it serves."""

from pathlib import Path

import psycopg

from tekup.errors import DatabaseUnavailable

_LOCK = 7_203_002


def newest_revision(migrations: Path) -> str:
    """The number of the last migration in a folder: its file names begin with it."""
    return max(path.name.split("_", 1)[0] for path in (migrations / "versions").glob("[0-9]*.py"))


def is_current(conninfo: str, migrations: Path) -> bool:
    """Whether the database is at the folder's newest revision; asks without importing Alembic."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.execute("select to_regclass('migration.alembic_version')").fetchone() == (None,):
            return False
        rows = connection.execute("select version_num from migration.alembic_version").fetchall()
    return rows == [(newest_revision(migrations),)]


def upgrade(conninfo: str, migrations: Path) -> None:
    """Apply the missing migrations, each whole or not at all, one process at a time.

    Raises:
        DatabaseUnavailable: the database was migrated by a newer TekUp.
    """
    if is_current(conninfo, migrations):
        return
    import sqlalchemy
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql("create schema if not exists migration")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseUnavailable(
                f"the database's schema can't be brought up to date: {error}",
                hint="use the version of TekUp that last migrated it, or a newer one",
            ) from None
    engine.dispose()

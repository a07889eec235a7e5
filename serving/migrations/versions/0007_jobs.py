"""A queue of jobs: procrastinate's own tables in their own schema, and one function that puts a tenant's job in."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # the driver's own connection: a script of many statements with literal percent signs
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    here = Path(__file__)
    connection.execute("create schema jobs")
    connection.execute("set local search_path to jobs")
    connection.execute(here.with_name("0007_jobs_procrastinate.sql").read_text())
    connection.execute("reset search_path")
    connection.execute(here.with_suffix(".sql").read_text())

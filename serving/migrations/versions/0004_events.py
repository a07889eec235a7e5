"""Events: the outbox becomes a log with a dense position a tenant, followed by consumers with cursors of their own."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # the driver's own connection: a script of many statements with literal percent signs
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text())

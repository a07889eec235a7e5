"""Webhooks that go out: endpoints of tenants, what is sent to them, and every attempt."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # the driver's own connection: a script of many statements with literal percent signs
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text())

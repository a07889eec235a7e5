"""The warehouse schema from an empty database."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # the driver's own connection: a script of many statements with literal percent signs
    op.get_bind().connection.driver_connection.execute(Path(__file__).with_suffix(".sql").read_text())

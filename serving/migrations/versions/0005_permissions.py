"""What a caller may do and whom he may see, closed by the database where his role or token does not allow it."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # the driver's own connection: a script of many statements with literal percent signs
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text())

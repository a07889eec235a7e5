"""Alembic's environment of the warehouse; it migrates over the connection that it is handed."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="migration")
with context.begin_transaction():
    context.run_migrations()

"""SQLAlchemy's picture of the tables that the API reads and writes. The tables are made by migrations and by dbt."""

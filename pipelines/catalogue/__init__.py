"""Pages and data that are written from dbt's manifest by `make docs`. Nothing of the product runs through here."""

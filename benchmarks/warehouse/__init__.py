"""dbt's builds of the warehouse measured by size, beside the same SQL without dbt. The product never imports this."""

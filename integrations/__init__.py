"""What speaks to the outside: one folder a vendor, and the sandbox that stands in for them. It knows no Dagster."""

"""Loading what a source yields into the raw tables, exactly once in effect. It knows no Dagster and no vendor."""

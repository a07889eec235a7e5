"""The queue of jobs in PostgreSQL: putting jobs in, and running them. What a job does is its domain's affair."""

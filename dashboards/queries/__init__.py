"""One module a mart: SQL in, frames out, always as one tenant's reader. Nothing here draws or caches."""

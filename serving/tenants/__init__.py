"""The caller's own tenant. Making and deleting tenants is the command line's affair."""

"""Roles: the built-in ones and the tenant's own."""

"""Signing in through the tenant's own identity providers, by OpenID Connect: connected, used and linked."""

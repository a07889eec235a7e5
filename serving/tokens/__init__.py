"""API tokens and OAuth clients of the tenant: listed, made and revoked by people."""
